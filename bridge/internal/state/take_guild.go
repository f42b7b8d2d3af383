package state

import (
	"github.com/sluice-go/sluice/lazyjson"
)

// takeCreate takes GUILD_CREATE, which replaces all that was known of the guild.
func (s *Shard) takeCreate(v lazyjson.Value) error {
	id, err := v.Get("id").Snowflake()
	if err != nil {
		return err
	}
	if isTrue(v.Get("unavailable")) {
		s.guilds[id] = &guild{id: id, unavailable: true}
		return nil
	}
	var present map[uint64]bool
	if !s.config.Members {
		present = make(map[uint64]bool)
		for state := range v.Get("voice_states").Elements() {
			present[voices.keyOf(state)] = true
		}
		present[s.bot] = true
	}
	g := &guild{id: id}
	for i := range s.rows {
		s.rows[i] = s.rows[i][:0]
	}
	s.about(id)
	wanted := s.wanted(present)
	row, err := s.takeApart(v, func(l list, elements lazyjson.Value) (err error) {
		to := &s.rows[lists[l].group]
		*to, err = s.appendList(*to, l, elements, wanted)
		return err
	})
	if err != nil {
		return err
	}
	s.rows[settled] = appendRow(s.rows[settled], head, 0, row)
	g.count, _ = countOf(v.Get("member_count"))
	var groups [numGroups]string
	var refs []ref
	for i, rows := range s.rows {
		if groups[i], err = s.dict.pack(id, refs, rows); err != nil {
			return err
		}
		if group(i) == settled {
			s.refs = appendRefs(s.refs[:0], rows)
			refs = s.refs
		}
	}
	g.base = newRest(groups)
	s.guilds[id] = g
	return nil
}

// wanted says which elements of a guild's lists are kept. Members are if they are present, which is
// nil for all.
func (s *Shard) wanted(present map[uint64]bool) func(list, uint64) bool {
	if present == nil {
		return nil
	}
	return func(l list, key uint64) bool {
		return l != presences && (l != people || key != 0 && present[key])
	}
}

// takeDelete takes GUILD_DELETE.
func (s *Shard) takeDelete(v lazyjson.Value) error {
	id, err := v.Get("id").Snowflake()
	if err != nil {
		return err
	}
	if isTrue(v.Get("unavailable")) {
		s.guilds[id] = &guild{id: id, unavailable: true}
	} else {
		delete(s.guilds, id)
	}
	return nil
}

// takeUpdate takes GUILD_UPDATE. What it carries takes the place of what was there, lists as a whole.
func (s *Shard) takeUpdate(g *guild, v lazyjson.Value) error {
	count := g.count
	if n, ok := countOf(v.Get("member_count")); ok {
		count = n
	}
	var present map[uint64]bool
	if !s.config.Members {
		present = map[uint64]bool{s.bot: true}
	}
	wanted := s.wanted(present)
	row, err := s.takeApart(v, func(l list, elements lazyjson.Value) error {
		if l != people && l != presences && elements.Kind() == lazyjson.KindArray {
			return s.takeWhole(g, l, elements)
		}
		rows, err := s.appendList(s.rows[0][:0], l, elements, wanted)
		s.rows[0] = rows
		s.op(opReplace, l, 0, rows)
		return err
	})
	if err != nil {
		return err
	}
	s.op(opMerge, head, 0, row)
	g.count = count
	return nil
}

// replacer makes a taker of events that carry a list as a whole, by its name.
func replacer(l list) func(*Shard, *guild, lazyjson.Value) error {
	return func(s *Shard, g *guild, v lazyjson.Value) error { return s.takeWhole(g, l, v.Get(lists[l].name)) }
}

// takeSounds takes GUILD_SOUNDBOARD_SOUNDS_UPDATE. Discord does not say whether it lists all sounds or
// those that changed; one that is deleted has an event of its own.
func (s *Shard) takeSounds(_ *guild, v lazyjson.Value) error {
	elements := v.Get(lists[sounds].name)
	if elements.Kind() != lazyjson.KindArray {
		return noArray(lists[sounds].name, elements)
	}
	for sound := range elements.Elements() {
		if err := s.put(opPut, sounds, sound); err != nil {
			return err
		}
	}
	return nil
}

// takeRole takes GUILD_ROLE_CREATE and _UPDATE.
func (s *Shard) takeRole(_ *guild, v lazyjson.Value) error {
	return s.put(opPut, roles, v.Get("role"))
}

// takeRoleDelete takes GUILD_ROLE_DELETE. Discord does not tell each member's loss.
func (s *Shard) takeRoleDelete(_ *guild, v lazyjson.Value) error {
	id, err := v.Get("role_id").Snowflake()
	if err != nil {
		return err
	}
	s.op(opDelete, roles, id, nil)
	s.op(opDropRole, people, id, nil)
	return nil
}

// userCount makes a taker of GUILD_SCHEDULED_EVENT_USER_ADD and _REMOVE.
func userCount(delta int64) func(*Shard, *guild, lazyjson.Value) error {
	return func(s *Shard, _ *guild, v lazyjson.Value) error {
		id, err := v.Get("guild_scheduled_event_id").Snowflake()
		if err != nil {
			return err
		}
		p := s.begin(id)
		p.field("user_count")
		p.add(delta)
		s.merge(happenings, id)
		return nil
	}
}
