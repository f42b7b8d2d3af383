package engine

import (
	"time"

	"github.com/sluice-go/sluice/gateway"
)

// This file notices that the machine stood still: a laptop slept, a virtual machine
// was paused or moved, the process was stopped. The gateway has given up connections
// meanwhile, or another machine has their addresses, and nothing would tell before
// the next heartbeat is missed: 40 to 80 s, in which events are late.

const (
	// jumpLimit is by how much time must have jumped for connections to be checked.
	jumpLimit = 10 * time.Second

	// probeTimeout is how long the gateway then has to answer a heartbeat.
	probeTimeout = 5 * time.Second

	// checkEvery is how far apart checks are at least, so that their heartbeats stay
	// within spareSends where a clock is set to and fro.
	checkEvery = 20 * time.Second

	// probeGrace is for how long after a probe the socket may still bring what lay there
	// since before the jump, which is no sign of life.
	probeGrace = time.Second
)

// clockWatch compares two clocks: the monotonic one, which on most systems stands
// still while the machine sleeps, and the wall clock, which does not.
type clockWatch struct {
	last, wall time.Time     // at the last look
	checked    time.Time     // when connections were last checked
	jump       time.Duration // for which they are to be checked; 0: none
}

// look returns by how much time has jumped since the last look, 0 for less than
// jumpLimit. now has a monotonic reading, wall is the wall clock at the same
// moment. Looks are to be much more frequent than jumpLimit: if one comes late by
// that, the process has stood still.
func (w *clockWatch) look(now, wall time.Time) time.Duration {
	last, lastWall := w.last, w.wall
	w.last, w.wall = now, wall.Round(0)
	if last.IsZero() {
		return 0
	}
	stood := now.Sub(last)
	parted := (w.wall.Sub(lastWall) - stood).Abs()
	if jump := max(stood, parted); jump > jumpLimit {
		return jump
	}
	return 0
}

// wallClock is the wall clock at a moment.
func wallClock(now time.Time) time.Time { return now.Round(0) }

// checkClock has every shard check its connection if time has jumped.
func (e *Engine) checkClock(w *clockWatch, now time.Time) {
	w.jump = max(w.jump, w.look(now, e.wall(now)))
	jump := w.jump
	if jump == 0 || now.Sub(w.checked) < checkEvery {
		return
	}
	w.checked, w.jump = now, 0
	e.config.Logger.Warn("time has jumped: the machine slept, or was paused or moved, or its clock was set; all connections are checked",
		"by", jump.Round(time.Millisecond))
	for s := range e.Shards() {
		s.mail.mu.Lock()
		s.mail.probe = true
		s.mail.mu.Unlock()
		s.wake()
	}
}

// probe sends a heartbeat at once, and expects an answer soon.
func (c *core) probe(now time.Time) {
	switch c.state {
	case AwaitingHello:
		if latest := now.Add(probeTimeout); c.deadline.After(latest) {
			c.deadline = latest
		}
	case Queued, Identifying, Resuming, Ready:
		c.heart.probe(now)
		c.send(gateway.AppendHeartbeat(nil, c.session.Seq))
	}
}

// answered gives up a connection that has not answered a probe in time. It reports
// whether the heartbeat may go on: no answer is overdue. An ACK is an answer; so is anything that
// comes after probeGrace, since an ACK can be late behind a flood of events.
func (c *core) answered(now time.Time, drained bool) bool {
	h := &c.heart
	switch {
	case h.probed.IsZero() || now.Before(h.probed.Add(probeTimeout)):
	case c.isHeld() || h.life.After(h.probed.Add(probeGrace)):
		h.probed = time.Time{} // while reading is held, no answer can come
	default:
		if drained {
			c.giveUp(now, errNoAnswer)
		}
		return false
	}
	return true
}

// probe notes that a heartbeat goes now. One that is due soon is put off: it would end
// the connection if the probe were not answered by then.
func (h *heart) probe(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pulse.beat(now)
	h.probed = now
	if h.next.Sub(now) < probeTimeout {
		h.next = now.Add(h.interval)
	}
}
