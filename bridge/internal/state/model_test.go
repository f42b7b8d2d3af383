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
