package core

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
)

// Depart ends the shard for good at the user's wish. In Closing the close frame
// is out already, so that only what follows can still be chosen.
func (c *Core) Depart(now time.Time, d *Departure) {
	switch {
	case c.state.Connected():
		c.closeWith(now, uint16(d.code), d.reason, d)
	case c.state == lifecycle.Closing:
		if _, leaving := c.redial.cause.(*Departure); !leaving {
			c.redial.cause = d
			c.life.Leaving = true
			c.life.Changes++
		}
	case c.state == lifecycle.Stopped:
	default:
		c.Wish.Hangup = true
		c.departed(now, d)
	}
}

// departed stops the shard once its connection is gone.
func (c *Core) departed(now time.Time, d *Departure) {
	if d.EndsSession() {
		c.session.clear()
	}
	c.left = d.alone
	c.halt(now, nil)
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

// maxCloseReason is how many bytes a close frame has room for beside its code
// (RFC 6455, section 5.5).
const maxCloseReason = 123

// Departure is the cause of an end that the user asked for: of one shard, or of
// the whole engine.
type Departure struct {
	code   gateway.CloseCode
	reason string
	why    string
	alone  bool // the engine goes on without the shard
}

// Error implements error.
func (d *Departure) Error() string { return d.why }

// Code returns what the connection is closed with.
func (d *Departure) Code() gateway.CloseCode { return d.code }

// EndsSession reports whether the gateway forgets the session.
func (d *Departure) EndsSession() bool {
	return d.code == gateway.CloseNormal || d.code == gateway.CloseGoingAway
}

// How shards end with their engine: Shutdown keeps their sessions, Logout ends them.
var (
	Shutdown = &Departure{code: CloseResumable, why: "the engine shuts down"}
	Logout   = &Departure{code: gateway.CloseNormal, why: "the user logs out"}
)

var errRestart = errors.New("the user asked for a restart")

// NewDeparture returns the end of one shard, which its engine goes on without. Code 0
// stands for CloseResumable. The error says what of a code or reason cannot be sent.
func NewDeparture(code gateway.CloseCode, reason string) (*Departure, error) {
	if code == 0 {
		code = CloseResumable
	}
	switch {
	case !frame.ValidCloseCode(uint16(code)):
		return nil, fmt.Errorf("engine: %d is no close code; use 0 or 4000 to keep the session, 1000 to end it", code)
	case len(reason) > maxCloseReason || !utf8.ValidString(reason):
		return nil, fmt.Errorf("engine: the reason for a close must be UTF-8 and have at most %d bytes", maxCloseReason)
	}
	return &Departure{code: code, reason: reason, alone: true, why: fmt.Sprintf("the user closed the shard with %d", code)}, nil
}

// atWish reports whether the user asked for the end of a connection.
func atWish(cause error) bool {
	_, leaving := cause.(*Departure)
	return leaving || cause == errRestart
}

// CloseResumable is what this side closes with unless the user logs out: after
// 1000 or 1001 the session would be gone.
const CloseResumable = gateway.CloseUnknownError
