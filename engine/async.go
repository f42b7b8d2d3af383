package engine

import (
	"fmt"
	"sync"
)

// AsyncPolicy is what becomes of a shard's events once the queue of a callback
// made by [Async] is full.
type AsyncPolicy uint8

const (
	// Block has nothing more read from the shard's connection until half of the
	// queue is free, so that the gateway is slowed down and nothing is lost. Other
	// shards go on, and so do the shard's heartbeats. What the last read brought
	// is still queued, beyond the bound. It is the default.
	Block AsyncPolicy = iota
	// DropNewest drops events that find the queue full, and counts them.
	DropNewest
	// DropOldest drops the event that has waited longest, and counts it.
	DropOldest
)

// defaultAsyncQueue is AsyncOptions.Queue where none is given.
const defaultAsyncQueue = 256

// AsyncOptions are those of [Async]. The zero value loses nothing.
type AsyncOptions struct {
	// Queue is how many events of one shard may wait. Default 256.
	Queue int

	// Policy is what becomes of events when so many wait. Default Block.
	Policy AsyncPolicy
}

// Async returns a callback for [Engine.On] that has another one, which may take
// long, called away from the loop:
//
//	eng.On(events, engine.Async(slow, engine.AsyncOptions{}))
//
// Events are copied into pooled buffers and wait in a queue for each shard. The
// callback is called by a goroutine of that queue, which lives only while there
// are any: one event of a shard after another, in their order, and different
// shards at the same time. As always the event is borrowed until it returns, and
// [Config.OnPanic] is for its panics too. What is queued when the callback is
// removed, or when the engine shuts down, is still delivered, the latter within
// [Config.ShutdownTimeout]. [Stats] tells how many wait, how long, and how many
// were dropped.
//
// Methods of this package may wait in the callback, unless what they would wait for
// may be the callback itself ([ErrInCallback]): the end of Run, or of what the shard's
// asynchronous callbacks have queued.
//
// With Block, a callback that waits for what only its own shard's connection can
// bring (a Send before the shard is ready, an answer to a command) waits in vain
// while the queue is full: give it a context with a deadline.
//
// An event without a shard, as [NewEvent] makes it, is delivered at once.
func Async(callback func(*Event), options AsyncOptions) func(*Event) {
	switch {
	case callback == nil:
		panic("engine: Async needs a callback")
	case options.Queue < 0:
		panic(fmt.Sprintf("engine: AsyncOptions.Queue: %d is negative; 0 means %d", options.Queue, defaultAsyncQueue))
	case options.Policy > DropOldest:
		panic(fmt.Sprintf("engine: AsyncOptions.Policy: %d is none of Block, DropNewest, DropOldest", options.Policy))
	case options.Queue == 0:
		options.Queue = defaultAsyncQueue
	}
	a := &async{handler: handler{call: callback}, options: options}
	return a.take
}

// async is one callback that is called away from the loop.
type async struct {
	handler handler
	options AsyncOptions
}

// take is the callback that the loop calls.
func (a *async) take(ev *Event) {
	if ev.Shard == nil {
		a.handler.call(ev)
		return
	}
	ev.Shard.backlog.of(ev.Shard).put(a, ev)
}

// asyncQueue is what one callback has yet to take of one shard. Its goroutine, and
// the queue itself, live while there is anything. It is guarded by its backlog.
type asyncQueue struct {
	async   *async
	backlog *backlog
	work    func() // run, as a value that is made once

	first, last *queuedEvent // that wait
	count       int          // of them
	taken       *queuedEvent // by the callback
	full        bool         // counted in the backlog's full
}

// queuedEvent is a clone that waits.
type queuedEvent struct {
	Event
	next *queuedEvent
}

// These are made again and again, by every burst of every shard.
var (
	asyncQueues  sync.Pool
	queuedEvents = sync.Pool{New: func() any { return new(queuedEvent) }}
)

func init() {
	asyncQueues.New = func() any {
		q := &asyncQueue{}
		q.work = q.run
		return q
	}
}

// push adds a clone of an event.
func (q *asyncQueue) push(ev *Event) {
	e := queuedEvents.Get().(*queuedEvent)
	ev.cloneInto(&e.Event)
	if q.last == nil {
		q.first = e
	} else {
		q.last.next = e
	}
	q.last = e
	q.count++
}

// pop takes out the event that has waited longest; nil: none waits.
func (q *asyncQueue) pop() *queuedEvent {
	e := q.first
	if e == nil {
		return nil
	}
	if q.first = e.next; q.first == nil {
		q.last = nil
	}
	e.next = nil
	q.count--
	return e
}

// release gives back an event that was popped.
func (e *queuedEvent) release() {
	e.Release()
	*e = queuedEvent{}
	queuedEvents.Put(e)
}

// run calls the callback until nothing is queued.
func (q *asyncQueue) run() {
	ended := false
	defer func() {
		if !ended { // the callback ends the goroutine, as testing.T.FailNow does
			q.backlog.forsake(q)
		}
	}()
	hs := &q.backlog.shard.engine.handlers
	for q.backlog.next(q) {
		hs.call(&q.async.handler, &q.taken.Event)
	}
	ended = true
	q.async, q.backlog = nil, nil
	asyncQueues.Put(q)
}
