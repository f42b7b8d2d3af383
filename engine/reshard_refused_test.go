package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/internal/budget"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
)

// savedFor returns a store with the sessions of so many shards.
func savedFor(shards int) *session.Memory {
	s := &session.Snapshot{Bot: NewToken(testToken).Hash(), Shards: shards, Saved: time.Now()}
	for id := range shards {
		s.Sessions = append(s.Sessions, session.Saved{Shard: id, Session: session.Session{ID: fmt.Sprint("of ", id), ResumeURL: "ws://resume.discord.gg", Seq: 1}})
	}
	store := &session.Memory{}
	_ = store.Save(context.Background(), s)
	return store
}

// TestSavedShardsGoOn: where Config leaves the number of shards open, saved sessions
// of another number than Discord recommends are resumed, and the log names both.
func TestSavedShardsGoOn(t *testing.T) {
	for _, recommended := range []int{1, 3, 16} {
		synctest.Test(t, func(t *testing.T) {
			r, _ := api(t, 0, budgetAnswer(recommended, 1, 1000, 1000, budget.Period))
			r.config.Sessions = savedFor(2)
			g := &gatewayOf{t: t, over: make(chan struct{}), answer: func(opening) ([]string, uint16) { return []string{wiretest.Resumed}, 0 }}
			g.start(r.net)
			r.run()
			for id := range 2 {
				waitState(t, r.shard(id), lifecycle.Ready)
			}
			if identifies, resumes := g.count(-1); identifies != 0 || resumes != 2 || r.shard(1).Total() != 2 {
				t.Errorf("%d identifies, %d resumes, shard %v", identifies, resumes, r.shard(1))
			}
			g.stop(r)
			if log := r.logs.String(); !strings.Contains(log, fmt.Sprintf("recommended=%d saved=2", recommended)) {
				t.Errorf("the log does not name both numbers:\n%s", log)
			}
		})
	}
}

// TestSavedWithoutSessions binds nobody to its number of shards.
func TestSavedWithoutSessions(t *testing.T) {
	for _, shards := range []Shards{{}, {Total: 3}} {
		synctest.Test(t, func(t *testing.T) {
			r, _ := api(t, 0, budgetAnswer(3, 3, 1000, 1000, budget.Period))
			store := savedFor(2)
			saved, _ := store.Load(t.Context())
			saved.Sessions = nil
			_ = store.Save(t.Context(), saved)
			r.config.Sessions, r.config.Shards = store, shards
			g := &gatewayOf{t: t, over: make(chan struct{}), answer: func(o opening) ([]string, uint16) { return []string{readyOf(o.shard)}, 0 }}
			g.start(r.net)
			r.run()
			for id := range 3 {
				waitState(t, r.shard(id), lifecycle.Ready)
			}
			g.stop(r)
			if s, _ := store.Load(t.Context()); s.Shards != 3 || len(s.Sessions) != 3 {
				t.Errorf("saved %+v", s)
			}
		})
	}
}

// TestRefusedNumberOfShards: a gateway that does not take the number any more has the
// engine ask Discord and reshard by itself, whether that shows at the start or after
// days; the sessions that live go on until the new shards are ready.
func TestRefusedNumberOfShards(t *testing.T) {
	for _, code := range []gateway.CloseCode{gateway.CloseInvalidShard, gateway.CloseShardingRequired} {
		for _, saved := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				first := map[bool]int{true: 3, false: 2}[saved]
				r, _ := api(t, 0, budgetAnswer(first, 16, 1000, 1000, budget.Period), budgetAnswer(3, 16, 1000, 900, budget.Period))
				if saved {
					r.config.Sessions = savedFor(2)
				}
				var grown, over atomic.Bool // what is refused now
				grown.Store(saved)
				g := &gatewayOf{t: t, over: make(chan struct{}), answer: func(o opening) ([]string, uint16) {
					switch {
					case o.resume && o.shard == 0 && !over.Load():
						return []string{wiretest.Resumed}, 0
					case o.resume:
						return nil, 4009 // the session is gone, and a new one is refused
					case o.total == 2 && grown.Load():
						return nil, uint16(code)
					}
					return []string{readyOf(o.shard)}, 0
				}}
				g.start(r.net)
				r.run()
				if !saved {
					for id := range 2 {
						waitState(t, r.shard(id), lifecycle.Ready)
					}
					grown.Store(true)
					over.Store(true)
					g.mu.Lock()
					for _, p := range g.peers {
						p.raw(wiretest.Close(4009, ""))
					}
					g.mu.Unlock()
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				for id := range 3 {
					if s := r.Shard(id); s == nil || s.Total() != 3 || s.State() != lifecycle.Ready {
						t.Errorf("%d, saved %v: shard %d is %v", code, saved, id, s)
					}
				}
				g.stop(r)
			})
		}
	}
}

// TestRefusedWhileResharding: the user's own Reshard is what replaces the refused shards,
// if it is under way; should it fail, the engine sees to them.
func TestRefusedWhileResharding(t *testing.T) {
	for _, fails := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r, _ := api(t, 0, budgetAnswer(2, 16, 1000, 1000, budget.Period), budgetAnswer(3, 16, 1000, 900, budget.Period))
			var grown, held atomic.Bool
			held.Store(true)
			g := &gatewayOf{t: t, over: make(chan struct{}), answer: func(o opening) ([]string, uint16) {
				switch {
				case o.resume:
					return nil, 4009
				case o.total == 2 && grown.Load():
					return nil, uint16(gateway.CloseInvalidShard)
				case o.total == 3 && o.shard == 2 && held.Load():
					return nil, 0
				}
				return []string{readyOf(o.shard)}, 0
			}}
			g.start(r.net)
			r.run()
			for id := range 2 {
				waitState(t, r.shard(id), lifecycle.Ready)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			resharded := make(chan error, 1)
			go func() { resharded <- r.Reshard(ctx, Shards{Total: 3}) }()
			time.Sleep(20 * time.Second)
			grown.Store(true)
			g.mu.Lock()
			for _, p := range g.peers[:2] {
				p.raw(wiretest.Close(4009, ""))
			}
			g.mu.Unlock()
			time.Sleep(20 * time.Second)
			held.Store(false)
			if fails {
				cancel()
			} else {
				g.mu.Lock()
				g.peers[len(g.peers)-1].drop()
				g.mu.Unlock()
			}
			if err := <-resharded; (err != nil) != fails {
				t.Errorf("Reshard returned %v", err)
			}
			time.Sleep(2 * time.Minute)
			for id := range 3 {
				if s := r.Shard(id); s == nil || s.Total() != 3 || s.State() != lifecycle.Ready {
					t.Errorf("it fails: %v: shard %d is %v", fails, id, s)
				}
			}
			g.stop(r)
		})
	}
}

// TestRefusedForGood: where Discord recommends the very number that the gateway
// refuses, or the user chose it, Run ends and says so.
func TestRefusedForGood(t *testing.T) {
	for _, shards := range []Shards{{}, {Total: 2}} {
		synctest.Test(t, func(t *testing.T) {
			r, _ := api(t, 0, budgetAnswer(2, 16, 1000, 1000, budget.Period))
			r.config.Shards = shards
			g := &gatewayOf{t: t, over: make(chan struct{}), answer: func(opening) ([]string, uint16) { return nil, 4011 }}
			g.start(r.net)
			r.run()
			if err := <-r.result; !errors.Is(err, lifecycle.ErrShardingRequired) {
				t.Errorf("%v: Run returned %v", shards, err)
			}
			r.result <- nil
			g.stop(r)
		})
	}
}
