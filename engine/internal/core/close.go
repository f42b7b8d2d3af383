package core

import (
	"errors"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
)

// giveUp ends a live connection for a cause of this side's: it says so with a
// close frame, and leaves the gateway a moment to answer.
func (c *Core) giveUp(now time.Time, cause error) {
	if !c.state.Connected() {
		return
	}
	code := uint16(CloseResumable)
	var violation *frame.Error
	if errors.As(cause, &violation) && violation.Code != frame.CloseTooBig {
		code = violation.Code
	}
	c.closeWith(now, code, "", cause)
}

// corrupt ends a connection on which damaged data came.
func (c *Core) corrupt(now time.Time, err error) {
	c.counter.Corrupt++
	c.giveUp(now, err)
}

// closeWith sends a close frame and awaits the gateway's.
func (c *Core) closeWith(now time.Time, code uint16, reason string, cause error) {
	c.Out = frame.AppendClose(c.Out, frame.NewMask(), code, reason)
	c.redial.cause, c.redial.code = cause, code
	c.heart.stop() // nothing follows a close frame (RFC 6455, section 5.5.1)
	c.setState(now, lifecycle.Closing, CloseTimeout, cause)
}

// halt stops the shard for good; why is nil if that was asked for.
func (c *Core) halt(now time.Time, why error) {
	c.stop = why
	if why != nil {
		c.config.Logger.Error("shard stopped", "shard", c.id, "cause", why)
	}
	c.setState(now, lifecycle.Stopped, 0, why)
}

// Drop gives back everything that belongs to one connection only, so
// that nothing of it can reach the next.
func (c *Core) Drop() {
	c.heart.stop()
	c.deaf = false
	c.frames.Reset()
	c.inflow.Close()
	c.reached, c.proved = time.Time{}, false
	if c.rest != nil {
		c.rest.Release()
		c.rest = nil
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

// closeAbnormal is how an end without a close frame is told (RFC 6455, section
// 7.1.5). It never travels.
const closeAbnormal gateway.CloseCode = 1006

// deliverClosed notes how a connection ended, and tells the host and callbacks that asked for it.
func (c *Core) deliverClosed(now time.Time, cause error) {
	if c.state == lifecycle.Connecting {
		return // there was none
	}
	closed := c.closed(cause)
	c.redial.lastCode = closed.Code
	c.host.Ended(closed.Code, closed.By)
	if c.host.Wants(gateway.EventClosed) {
		c.host.Tell(now, gateway.EventClosed, &closed)
	}
}

// closed says who ended the connection, and how. The first close frame counts.
func (c *Core) closed(cause error) lifecycle.Closed {
	var closed *lifecycle.CloseError
	switch {
	case c.state == lifecycle.Closing && atWish(cause):
		return lifecycle.Closed{Code: gateway.CloseCode(c.redial.code), By: lifecycle.ByUser, Err: cause}
	case c.state == lifecycle.Closing:
		return lifecycle.Closed{Code: gateway.CloseCode(c.redial.code), By: lifecycle.ByEngine, Err: cause}
	case errors.As(cause, &closed):
		return lifecycle.Closed{Code: closed.Code, Reason: closed.Reason, By: lifecycle.ByGateway}
	}
	return lifecycle.Closed{Code: closeAbnormal, Err: cause}
}

// loseSession forgets a session that cannot be resumed, and says so: the next
// connection identifies.
func (c *Core) loseSession(now time.Time, cause error) {
	if !c.session.resumable() {
		return
	}
	lost := &lifecycle.SessionLost{Session: c.session.ID, From: c.session.Seq + 1, Cause: cause}
	c.session.clear()
	c.counter.SessionsLost++
	c.config.Logger.Warn("session lost: events may be missing", "shard", c.id, "from", lost.From, "cause", cause)
	c.announceLoss(now, lost)
}

func (c *Core) announceLoss(now time.Time, lost *lifecycle.SessionLost) {
	if c.host.Wants(gateway.EventSessionLost) {
		c.host.Tell(now, gateway.EventSessionLost, lost)
	}
}

// kind says what kind of end a connection comes to, in the state in which it ends.
func (c *Core) kind(cause error) lifecycle.Cause {
	var closed *lifecycle.CloseError
	var queue *queueError
	var budget *identify.BudgetError
	switch {
	case cause == errReconnect:
		return lifecycle.CauseReconnect
	case cause == errInvalidSession, cause == errResumable:
		return lifecycle.CauseInvalidSession
	case cause == errZombie, cause == errNoAnswer:
		return lifecycle.CauseZombie
	case cause == errHelloTimeout, cause == errReadyTimeout, cause == errResumedTimeout:
		return lifecycle.CauseDeadline
	case isGap(cause), cause == errCountsAnew:
		return lifecycle.CauseGap
	case cause == errRestart:
		return lifecycle.CauseUser
	case errors.As(cause, &queue), errors.As(cause, &budget):
		return lifecycle.CauseQueue
	case errors.As(cause, &closed):
		return lifecycle.CauseClosed
	case c.state == lifecycle.Connecting:
		return lifecycle.CauseUnreachable
	case c.state == lifecycle.Closing:
		return lifecycle.CauseDamage // whatever else this side gives a connection up for
	}
	return lifecycle.CauseBroken
}

// reconnecting counts the end of a connection or attempt that is followed by
// another.
func (c *Core) reconnecting(cause error) {
	c.change().Causes[c.kind(cause)]++
}
