package state

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/sluice-go/sluice/gateway"
)

// TestConcurrent has bots begin, and snapshots taken, while events come.
func TestConcurrent(t *testing.T) {
	w := newWorld(t, Config{}, 7, 6, 10_000)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if !json.Valid(w.shard.AppendReady(nil, "a", "b", 0, 1)) {
					t.Error("READY is no JSON")
				}
				for g := range w.shard.Guilds() {
					if data, err := g.AppendCreate(nil); err == nil && !json.Valid(data) {
						t.Errorf("no JSON: %s", data)
					}
				}
				for _, v := range w.shard.Views() {
					if data, err := v.AppendCreate(nil); err != nil || !json.Valid(data) {
						t.Errorf("%v, or no JSON: %s", err, data)
					}
				}
				w.shard.Stats()
				if err := NewShard(Config{Dictionary: w.shard.dict}).LoadSnapshot(w.shard.AppendSnapshot(nil)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 5000 {
		name, data := w.traffic.Next()
		w.tell(t, name, data)
	}
	close(stop)
	readers.Wait()
	w.model.compareAll(t, w.shard)
}

// TestCheapEvents holds the events that come most often to no allocations.
func TestCheapEvents(t *testing.T) {
	s := base(t, Config{})
	for event, data := range map[gateway.EventType]string{
		gateway.EventMessageCreate:     `{"id":"900","guild_id":"1","channel_id":"10"}`,
		gateway.EventPresenceUpdate:    `{"guild_id":"1","user":{"id":"50"}}`,
		gateway.EventGuildMemberUpdate: `{"guild_id":"1","user":{"id":"50"},"roles":["1","2"]}`,
		gateway.EventGuildMemberAdd:    `{"guild_id":"1","user":{"id":"50"},"roles":["1","2"]}`,
		gateway.EventGuildMemberRemove: `{"guild_id":"1","user":{"id":"50"}}`,
	} {
		bytes := []byte(data)
		if n := testing.AllocsPerRun(100, func() {
			if err := s.Apply(event, bytes); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%v: %v allocations", event, n)
		}
	}
}
