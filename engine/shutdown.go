package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/internal/guard"
	"github.com/sluice-go/sluice/engine/internal/link"
	"github.com/sluice-go/sluice/engine/internal/saver"
)

// Shutdown ends Run as the end of its context does, and waits for it: every shard
// stops reading between two messages, closes its connection with 4000, so that
// the gateway keeps the session, and the sessions are saved in Config.Sessions.
// The next engine resumes them and gets what was missed meanwhile, so that nothing
// is lost and nothing comes twice.
//
// It returns nil when Run has returned; what went wrong is for Run to say. When ctx
// ends before, callbacks are no longer waited for, connections are cut, and the
// error is that of ctx; Run then returns within 5 s. ctx takes the place of
// Config.ShutdownTimeout, but not in code that the engine calls (a callback, also one made
// by [Async], an identify queue, a session store, Config.PerShard): Run waits for that, so
// there Shutdown returns [ErrInCallback] at once, and Run ends none the less. Without Run there is nothing to do, and Run
// returns nil at once when it is called later.
func (e *Engine) Shutdown(ctx context.Context) error { return e.leave(ctx, core.Shutdown) }

// Logout ends Run as Shutdown does, but closes connections with 1000: the gateway
// ends the sessions and shows the bot offline, Config.Sessions forgets them, and
// the next engine identifies. No SessionLost is announced. Where there is no
// connection to say so on, the gateway forgets a session after a few minutes.
//
// The error is that of ctx, [ErrInCallback] as of Shutdown, or [ErrShuttingDown]
// where Run was ended before in another way.
func (e *Engine) Logout(ctx context.Context) error { return e.leave(ctx, core.Logout) }

// leave has Run end in a way, if none is decided yet, and waits for it.
func (e *Engine) leave(ctx context.Context, how *core.Departure) error {
	patience, inside := ctx, runCalls.call()
	if inside {
		patience = nil // it may well end when the callback does
	}
	e.mu.Lock()
	started := e.started
	if e.leaving == nil {
		e.leaving, e.patience = how, patience
	}
	late := e.leaving != how
	e.mu.Unlock()
	if late && how == core.Logout {
		return ErrShuttingDown
	}
	over := false
	select {
	case <-e.ended:
		over = true
	default:
	}
	e.ask()
	switch {
	case !started || over:
		return nil
	case inside: // also where Run does not wait for it, and ends just now
		return ErrInCallback
	}
	return awaitDone(ctx, e.ended)
}

// ending reports whether Run is about to end.
func (e *Engine) ending() bool {
	if given := e.given.Load(); e.asked.Err() != nil || given != nil && (*given).Err() != nil {
		return true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.leaving != nil
}

// depart decides how Run ends, if Shutdown or Logout have not, and for how long it
// may take.
func (e *Engine) depart() (context.Context, context.CancelFunc, *core.Departure) {
	e.mu.Lock()
	if e.leaving == nil {
		e.leaving = core.Shutdown
	}
	how, patience := e.leaving, e.patience
	e.mu.Unlock()
	if how.EndsSession() {
		e.saver.Forget()
	}
	if patience == nil {
		ctx, cancel := context.WithTimeout(context.Background(), e.config.ShutdownTimeout)
		return ctx, cancel, how
	}
	ctx, cancel := context.WithCancel(patience)
	return ctx, cancel, how
}

// drain closes every connection and waits for callbacks to return. Heartbeats go
// on meanwhile.
func (e *Engine) drain(limit context.Context, how *core.Departure, done <-chan struct{}, tick <-chan time.Time) error {
	for s := range e.Shards() {
		s.leave(how)
	}
	for {
		select {
		case <-done:
			return e.drainQueues(limit)
		case now := <-tick:
			for s := range e.Shards() {
				s.watch(now)
			}
		case <-limit.Done():
			return errors.Join(e.abandon(done, how), e.discardQueues())
		}
	}
}

const (
	// killTimeout is how long loops have to end once their connections are closed
	// without a handshake. Only one that is inside a callback needs longer.
	killTimeout = time.Second

	// cutTimeout is how long the connections of those that are may take to be closed.
	cutTimeout = 4 * time.Second
)

// abandon closes what is still open, also under callbacks that do not return.
func (e *Engine) abandon(done <-chan struct{}, how *core.Departure) error {
	e.end()
	for s := range e.Shards() {
		s.shutdown(true)
	}
	select {
	case <-done:
		return nil
	case <-time.After(killTimeout):
	}
	var stuck []int
	var cuts sync.WaitGroup
	for s := range e.Shards() {
		select {
		case <-s.done:
		default:
			stuck = append(stuck, s.id)
			cuts.Go(func() { e.guarded(func() { s.abandon(how.Code()) }) })
		}
	}
	guard.Attempt(cutTimeout, cuts.Wait)
	return fmt.Errorf("%w: %s", ErrShutdownTimeout, e.calls.underWay(stuck))
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

// This is what follows when code of the user's that the engine calls panics, or
// ends its goroutine by runtime.Goexit, as testing.T.FailNow does. Nothing is
// recovered: the program dies with its own stack, but no session dies with it.
//
// Such code runs on loops (callbacks, OnPanic, OnClose, permits), in Run (PerShard,
// a session store), and in goroutines of Run's (Dial, an identify queue, a session
// store); a logger is called on all of them. At the bottom of each guard is deferred.
// By then what is deferred above has run, so that no lock is held.

// crash drains, once: several may panic at the same time, and then each waits here
// until the sessions of all are saved.
func (e *Engine) crash(own *Shard) {
	stack := debug.Stack()
	e.die()
	if own != nil {
		own.publish()
	}
	e.crashed.Do(func() {
		guard.Attempt(crashLogTime, func() {
			e.config.Logger.Error("code that the engine calls panicked; closing all shards so that their sessions can be resumed", "stack", string(stack))
		})
		e.drainAround(own)
	})
}

// die keeps Run from returning while a panic ends the program: main might return
// before, and the program would exit without an error. After a Goexit Run returns.
func (e *Engine) die() {
	if unwinding.innermost() == "runtime.gopanic" {
		e.dying.Store(true)
	}
}

// unwinding are the functions that run what was deferred.
var unwinding = functions{"runtime.gopanic": true, "runtime.Goexit": true}

// drainForPanic drains while the panic of a callback unwinds the loop of one shard
// or, if it is an asynchronous one, a goroutine of the callback's own. The event
// counts as delivered: the next process must not meet it again, and panic again, for
// as long as the session lives.
func (e *Engine) drainForPanic(ev *Event) {
	e.die()
	own := ev.Shard
	if own.backlog.forget(ev) {
		own = nil // its loop is well
	} else {
		own.core.Delivered(ev.Seq)
		own.publish()
	}
	e.crashed.Do(func() { e.drainAround(own) })
}

// drainAround closes every connection and saves the sessions, while one shard's loop
// is lost.
func (e *Engine) drainAround(own *Shard) {
	e.refuse()
	for s := range e.Shards() {
		s.shutdown(false)
	}
	limit := time.NewTimer(core.CloseTimeout)
	defer limit.Stop()
	for s := range e.Shards() {
		if s != own && s.loop.BusyFor(time.Now()) < busyLimit {
			select {
			case <-s.done:
			case <-limit.C:
				limit.Reset(0) // the time is up for all
			}
		}
		guard.Attempt(link.WriteTimeout, func() { s.abandon(core.CloseResumable) })
	}
	guard.Attempt(saver.SaveTimeout, func() { _ = e.saver.Save(context.Background()) }) // logged
}

// guardDial has the engine drained when Config.Dial panics, in whichever goroutine.
func (e *Engine) guardDial() {
	dial := e.config.Dial
	if dial == nil {
		return
	}
	e.config.Dial = func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		e.calls.dials.Add(1)
		defer e.calls.dials.Add(-1)
		e.guarded(func() { conn, err = dial(ctx, network, address) })
		return conn, err
	}
}
