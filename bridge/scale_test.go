package bridge_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// TestBotRestart: a bot of many shards that restarts under load costs no identify at the gateway, has its guilds at
// once, and with sessions that it kept loses no event. The log says how long it takes.
func TestBotRestart(t *testing.T) {
	shards := 200
	if testing.Short() {
		shards = 20
	}
	s := newStand(t, nil, gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(shards), gatewaytest.WithGuilds(5, 20_000),
		gatewaytest.WithTraffic(5))
	all := recordTape(s.eng)
	eventually(t, "the bridge's shards", func() bool { return readyShards(s.eng) == shards })
	var store session.Memory
	for round := range 4 {
		began := time.Now()
		var tape *tape
		bot := s.start(t, blueToken, func(c *engine.Config) {
			c.IdentifyQueue = nil // that of a bot which knows no bridge
			c.Sessions = &store
			if round == 1 {
				c.Sessions = nil // this one begins anew
			}
		}, func(e *engine.Engine) { tape = recordTape(e) })
		eventually(t, "the bot's shards", func() bool { return readyShards(bot.Engine) == shards })
		ready := time.Since(began)
		if round < 2 {
			bot.wait(t, "GUILD_CREATE", 5*shards)
		}
		t.Logf("round %d: %d shards ready after %v, with all guilds after %v", round, shards, ready, time.Since(began))
		eventually(t, "events", func() bool { return bot.count("MESSAGE_CREATE") > 0 })
		bot.stop()
		if round < 2 {
			continue
		}
		if lost := bot.count("SESSION_LOST"); lost > 0 || bot.count("READY") > 0 {
			t.Errorf("round %d: %d sessions lost, %d READY", round, lost, bot.count("READY"))
		}
		tape.mu.Lock()
		all.mu.Lock()
		for shard, list := range tape.sessions {
			if len(list) != 1 || list[0].within(all.shards[shard]) < 0 {
				t.Errorf("round %d: events of shard %d are lost, doubled or out of order", round, shard)
			}
		}
		all.mu.Unlock()
		tape.mu.Unlock()
	}
	if r := s.srv.Report(); r.Identifies != int64(shards) {
		t.Errorf("%d identifies at the gateway, want %d", r.Identifies, shards)
	}
}

func readyShards(e *engine.Engine) (n int) {
	for s := range e.Shards() {
		if s.State() == lifecycle.Ready {
			n++
		}
	}
	return n
}

// TestMemory says in its log what guilds take at rest, and of what that consists.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	const shards, guilds = 40, 500
	s := newStand(t, nil, gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(shards), gatewaytest.WithGuilds(guilds, 20_000))
	var mu sync.Mutex
	complete := 0
	s.eng.On(gateway.Events(gateway.EventGuildsReady), func(*engine.Event) {
		mu.Lock()
		complete++
		mu.Unlock()
	})
	eventually(t, "all guilds", func() bool { mu.Lock(); defer mu.Unlock(); return complete == shards })
	runtime.GC()
	stats := s.bridge.Stats()
	t.Logf("%d guilds: state %.1f MB, %.0f bytes a guild; log %d bytes", stats.Guilds, float64(stats.StateBytes)/1e6,
		float64(stats.StateBytes)/float64(stats.Guilds), stats.LogBytes)
}
