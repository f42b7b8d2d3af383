package state

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
)

// A churn makes events about few guilds, in which roles, channels and people come, go and change places all the
// time, and refer to each other by ids that may be gone, or of another kind.
type churn struct {
	*rand.Rand
	guilds []string
}

func newChurn(seed uint64) *churn {
	return &churn{rand.New(rand.NewPCG(seed, 7)), []string{"1", "900000000000000001", "18446744073709551615"}}
}

// id returns one of few ids. Some are ids of guilds as well, some are far from each other, and all kinds of
// objects have the same ones.
func (c *churn) id() string {
	switch n := uint64(c.IntN(24)); {
	case n == 0:
		return c.guilds[c.IntN(len(c.guilds))]
	case n < 8:
		return strconv.FormatUint(n, 10)
	case n < 12:
		return strconv.FormatUint(1<<64-1-n, 10)
	default:
		return strconv.FormatUint(9e17+n<<22+n&1, 10)
	}
}

// oddID returns JSON that is an id, or, in lists that come whole, now and then none.
func (c *churn) oddID() any {
	if c.IntN(30) > 0 {
		return c.id()
	}
	return []any{nil, "x", "", "007", true, object{}, json.Number("5")}[c.IntN(7)]
}

func (c *churn) ids(most int) []any {
	list := []any{}
	for range c.IntN(most + 1) {
		list = append(list, c.id())
	}
	return list
}

func (c *churn) text() string { return strconv.Itoa(c.IntN(9)) + "-" + strconv.Itoa(c.IntN(9)) }

func (c *churn) role(id any) object {
	return object{"id": id, "name": c.text(), "position": c.IntN(9), "permissions": "104189505", "color": 0}
}

func (c *churn) channel(id any) object {
	o := object{"id": id, "type": c.IntN(3), "name": c.text(), "position": c.IntN(9), "parent_id": nil}
	if c.IntN(3) == 0 {
		o["parent_id"] = c.id()
	}
	overwrites := []any{}
	for range c.IntN(3) {
		overwrites = append(overwrites, object{"id": c.id(), "type": 0, "allow": "0", "deny": "1024"})
	}
	o["permission_overwrites"] = overwrites
	return o
}

func (c *churn) thread(id any) object {
	return object{"id": id, "parent_id": c.id(), "name": c.text(), "member_count": c.IntN(3)}
}

func (c *churn) emoji(id any) object { return object{"id": id, "name": c.text(), "roles": c.ids(2)} }

func (c *churn) member(user any) object {
	return object{"user": object{"id": user, "username": c.text()}, "roles": c.ids(4), "nick": nil}
}

func (c *churn) voice(user any) object {
	return object{"user_id": user, "channel_id": c.id(), "session_id": "0123456789abcdef0123456789abcdef", "self_mute": c.IntN(2) == 0}
}

// list makes a list whose elements may have the same id, or none.
func (c *churn) list(most int, make func(id any) object) []any {
	list := []any{}
	for range c.IntN(most + 1) {
		list = append(list, make(c.oddID()))
	}
	return list
}

// create makes a guild.
func (c *churn) create(guild string) object {
	return object{
		"id": guild, "name": c.text(), "member_count": 5, "roles": c.list(12, c.role), "channels": c.list(12, c.channel),
		"threads": c.list(3, c.thread), "emojis": c.list(5, c.emoji), "voice_states": c.list(6, c.voice), "members": c.list(8, c.member),
	}
}

// shuffled returns a list of the guild's in another order, now and then with less or more in it.
func (c *churn) shuffled(g object, l list, make func(id any) object) []any {
	all := append([]any{}, array(g[lists[l].name])...)
	c.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if c.IntN(2) == 0 {
		return all
	}
	return append(all[:c.IntN(len(all)+1)], c.list(3, make)...)
}

// next returns an event, about a guild that is as the model says.
func (c *churn) next(m *model) (name string, o object) {
	guild := c.guilds[c.IntN(len(c.guilds))]
	g := m.guilds[guild]
	if g == nil || c.IntN(150) == 0 {
		return "GUILD_CREATE", c.create(guild)
	}
	with := func(o object) object {
		o["guild_id"] = guild
		return o
	}
	switch c.IntN(20) {
	case 0, 1:
		return "GUILD_ROLE_CREATE", object{"guild_id": guild, "role": c.role(c.id())}
	case 2:
		return "GUILD_ROLE_UPDATE", object{"guild_id": guild, "role": c.role(c.id())}
	case 3, 4:
		return "GUILD_ROLE_DELETE", object{"guild_id": guild, "role_id": c.id()}
	case 5, 6:
		return "CHANNEL_CREATE", with(c.channel(c.id()))
	case 7:
		return "CHANNEL_UPDATE", with(c.channel(c.id()))
	case 8, 9:
		return "CHANNEL_DELETE", with(c.channel(c.id()))
	case 10:
		return "GUILD_UPDATE", object{"id": guild, "roles": c.shuffled(g, roles, c.role), "name": c.text()}
	case 11:
		return "GUILD_UPDATE", object{"id": guild, "channels": c.shuffled(g, channels, c.channel), "emojis": c.shuffled(g, emojis, c.emoji)}
	case 12:
		return "GUILD_EMOJIS_UPDATE", object{"guild_id": guild, "emojis": c.shuffled(g, emojis, c.emoji)}
	case 13, 14, 15:
		o := c.voice(c.id())
		if o["member"] = c.member(o["user_id"]); c.IntN(3) == 0 {
			o["channel_id"] = nil
		}
		return "VOICE_STATE_UPDATE", with(o)
	case 16:
		return "GUILD_MEMBER_UPDATE", with(c.member(c.id()))
	case 17:
		return "GUILD_MEMBER_ADD", with(c.member(c.id()))
	case 18:
		return "THREAD_CREATE", with(c.thread(c.id()))
	default:
		if c.IntN(20) == 0 {
			return "GUILD_DELETE", object{"id": guild, "unavailable": true}
		}
		return "GUILD_MEMBER_REMOVE", with(object{"user": object{"id": c.id()}})
	}
}

// TestChurn tells a shard and the model of that, while groups are compressed at any time, in any order, by zstd or by
// a model that is learned in between, and the shard goes through snapshots into others with the same dictionary, none
// or another one. Views stay what they were.
func TestChurn(t *testing.T) {
	events := 3000
	if testing.Short() {
		events = 300
	}
	taught, _ := taughtDictionary(t)
	foreign, _ := taughtDictionary(t)
	foreign.shapes.number([]byte(`"of another bot"`))
	for seed := range uint64(6) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			c, m := newChurn(seed), &model{members: seed%2 == 1}
			config := Config{Members: m.members, Dictionary: []*Dictionary{NewDictionary(), taught, nil}[seed%3]}
			s := NewShard(config)
			ready := `{"v":10,"user":{"id":"` + c.id() + `"},"guilds":[{"id":"1"},{"id":"900000000000000001"},{"id":"18446744073709551615"}]}`
			if err := s.Apply(eventTypes["READY"], []byte(ready)); err != nil {
				t.Fatal(err)
			}
			m.apply("READY", parse([]byte(ready)))
			views := map[string]View{} // by the guild as it should be
			for i := range events {
				name, o := c.next(m)
				data, _ := json.Marshal(o)
				if err := s.Apply(eventTypes[name], data); err != nil {
					t.Fatalf("%v: %s", err, data)
				}
				m.apply(name, parse(data))
				for range c.IntN(3) {
					foldAny(t, s, c)
				}
				if c.IntN(40) == 0 {
					for _, v := range s.Views() {
						views[canonical(m.guilds[strconv.FormatUint(v.ID, 10)])] = v
					}
				}
				if c.IntN(60) == 0 {
					for should, v := range views {
						data, err := v.AppendCreate(nil)
						if err != nil {
							t.Fatal(err)
						}
						if is := canonical(parse(data)); is != should {
							t.Fatalf("a view of guild %d has changed: %s", v.ID, difference(is, should))
						}
					}
					clear(views)
				}
				if c.IntN(150) == 0 {
					s = throughSnapshot(t, s, config.Members, []*Dictionary{s.dict, NewDictionary(), foreign}[c.IntN(3)])
				}
				if i == events/2 && s.dict.learned.Load() == nil { // what is at rest is not of the model
					s.dict.learned.Store(&learned{train(s.dict.samples, s.dict.shapes.all()), zstdCodec().encoder.EncodeAll(s.dict.samples, nil)})
				}
				if i%40 == 0 {
					m.compareAll(t, s)
				} else if of := id(cmp.Or(o["guild_id"], o["id"])); of != "" {
					number, _ := strconv.ParseUint(of, 10, 64)
					m.compare(t, s.guild(t, number))
				}
			}
			m.compareAll(t, s)
			if stats := s.Stats(); stats.Stale > 0 {
				t.Errorf("%+v", stats)
			}
		})
	}
}

// foldAny applies a log of one of the shard's guilds.
func foldAny(t *testing.T, s *Shard, c *churn) {
	t.Helper()
	id, _ := strconv.ParseUint(c.guilds[c.IntN(len(c.guilds))], 10, 64)
	g := s.guilds[id]
	if g == nil || g.unavailable {
		return
	}
	s.beginEvent()
	defer s.endEvent()
	s.about(id)
	if err := s.fold(g, group(c.IntN(int(numGroups)))); err != nil {
		t.Fatal(err)
	}
}

// throughSnapshot returns a shard with that dictionary which has loaded what s knows.
func throughSnapshot(t *testing.T, s *Shard, members bool, dict *Dictionary) *Shard {
	t.Helper()
	to := NewShard(Config{Members: members, Dictionary: dict})
	if err := to.LoadSnapshot(s.AppendSnapshot(nil)); err != nil {
		t.Fatal(fmt.Errorf("a snapshot: %w", err))
	}
	return to
}
