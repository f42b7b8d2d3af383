package engine

import (
	"github.com/sluice-go/sluice/engine/lifecycle"
	"time"
)

// depart ends the shard for good at the user's wish. In Closing the close frame
// is out already, so that only what follows can still be chosen.
func (c *core) depart(now time.Time, d *departure) {
	switch {
	case c.state.Connected():
		c.closeWith(now, uint16(d.code), d.reason, d)
	case c.state == lifecycle.Closing:
		if _, leaving := c.redial.cause.(*departure); !leaving {
			c.redial.cause = d
			c.life.leaving = true
			c.life.changes++
		}
	case c.state == lifecycle.Stopped:
	default:
		c.wish.hangup = true
		c.departed(now, d)
	}
}

// departed stops the shard once its connection is gone.
func (c *core) departed(now time.Time, d *departure) {
	if d.endsSession() {
		c.session.clear()
	}
	c.left = d.alone
	c.halt(now, nil)
}

// shutdown ends the shard with its engine, keeping its session.
func (c *core) shutdown(now time.Time) { c.depart(now, errShutdown) }

// restart redials without backoff. A connection is closed so that its session can
// be resumed; where a dial is under way there is nothing to do. What Discord asks
// to be waited after an invalid session is waited.
func (c *core) restart(now time.Time) {
	switch {
	case c.state.Connected():
		c.redial.hurry = true
		c.closeWith(now, uint16(closeResumable), "", errRestart)
	case c.state == lifecycle.Closing:
		c.redial.hurry = true
	case c.state == lifecycle.Disconnected:
		c.spending.hurry()
		if c.redial.at = c.redial.earliest; c.redial.at.Before(now) {
			c.redial.at = now
		}
	}
}
