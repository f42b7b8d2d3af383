package state

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sluice-go/sluice/gateway"
)

// lists that come whole, one behind the other.
var wholeLists = [][]string{
	{`[{"id":"1"},{"id":"2"},{"id":"3"}]`, `[{"id":"1"},{"id":"2"},{"id":"3"}]`},
	{`[{"id":"1"},{"id":"2"},{"id":"3"}]`, `[{"id":"1"},{"id":"3"},{"id":"4"}]`, `[{"id":"3"},{"id":"4","name":"a"},{"id":"5"}]`, `[]`, `[{"id":"3"}]`},
	{`[{"id":"1"},{"id":"2"},{"id":"3"}]`, `[{"id":"3"},{"id":"2"},{"id":"1"}]`, `[{"id":"3"},{"id":"0","id":"7"},{"id":"2"},{"id":"1"}]`},
	{`[{"id":"1"},{"id":"2"}]`, `[{"id":"1"},{"id":"2"},{"id":"2"}]`, `[{"id":"1"},{"id":"2","name":"b"},{"id":"2"}]`, `[{"id":"2"}]`},
	{`[{"id":"1"},{"id":"2"}]`, `[{"id":"1"},{"id":"1"}]`, `[{"id":"1"},{"id":"1","name":"a"}]`},
	{`[{"id":"1"}]`, `[{"id":"1"},{"id":null},{"name":"a"}]`, `[{"id":"1"},{"id":null},{"name":"b"}]`},
	{`[{"id":"1"},{"id":"2"}]`, `[{"id":"2"},{"id":"3"},{"id":"1"}]`, `[{"id":"2"},{"id":"3","roles":["1"]},{"id":"4"},{"id":"1"}]`},
	{numbered(0, 200), numbered(0, 200), numbered(3, 200), numbered(0, 200), numbered(100, 300), numbered(110, 330), numbered(0, 1200), numbered(1, 1200)},
}

func numbered(from, to int) string {
	var elements []string
	for i := from; i < to; i++ {
		elements = append(elements, `{"id":"`+strconv.Itoa(i+1)+`"}`)
	}
	return "[" + strings.Join(elements, ",") + "]"
}

// wholes applies events that carry those lists, and returns the guild that is left, and how many events were in
// order.
func wholes(t testing.TB, s *Shard, emojis ...string) (guild []byte, applied int) {
	t.Helper()
	if err := s.Apply(gateway.EventGuildCreate, []byte(`{"id":"9","roles":[{"id":"9"}],"emojis":[]}`)); err != nil {
		t.Fatal(err)
	}
	for i, list := range emojis {
		event, data := gateway.EventGuildEmojisUpdate, `{"guild_id":"9","emojis":`+list+`}`
		if i%3 == 2 {
			event, data = gateway.EventGuildUpdate, `{"id":"9","roles":[{"id":"9"}],"emojis":`+list+`}`
		}
		if s.Apply(event, []byte(data)) == nil {
			applied++
		}
	}
	guild, err := s.guild(t, 9).AppendCreate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return guild, applied
}

// TestWhole has lists that came one behind the other leave what the last one alone leaves, in its order.
func TestWhole(t *testing.T) {
	for _, lists := range wholeLists {
		for n := range lists {
			is, _ := wholes(t, NewShard(Config{}), lists[:n+1]...)
			if should, _ := wholes(t, NewShard(Config{}), lists[n]); !bytes.Equal(is, should) {
				t.Errorf("%.200q\nleave %.500s\nwant  %.500s", lists[:n+1], is, should)
			}
		}
	}
}

// TestWholeBroken has a list be refused if it is no JSON, also where all that it says is known.
func TestWholeBroken(t *testing.T) {
	known := `[{"id":"1"},{"id":"2"}]`
	for _, broken := range []string{
		`[{"id":"1"},]`, `[{"id":"1"},{"id":"2"},]`, "[{\"id\":\"1\"},\n]", `[{"id":"1"},,{"id":"2"}]`, `[,{"id":"1"}]`, `[{"id":"1"} {"id":"2"}]`,
		`[{"id":"1"},{"id":"2"}x]`, `[{"id":"1"},{"id":"2"}`, `[{"id":"1"},{"id":"2"},`, `[{"id":"1"},x]`,
	} {
		s := NewShard(Config{})
		before, _ := wholes(t, s, known)
		if err := s.Apply(gateway.EventGuildEmojisUpdate, []byte(`{"guild_id":"9","emojis":`+broken+`}`)); err == nil {
			t.Errorf("%s is taken", broken)
		}
		if after, err := s.guild(t, 9).AppendCreate(nil); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s leaves %s, %v", broken, after, err)
		}
	}
}

// TestWholeChanged has other events change what a list was that came whole.
func TestWholeChanged(t *testing.T) {
	s, m := NewShard(Config{}), &model{}
	tell := func(name, data string) {
		t.Helper()
		if err := s.Apply(eventTypes[name], []byte(data)); err != nil {
			t.Fatal(err)
		}
		m.apply(name, parse([]byte(data)))
		m.compareAll(t, s)
	}
	whole := `{"id":"9","roles":[{"id":"9"},{"id":"10"},{"id":"11"}],"emojis":[{"id":"1"},{"id":"2"}]}`
	for range 2 {
		tell("READY", readyData)
		for range 2 {
			tell("GUILD_CREATE", `{"id":"9","roles":[],"emojis":[]}`)
			tell("GUILD_UPDATE", whole)
			tell("GUILD_ROLE_DELETE", `{"guild_id":"9","role_id":"10"}`)
			tell("GUILD_UPDATE", whole)
			tell("GUILD_ROLE_UPDATE", `{"guild_id":"9","role":{"id":"11","name":"a"}}`)
			tell("GUILD_UPDATE", whole)
			tell("GUILD_UPDATE", `{"id":"9","roles":null,"emojis":[{"id":"2"}]}`)
			tell("GUILD_UPDATE", whole)
		}
		tell("GUILD_EMOJIS_UPDATE", `{"guild_id":"9","emojis":[{"id":"1"},{"id":"2"},{"id":"3"}]}`)
		twice := `{"id":"9","emojis":[{"id":"1"}],"emojis":[{"id":"1"},{"id":"2"},{"id":"3"}]}`
		if err := s.Apply(gateway.EventGuildUpdate, []byte(twice)); err != nil {
			t.Fatal(err)
		}
		data, err := s.guild(t, 9).AppendCreate(nil)
		if err != nil || strings.Count(string(data), `{"id":"3"}`) != 1 {
			t.Errorf("%v: the later list is not what counts: %s", err, data)
		}
	}
}

// TestDigests holds digests to their bound, and to guilds that are there.
func TestDigests(t *testing.T) {
	s := NewShard(Config{})
	for round := range 300 {
		wholes(t, s, numbered(0, round), numbered(0, round%40), numbered(0, round))
		total := 0
		for _, d := range s.digests {
			total += len(d.elements) * elementSize
		}
		if total > maxDigests {
			t.Fatalf("digests take %d bytes", total)
		}
	}
	if s.Reset(); s.digests != nil {
		t.Error("digests of a session that is over")
	}
}

// FuzzWhole has two lists, one behind the other, leave what the second one alone leaves.
func FuzzWhole(f *testing.F) {
	for _, lists := range wholeLists {
		for i := range lists[1:] {
			f.Add(lists[i], lists[i+1])
		}
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, list := range []string{a, b} {
			if !json.Valid([]byte(list)) || !utf8.ValidString(list) || !strings.HasPrefix(list, "[") {
				return // an error need not leave the list as it was, and FuzzApply has these
			}
		}
		is, both := wholes(t, NewShard(Config{Dictionary: fuzzDictionary}), a, b)
		should, one := wholes(t, NewShard(Config{Dictionary: fuzzDictionary}), b)
		if one != 1 || both != 2 {
			return // too deep, or no objects
		}
		if !bytes.Equal(is, should) {
			t.Fatalf("%s\nwant %s", is, should)
		}
	})
}
