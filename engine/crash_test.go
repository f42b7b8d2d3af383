package engine

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// TestGoexitInOnPanic ends the engine as in any callback: what was delivered is
// saved, and Run returns.
func TestGoexitInOnPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		r := prepare(t, withStore(store), func(c *Config) {
			c.OnPanic = func(*Event, any) { runtime.Goexit() }
		})
		r.On(gateway.Events(gateway.EventMessageCreate), func(ev *Event) {
			if ev.Seq == 22 {
				panic("a mistake")
			}
		})
		r.run()
		p := r.net.accept(t)
		p.begin()
		for seq := int64(2); seq <= 22; seq++ {
			p.event(seq)
		}
		p.goodbye()
		if err := <-r.result; err != nil {
			t.Errorf("Run returned %v", err)
		}
		if _, s := store.count(t); len(s.Sessions) != 1 || s.Sessions[0].Seq != 22 {
			t.Errorf("saved %+v", s)
		}
		p.drop()
		close(p.out)
	})
}

// TestPanicInPerShard goes to who called Run, or AddShards. Whoever recovers it finds
// nothing locked: the store can be used again, and shards be added.
func TestPanicInPerShard(t *testing.T) {
	panicking := func(f func()) (value any) {
		defer func() { value = recover() }()
		f()
		return nil
	}
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		wrong := true
		perShard := func(c *Config) {
			c.PerShard = func(id int, _ *ShardConfig) {
				if wrong {
					panic("wrong")
				}
			}
		}
		first := prepare(t, withStore(store), perShard)
		if value := panicking(func() { _ = first.Run(context.Background()) }); value != "wrong" || store.closed != 1 {
			t.Errorf("recovered %v, the store was closed %d times", value, store.closed)
		}
		if err := first.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}

		wrong = false
		r := start(t, withStore(store), perShard)
		p := r.net.accept(t)
		p.begin()
		waitState(t, r.shard(0), lifecycle.Ready)
		wrong = true
		if value := panicking(func() { _, _ = r.AddShards(ShardRange(0, 0, 2)) }); value != "wrong" {
			t.Errorf("recovered %v", value)
		}
		wrong = false
		shards, err := r.AddShards(ShardRange(0, 0, 2))
		if err != nil {
			t.Fatal(err)
		}
		q := r.net.accept(t)
		q.begin()
		waitState(t, shards[0], lifecycle.Ready)
		r.end(p, q)
	})
}
