package state

import (
	"fmt"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson"
)

// takers are the events that change state. Those of guilds are called with the guild, if it is known and
// available; others with nil.
var takers = [256]func(s *Shard, g *guild, v lazyjson.Value) error{
	gateway.EventReady:       func(s *Shard, _ *guild, v lazyjson.Value) error { return s.takeReady(v) },
	gateway.EventUserUpdate:  func(s *Shard, _ *guild, v lazyjson.Value) error { return s.takeUser(v) },
	gateway.EventGuildCreate: func(s *Shard, _ *guild, v lazyjson.Value) error { return s.takeCreate(v) },
	gateway.EventGuildDelete: func(s *Shard, _ *guild, v lazyjson.Value) error { return s.takeDelete(v) },
	gateway.EventGuildUpdate: (*Shard).takeUpdate,

	gateway.EventChannelCreate:                 putter(opPut, channels, "guild_id"),
	gateway.EventChannelUpdate:                 putter(opPut, channels, "guild_id"),
	gateway.EventChannelDelete:                 (*Shard).takeChannelDelete,
	gateway.EventChannelPinsUpdate:             (*Shard).takePins,
	gateway.EventVoiceChannelStatusUpdate:      channelField("status"),
	gateway.EventVoiceChannelStartTimeUpdate:   channelField("voice_start_time"),
	gateway.EventThreadCreate:                  putter(opPut, threads, "newly_created"),
	gateway.EventThreadUpdate:                  (*Shard).takeThreadUpdate,
	gateway.EventThreadDelete:                  deleter(threads, "id"),
	gateway.EventThreadListSync:                (*Shard).takeThreadSync,
	gateway.EventThreadMemberUpdate:            (*Shard).takeThreadMember,
	gateway.EventThreadMembersUpdate:           (*Shard).takeThreadMembers,
	gateway.EventGuildRoleCreate:               (*Shard).takeRole,
	gateway.EventGuildRoleUpdate:               (*Shard).takeRole,
	gateway.EventGuildRoleDelete:               (*Shard).takeRoleDelete,
	gateway.EventGuildEmojisUpdate:             replacer(emojis),
	gateway.EventGuildStickersUpdate:           replacer(stickers),
	gateway.EventGuildSoundboardSoundsUpdate:   (*Shard).takeSounds,
	gateway.EventGuildSoundboardSoundCreate:    putter(opPut, sounds),
	gateway.EventGuildSoundboardSoundUpdate:    putter(opPut, sounds),
	gateway.EventGuildSoundboardSoundDelete:    deleter(sounds, "sound_id"),
	gateway.EventStageInstanceCreate:           putter(opPut, stages),
	gateway.EventStageInstanceUpdate:           putter(opPut, stages),
	gateway.EventStageInstanceDelete:           deleter(stages, "id"),
	gateway.EventGuildScheduledEventCreate:     putter(opPut, happenings),
	gateway.EventGuildScheduledEventUpdate:     putter(opUpsert, happenings),
	gateway.EventGuildScheduledEventDelete:     deleter(happenings, "id"),
	gateway.EventGuildScheduledEventUserAdd:    userCount(+1),
	gateway.EventGuildScheduledEventUserRemove: userCount(-1),
	gateway.EventVoiceStateUpdate:              (*Shard).takeVoice,
	gateway.EventGuildMemberAdd:                (*Shard).takeMemberAdd,
	gateway.EventGuildMemberUpdate:             (*Shard).takeMemberUpdate,
	gateway.EventGuildMemberRemove:             (*Shard).takeMemberRemove,
}

var changing = func() (set gateway.EventSet) {
	for t, take := range takers {
		if take != nil {
			set = set.Union(gateway.Events(gateway.EventType(t)))
		}
	}
	return set
}()

// Apply brings the state up to date by an event with its raw d, which is borrowed until Apply
// returns. Events that are not in [Events], and events about guilds that are not known or
// unavailable, are ignored.
//
// An error says why an event could not be applied. The state stays as it was before that
// event; the guild, if it is known which, counts as stale from then on.
func (s *Shard) Apply(t gateway.EventType, data []byte) error {
	take := takers[t]
	if take == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.beginEvent()
	defer s.endEvent()
	v := lazyjson.ValueOf(data)
	err := s.apply(t, take, v)
	if err == nil {
		s.events++
		return nil
	}
	s.errors++
	if g := s.guilds[guildOf(t, v)]; g != nil {
		g.stale = true
	}
	return fmt.Errorf("state: cannot apply %v: %w", t, err)
}

func (s *Shard) apply(t gateway.EventType, take func(*Shard, *guild, lazyjson.Value) error, v lazyjson.Value) error {
	if v.Kind() != lazyjson.KindObject {
		return because(errNoObject, v.Err())
	}
	switch t {
	case gateway.EventReady, gateway.EventUserUpdate, gateway.EventGuildCreate, gateway.EventGuildDelete:
		return take(s, nil, v)
	}
	if t == gateway.EventGuildMemberUpdate && s.isIgnored(v) {
		return nil
	}
	g := s.guilds[guildOf(t, v)]
	if g == nil || g.unavailable {
		return lazyjson.Check(v.Raw()) // that it is of no guild is believed of JSON alone
	}
	s.about(g.id)
	if err := take(s, g, v); err != nil {
		return err
	}
	return s.commit(g)
}

// guildOf returns the id of the guild that an event is about; 0 for none.
func guildOf(t gateway.EventType, v lazyjson.Value) uint64 {
	key := "guild_id"
	switch t {
	case gateway.EventGuildCreate, gateway.EventGuildUpdate, gateway.EventGuildDelete:
		key = "id"
	}
	id, _ := v.Get(key).Snowflake()
	return id
}

// op has an op logged if the event turns out to be in order.
func (s *Shard) op(o op, l list, key uint64, row []byte) {
	s.ops = appendRow(append(s.ops, byte(o)), l, key, row)
	s.changed[l] = true
}

// commit logs the event's ops.
func (s *Shard) commit(g *guild) error {
	for b := s.ops; len(b) > 0; {
		l, key, row, rest, _ := takeRow(b[1:])
		of := lists[l].group
		g.setLog(of, appendOp(g.log()[of], op(b[0]), l, key, row))
		b = rest
	}
	if len(s.came)+len(s.digests) > 0 {
		s.keepDigests(g)
	}
	if len(s.ops) > 0 && g.logSize() > g.logBound() {
		return s.keepOpen(g)
	}
	return nil
}

// putter makes a taker of events that carry an element of a list, which keeps all but the named fields.
func putter(o op, l list, without ...string) func(*Shard, *guild, lazyjson.Value) error {
	return func(s *Shard, _ *guild, v lazyjson.Value) error { return s.put(o, l, v, without...) }
}

func (s *Shard) put(o op, l list, v lazyjson.Value, without ...string) error {
	key := l.keyOf(v)
	if key == 0 {
		return because(errNoID, v.Err())
	}
	row, err := s.encoder.without(v, key, without...)
	if err != nil {
		return err
	}
	s.op(o, l, key, row)
	return nil
}

// deleter makes a taker of events that name an element that goes.
func deleter(l list, key string) func(*Shard, *guild, lazyjson.Value) error {
	return func(s *Shard, _ *guild, v lazyjson.Value) error {
		id, err := v.Get(key).Snowflake()
		if err != nil {
			return because(errNoID, err)
		}
		s.op(opDelete, l, id, nil)
		return nil
	}
}
