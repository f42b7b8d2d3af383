package engine

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/limit"
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

// TestProbe: the connection is kept if anything answers, and given up after 5 s if
// nothing does.
func TestProbe(t *testing.T) {
	answers := map[string]struct {
		answer func(r *rig)
		kept   bool
	}{
		"nothing":          {func(r *rig) {}, false},
		"an ACK":           {func(r *rig) { r.after(time.Millisecond); r.recv(testAck) }, true},
		"an ACK, late":     {func(r *rig) { r.after(4 * time.Second); r.recv(testAck) }, true},
		"what lay there":   {func(r *rig) { r.after(time.Millisecond); r.event(2) }, false},
		"events":           {func(r *rig) { r.after(2 * time.Second); r.event(2) }, true},
		"part of an event": {func(r *rig) { r.after(2 * time.Second); r.frames([]byte{0x81, 10, '{'}) }, true},
	}
	for name, test := range answers {
		r := newRig(t).ready()
		r.after(10 * time.Second)
		r.core.probe(r.now)
		r.settle()
		if r.lastSent() != `{"op":1,"d":1}` {
			t.Fatalf("%s: sent %s", name, r.lastSent())
		}
		begin := r.now
		test.answer(r)
		for r.now.Sub(begin) < probeTimeout {
			r.timer()
		}
		if kept := r.core.state == lifecycle.Ready; kept != test.kept {
			t.Errorf("%s: %v after %v", name, r.core.state, r.now.Sub(begin))
		}
		if !test.kept {
			r.peerClose(4000, "")
			if r.core.nextStep() != "resume" || r.core.life.causes[lifecycle.CauseZombie] != 1 {
				t.Errorf("%s: then %s, causes %v", name, r.core.nextStep(), r.core.life.causes)
			}
		}
	}
}

// TestProbeAndHold: no verdict falls while nothing is read, nor before the socket has
// been looked at.
func TestProbeAndHold(t *testing.T) {
	r := newRig(t).ready()
	r.core.probe(r.now)
	r.settle()
	r.after(probeTimeout)
	r.core.advance(r.now, false)
	r.want(lifecycle.Ready)
	r.advance()
	r.want(lifecycle.Closing)

	r = newRig(t).ready()
	r.core.probe(r.now)
	r.settle()
	r.core.hold(r.now, true)
	r.after(probeTimeout)
	r.advance()
	r.want(lifecycle.Ready)
	if !r.core.next().After(r.now) {
		t.Error("waits for a time that has passed")
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
		time.Sleep(time.Second)
		if n := len(alive.heartbeats()); n == before { // one more may be due just then
			t.Error("no heartbeat within a second")
		}
		time.Sleep(5 * time.Second)
		dead.expect("close 4000")
		dead.raw(serverClose(4000, ""))
		again := r.net.accept(t)
		again.resume()
		again.send(resumedNext)
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

// TestProbeAndRhythm: a heartbeat that was due when time jumped, or soon after, is the
// probe, so that the gateway has its 5 s.
func TestProbeAndRhythm(t *testing.T) {
	for _, early := range []time.Duration{-time.Minute, 0, time.Millisecond, 4 * time.Second} {
		r := newRig(t).ready()
		r.timer() // the first heartbeat
		r.recv(testAck)
		r.now = r.core.heart.next.Add(-early)
		r.core.probe(r.now)
		r.settle()
		begin := r.now
		r.advance()
		for r.core.state == lifecycle.Ready {
			r.timer()
		}
		if took := r.now.Sub(begin); took != probeTimeout {
			t.Errorf("a heartbeat was due %v later: given up after %v, want %v", early, took, probeTimeout)
		}
	}
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
