package core

import (
	"errors"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// Why a connection was given up by this side. They are causes: they arrive in
// the log and in state changes.
var (
	errHelloTimeout   = errors.New("no hello within 20 s")
	errReadyTimeout   = errors.New("no READY within 60 s of the identify")
	errResumedTimeout = errors.New("no RESUMED within 60 s of the resume")
	errNoAnswer       = errors.New("zombie: nothing answered within 5 s after time had jumped")
	errZombie         = errors.New("zombie: no heartbeat ACK and nothing else was received since the last heartbeat")
	errReconnect      = errors.New("the gateway asked for a reconnect (op 7)")
	errInvalidSession = errors.New("the gateway declared the session invalid (op 9)")
	errResumable      = errors.New("the gateway asked to resume on a new connection (op 9)")
	errOtherSession   = errors.New("the gateway opened another session")
	errUnanswered     = errors.New("resumes in a row brought nothing")
	errCountsAnew     = errors.New("the gateway only brings sequences that came before")
)

// queueError says that the identify queue gave no permit.
type queueError struct{ err error }

// Error implements error.
func (e *queueError) Error() string { return "identify queue: " + e.err.Error() }

func (e *queueError) Unwrap() error { return e.err }

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

// closeAbnormal is how an end without a close frame is told (RFC 6455, section
// 7.1.5). It never travels.
const closeAbnormal gateway.CloseCode = 1006

// deliverClosed notes how a connection ended, and tells callbacks that asked for it.
func (c *Core) deliverClosed(now time.Time, cause error) {
	if c.state == lifecycle.Connecting {
		return // there was none
	}
	closed := c.closed(cause)
	c.redial.lastCode = closed.Code
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
