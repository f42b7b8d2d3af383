package engine

import (
	"strings"
	"sync"
	"testing"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/pool"
)

func TestNewEvent(t *testing.T) {
	ev := NewEvent("MESSAGE_CREATE", []byte(`{"guild_id":"81384788765712384"}`))
	if ev.Type != gateway.EventMessageCreate || ev.Name() != "MESSAGE_CREATE" || ev.GuildID() != 81384788765712384 || ev.Shard != nil {
		t.Errorf("%+v", ev)
	}
	if ev := NewEvent("NOT_YET_KNOWN", nil); ev.Type != gateway.EventUnknown || ev.Name() != "NOT_YET_KNOWN" || ev.GuildID() != 0 {
		t.Errorf("%+v", ev)
	}
	ev.Release() // no clone: nothing happens
	if ev.Data == nil {
		t.Error("Release took the data of an event that is no clone")
	}
}

func TestGuildID(t *testing.T) {
	for _, test := range []struct {
		event, data string
		want        uint64
	}{
		{"GUILD_CREATE", `{"id":"5","guild_id":"6"}`, 5},
		{"GUILD_DELETE", `{"unavailable":true,"id":"5"}`, 5},
		{"GUILD_UPDATE", `{"id":"5"}`, 5},
		{"GUILD_ROLE_CREATE", `{"id":"5","guild_id":"6"}`, 6},
		{"MESSAGE_CREATE", `{"id":"5"}`, 0},
		{"MESSAGE_CREATE", `{"guild_id":null}`, 0},
		{"MESSAGE_CREATE", `{"guild_id":"x"}`, 0},
		{"MESSAGE_CREATE", `{"guild_id":"18446744073709551615"}`, 1<<64 - 1},
		{"MESSAGE_CREATE", `[]`, 0},
		{"MESSAGE_CREATE", ``, 0},
	} {
		if got := NewEvent(test.event, []byte(test.data)).GuildID(); got != test.want {
			t.Errorf("%s %s: %d, want %d", test.event, test.data, got, test.want)
		}
	}
}

// TestClone outlives the event, with the same content, until Release.
func TestClone(t *testing.T) {
	lent := pool.Lent()
	r := newStand(t, nil)
	var clones []*Event
	r.on(gateway.AllDispatches().Union(gateway.Events(gateway.EventStateChanged)), func(ev *Event) {
		clones = append(clones, ev.Clone())
		if ev.Type == gateway.EventMessageCreate {
			clones = append(clones, clones[len(clones)-1].Clone())
		}
	})
	r.ready()
	r.event(2)
	r.recv(`{"op":0,"s":3,"t":"\u0041_NEW_ONE","d":[1]}`)
	r.recv(`{"op":0,"s":4,"t":"MESSAGE_DELETE"}`)
	var got []string
	for _, c := range clones {
		if c.Type == gateway.EventStateChanged {
			if _, ok := c.StateChange(); !ok {
				t.Error("the clone of a synthetic event lost its details")
			}
			c.Release()
			continue
		}
		got = append(got, c.Name()+" "+string(c.Data))
		if len(c.Data) > 0 && !strings.Contains(string(c.Payload), string(c.Data)) {
			t.Errorf("payload %s without data %s", c.Payload, c.Data)
		}
		c.Release()
		c.Release()
		if c.Data != nil || c.Payload != nil {
			t.Error("Release left the bytes in place")
		}
	}
	want := `READY {"v":10,"session_id":"abc","resume_gateway_url":"wss://us-east1-b.discord.gg","guilds":[]}` +
		`|MESSAGE_CREATE {"id":"2"}|MESSAGE_CREATE {"id":"2"}|A_NEW_ONE [1]|MESSAGE_DELETE `
	if strings.Join(got, "|") != want {
		t.Errorf("\n got %s\nwant %s", strings.Join(got, "|"), want)
	}
	if pool.Lent() != lent {
		t.Errorf("%d buffers are still on loan", pool.Lent()-lent)
	}
	c := NewEvent("MESSAGE_CREATE", []byte(`{"a":1}`)).Clone()
	if string(c.Data) != `{"a":1}` || c.Payload != nil {
		t.Errorf("%+v", c)
	}
	c.Release()
}

// TestEventsMayBeShared: methods that only tell change nothing, so that a callback
// may have several goroutines read an event (go test -race).
func TestEventsMayBeShared(t *testing.T) {
	r := newStand(t, nil)
	r.on(gateway.AllDispatches(), func(ev *Event) {
		if ev.Type != gateway.EventUnknown {
			return
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				clone := ev.Clone()
				defer clone.Release()
				if ev.Name() != "NEW_THING" || clone.Name() != "NEW_THING" || ev.GuildID() != 7 {
					t.Errorf("%q, %q, %d", ev.Name(), clone.Name(), ev.GuildID())
				}
				_, _ = ev.Closed()
			})
		}
		all.Wait()
	})
	r.ready()
	r.recv(`{"t":"NEW_THING","s":2,"op":0,"d":{"guild_id":"7"}}`)
	if r.core.Session().Seq != 2 {
		t.Error("no event came")
	}
}
