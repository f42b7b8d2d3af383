package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/transport"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
)

// giveUp ends a live connection for a cause of this side's: it says so with a
// close frame, and leaves the gateway a moment to answer.
func (c *core) giveUp(now time.Time, cause error) {
	if !c.state.Connected() {
		return
	}
	code := uint16(closeResumable)
	var violation *frame.Error
	if errors.As(cause, &violation) && violation.Code != frame.CloseTooBig {
		code = violation.Code
	}
	c.closeWith(now, code, "", cause)
}

// closeWith sends a close frame and awaits the gateway's.
func (c *core) closeWith(now time.Time, code uint16, reason string, cause error) {
	c.out = frame.AppendClose(c.out, newMask(), code, reason)
	c.redial.cause, c.redial.code = cause, code
	c.heart.stop() // nothing follows a close frame (RFC 6455, section 5.5.1)
	c.setState(now, lifecycle.Closing, closeTimeout, cause)
}

// hangUp closes a connection on which a close frame was sent.
func (c *core) hangUp(now time.Time) {
	c.wish.hangup = true
	c.ended(now, c.redial.cause)
}

// lost takes the end of a connection, or of the attempt at one, that this side
// did not ask for.
func (c *core) lost(now time.Time, cause error) {
	switch {
	case c.state == lifecycle.Closing:
		cause = c.redial.cause
	case c.state != lifecycle.Connecting && !c.state.Connected():
		return
	}
	c.wish.hangup = true
	c.ended(now, cause)
}

// ended decides what follows a connection: a resume, an identify, or nothing.
func (c *core) ended(now time.Time, cause error) {
	wasReady, lived := !c.reached.IsZero(), c.lived(now)
	c.dropConnection()
	c.deliverClosed(now, cause)

	wait, immediate := time.Duration(0), c.redial.hurry
	c.redial.hurry = false
	var closed *lifecycle.CloseError
	var refused *identify.BudgetError
	var answer *transport.StatusError
	var short *shortageError
	c.life.cause = cause
	if d, ok := cause.(*departure); ok {
		c.departed(now, d)
		return
	}
	switch {
	case errors.As(cause, &refused):
		c.reconnecting(cause)
		c.awaitBudget(now, refused)
		return
	case errors.As(cause, &closed) && closed.Peer:
		switch c.config.OnClose(closed.Code) {
		case gateway.DecisionStop:
			if closed.Code.Decision() != gateway.DecisionResume {
				c.loseSession(now, cause) // where the user alone says stop, it lives on
			}
			c.halt(now, &lifecycle.StopError{Shard: c.id, Code: closed.Code, Err: cause})
			return
		case gateway.DecisionIdentify:
			c.loseSession(now, cause)
		}
	case cause == errInvalidSession:
		// Discord asks for a random wait of 1 to 5 s before the identify.
		wait = time.Second + time.Duration(c.random()*float64(4*time.Second))
	case (cause == errReconnect || cause == errResumable || isGap(cause)) && lived:
		immediate = true
	case errors.As(cause, &answer):
		wait = answer.RetryAfter
	case errors.As(cause, &short):
		wait = short.wait/2 + time.Duration(c.random()*float64(short.wait))
	}
	switch {
	case lived:
		c.endRow()
		c.session.alive = now
	case cause != errRestart && short == nil:
		c.failed(now, cause, wasReady)
	}
	if limit := c.config.Retries; limit > 0 && c.redial.failures > limit {
		c.halt(now, &lifecycle.StopError{Shard: c.id, Err: fmt.Errorf("%w: %w", lifecycle.ErrRetries, cause)})
		return
	}
	c.reconnecting(cause)
	delay := wait
	switch {
	case answer != nil:
		delay += backoff(c.redial.failures, c.random()) // all shards were asked to wait as long
	case !immediate:
		delay = max(wait, backoff(c.redial.failures, c.random()))
	}
	c.redial.earliest, c.redial.at, c.redial.waits = now.Add(wait), now.Add(delay), nil
	level := slog.LevelWarn
	switch {
	case short != nil:
		c.redial.waits = short
		level = slog.LevelDebug // one line tells of it for all shards
	case answer != nil && wait > 0:
		c.redial.waits = answer
	}
	c.config.Logger.Log(context.Background(), level, "connection ended", "shard", c.id, "cause", cause, "was_ready", wasReady,
		"failures", c.redial.failures, "next", c.nextStep(), "in", delay.Round(time.Millisecond))
	if why := c.refusedAlone(c.redial.at); why != nil {
		c.putOff(now, why)
	}
	c.setState(now, lifecycle.Disconnected, 0, cause)
}

// lived reports whether this connection has proved that its session lives: it has
// been Ready, and since then an ACK came or [proofTime] has passed.
func (c *core) lived(now time.Time) bool {
	return !c.reached.IsZero() && (c.proved || now.Sub(c.reached) >= proofTime)
}

// prove notes an ACK: on a connection that is Ready, the session lives.
func (c *core) prove() {
	if c.state != lifecycle.Ready || c.proved {
		return
	}
	c.proved = true
	c.endRow()
	if c.life.failures > 0 {
		c.life.failures = 0
		c.life.changes++
	}
}

// endRow ends a row of failures: the session has lived.
func (c *core) endRow() {
	c.redial.failures = 0
	c.spending.succeed()
}

// failed counts an attempt after which no session lived. One that was Ready says
// nothing against the session, nor against the URL.
func (c *core) failed(now time.Time, cause error, wasReady bool) {
	c.redial.failures++
	c.spending.fail(now, c.random)
	if wasReady {
		c.session.alive = now
		return
	}
	if !c.session.resumable() {
		return
	}
	if c.viaResumeURL() {
		c.session.urlFailures++
	}
	if c.session.resumes >= maxResumes && now.Sub(c.session.alive) >= resumeTime {
		c.loseSession(now, fmt.Errorf("%w: %w", errUnanswered, cause))
	}
}

// nextStep says for the log what the next connection will do.
func (c *core) nextStep() string {
	if c.session.resumable() {
		return "resume"
	}
	return "identify"
}

// halt stops the shard for good; why is nil if that was asked for.
func (c *core) halt(now time.Time, why error) {
	c.stop = why
	if why != nil {
		c.config.Logger.Error("shard stopped", "shard", c.id, "cause", why)
	}
	c.setState(now, lifecycle.Stopped, 0, why)
}

// dropConnection gives back everything that belongs to one connection only, so
// that nothing of it can reach the next.
func (c *core) dropConnection() {
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
