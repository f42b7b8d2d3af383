package core

import (
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
)

// Advance lets time pass: it dials, beats and gives up when it is time to. It
// returns when it wants to be called again. drained is as in reactor.Task.
func (c *Core) Advance(now time.Time, drained bool) (next time.Time) {
	switch c.state {
	case lifecycle.Stopped:
		return time.Time{}
	case lifecycle.Disconnected:
		if !now.Before(c.redial.at) {
			c.connect(now)
		}
	case lifecycle.Queued, lifecycle.Identifying, lifecycle.Resuming, lifecycle.Ready:
		c.beat(now, drained)
	}
	if !c.deadline.IsZero() && !now.Before(c.deadline) && !c.Held() {
		c.expire(now)
	}
	return c.Next()
}

// Hold says that nothing more is read of the connection, or that it is read again.
// What the gateway owes cannot come meanwhile, so the state's time stands still.
func (c *Core) Hold(now time.Time, held bool) {
	if held {
		c.held = now
		return
	}
	if !c.deadline.IsZero() {
		c.deadline = c.deadline.Add(now.Sub(c.held))
	}
	c.held = time.Time{}
}

// Next returns the time of the next thing to do.
func (c *Core) Next() time.Time {
	deadline := c.deadline
	if c.Held() {
		deadline = time.Time{}
	}
	switch c.state {
	case lifecycle.Disconnected:
		return c.redial.at
	case lifecycle.Queued, lifecycle.Identifying, lifecycle.Resuming, lifecycle.Ready:
		if due := c.heart.due(); deadline.IsZero() || due.Before(deadline) {
			return due
		}
	}
	return deadline
}

// WillAsk reports whether this connection, once it is up, is to ask for a permit to
// identify, or has asked. One that follows a failure may well fail too, and nobody is
// to wait for it.
func (c *Core) WillAsk() bool {
	switch c.state {
	case lifecycle.Connecting, lifecycle.AwaitingHello, lifecycle.Queued:
		return !c.session.resumable() && c.redial.failures == 0
	}
	return false
}

// expire ends a state whose deadline has passed.
func (c *Core) expire(now time.Time) {
	switch c.state {
	case lifecycle.AwaitingHello:
		c.giveUp(now, errHelloTimeout)
	case lifecycle.Identifying:
		c.giveUp(now, errReadyTimeout)
	case lifecycle.Resuming:
		c.giveUp(now, errResumedTimeout)
	case lifecycle.Ready:
		c.guildsReady(now)
	case lifecycle.Closing:
		c.HangUp(now)
	}
}
