package core

import (
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
)

// Probe sends a heartbeat at once, and expects an answer soon.
func (c *Core) Probe(now time.Time) {
	switch c.state {
	case lifecycle.AwaitingHello:
		if latest := now.Add(probeTimeout); c.deadline.After(latest) {
			c.deadline = latest
		}
	case lifecycle.Queued, lifecycle.Identifying, lifecycle.Resuming, lifecycle.Ready:
		c.heart.probe(now)
		c.sendHeartbeat(now)
	}
}

// answered gives up a connection that has not answered a probe in time. It reports
// whether the heartbeat may go on: no answer is overdue. An ACK is an answer; so is anything that
// comes after probeGrace, since an ACK can be late behind a flood of events.
func (c *Core) answered(now time.Time, drained bool) bool {
	h := &c.heart
	switch {
	case h.probed.IsZero() || now.Before(h.probed.Add(probeTimeout)):
	case c.Held() || h.life.After(h.probed.Add(probeGrace)):
		h.probed = time.Time{} // while reading is held, no answer can come
	default:
		if drained {
			c.giveUp(now, errNoAnswer)
		}
		return false
	}
	return true
}

// beat sends a heartbeat if one is due, or gives up on a zombie.
func (c *Core) beat(now time.Time, drained bool) {
	if now.Before(c.heart.due()) {
		return // as nearly always, and without the lock
	}
	if !c.answered(now, drained) {
		return
	}
	// While reading is held, an ACK cannot come; the gateway must not miss a beat.
	if c.heart.dead(now) && !c.Held() {
		if drained {
			c.giveUp(now, errZombie)
		}
		return
	}
	if c.heart.beat(now) {
		c.sendHeartbeat(now)
		c.slim()
	}
	c.heart.looked()
}

// prove notes an ACK: on a connection that is Ready, the session lives.
func (c *Core) prove() {
	if c.state != lifecycle.Ready || c.proved {
		return
	}
	c.proved = true
	c.endRow()
	if c.life.Failures > 0 {
		c.change().Failures = 0
	}
}
