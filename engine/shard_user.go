package engine

import (
	"context"

	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
)

// This file is what users do to a shard: they have it leave for good, or redial.

// Close ends the shard for good: it closes its connection with a code and a
// reason (at most 123 bytes), and the engine forgets it, so that a shard of the
// same id may be added again. The other shards and Run go on.
//
// Code 0 stands for 4000. After 1000 and 1001 the gateway forgets the session, and
// Close returns no session; where there is no connection to say so on, it forgets
// it after a few minutes. After every other code Close returns the session, for
// [ShardConfig] or another process to resume it. The reason goes to the gateway
// alone.
//
// Close returns when the connection is closed, which takes the gateway's answer or
// 2 s, and callbacks made by [Async] have taken what is queued; or with the error of
// ctx. In a callback it returns [ErrInCallback] at once; in one made by Async, once the
// connection is closed, if asynchronous callbacks of the shard, of which it may be one,
// have yet to return. The shard closes in any case.
//
// What was asked for first, by another Close or the end of Run, is what happens to
// connection and session. Closing a shard again does nothing; if it had stopped for a
// cause of its own, that is the error, a [*lifecycle.StopError].
func (s *Shard) Close(ctx context.Context, code gateway.CloseCode, reason string) (session.Session, error) {
	d, err := core.NewDeparture(code, reason)
	if err != nil {
		return session.Session{}, err
	}
	s.leave(d)
	if err := s.gone(ctx); err != nil {
		return session.Session{}, err
	}
	return s.Session(), nil
}

// leave has the shard depart; what was asked for first counts.
func (s *Shard) leave(d *core.Departure) {
	s.mail.mu.Lock()
	if s.mail.departure == nil {
		s.mail.departure = d
	}
	s.mail.mu.Unlock()
	s.wake()
}

// gone waits until the shard has stopped and asynchronous callbacks have taken
// what is queued, and returns why if nobody asked for it.
func (s *Shard) gone(ctx context.Context) error {
	if err := awaitLoop(ctx, s.done); err != nil {
		return err
	}
	if err := awaitCallbacks(ctx, s.backlog.drained()); err != nil {
		return err
	}
	return s.stopError()
}

// Restart has the shard redial at once: a connection is closed with 4000 and its
// session resumed on a new one, a backoff is cut short, and so is the wait after
// identifies that failed. A dial that is under way goes on. The wait that Discord asks
// for after an invalid session is kept, and so is the wait for new identifies, where the
// bot's budget or the shard's share of it is spent. Each Restart costs a connection, but
// no identify as long as there is a session to resume.
//
// It returns nil when the shard is Ready again, [ErrStopped] if it stopped
// instead, or the error of ctx; the shard then restarts nevertheless, as it does
// where a callback gets [ErrInCallback].
func (s *Shard) Restart(ctx context.Context) error {
	taken := make(chan struct{})
	s.mail.mu.Lock()
	if s.mail.closed {
		s.mail.mu.Unlock()
		return ErrStopped
	}
	s.mail.restarts = append(s.mail.restarts, taken)
	s.mail.mu.Unlock()
	s.wake()
	if inCallback() {
		return ErrInCallback
	}
	select {
	case <-taken:
		return s.WaitReady(ctx)
	case <-s.done:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// WaitReady waits until the shard is Ready. It returns nil, [ErrStopped] if the
// shard stopped instead, the error of ctx, or, in a callback that would have to wait,
// [ErrInCallback].
func (s *Shard) WaitReady(ctx context.Context) error {
	for {
		open, err := s.link.WhenOpen()
		if open == nil {
			return err
		}
		if err := awaitLoop(ctx, open); err != nil {
			return err
		}
	}
}
