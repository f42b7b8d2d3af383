package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// HangUp closes a connection on which a close frame was sent.
func (c *Core) HangUp(now time.Time) {
	c.Wish.Hangup = true
	c.ended(now, c.redial.cause)
}

// Lost takes the end of a connection, or of the attempt at one, that this side
// did not ask for.
func (c *Core) Lost(now time.Time, cause error) {
	switch {
	case c.state == lifecycle.Closing:
		cause = c.redial.cause
	case c.state != lifecycle.Connecting && !c.state.Connected():
		return
	}
	c.Wish.Hangup = true
	c.ended(now, cause)
}

// A cause may say how long the next attempt is to wait.
type (
	// patience is what the other end asks for; 0: for nothing beyond the backoff.
	patience interface {
		error
		RetryIn() time.Duration
	}

	// shortage is a want of this machine's own. It counts as no failure of the shard's.
	shortage interface {
		error
		ShortFor() time.Duration
	}
)

// ended decides what follows a connection: a resume, an identify, or nothing.
func (c *Core) ended(now time.Time, cause error) {
	wasReady, lived := !c.reached.IsZero(), c.lived(now)
	c.Drop()
	c.deliverClosed(now, cause)

	wait, immediate := time.Duration(0), c.redial.hurry
	c.redial.hurry = false
	var closed *lifecycle.CloseError
	var refused *identify.BudgetError
	var answer patience
	var short shortage
	c.change().Cause = cause
	if d, ok := cause.(*Departure); ok {
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
		wait = answer.RetryIn()
	case errors.As(cause, &short):
		wait = short.ShortFor()/2 + time.Duration(c.random()*float64(short.ShortFor()))
	}
	switch {
	case lived:
		c.endRow()
		c.session.alive = now
	case cause != errRestart && short == nil:
		c.failed(now, cause, wasReady)
	}
	if limit := c.config.Retries; limit > 0 && int(c.redial.failures) > limit {
		c.halt(now, &lifecycle.StopError{Shard: c.id, Err: fmt.Errorf("%w: %w", lifecycle.ErrRetries, cause)})
		return
	}
	c.reconnecting(cause)
	delay := wait
	switch {
	case answer != nil:
		delay += Backoff(int(c.redial.failures), c.random()) // all shards were asked to wait as long
	case !immediate:
		delay = max(wait, Backoff(int(c.redial.failures), c.random()))
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
func (c *Core) lived(now time.Time) bool {
	return !c.reached.IsZero() && (c.proved || now.Sub(c.reached) >= proofTime)
}

// endRow ends a row of failures: the session has lived.
func (c *Core) endRow() {
	c.redial.failures = 0
	c.spending.succeed()
}

// failed counts an attempt after which no session lived. One that was Ready says
// nothing against the session, nor against the URL.
func (c *Core) failed(now time.Time, cause error, wasReady bool) {
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
func (c *Core) nextStep() string {
	if c.session.resumable() {
		return "resume"
	}
	return "identify"
}
