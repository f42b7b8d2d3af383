package engine

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/session"
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
		"Send":          {func(s *Shard) error { return s.engine.Shard(1).Send(ctx, presence) }, ""},
		"voice":         {func(s *Shard) error { return s.engine.Shard(1).UpdateVoiceState(ctx, &gateway.VoiceState{GuildID: 1}) }, ""},
		"all":           {func(s *Shard) error { return s.engine.UpdatePresence(ctx, &gateway.Presence{}) }, `{"op":3,`},
		"behind another": {func(s *Shard) error {
			other := s.engine.Shard(1)
			go func() { _ = other.Send(ctx, presence) }() // until the shard stops
			for len(other.link.Turn()) == 0 {
				runtime.Gosched()
			}
			return other.Send(ctx, presence)
		}, ""},
		"too much": {func(s *Shard) error {
			for {
				if err := s.Send(ctx, presence); err != nil {
					return err
				}
			}
		}, `{"op":3,`},
		"request": {func(s *Shard) error {
			_, err := s.RequestChannelInfo(ctx, 1, gateway.ChannelStatus)
			return err
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := prepare(t, func(config *Config) { config.Shards, config.IdentifyQueue = Shards{Total: 2}, identify.Unlimited{} })
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

// TestNoEndIsAwaitedInCalls: whatever code the engine calls, Shutdown does not wait
// there for that call to return; Run ends all the same.
func TestNoEndIsAwaitedInCalls(t *testing.T) {
	ready := gateway.Events(gateway.EventReady)
	for name, plant := range map[string]func(c *Config, ask func()) (before func(*Engine)){
		"PerShard": func(c *Config, ask func()) func(*Engine) {
			c.PerShard = func(int, *ShardConfig) { ask() }
			return nil
		},
		"PerShard of shards that are added": func(c *Config, ask func()) func(*Engine) {
			c.PerShard = func(_ int, s *ShardConfig) {
				if s.Total == 2 {
					ask()
				}
			}
			return func(e *Engine) {
				e.On(ready, func(*Event) { go e.AddShards(Shards{Total: 2}) })
			}
		},
		"IdentifyQueue": func(c *Config, ask func()) func(*Engine) {
			c.IdentifyQueue = userCode(ask)
			return nil
		},
		"SessionStore": func(c *Config, ask func()) func(*Engine) {
			c.Sessions = userCode(ask)
			return nil
		},
		"Logger": func(c *Config, ask func()) func(*Engine) {
			c.Logger = slog.New(userCode(ask))
			return nil
		},
		"OnPanic": func(c *Config, ask func()) func(*Engine) {
			c.OnPanic = func(*Event, any) { ask() }
			return func(e *Engine) { e.On(ready, func(*Event) { panic("a mistake") }) }
		},
		"Async": func(_ *Config, ask func()) func(*Engine) {
			return func(e *Engine) { e.On(ready, Async(func(*Event) { ask() }, AsyncOptions{})) }
		},
		"Dial": func(c *Config, ask func()) func(*Engine) {
			dial := c.Dial
			c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				ask()
				return dial(ctx, network, address)
			}
			return nil
		},
		"Async that removes its shard": func(_ *Config, ask func()) func(*Engine) {
			return func(e *Engine) {
				e.On(ready, Async(func(ev *Event) {
					if err := e.RemoveShards(context.Background(), ev.Shard); !errors.Is(err, ErrInCallback) {
						t.Errorf("RemoveShards returned %v", err)
					}
					ask()
				}, AsyncOptions{}))
			}
		},
		"Async that closes its shard": func(_ *Config, ask func()) func(*Engine) {
			return func(e *Engine) {
				e.On(ready, Async(func(ev *Event) {
					if _, err := ev.Shard.Close(context.Background(), 0, ""); !errors.Is(err, ErrInCallback) {
						t.Errorf("Close returned %v", err)
					}
					ask()
				}, AsyncOptions{}))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var r *running
				asked := make(chan error, 1)
				var once sync.Once
				ask := func() { once.Do(func() { asked <- r.Shutdown(context.Background()) }) }
				var before func(*Engine)
				r = prepare(t, func(c *Config) { before = plant(c, ask) })
				if before != nil {
					before(r.Engine)
				}
				r.run()
				g := &gatewayOf{t: t, over: make(chan struct{}), answer: func(opening) ([]string, uint16) { return []string{testReady}, 0 }}
				g.start(r.net)
				if err := <-asked; !errors.Is(err, ErrInCallback) {
					t.Errorf("Shutdown returned %v", err)
				}
				g.stop(r)
			})
		})
	}
}

// userCode is called wherever the engine calls the user's code, and then does
// nothing of use.
type userCode func()

func (f userCode) Acquire(context.Context, int) (identify.Permit, error) {
	f()
	return identify.Unlimited{}.Acquire(context.Background(), 0)
}
func (f userCode) Load(context.Context) (*session.Snapshot, error) { return nil, nil }
func (f userCode) Save(context.Context, *session.Snapshot) error   { f(); return nil }
func (f userCode) Close() error                                    { return nil }
func (f userCode) Enabled(context.Context, slog.Level) bool        { return true }
func (f userCode) WithAttrs([]slog.Attr) slog.Handler              { return f }
func (f userCode) WithGroup(string) slog.Handler                   { return f }
func (f userCode) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "shard ready" {
		f()
	}
	return nil
}
