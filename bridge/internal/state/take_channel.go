package state

import (
	"fmt"

	"github.com/sluice-go/sluice/lazyjson"
)

// takeChannelDelete takes CHANNEL_DELETE. The channel's threads go with it, without events of their own.
func (s *Shard) takeChannelDelete(_ *guild, v lazyjson.Value) error {
	id, err := v.Get("id").Snowflake()
	if err != nil {
		return err
	}
	s.op(opDelete, channels, id, nil)
	s.op(opOrphan, threads, id, nil)
	return nil
}

// takePins takes CHANNEL_PINS_UPDATE, of a channel or a thread.
func (s *Shard) takePins(_ *guild, v lazyjson.Value) error {
	id, err := v.Get("channel_id").Snowflake()
	if err != nil {
		return err
	}
	at := v.Get("last_pin_timestamp") // missing where the last pin was taken away
	for _, l := range []list{channels, threads} {
		p := s.begin(id)
		p.field("last_pin_timestamp")
		if !at.Exists() {
			p.out = append(p.out, tagIf, tagNull)
		} else if err := p.value(at, 1); err != nil {
			return err
		}
		s.merge(l, id)
	}
	return nil
}

// channelField makes a taker of events about a field that channels may have.
func channelField(name string) func(*Shard, *guild, lazyjson.Value) error {
	return func(s *Shard, _ *guild, v lazyjson.Value) error {
		id, err := v.Get("id").Snowflake()
		if err != nil {
			return err
		}
		value := v.Get(name)
		if !value.Exists() {
			return because(fmt.Errorf("%s is missing", name), value.Err())
		}
		p := s.begin(id)
		p.field(name)
		p.out = append(p.out, tagIf)
		if err := p.value(value, 1); err != nil {
			return err
		}
		s.merge(channels, id)
		return nil
	}
}

// takeThreadUpdate takes THREAD_UPDATE. A thread that is archived leaves the list; one that comes back
// comes by this event too.
func (s *Shard) takeThreadUpdate(_ *guild, v lazyjson.Value) error {
	if isTrue(v.Get("thread_metadata", "archived")) {
		id, err := v.Get("id").Snowflake()
		if err != nil {
			return err
		}
		s.op(opDelete, threads, id, nil)
		return nil
	}
	return s.put(opUpsert, threads, v)
}

// takeThreadSync takes THREAD_LIST_SYNC: the active threads of some channels, or of all.
func (s *Shard) takeThreadSync(_ *guild, v lazyjson.Value) error {
	if parents := v.Get("channel_ids"); parents.Kind() == lazyjson.KindArray {
		for parent := range parents.Elements() {
			id, err := parent.Snowflake()
			if err != nil {
				return err
			}
			s.op(opOrphan, threads, id, nil)
		}
	} else {
		s.op(opReplace, threads, 0, nil)
	}
	for thread := range v.Get("threads").Elements() {
		if err := s.put(opPut, threads, thread); err != nil {
			return err
		}
	}
	for member := range v.Get("members").Elements() {
		if err := s.threadMember(member.Get("id"), member); err != nil {
			return err
		}
	}
	return nil
}

// takeThreadMember takes THREAD_MEMBER_UPDATE, which is about the bot.
func (s *Shard) takeThreadMember(_ *guild, v lazyjson.Value) error {
	return s.threadMember(v.Get("id"), v)
}

// takeThreadMembers takes THREAD_MEMBERS_UPDATE.
func (s *Shard) takeThreadMembers(_ *guild, v lazyjson.Value) error {
	id, err := v.Get("id").Snowflake()
	if err != nil {
		return err
	}
	p := s.begin(id)
	if count := v.Get("member_count"); count.Exists() {
		p.field("member_count")
		if err := p.value(count, 1); err != nil {
			return err
		}
	}
	for user := range v.Get("removed_member_ids").Elements() {
		if gone, _ := user.Snowflake(); gone == s.bot {
			p.field("member")
			p.out = append(p.out, tagGone)
			break
		}
	}
	s.merge(threads, id)
	for member := range v.Get("added_members").Elements() {
		if user, _ := member.Get("user_id").Snowflake(); user == s.bot {
			return s.threadMember(v.Get("id"), member)
		}
	}
	return nil
}

// threadMember makes member the bot's own of a thread, with the fields that GUILD_CREATE shows.
func (s *Shard) threadMember(thread, member lazyjson.Value) error {
	id, err := thread.Snowflake()
	if err != nil {
		return because(errNoID, err)
	}
	row, err := s.encoder.without(member, id, "id", "user_id", "guild_id", "member", "presence")
	if err != nil {
		return err
	}
	p := s.begin(id)
	p.field("member")
	p.out = append(p.out, row...)
	s.merge(threads, id)
	return nil
}
