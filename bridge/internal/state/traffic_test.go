package state

import (
	"strconv"
	"testing"

	"github.com/sluice-go/sluice/internal/traffic"
)

// A world is a shard, its model and traffic that both are told.
type world struct {
	shard   *Shard
	model   *model
	traffic *traffic.Generator
}

// newWorld tells a shard and a model of the start of a session with those guilds.
func newWorld(t testing.TB, config Config, seed uint64, guilds, size int) *world {
	t.Helper()
	ids := traffic.GuildIDs(0, 1, guilds)
	w := &world{
		shard: NewShard(config), model: &model{members: config.Members},
		traffic: traffic.NewShard(traffic.Options{Seed: seed, Guilds: ids, GuildSize: size}),
	}
	w.tell(t, "READY", traffic.Ready(nil, traffic.ReadyOptions{SessionID: "discord", ResumeURL: "wss://discord", GuildIDs: ids}))
	for _, id := range ids {
		w.tell(t, "GUILD_CREATE", w.traffic.GuildCreate(nil, id, size))
	}
	return w
}

func (w *world) tell(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := w.shard.Apply(eventTypes[name], data); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	w.model.apply(name, parse(data))
}

// guild returns the guild of that id.
func (s *Shard) guild(t testing.TB, id uint64) Guild {
	t.Helper()
	for g := range s.Guilds() {
		if g.ID == id {
			return g
		}
	}
	t.Fatalf("there is no guild %d", id)
	return Guild{}
}

func TestTraffic(t *testing.T) {
	events := 6000
	if testing.Short() {
		events = 1500
	}
	for seed := range uint64(4) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Config{Members: seed%2 == 1}, seed, 12, 20_000)
			w.model.compareAll(t, w.shard)
			for range events {
				name, data := w.traffic.Next()
				w.tell(t, name, data)
				if set := Events(); !set.Has(eventTypes[name]) || name == "READY" || name == "USER_UPDATE" {
					continue
				}
				o := parse(data)
				of := id(o["guild_id"])
				if of == "" {
					of = id(o["id"])
				}
				if _, known := w.model.guilds[of]; known {
					number, _ := strconv.ParseUint(of, 10, 64)
					w.model.compare(t, w.shard.guild(t, number))
				}
			}
			w.model.compareAll(t, w.shard)
			if stats := w.shard.Stats(); stats.Errors != 0 || stats.Stale != 0 {
				t.Errorf("%+v", stats)
			}
		})
	}
}
