package engine

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/limit"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// TestClockWatch: what counts as a jump is that the clocks part, or that a look comes
// late, by more than 10 s; a clock that is slewed, or set by a little, does not.
func TestClockWatch(t *testing.T) {
	for _, test := range []struct {
		name       string
		mono, wall time.Duration // that pass between two looks
		want       time.Duration
	}{
		{"as usual", busyLimit, busyLimit, 0},
		{"slewed", busyLimit, busyLimit + 100*time.Microsecond, 0},
		{"set by 9 s", busyLimit, busyLimit + 9*time.Second, 0},
		{"asleep for an hour", busyLimit, busyLimit + time.Hour, time.Hour},
		{"set back", busyLimit, busyLimit - time.Minute, time.Minute},
		{"stood still, and both clocks saw it", time.Minute, time.Minute, time.Minute},
		{"stood still, and only the monotonic clock saw it", time.Minute, busyLimit, time.Minute},
	} {
		var w clockWatch
		now := time.Now()
		wall := now.Round(0)
		if got := w.look(now, wall); got != 0 {
			t.Errorf("%s: the first look: %v", test.name, got)
		}
		for range 3 {
			now, wall = now.Add(busyLimit), wall.Add(busyLimit)
			if got := w.look(now, wall); got != 0 {
				t.Errorf("%s: before: %v", test.name, got)
			}
		}
		if got := w.look(now.Add(test.mono), wall.Add(test.wall)); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
		if got := w.look(now.Add(test.mono+busyLimit), wall.Add(test.wall+busyLimit)); got != 0 {
			t.Errorf("%s: once more: %v", test.name, got)
		}
	}
}

// TestSleep: a machine that slept finds out within seconds which of its connections
// are dead, and resumes those.
func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asleep atomic.Int64
		r := prepare(t, func(c *Config) { c.Shards, c.IdentifyQueue = Shards{Total: 2}, identify.Unlimited{} })
		r.wall = func(now time.Time) time.Time { return now.Round(0).Add(time.Duration(asleep.Load())) }
		r.run()
		peers := []*peer{r.net.accept(t), r.net.accept(t)}
		for _, p := range peers {
			p.begin()
		}
		for id := range 2 {
			waitState(t, r.shard(id), lifecycle.Ready)
		}
		time.Sleep(time.Minute)
		dead, alive := peers[0], peers[1]
		dead.mu.Lock()
		dead.silent = true
		dead.mu.Unlock()
		before := len(alive.heartbeats())
		asleep.Add(int64(time.Hour))
		time.Sleep(idleLook)
		if n := len(alive.heartbeats()); n == before { // one more may be due just then
			t.Errorf("no heartbeat within %v", idleLook)
		}
		time.Sleep(5 * time.Second)
		dead.expect("close 4000")
		dead.raw(wiretest.Close(4000, ""))
		again := r.net.accept(t)
		again.resume()
		again.send(wiretest.Resumed)
		for id := range 2 {
			waitState(t, r.shard(id), lifecycle.Ready)
		}
		if got := r.Stats(); got.Reconnects != 1 || got.Causes[lifecycle.CauseZombie] != 1 {
			t.Errorf("%+v", got)
		}
		if n := strings.Count(r.logs.String(), "all connections are checked"); n != 1 {
			t.Errorf("said %d times", n)
		}
		dead.drop()
		close(dead.out)
		r.end(alive, again)
	})
}

// TestSleepingToAndFro: a clock that is set to and fro, all the time, costs few
// heartbeats and log lines.
func TestSleepingToAndFro(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var looks atomic.Int64
		r := prepare(t, func(c *Config) { c.Shards = Shards{Total: 1} })
		r.wall = func(now time.Time) time.Time {
			return now.Round(0).Add(time.Duration(looks.Add(1)%2) * time.Hour)
		}
		r.run()
		p := r.net.accept(t)
		p.begin()
		waitState(t, r.shard(0), lifecycle.Ready)
		time.Sleep(time.Minute)
		rhythm := 2
		if n := len(p.heartbeats()); n > limit.Spare+rhythm {
			t.Errorf("%d heartbeats in a minute", n)
		}
		if n := strings.Count(r.logs.String(), "all connections are checked"); n < 2 || n > limit.Spare {
			t.Errorf("said %d times", n)
		}
		r.end(p)
	})
}
