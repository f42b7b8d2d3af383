package state

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/traffic"
)

var fuzzDictionary = NewDictionary()

// FuzzApply applies two events to a guild, and to the model: what Apply takes has to change both alike, and
// what it does not take has to change nothing. What a broken event leaves has to be JSON. The dictionary is
// shared, so that coverage hangs on what came before: fuzz it with -fuzzminimizetime 10x.
func FuzzApply(f *testing.F) {
	ids := traffic.GuildIDs(0, 1, 1)
	generator := traffic.NewShard(traffic.Options{Seed: 1, Guilds: ids, GuildSize: 1})
	ready := traffic.Ready(nil, traffic.ReadyOptions{GuildIDs: ids})
	create := generator.GuildCreate(nil, ids[0], 1)
	seeds := map[string]bool{}
	for range 300_000 {
		if name, data := generator.Next(); Events().Has(eventTypes[name]) && !seeds[name] {
			seeds[name] = true
			f.Add(byte(eventTypes[name]), bytes.Clone(data), byte(gateway.EventGuildUpdate), []byte(`{}`), false)
		}
	}
	f.Add(byte(gateway.EventReady), ready, byte(gateway.EventGuildCreate), create, true)
	f.Fuzz(func(t *testing.T, first byte, a []byte, second byte, b []byte, members bool) {
		s, m := NewShard(Config{Members: members, Dictionary: fuzzDictionary}), &model{members: members}
		defer func() {
			if t.Failed() {
				t.Logf("%v %s\n%v %s", gateway.EventType(first), a, gateway.EventType(second), b)
			}
		}()
		for _, event := range []struct {
			t    gateway.EventType
			data []byte
		}{{gateway.EventReady, ready}, {gateway.EventGuildCreate, create}, {gateway.EventType(first), a}, {gateway.EventType(second), b}} {
			sound := json.Valid(event.data) && utf8.Valid(event.data) && !repeats(event.data)
			err := s.Apply(event.t, event.data)
			if Events().Has(event.t) && !json.Valid(event.data) && err == nil || !sound && err == nil {
				checkJSON(t, s)
				return // it need not have noticed
			}
			if err == nil && Events().Has(event.t) {
				m.apply(event.t.String(), parse(event.data))
			}
		}
		m.compareAll(t, s)
	})
}

// checkJSON fails the test if something that the shard tells is no JSON.
func checkJSON(t *testing.T, s *Shard) {
	if data := s.AppendReady(nil, "a", "b", 0, 1); !json.Valid(data) {
		t.Fatalf("no JSON: %s", data)
	}
	for g := range s.Guilds() {
		if data, err := g.AppendCreate(nil); !g.Unavailable && (err != nil || !json.Valid(data)) {
			t.Fatalf("%v, or no JSON: %s", err, data)
		}
	}
}

// repeats reports whether an object of valid JSON has a key twice: which one counts is nobody's promise.
func repeats(data []byte) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	type level struct {
		object bool
		key    bool // a key comes next
		keys   []string
	}
	levels := []level{{}}
	for {
		token, err := d.Token()
		if err == io.EOF {
			return false
		}
		top := &levels[len(levels)-1]
		if key, ok := token.(string); ok && top.object && top.key {
			if slices.Contains(top.keys, key) {
				return true
			}
			top.keys, top.key = append(top.keys, key), false
			continue
		}
		top.key = true
		switch token {
		case json.Delim('{'):
			levels = append(levels, level{object: true, key: true})
		case json.Delim('['):
			levels = append(levels, level{})
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:len(levels)-1]
		}
	}
}
