package engine

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/sluice-go/sluice/gateway"
)

// Events returns the events of a set, to range over:
//
//	for ev := range eng.Events(ctx, gateway.Events(gateway.EventMessageCreate)) {
//		use(ev.Shard.ID(), ev.Data)
//	}
//
// An event is borrowed until the next turn of the loop. Events come from when the loop begins, whether Run
// has begun or not; those of a shard come in their order. Each call of Events sees all; loops in several
// goroutines over what one call returned share the events, and then each shard's are with one of them at a
// time.
//
// Events wait as those of [Async] do, in a queue for each shard, and options are Async's, none or one: by
// default a loop that is slow slows the gateway down, and nothing is lost.
//
// A loop ends when ctx ends, but first takes what is queued. Where Run's context has ended too, or Shutdown was
// called, it goes on until the shards have closed, so that one context may well be for both. It also ends when
// Run has returned. A loop that is left by break, return or panic gives up what is queued, if it is the last over
// these events; where the engine is ending, sessions are then saved without, and bring it again. What the body of
// a loop may wait for is what Async's callback may.
func (e *Engine) Events(ctx context.Context, events gateway.EventSet, options ...AsyncOptions) iter.Seq[*Event] {
	return newStream(e, nil, events, options).over(ctx)
}

// Events is [Engine.Events] for the events of one shard.
func (s *Shard) Events(ctx context.Context, events gateway.EventSet, options ...AsyncOptions) iter.Seq[*Event] {
	return newStream(s.engine, s, events, options).over(ctx)
}

// inTurn is how many events of one shard a loop takes before it looks at the next, so that one that never
// falls silent keeps no other waiting.
const inTurn = 64

// stream is what one call of Events returns: queues as Async has them, which loops empty in the place of
// goroutines.
type stream struct {
	async
	engine *Engine
	shard  *Shard // nil: all
	events gateway.EventSet
	ended  <-chan struct{} // closed when nothing comes any more
	bell   chan struct{}   // rung when a queue is ready; has room for one

	mu          sync.Mutex
	loops       int
	handle      *handler    // nil: no loop
	first, last *asyncQueue // that are ready: something is in them, and no loop has them
}

func newStream(e *Engine, s *Shard, events gateway.EventSet, options []AsyncOptions) *stream {
	if len(options) > 1 {
		panic(fmt.Sprintf("engine: Events takes one AsyncOptions, not %d", len(options)))
	}
	st := &stream{engine: e, shard: s, events: events, ended: e.ended, bell: make(chan struct{}, 1)}
	if s != nil {
		st.ended = s.done
	}
	if len(options) == 1 {
		st.options = options[0]
	}
	st.options.check()
	st.stream = st
	return st
}

// over returns the loop.
func (st *stream) over(ctx context.Context) iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		st.enter()
		over := false // and not left
		defer func() { st.leave(over) }()
		over = st.loop(ctx, yield)
	}
}

// enter counts a loop; the first has events come.
func (st *stream) enter() {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.loops++; st.loops > 1 {
		return
	}
	st.handle = &handler{events: st.events, call: func(ev *Event) {
		if st.shard == nil || st.shard == ev.Shard {
			ev.Shard.backlog.of(ev.Shard).collect(&st.async, ev)
		}
	}}
	st.engine.handlers.add(st.handle)
	st.engine.warnSilent(st.events)
}

// leave takes a loop off the count. Behind the last, no event comes, and what waits is given up.
func (st *stream) leave(over bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.loops--; st.loops > 0 {
		st.ring() // for another, in case this one has swallowed a ring
		return
	}
	st.stop()
	for q := st.pop(); q != nil; q = st.pop() {
		q.backlog.giveUp(q)
	}
}

// stop has no more events come. mu is held.
func (st *stream) stop() {
	if st.handle != nil {
		st.engine.handlers.remove(st.handle)
		st.handle = nil
	}
}

// loop gives a loop its events, and reports whether that came to its end.
func (st *stream) loop(ctx context.Context, yield func(*Event) bool) (over bool) {
	for q := st.next(ctx); q != nil; q = st.next(ctx) {
		if !st.turn(q, yield) {
			return false
		}
	}
	return true
}

// turn gives a loop some events of one shard, and reports whether it goes on.
func (st *stream) turn(q *asyncQueue, yield func(*Event) bool) (on bool) {
	mine := true
	defer func() {
		if mine { // the loop was left
			q.backlog.endLoan(q)
			st.ready(q)
		}
	}()
	for range inTurn {
		if !q.backlog.next(q) {
			mine = false
			q.recycle()
			return true
		}
		if !yield(&q.lent.Load().Event) {
			return false
		}
	}
	return true
}

// ready puts a queue in line. Where there is no loop, it is given up.
func (st *stream) ready(q *asyncQueue) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.loops == 0 {
		q.backlog.giveUp(q)
		return
	}
	if st.last == nil {
		st.first = q
	} else {
		st.last.after = q
	}
	st.last = q
	st.ring()
}

// pop takes out the queue that is first in line; nil: there is none. mu is held.
func (st *stream) pop() *asyncQueue {
	q := st.first
	if q == nil {
		return nil
	}
	if st.first = q.after; st.first == nil {
		st.last = nil
	} else {
		st.ring() // another loop may take that one
	}
	q.after = nil
	return q
}

// ring wakes one loop that waits.
func (st *stream) ring() {
	select {
	case st.bell <- struct{}{}:
	default:
	}
}

// next waits for a queue; nil: the events are over.
func (st *stream) next(ctx context.Context) *asyncQueue {
	done, ended := ctx.Done(), false
	for {
		left := ctx.Err() != nil && !st.engine.ending()
		if q := st.poll(left); q != nil || left || ended {
			return q
		}
		if ctx.Err() != nil {
			done = nil // the shards close, and may bring something until they have
		}
		select {
		case <-st.bell:
		case <-done:
		case <-st.ended:
			ended = true // but what came last may be in line
		}
	}
}

// poll takes out the queue that is first in line, nil if there is none. Where the loops are left, no more
// events come.
func (st *stream) poll(left bool) *asyncQueue {
	st.mu.Lock()
	defer st.mu.Unlock()
	if left {
		st.stop()
	}
	return st.pop()
}
