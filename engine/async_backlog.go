package engine

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/pool"
)

// backlogOf is a shard's place for its backlog, which is made when an event first
// waits: most shards have none.
type backlogOf struct{ p atomic.Pointer[backlog] }

// of returns the backlog, which it makes if there is none.
func (o *backlogOf) of(s *Shard) *backlog {
	if b := o.p.Load(); b != nil {
		return b
	}
	o.p.CompareAndSwap(nil, &backlog{shard: s})
	return o.p.Load()
}

// full reports whether reading is to be held.
func (o *backlogOf) full() bool {
	b := o.p.Load()
	return b != nil && b.full.Load() > 0
}

// backlog is what asynchronous callbacks have yet to take of one shard.
type backlog struct {
	shard *Shard
	full  atomic.Int32 // queues that are full, with Block

	// The loop's alone.
	turn  []batch      // what it has not told yet
	spare *queuedEvent // memory for the next events

	mu      sync.Mutex
	queues  []*asyncQueue // those with anything in them, or with a callback at work
	ended   bool          // nothing is queued any more
	idle    chan struct{} // closed when queues becomes empty; nil: nobody waits for that
	highest int
	dropped uint64
	lost    *queuedEvent // the first that was discarded, without its bytes
}

// queue returns a callback's queue; fresh: it was made just now.
func (b *backlog) queue(a *async) (q *asyncQueue, fresh bool) {
	for _, q := range b.queues {
		if q.async == a {
			return q, false
		}
	}
	q = asyncQueues.Get().(*asyncQueue)
	q.async, q.backlog = a, b
	b.queues = append(b.queues, q)
	return q, true
}

// next ends the callback's loan of an event and lends the next one. If there is none the
// queue is over.
func (b *backlog) next(q *asyncQueue) bool {
	if e := q.lent.Load(); e != nil {
		pool.Poison(e.Payload)
		if e.next != nil && q.lent.CompareAndSwap(e, e.next) {
			return true
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	q.untake()
	if !q.take() {
		b.remove(q)
		return false
	}
	if q.count <= q.async.options.Queue/2 {
		b.freed(q)
	}
	return true
}

// freed has the shard read again, if it was the queue's fault that it does not.
func (b *backlog) freed(q *asyncQueue) {
	if !q.full {
		return
	}
	q.full = false
	if b.full.Add(-1) == 0 {
		b.shard.loop.Wake()
	}
}

// remove takes out a queue that is over.
func (b *backlog) remove(q *asyncQueue) {
	b.freed(q)
	i := slices.Index(b.queues, q)
	b.queues = slices.Delete(b.queues, i, i+1)
	if len(b.queues) == 0 && b.idle != nil {
		close(b.idle)
		b.idle = nil
	}
}

// endLoan ends the loan of the event that was taken, and leaves the others.
func (b *backlog) endLoan(q *asyncQueue) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q.untake()
}

// giveUp discards a queue that nobody wants any more. It is the user's wish, so that only
// sessions that are about to be saved for the last time leave it out.
func (b *backlog) giveUp(q *asyncQueue) {
	ending := b.shard.engine.ending()
	b.mu.Lock()
	defer b.mu.Unlock()
	lost := b.lost
	b.empty(q)
	if !ending {
		b.lost = lost
	}
	b.remove(q)
	q.recycle()
}

// forsake discards what a queue holds when its callback has ended its goroutine.
func (b *backlog) forsake(q *asyncQueue) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q.untake()
	b.empty(q)
	b.remove(q)
}

// empty discards the events of a queue.
func (b *backlog) empty(q *asyncQueue) {
	for e := q.cut(); e != nil; e = e.next { // their memory goes back with the others'
		b.drop(e)
	}
	for e := q.pop(); e != nil; e = q.pop() {
		b.drop(e)
		keepSpare(e)
	}
}

// drop counts an event that is discarded.
func (b *backlog) drop(e *queuedEvent) {
	if e.Seq > 0 && b.lost == nil {
		b.lost = &queuedEvent{Event: Event{Seq: e.Seq, Session: e.Session}}
	}
	b.dropped++
}

// discard ends the backlog when the time is up: what waits is dropped. It reports
// whether anything is left, at least a callback at work.
func (o *backlogOf) discard() (any bool) {
	b := o.p.Load()
	if b == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	for _, q := range b.queues {
		b.empty(q)
	}
	return len(b.queues) > 0
}

// drained returns a channel that is closed when no callback has anything left to
// take, or nothing will ever come to be taken.
func (o *backlogOf) drained() <-chan struct{} {
	b := o.p.Load()
	if b != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.queues) > 0 {
			if b.idle == nil {
				b.idle = make(chan struct{})
			}
			return b.idle
		}
	}
	return closedChan
}

// closedChan is closed.
var closedChan = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// forget has an event count as taken whose callback does not return. It reports
// false for one that does not come from here.
func (o *backlogOf) forget(ev *Event) (found bool) {
	b := o.p.Load()
	if b == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, q := range b.queues {
		if e := q.lent.Load(); e != nil && (&e.Event == ev || e.of != nil && &e.of.Event == ev) {
			e.Session, found = "", true
		}
	}
	return found
}

// unseen returns the lowest sequence of a session that a callback has yet to take,
// or was to take and did not; 0: none.
func (o *backlogOf) unseen(session string) (seq int64) {
	b := o.p.Load()
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	see := func(e *queuedEvent) bool {
		if e == nil || e.Seq == 0 || e.Session != session {
			return false
		}
		if seq == 0 || e.Seq < seq {
			seq = e.Seq
		}
		return true
	}
	see(b.lost)
	for _, q := range b.queues {
		for _, e := range []*queuedEvent{q.lent.Load(), q.first} {
			for ; e != nil && !see(e); e = e.next {
				// Of another session, or no dispatch.
			}
		}
	}
	return seq
}

// stats adds what the backlog tells.
func (o *backlogOf) stats(s *Stats) {
	b := o.p.Load()
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s.QueuedHighest, s.Dropped = b.highest, b.dropped
	for _, q := range b.queues {
		s.Queued += q.count
		oldest := q.lent.Load()
		if oldest == nil {
			oldest = q.first
		} else {
			for e := oldest.next; e != nil; e = e.next {
				s.Queued++
			}
		}
		if oldest != nil {
			s.Lag = max(s.Lag, time.Since(oldest.Received))
		}
	}
}
