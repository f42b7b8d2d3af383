package engine

import (
	"context"
	"net"
	"runtime/debug"
	"time"

	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/internal/guard"
	"github.com/sluice-go/sluice/engine/internal/link"
	"github.com/sluice-go/sluice/engine/internal/saver"
)

// This file is what follows when code of the user's that the engine calls panics, or
// ends its goroutine by runtime.Goexit, as testing.T.FailNow does. Nothing is
// recovered: the program dies with its own stack, but no session dies with it.
//
// Such code runs on loops (callbacks, OnPanic, OnClose, permits), in Run (PerShard,
// a session store), and in goroutines of Run's (Dial, an identify queue, a session
// store); a logger is called on all of them. At the bottom of each guard is deferred.
// By then what is deferred above has run, so that no lock is held.

// guard drains the engine if the code above did not return. own is the shard whose
// loop this is; nil: none.
func (e *Engine) guard(own *Shard, returned *bool) {
	if !*returned {
		e.crash(own)
	}
}

// guarded calls something that runs at the bottom of a goroutine.
func (e *Engine) guarded(do func()) {
	returned := false
	defer e.guard(nil, &returned)
	do()
	returned = true
}

// work has something done in a goroutine that Run waits for.
func (e *Engine) work(do func()) { e.workers.Go(func() { e.guarded(do) }) }

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

// crashLogTime is how long a crash waits for the log, which may be what panicked.
const crashLogTime = time.Second

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
