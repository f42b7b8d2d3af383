package engine

import (
	"sync"
	"sync/atomic"
)

// asyncQueue is what one callback has yet to take of one shard. Its goroutine, and
// the queue itself, live while there is anything. It is guarded by its backlog.
type asyncQueue struct {
	async   *async
	backlog *backlog
	work    func() // run, as a value that is made once

	chain      // what waits
	full  bool // counted in the backlog's full

	// What waits is taken some at a time, so that who takes seldom meets who queues.
	taken *queuedEvent                // the first of them; their memory goes back together
	lent  atomic.Pointer[queuedEvent] // the one of them that the callback has; nil: none was taken

	after *asyncQueue // in a stream's line
}

// asyncQueues are made again and again, by every burst of every shard.
var asyncQueues sync.Pool

func init() {
	asyncQueues.New = func() any {
		q := &asyncQueue{}
		q.work = q.run
		return q
	}
}

// take takes some of what waits, and lends the first; it reports whether there is any.
func (q *asyncQueue) take() bool {
	q.taken = q.split(q.async.most()).first
	q.lent.Store(q.taken)
	return q.taken != nil
}

// most is how many events are taken at a time: so few that the queue's bound means what it says.
func (a *async) most() int { return max(1, min(a.options.Queue/4, inTurn)) }

// untake ends the loan of the event that is lent, and puts what was taken behind it back.
func (q *asyncQueue) untake() {
	lent := q.lent.Load()
	if lent == nil {
		return
	}
	rest := chainOf(lent.next)
	lent.next = nil
	rest.add(q.chain)
	q.chain = rest
	q.giveBack()
}

// cut takes what was taken, but for what is lent, out of the callback's reach, and returns the first of it. Another
// event, behind which there is nothing, takes the place of the one that is lent: the callback finds it there.
func (q *asyncQueue) cut() (rest *queuedEvent) {
	for {
		lent := q.lent.Load()
		if lent == nil || lent.next == nil {
			return nil
		}
		last := &queuedEvent{Event: Event{Seq: lent.Seq, Session: lent.Session, Received: lent.Received}, of: lent}
		if q.lent.CompareAndSwap(lent, last) {
			return lent.next
		}
	}
}

// giveBack gives back the memory of what was taken.
func (q *asyncQueue) giveBack() {
	q.lent.Store(nil)
	keepSpare(q.taken)
	q.taken = nil
}

// pop takes out the event that has waited longest; nil: none waits.
func (q *asyncQueue) pop() *queuedEvent { return q.split(1).first }
