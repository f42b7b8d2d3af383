package state

import (
	"encoding/binary"
	"errors"

	"github.com/sluice-go/sluice/lazyjson"
)

// takeVoice takes VOICE_STATE_UPDATE: somebody joins, moves, leaves, or becomes mute or deaf.
func (s *Shard) takeVoice(_ *guild, v lazyjson.Value) error {
	user, err := v.Get("user_id").Snowflake()
	if err != nil {
		return err
	}
	if channel := v.Get("channel_id"); !channel.Exists() || channel.IsNull() {
		if err := channel.Err(); err != nil && !errors.Is(err, lazyjson.ErrMissing) {
			return err
		}
		s.op(opDelete, voices, user, nil)
		if !s.config.Members && user != s.bot {
			s.op(opDelete, people, user, nil)
		}
		return nil
	}
	if err := s.put(opPut, voices, v, "guild_id", "member"); err != nil {
		return err
	}
	member := v.Get("member")
	if people.keyOf(member) != user {
		return nil
	}
	return s.put(opPut, people, member)
}

// takeMemberAdd takes GUILD_MEMBER_ADD.
func (s *Shard) takeMemberAdd(g *guild, v lazyjson.Value) error {
	if s.config.Members {
		if err := s.put(opPut, people, v, "guild_id"); err != nil {
			return err
		}
	}
	g.count++
	return nil
}

// takeMemberRemove takes GUILD_MEMBER_REMOVE.
func (s *Shard) takeMemberRemove(g *guild, v lazyjson.Value) error {
	if s.config.Members {
		user, err := v.Get("user", "id").Snowflake()
		if err != nil {
			return err
		}
		s.op(opDelete, people, user, nil)
		s.op(opDelete, presences, user, nil)
	}
	g.count = max(g.count-1, 0)
	return nil
}

// isIgnored reports whether a GUILD_MEMBER_UPDATE is about a member who is not followed. One event in
// twelve is, so it looks no further than to the user, who comes first.
func (s *Shard) isIgnored(v lazyjson.Value) bool {
	if s.config.Members {
		return false
	}
	user, err := v.Get("user", "id").Snowflake()
	return err == nil && user != s.bot
}

// takeMemberUpdate takes GUILD_MEMBER_UPDATE, of the bot or with all members.
func (s *Shard) takeMemberUpdate(_ *guild, v lazyjson.Value) error {
	return s.put(opMerge, people, v, "guild_id")
}

// begin begins a patch of the row with that key.
func (s *Shard) begin(key uint64) *encoder {
	p := &s.patch
	p.key, p.out, p.keys = key, p.out[:0], p.keys[:0]
	p.begin()
	return p
}

// add appends a value by which a field grows.
func (e *encoder) add(delta int64) {
	e.out = binary.AppendVarint(append(e.out, tagAdd), delta)
}

// merge has the row with that key merged with the patch.
func (s *Shard) merge(l list, key uint64) {
	s.patch.end(opened{})
	s.op(opMerge, l, key, s.patch.out)
}

// isTrue reports whether v is true.
func isTrue(v lazyjson.Value) bool {
	b, _ := v.Bool()
	return b
}
