package state

import (
	"errors"
	"reflect"
	"testing"

	"github.com/sluice-go/sluice/gateway"
)

const readyData = `{"v":10,"user":{"id":"99","username":"bot","new":{"field":[1.50]}},"guilds":[{"id":"1","unavailable":true},` +
	`{"unavailable":true,"id":"2"}],"session_id":"discord's","resume_gateway_url":"wss://discord","shard":[3,8],"application":{"id":"99","flags":0}}`

func TestReady(t *testing.T) {
	s := NewShard(Config{})
	if s.HasReady() || len(s.AppendReady(nil, "a", "b", 0, 1)) != 0 {
		t.Fatal("a READY of nothing")
	}
	apply := func(event gateway.EventType, data string) {
		t.Helper()
		if err := s.Apply(event, []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	want := func(text string) {
		t.Helper()
		data := s.AppendReady([]byte("in front"), `a "session"`, "wss://bridge", 5, 16)
		if is := parse(data[len("in front"):]); !reflect.DeepEqual(is, parse([]byte(text))) {
			t.Fatalf("READY is %s\nwant %s", data, text)
		}
	}
	const rest = `,"session_id":"a \"session\"","resume_gateway_url":"wss://bridge","shard":[5,16],"application":{"id":"99","flags":0}}`
	apply(gateway.EventReady, readyData)
	want(`{"v":10,"user":{"id":"99","username":"bot","new":{"field":[1.50]}},"guilds":[{"unavailable":true,"id":"1"},{"unavailable":true,"id":"2"}]` + rest)

	apply(gateway.EventUserUpdate, `{"id":"99","username":"other","avatar":null}`)
	apply(gateway.EventGuildCreate, `{"id":"3","name":"new"}`)
	apply(gateway.EventGuildDelete, `{"id":"1"}`)
	want(`{"v":10,"user":{"id":"99","username":"other","new":{"field":[1.50]},"avatar":null},"guilds":[{"unavailable":true,"id":"2"},{"unavailable":true,"id":"3"}]` + rest)

	// A new session names its guilds anew.
	gone := s.guild(t, 3)
	apply(gateway.EventReady, readyData)
	if _, err := gone.AppendCreate(nil); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a guild that the new session does not name: %v", err)
	}
	if stats := s.Stats(); stats.Guilds != 2 || stats.Unavailable != 2 {
		t.Errorf("%+v", stats)
	}
	s.Reset()
	if s.HasReady() || s.Stats().Guilds != 0 {
		t.Error("something is left")
	}
}
