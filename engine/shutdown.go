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

// atEnd has drain called when all shards have stopped, before the sessions are
// saved for the last time: a queue between a shard and a callback counts as
// delivered, and is to be empty by then.
func (e *Engine) atEnd(drain func(context.Context) error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.drains = append(e.drains, drain)
}

// drainQueues empties what was registered.
func (e *Engine) drainQueues(ctx context.Context) error {
	e.mu.Lock()
	drains := e.drains
	e.mu.Unlock()
	for _, drain := range drains {
		if err := drain(ctx); err != nil {
			return fmt.Errorf("%w: %w", ErrShutdownTimeout, err)
		}
	}
	return nil
}
