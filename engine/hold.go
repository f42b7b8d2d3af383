package engine

import (
	"context"
	"time"

	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/session"
)

// This file is for users who must know who they are before they deliver: another process
// may have taken a shard's session over.

// Hold has nothing more of the shard delivered until Release. Its connection stays: heartbeats
// go on, nothing is read of it, so that TCP slows the gateway down, and no deadline falls. A
// shard without a connection does not dial. What callbacks made by [Async] have queued is
// still delivered.
//
// It returns nil when no callback of the shard's own is running any more, [ErrStopped] if
// the shard has stopped, the error of ctx, or [ErrInCallback]; but for ErrStopped the shard
// is held nevertheless.
func (s *Shard) Hold(ctx context.Context) error {
	taken := make(chan struct{})
	s.mail.mu.Lock()
	if s.mail.closed {
		s.mail.mu.Unlock()
		return ErrStopped
	}
	s.mail.hold = true
	s.mail.holds = append(s.mail.holds, taken)
	s.mail.mu.Unlock()
	s.wake()
	if inCallback() {
		return ErrInCallback
	}
	select {
	case <-taken:
		return nil
	case <-s.done:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Release ends Hold: what the gateway has sent meanwhile is delivered. It does not wait.
func (s *Shard) Release() {
	s.mail.mu.Lock()
	s.mail.hold = false
	s.mail.mu.Unlock()
	s.wake()
}

// HoldFrom has all shards held from a time on, as by [Shard.Hold], unless a later call
// sets another one before: a process that calls it every half second with a time two
// seconds away delivers nothing after it stood still (it was stopped, its machine was
// suspended) until it has looked around and calls again. The zero time holds nothing, as
// at the start. Any goroutine may call it, and it does not wait.
//
// What one read brought before the time is still delivered. It costs one atomic load for
// each read. The time is taken by its monotonic clock, as time.Now gives it.
func (e *Engine) HoldFrom(t time.Time) {
	var at int64
	if !t.IsZero() {
		if at = int64(t.Sub(e.born)); at == 0 {
			at = -1 // as good, and not "never"
		}
	}
	was := e.holdFrom.Swap(at)
	if now := int64(time.Since(e.born)); was == 0 || was > now {
		return // nothing is held, and a shard looks at the time whenever bytes come
	}
	for s := range e.Shards() {
		s.wake()
	}
}

// held reports whether the shard is held at a time. The loop alone may ask.
func (s *Shard) held(now time.Time) bool {
	at := s.engine.holdFrom.Load()
	return s.holding || at != 0 && int64(now.Sub(s.engine.born)) >= at
}

// catchUp feeds the core what came while the shard was held.
func (s *Shard) catchUp(now time.Time) {
	if !s.postponed || s.held(now) {
		return
	}
	s.postponed = false
	s.core.Feed(now, nil)
	s.settle(now)
}

// Abandon ends the shard like [Shard.Close], but hangs up without a close frame, waits for
// no answer and delivers nothing more: it is for a shard whose session is no longer this
// process's. The session, as of the last event whose callbacks have returned, is what
// another process may have resumed already.
func (s *Shard) Abandon(ctx context.Context) (session.Session, error) {
	s.leave(core.Abandon)
	if err := s.gone(ctx); err != nil {
		return session.Session{}, err
	}
	return s.Settled(), nil
}
