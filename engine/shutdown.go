package engine

import (
	"context"
	"fmt"
)

// Shutdown ends Run as the end of its context does, and waits for it: every shard
// stops reading between two messages, closes its connection with 4000, so that
// the gateway keeps the session, and the sessions are saved in Config.Sessions.
// The next engine resumes them and gets what was missed meanwhile, so that nothing
// is lost and nothing comes twice.
//
// It returns nil when Run has returned; what went wrong is for Run to say. When ctx
// ends before, callbacks are no longer waited for, connections are cut, and the
// error is that of ctx; Run then returns soon. ctx takes the place of
// Config.ShutdownTimeout. Run must not be waited for in a callback, which it waits
// for in turn: call Shutdown in another goroutine there. Without Run it has
// nothing to do, and Run returns nil at once when it is called later.
func (e *Engine) Shutdown(ctx context.Context) error {
	e.mu.Lock()
	started := e.started
	if e.patience == nil {
		e.patience = ctx
	}
	e.mu.Unlock()
	e.ask()
	if !started {
		return nil
	}
	select {
	case <-e.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// limits returns how long connections and callbacks have to end.
func (e *Engine) limits() (context.Context, context.CancelFunc) {
	e.mu.Lock()
	patience := e.patience
	e.mu.Unlock()
	if patience != nil {
		return context.WithCancel(patience)
	}
	return context.WithTimeout(context.Background(), e.config.ShutdownTimeout)
}

// drainQueues waits until asynchronous callbacks have taken what is queued for
// them: only then may the sessions be saved for the last time. When the time is
// up, what is left is discarded.
func (e *Engine) drainQueues(limit context.Context) error {
	for s := range e.Shards() {
		select {
		case <-s.backlog.drained():
		case <-limit.Done():
			return e.discardQueues()
		}
	}
	return nil
}

// discardQueues drops what is queued, and says of which shards.
func (e *Engine) discardQueues() error {
	var late []int
	for s := range e.Shards() {
		if s.backlog.discard() {
			late = append(late, s.id)
		}
	}
	if late == nil {
		return nil
	}
	return fmt.Errorf("%w: asynchronous ones of shards %v", ErrShutdownTimeout, late)
}
