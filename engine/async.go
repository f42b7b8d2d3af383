package engine

import "fmt"

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
	if callback == nil {
		panic("engine: Async needs a callback")
	}
	options.check()
	a := &async{handler: handler{call: callback}, options: options}
	return a.take
}

// check panics where options make no sense, and fills in what is not given.
func (o *AsyncOptions) check() {
	switch {
	case o.Queue < 0:
		panic(fmt.Sprintf("engine: AsyncOptions.Queue: %d is negative; 0 means %d", o.Queue, defaultAsyncQueue))
	case o.Policy > DropOldest:
		panic(fmt.Sprintf("engine: AsyncOptions.Policy: %d is none of Block, DropNewest, DropOldest", o.Policy))
	case o.Queue == 0:
		o.Queue = defaultAsyncQueue
	}
}

// async is one callback that is called away from the loop, or a stream of events.
type async struct {
	handler handler
	options AsyncOptions
	stream  *stream // whose loops take the events; nil: handler does
}

// take is the callback that the loop calls.
func (a *async) take(ev *Event) {
	if ev.Shard == nil {
		a.handler.call(ev)
		return
	}
	ev.Shard.backlog.of(ev.Shard).put(a, ev)
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
		hs.call(&q.async.handler, &q.lent.Load().Event)
	}
	ended = true
	q.recycle()
}

// recycle gives back a queue that is over.
func (q *asyncQueue) recycle() {
	q.async, q.backlog = nil, nil
	asyncQueues.Put(q)
}
