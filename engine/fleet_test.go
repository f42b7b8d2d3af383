package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
)

// ids lists the shards of an engine.
func ids(e *Engine) string {
	var list []string
	for s := range e.Shards() {
		list = append(list, s.String())
	}
	return strings.Join(list, " ")
}

// TestAddAndRemoveShards: what may be added when, and in which order it is listed.
func TestAddAndRemoveShards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, func(c *Config) { c.Shards, c.IdentifyQueue = ShardRange(1, 2, 4), identify.Unlimited{} })
		if _, err := r.AddShards(Shards{Total: 4}); err != ErrNotRunning {
			t.Errorf("before Run: %v", err)
		}
		if err := r.Reshard(t.Context(), Shards{}); err != ErrNotRunning {
			t.Errorf("before Run: %v", err)
		}
		r.run()
		synctest.Wait()
		peers := map[*Shard]*peer{}
		ready := func(shards ...*Shard) {
			for range shards { // in whatever order they dial
				p := r.net.accept(t)
				p.send(testHello)
				id, total := 0, 0
				_, rest, _ := strings.Cut(p.expect(`{"op":2,`), `"shard":[`)
				if _, err := fmt.Sscanf(rest, "%d,%d", &id, &total); err != nil {
					t.Fatal(err)
				}
				p.send(testReady)
				for _, s := range shards {
					if s.ID() == id && s.Total() == total {
						peers[s] = p
					}
				}
			}
		}
		ready(slices.Collect(r.Shards())...)

		for _, test := range []struct {
			shards Shards
			want   string
		}{
			{Shards{}, "no shards to add"},
			{Shards{First: 3}, "no shards to add"},
			{ShardRange(3, 4, 4), "no shards to add"},
			{ShardRange(-1, 0, 4), "no shards to add"},
			{ShardRange(0, 3, 4), "shard runs already"},
			{ShardRange(2, 2, 4), "shard runs already; close it first, or choose another total: 2/4"},
		} {
			if _, err := r.AddShards(test.shards); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%+v: %v", test.shards, err)
			}
		}
		if _, err := r.AddShards(ShardRange(2, 2, 4)); !errors.Is(err, ErrShardExists) {
			t.Error(err)
		}
		if err := r.Reshard(t.Context(), Shards{}); err == nil || !strings.Contains(err.Error(), "name a Total") {
			t.Errorf("nobody to ask: %v", err)
		}

		other, err := r.AddShards(ShardRange(0, 1, 8))
		if err != nil {
			t.Fatal(err)
		}
		ready(other...)
		more, err := r.AddShards(ShardRange(0, 0, 4))
		if err != nil {
			t.Fatal(err)
		}
		ready(more...)
		if got, want := ids(r.Engine), "0/4 1/4 2/4 0/8 1/8"; got != want {
			t.Errorf("shards %s, want %s", got, want)
		}
		if s := r.Shard(1); s.String() != "1/4" || r.Shard(7) != nil {
			t.Errorf("shard 1 is %v", s)
		}

		identifies := r.Stats().Identifies
		removed := make(chan error)
		go func() { removed <- r.RemoveShards(t.Context(), other...) }()
		for _, s := range other {
			peers[s].expect("close 1000")
			peers[s].raw(wiretest.Close(1000, ""))
		}
		if err := <-removed; err != nil {
			t.Error(err)
		}
		if got, want := ids(r.Engine), "0/4 1/4 2/4"; got != want || r.Stats().Identifies != identifies || identifies != 5 {
			t.Errorf("shards %s, want %s; %+v", got, want, r.Stats())
		}
		if got := other[0].Session(); got != (session.Session{}) {
			t.Errorf("its session is not over: %+v", got)
		}
		for _, s := range other {
			peers[s].drop()
			close(peers[s].out)
		}
		var left []*peer
		for s := range r.Shards() {
			left = append(left, peers[s])
		}
		r.end(left...)
		if _, err := r.AddShards(Shards{Total: 16}); err != ErrNotRunning {
			t.Errorf("after Run: %v", err)
		}
	})
}

// TestReshardOverlap: the old shard goes on for a while after the new ones are
// ready, and is closed for good then.
func TestReshardOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(c *Config) { c.IdentifyQueue = identify.Unlimited{} })
		p := r.net.accept(t)
		p.begin()
		old := r.shard(0)
		waitState(t, old, lifecycle.Ready)
		resharded := make(chan error)
		go func() { resharded <- r.Reshard(t.Context(), Shards{Total: 2}) }()
		a, b := r.net.accept(t), r.net.accept(t)
		a.begin()
		time.Sleep(10 * time.Second)
		if old.State() != lifecycle.Ready || len(resharded) != 0 {
			t.Errorf("before the new ones are ready: %v", old.View())
		}
		b.begin()
		synctest.Wait()
		began := time.Now()
		p.expect("close 1000")
		if took := time.Since(began); took != overlapTime {
			t.Errorf("the old one went %v after the new ones were ready", took)
		}
		p.raw(wiretest.Close(1000, ""))
		if err := <-resharded; err != nil {
			t.Error(err)
		}
		if got := ids(r.Engine); got != "0/2 1/2" {
			t.Errorf("shards %s", got)
		}
		p.drop()
		close(p.out)
		r.end(a, b)
	})
}

// TestAddShardsAtOnce: of two calls that add the same shard at the same time one is
// refused, before anything is made for it that would be left behind.
func TestAddShardsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r *running
		var inner error
		asked := 0
		r = prepare(t, func(c *Config) {
			c.IdentifyQueue = identify.Unlimited{}
			c.PerShard = func(id int, _ *ShardConfig) {
				if id == 3 {
					asked++
					_, inner = r.AddShards(ShardRange(2, 4, 8)) // while 3 is being made
				}
			}
		})
		r.run()
		first := r.net.accept(t)
		first.begin()
		waitState(t, r.shard(0), lifecycle.Ready)
		added, err := r.AddShards(ShardRange(3, 3, 8))
		if err != nil || len(added) != 1 {
			t.Fatal(added, err)
		}
		if !errors.Is(inner, ErrShardExists) || asked != 1 {
			t.Errorf("asked for %d times; the second one: %v", asked, inner)
		}
		second := r.net.accept(t)
		second.begin()
		waitState(t, added[0], lifecycle.Ready)
		r.end(first, second)
		if _, err := r.AddShards(ShardRange(3, 3, 8)); !errors.Is(err, ErrNotRunning) {
			t.Error(err)
		}
	})
}
