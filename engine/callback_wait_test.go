package engine

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sluice-go/sluice/gateway"
)

// TestWaitInCallback: what a callback asks of shards happens, but is not waited
// for, since the callback may hold up the very loop. sent is what the gateway then
// gets of the callback's shard, "" for nothing.
func TestWaitInCallback(t *testing.T) {
	ctx := context.Background()
	// A context that ends with the callback does not cut connections.
	ending := func(leave func(context.Context) error) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		return leave(ctx)
	}
	for name, c := range map[string]struct {
		ask  func(s *Shard) error
		sent string
	}{
		"Close":         {func(s *Shard) error { _, err := s.Close(ctx, 4000, ""); return err }, "close 4000"},
		"Restart":       {func(s *Shard) error { return s.Restart(ctx) }, "close 4000"},
		"RemoveShards":  {func(s *Shard) error { return s.engine.RemoveShards(ctx, s) }, "close 1000"},
		"Shutdown":      {func(s *Shard) error { return ending(s.engine.Shutdown) }, "close 4000"},
		"Logout":        {func(s *Shard) error { return ending(s.engine.Logout) }, "close 1000"},
		"Reshard":       {func(s *Shard) error { return s.engine.Reshard(ctx, Shards{Total: 2}) }, ""},
		"another shard": {func(s *Shard) error { return s.engine.Shard(1).WaitReady(ctx) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := prepare(t, func(config *Config) { config.Shards, config.IdentifyQueue = Shards{Total: 2}, UnlimitedQueue{} })
				asked := make(chan error, 1)
				r.On(gateway.Events(gateway.EventMessageCreate), func(ev *Event) { asked <- c.ask(ev.Shard) })
				r.run()
				first, second := r.net.accept(t), r.net.accept(t)
				first.send(testHello)
				if identify := first.expect(`{"op":2,`); !strings.Contains(identify, `"shard":[0,2]`) {
					first, second = second, first // shard 0 dialled second
					first.send(testHello)
					first.expect(`{"op":2,`)
				}
				first.send(testReady)
				first.event(2)
				if err := <-asked; !errors.Is(err, ErrInCallback) {
					t.Errorf("the callback got %v", err)
				}
				if c.sent != "" {
					first.expect(c.sent)
				}
				synctest.Wait()
				select {
				case <-first.gone:
					t.Error("the connection was cut")
				default:
				}
				r.stop()
				for _, p := range []*peer{first, second} {
					p.drop()
					close(p.out)
				}
				if err := <-r.result; err != nil {
					t.Errorf("Run returned %v", err)
				}
			})
		})
	}
}
