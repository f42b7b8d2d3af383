package engine_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gatewaytest"
)

// TestFailedStartsLeaveNothing: whatever ends Run early, neither goroutines nor descriptors
// are left of it.
func TestFailedStartsLeaveNothing(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		srv := gatewaytest.NewServer(t)
		base := engine.Config{
			Token: engine.NewToken(srv.Token()), GatewayURL: srv.URL(), TLS: srv.TLSConfig(), Driver: driver,
			Shards: engine.Shards{Total: 8}, Logger: new(logBuffer).logger(), Sessions: &session.Memory{},
		}
		for name, edit := range map[string]func(*engine.Config){
			"PerShard": func(c *engine.Config) { c.PerShard = func(_ int, s *engine.ShardConfig) { s.LargeThreshold = 1 } },
			"token":    func(c *engine.Config) { c.APIURL, c.Token = srv.APIURL(), engine.NewToken("an.other.token") },
			"API":      func(c *engine.Config) { c.APIURL, c.Retries = "https://127.0.0.1:1", 1 },
			"sessions": func(c *engine.Config) { c.Sessions = session.NewFile(t.TempDir()) },
		} {
			t.Run(name, func(t *testing.T) {
				goroutines, descriptors := -1, -1
				for round := range 20 {
					config := base
					edit(&config)
					e, err := engine.New(config)
					if err != nil {
						t.Fatal(err)
					}
					e.WithoutBackoff()
					if err := e.Run(t.Context()); err == nil {
						t.Fatal("Run returned nil")
					}
					if _, err := e.AddShards(engine.Shards{Total: 4}); !errors.Is(err, engine.ErrNotRunning) {
						t.Errorf("AddShards returned %v", err)
					}
					if round == 2 { // what a process opens once is open
						goroutines, descriptors = settle(-1, -1)
					}
				}
				if g, d := settle(goroutines, descriptors); g > goroutines || d > descriptors {
					stacks := make([]byte, 1<<20)
					t.Errorf("%d goroutines and %d descriptors, %d and %d before\n%s", g, d, goroutines, descriptors, stacks[:runtime.Stack(stacks, true)])
				}
			})
		}
	})
}
