package engine

import (
	"errors"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// queueError says that the identify queue gave no permit.
type queueError struct{ err error }

// Error implements error.
func (e *queueError) Error() string { return "identify queue: " + e.err.Error() }

func (e *queueError) Unwrap() error { return e.err }

// kind says what kind of end a connection comes to, in the state in which it ends.
func (c *core) kind(cause error) lifecycle.Cause {
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

// closeAbnormal is how an end without a close frame is told (RFC 6455, section
// 7.1.5). It never travels.
const closeAbnormal gateway.CloseCode = 1006

// deliverClosed notes how a connection ended, and tells callbacks that asked for it.
func (c *core) deliverClosed(now time.Time, cause error) {
	if c.state == lifecycle.Connecting {
		return // there was none
	}
	closed := c.closed(cause)
	c.redial.lastCode = closed.Code
	if list := c.handlers.wanting(gateway.EventClosed); list != nil {
		c.deliverDetail(now, list, gateway.EventClosed, &closed)
	}
}

// closed says who ended the connection, and how. The first close frame counts.
func (c *core) closed(cause error) lifecycle.Closed {
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
