package state

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/gateway"
)

type object = map[string]any

// A model is the oracle: the state as maps, with every event applied at once by encoding/json.
type model struct {
	members bool
	bot     string
	ready   object
	guilds  map[string]object // nil: unavailable
}

func parse(data []byte) object {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var o object
	if err := d.Decode(&o); err != nil {
		panic(err)
	}
	return o
}

// dig returns what lies at a path of keys; nil for nothing.
func dig(o any, path ...string) any {
	for _, key := range path {
		in, _ := o.(object)
		o = in[key]
	}
	return o
}

// id returns an id in digits; "" for none.
func id(o any) string {
	s, ok := o.(string)
	if n, isNumber := o.(json.Number); isNumber {
		s, ok = n.String(), true
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if !ok || err != nil || n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

func array(o any) []any {
	a, _ := o.([]any)
	return a
}

func idOf(l list, o any) string { return id(dig(o, lists[l].key...)) }

func without(o object, keys ...string) object {
	less := object{}
	for key, value := range o {
		if !slices.Contains(keys, key) {
			less[key] = value
		}
	}
	return less
}

func (m *model) apply(name string, o object) {
	switch name {
	case "READY":
		m.ready, m.guilds, m.bot = o, map[string]object{}, id(dig(o, "user", "id"))
		for _, stub := range array(o["guilds"]) {
			m.guilds[id(dig(stub, "id"))] = nil
		}
		return
	case "USER_UPDATE":
		for key, value := range o {
			m.ready["user"].(object)[key] = value
		}
		return
	case "GUILD_DELETE":
		if delete(m.guilds, id(o["id"])); o["unavailable"] == true {
			m.guilds[id(o["id"])] = nil
		}
		return
	case "GUILD_CREATE":
		m.guilds[id(o["id"])] = m.create(o)
		return
	case "GUILD_UPDATE":
		g := m.guilds[id(o["id"])]
		for key, value := range m.filter(o, map[string]bool{m.bot: true}) {
			if g != nil {
				g[key] = value
			}
		}
		return
	}
	if g := m.guilds[id(o["guild_id"])]; g != nil {
		m.change(g, name, o)
	}
}

func (m *model) create(o object) object {
	if o["unavailable"] == true {
		return nil
	}
	present := map[string]bool{m.bot: true}
	for _, state := range array(o["voice_states"]) {
		present[idOf(voices, state)] = true
	}
	return m.filter(o, present)
}

func (m *model) filter(o object, present map[string]bool) object {
	o = without(o)
	if m.members {
		return o
	}
	for _, l := range []list{people, presences} {
		if o[lists[l].name] == nil {
			continue
		}
		kept := []any{}
		for _, e := range array(o[lists[l].name]) {
			if user := idOf(l, e); l == people && user != "" && present[user] {
				kept = append(kept, e)
			}
		}
		o[lists[l].name] = kept
	}
	return o
}

// each replaces the elements of a list that have the id by what f makes of them; nil: nothing.
func each(g object, l list, key string, f func(o object) object) (found bool) {
	if array(g[lists[l].name]) == nil {
		return false
	}
	kept := []any{}
	for _, e := range array(g[lists[l].name]) {
		if o, ok := e.(object); ok && key != "" && (key == "*" || idOf(l, e) == key) {
			found = true
			if o = f(o); o == nil {
				continue
			}
			e = o
		}
		kept = append(kept, e)
	}
	g[lists[l].name] = kept
	return found
}

func remove(g object, l list, key string) bool {
	return each(g, l, key, func(object) object { return nil })
}

func put(g object, l list, o object) {
	remove(g, l, idOf(l, o))
	g[lists[l].name] = append(array(g[lists[l].name]), o)
}

func merge(g object, l list, key string, fields object) bool {
	return each(g, l, key, func(o object) object {
		o = without(o)
		for k, value := range fields {
			o[k] = value
		}
		return o
	})
}

func (m *model) change(g object, name string, o object) {
	key := id(o["id"])
	switch name {
	case "CHANNEL_CREATE", "CHANNEL_UPDATE":
		put(g, channels, without(o, "guild_id"))
	case "CHANNEL_DELETE":
		remove(g, channels, key)
		orphan(g, key)
	case "CHANNEL_PINS_UPDATE":
		for _, l := range []list{channels, threads} {
			each(g, l, id(o["channel_id"]), func(c object) object {
				_, has := c["last_pin_timestamp"]
				at, told := o["last_pin_timestamp"]
				if c = without(c); has || told {
					c["last_pin_timestamp"] = at
				}
				return c
			})
		}
	case "VOICE_CHANNEL_STATUS_UPDATE", "VOICE_CHANNEL_START_TIME_UPDATE":
		field := map[bool]string{true: "status", false: "voice_start_time"}[name == "VOICE_CHANNEL_STATUS_UPDATE"]
		each(g, channels, key, func(c object) object {
			if _, has := c[field]; has {
				c = without(c)
				c[field] = o[field]
			}
			return c
		})
	case "THREAD_CREATE":
		put(g, threads, without(o, "newly_created"))
	case "THREAD_UPDATE":
		if dig(o, "thread_metadata", "archived") == true {
			remove(g, threads, key)
		} else if !merge(g, threads, key, o) {
			put(g, threads, o)
		}
	case "THREAD_DELETE":
		remove(g, threads, key)
	case "THREAD_LIST_SYNC":
		if parents, some := o["channel_ids"].([]any); some {
			for _, parent := range parents {
				orphan(g, id(parent))
			}
		} else {
			remove(g, threads, "*")
		}
		for _, t := range array(o["threads"]) {
			put(g, threads, t.(object))
		}
		for _, member := range array(o["members"]) {
			m.threadMember(g, id(dig(member, "id")), member.(object))
		}
	case "THREAD_MEMBER_UPDATE":
		m.threadMember(g, key, o)
	case "THREAD_MEMBERS_UPDATE":
		if count := o["member_count"]; count != nil {
			merge(g, threads, key, object{"member_count": count})
		}
		for _, user := range array(o["removed_member_ids"]) {
			if id(user) == m.bot {
				each(g, threads, key, func(t object) object { return without(t, "member") })
			}
		}
		for _, member := range array(o["added_members"]) {
			if id(dig(member, "user_id")) == m.bot {
				m.threadMember(g, key, member.(object))
				break
			}
		}
	case "GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE":
		put(g, roles, o["role"].(object))
	case "GUILD_ROLE_DELETE":
		remove(g, roles, id(o["role_id"]))
		each(g, people, "*", func(member object) object {
			has, ok := member["roles"].([]any)
			if !ok {
				return member
			}
			member = without(member)
			member["roles"] = slices.DeleteFunc(slices.Clone(has), func(role any) bool { return id(role) == id(o["role_id"]) })
			return member
		})
	case "GUILD_EMOJIS_UPDATE":
		g["emojis"] = o["emojis"]
	case "GUILD_STICKERS_UPDATE":
		g["stickers"] = o["stickers"]
	case "GUILD_SOUNDBOARD_SOUNDS_UPDATE":
		for _, sound := range array(o["soundboard_sounds"]) {
			put(g, sounds, sound.(object))
		}
	case "GUILD_SOUNDBOARD_SOUND_CREATE", "GUILD_SOUNDBOARD_SOUND_UPDATE":
		put(g, sounds, o)
	case "GUILD_SOUNDBOARD_SOUND_DELETE":
		remove(g, sounds, id(o["sound_id"]))
	case "STAGE_INSTANCE_CREATE", "STAGE_INSTANCE_UPDATE":
		put(g, stages, o)
	case "STAGE_INSTANCE_DELETE":
		remove(g, stages, key)
	case "GUILD_SCHEDULED_EVENT_CREATE":
		put(g, happenings, o)
	case "GUILD_SCHEDULED_EVENT_UPDATE":
		if !merge(g, happenings, key, o) {
			put(g, happenings, o)
		}
	case "GUILD_SCHEDULED_EVENT_DELETE":
		remove(g, happenings, key)
	case "GUILD_SCHEDULED_EVENT_USER_ADD":
		m.userCount(g, o, 1)
	case "GUILD_SCHEDULED_EVENT_USER_REMOVE":
		m.userCount(g, o, -1)
	default:
		m.changeMember(g, name, o)
	}
}

func (m *model) changeMember(g object, name string, o object) {
	user := id(dig(o, "user", "id"))
	switch name {
	case "VOICE_STATE_UPDATE":
		who := id(o["user_id"])
		if o["channel_id"] == nil {
			remove(g, voices, who)
			if !m.members && who != m.bot {
				remove(g, people, who)
			}
			return
		}
		put(g, voices, without(o, "guild_id", "member"))
		if member, ok := o["member"].(object); ok && idOf(people, member) == who {
			put(g, people, member)
		}
	case "GUILD_MEMBER_ADD":
		if m.members {
			put(g, people, without(o, "guild_id"))
		}
		m.count(g, 1)
	case "GUILD_MEMBER_REMOVE":
		if m.members {
			remove(g, people, user)
			remove(g, presences, user)
		}
		m.count(g, -1)
	case "GUILD_MEMBER_UPDATE":
		if m.members || user == m.bot {
			merge(g, people, user, without(o, "guild_id"))
		}
	}
}

func orphan(g object, parent string) {
	each(g, threads, "*", func(t object) object {
		if parent != "" && id(t["parent_id"]) == parent {
			return nil
		}
		return t
	})
}

func (m *model) threadMember(g object, thread string, member object) {
	merge(g, threads, thread, object{"member": without(member, "id", "user_id", "guild_id", "member", "presence")})
}

func (m *model) userCount(g object, o object, delta int64) {
	each(g, happenings, id(o["guild_scheduled_event_id"]), func(e object) object {
		return grow(e, "user_count", delta)
	})
}

func (m *model) count(g object, delta int64) {
	for key, value := range grow(g, "member_count", delta) {
		g[key] = value
	}
}

// grow adds delta to a field that is a number, which does not get below 0.
func grow(o object, key string, delta int64) object {
	number, ok := o[key].(json.Number)
	if n, err := number.Int64(); ok && err == nil && n >= 0 && n < 1<<62 {
		o = without(o)
		o[key] = json.Number(strconv.FormatInt(max(n+delta, 0), 10))
	}
	return o
}

// canonical makes texts of a guild that are the same for the same guild, whatever the order of its lists.
func canonical(g object) string {
	g = without(g)
	for l := roles; l < numLists; l++ {
		elements, ok := g[lists[l].name].([]any)
		if !ok {
			continue
		}
		texts := []string{}
		for _, e := range elements {
			text, _ := json.Marshal(e)
			texts = append(texts, string(text))
		}
		slices.Sort(texts)
		g[lists[l].name] = texts
	}
	text, _ := json.MarshalIndent(g, "", " ")
	return string(text)
}

// compare fails the test unless the shard knows what the model knows of a guild.
func (m *model) compare(t testing.TB, g Guild) {
	t.Helper()
	want, known := m.guilds[strconv.FormatUint(g.ID, 10)]
	if !known || g.Unavailable != (want == nil) {
		t.Fatalf("guild %d: unavailable %v, known to the model: %v", g.ID, g.Unavailable, known)
	}
	if g.Unavailable {
		return
	}
	data, err := g.AppendCreate(nil)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(data) {
		t.Fatalf("no JSON: %s", data)
	}
	if is, should := canonical(parse(data)), canonical(want); is != should {
		t.Fatalf("guild %d differs: %s", g.ID, difference(is, should))
	}
}

// compareAll compares all guilds.
func (m *model) compareAll(t testing.TB, s *Shard) {
	t.Helper()
	n := 0
	for g := range s.Guilds() {
		m.compare(t, g)
		n++
	}
	if n != len(m.guilds) {
		t.Fatalf("%d guilds, want %d", n, len(m.guilds))
	}
}

func difference(is, should string) string {
	a, b := strings.Split(is, "\n"), strings.Split(should, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d: %.1500s\nwant: %.1500s", i, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(a), len(b))
}

// eventTypes are the events by their names.
var eventTypes = func() map[string]gateway.EventType {
	types := map[string]gateway.EventType{}
	for t := range gateway.AllDispatches().All() {
		types[t.String()] = t
	}
	return types
}()
