package core

import (
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
)

// Depart ends the shard for good at the user's wish. In Closing the close frame
// is out already, so that only what follows can still be chosen.
func (c *Core) Depart(now time.Time, d *Departure) {
	switch {
	case d.abrupt && (c.state.Connected() || c.state == lifecycle.Closing):
		c.Wish.Hangup = true
		c.ended(now, d)
	case c.state.Connected():
		c.closeWith(now, uint16(d.code), d.reason, d)
	case c.state == lifecycle.Closing:
		if _, leaving := c.redial.cause.(*Departure); !leaving {
			c.redial.cause = d
			c.change().Leaving = true
		}
	case c.state == lifecycle.Stopped:
	default:
		c.Wish.Hangup = true
		c.departed(now, d)
	}
}

// Renew gives the session of a connection up, which is announced, and identifies on another one, without backoff. Without
// a connection it does nothing.
func (c *Core) Renew(now time.Time) {
	if c.state.Connected() && c.session.resumable() {
		c.loseSession(now, errRenewed)
		c.Restart(now)
	}
}

// Restart redials without backoff. A connection is closed so that its session can
// be resumed; where a dial is under way there is nothing to do. What Discord asks
// to be waited after an invalid session is waited.
func (c *Core) Restart(now time.Time) {
	switch {
	case c.state.Connected():
		c.redial.hurry = true
		c.closeWith(now, uint16(CloseResumable), "", errRestart)
	case c.state == lifecycle.Closing:
		c.redial.hurry = true
	case c.state == lifecycle.Disconnected:
		c.spending.hurry()
		if c.redial.at = c.redial.earliest; c.redial.at.Before(now) {
			c.redial.at = now
		}
	}
}
