package engine

import (
	"context"
	"slices"
	"sync"
	"time"
)

// IdentifyQueue spaces identifies: one per 5 s for each key, which is shard id %
// max_concurrency. Going over it costs sessions, and in the end the token, so
// all engines and processes of one bot must share one queue.
type IdentifyQueue interface {
	// Acquire waits until shard may identify, or until ctx ends; the error is
	// then that of ctx. Any other error ends the shard's connection, and the next
	// one asks again.
	Acquire(ctx context.Context, shard int) (Permit, error)
}

// Permit is the right to identify once. It holds up its key until it is
// released.
type Permit interface {
	// Sent says that the identify was sent just now: the 5 s count from here.
	Sent()
	// Release says that READY came, or that the attempt failed, perhaps before
	// anything was sent. A second call must do nothing.
	Release()
}

// identifyPeriod is the time between two identifies of one key, with a margin
// for the network: what leaves 5 s apart can arrive closer together.
const identifyPeriod = 5*time.Second + 100*time.Millisecond

// LocalQueue is the [IdentifyQueue] of one process. Within a key the lowest
// shard id goes first, as Discord wants the buckets started in order.
type LocalQueue struct {
	mu          sync.Mutex
	concurrency int
	keys        map[int]*queueKey // made when first asked for
}

// queueKey is one identify bucket.
type queueKey struct {
	waiting []*ticket
	holders []*ticket   // one, or more where two buckets became one
	sent    time.Time   // the last identify,
	sender  int         // and the shard that it was of
	timer   *time.Timer // wakes the bucket when its period is over
}

// NewLocalQueue returns a queue for a max_concurrency; less than 1 is taken as 1.
func NewLocalQueue(maxConcurrency int) *LocalQueue {
	return &LocalQueue{concurrency: max(1, maxConcurrency), keys: make(map[int]*queueKey)}
}

// SetMaxConcurrency changes max_concurrency while the queue is in use; less than 1
// is taken as 1. Permits that are held, and identifies of the last seconds, hold
// up their shards' new buckets.
func (q *LocalQueue) SetMaxConcurrency(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n = max(1, n)
	if n == q.concurrency {
		return
	}
	old := q.keys
	q.concurrency, q.keys = n, make(map[int]*queueKey)
	for _, was := range old {
		if was.timer != nil {
			was.timer.Stop() // if it fires all the same, it finds nobody waiting
		}
		for _, t := range was.waiting {
			t.key = q.key(t.shard)
			t.key.waiting = append(t.key.waiting, t)
		}
		for _, t := range was.holders {
			t.key = q.key(t.shard)
			t.key.holders = append(t.key.holders, t)
		}
		if now := q.key(was.sender); was.sent.After(now.sent) {
			now.sent, now.sender = was.sent, was.sender
		}
		was.waiting = nil
	}
	for _, key := range q.keys {
		q.grant(key)
	}
}

// Acquire implements [IdentifyQueue].
func (q *LocalQueue) Acquire(ctx context.Context, shard int) (Permit, error) {
	t := &ticket{queue: q, shard: shard, granted: make(chan struct{})}
	q.mu.Lock()
	t.key = q.key(shard)
	t.key.waiting = append(t.key.waiting, t)
	q.grant(t.key)
	q.mu.Unlock()
	select {
	case <-t.granted:
		return t, nil
	case <-ctx.Done():
		t.Release()
		return nil, ctx.Err()
	}
}

// key returns the bucket of a shard.
func (q *LocalQueue) key(shard int) *queueKey {
	n := shard % q.concurrency
	if q.keys[n] == nil {
		q.keys[n] = new(queueKey)
	}
	return q.keys[n]
}

// grant gives a free bucket to the lowest shard that waits for it.
func (q *LocalQueue) grant(key *queueKey) {
	if len(key.holders) > 0 || len(key.waiting) == 0 {
		return
	}
	if wait := time.Until(key.sent.Add(identifyPeriod)); wait > 0 && !key.sent.IsZero() {
		if key.timer != nil {
			key.timer.Stop()
		}
		key.timer = time.AfterFunc(wait, func() {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.grant(key)
		})
		return
	}
	t := slices.MinFunc(key.waiting, func(a, b *ticket) int { return a.shard - b.shard })
	key.waiting = drop(key.waiting, t)
	key.holders = append(key.holders, t)
	close(t.granted)
}

// drop takes a ticket off a list, if it is there.
func drop(list []*ticket, t *ticket) []*ticket {
	return slices.DeleteFunc(list, func(x *ticket) bool { return x == t })
}

// ticket is a shard's place in the queue, and later its permit. Its key is guarded
// by the queue's mutex.
type ticket struct {
	queue   *LocalQueue
	key     *queueKey
	shard   int
	granted chan struct{}
}

// Sent implements [Permit].
func (t *ticket) Sent() {
	t.queue.mu.Lock()
	defer t.queue.mu.Unlock()
	if slices.Contains(t.key.holders, t) {
		t.key.sent, t.key.sender = time.Now(), t.shard
	}
}

// Release implements [Permit].
func (t *ticket) Release() {
	t.queue.mu.Lock()
	defer t.queue.mu.Unlock()
	t.key.waiting = drop(t.key.waiting, t)
	t.key.holders = drop(t.key.holders, t)
	t.queue.grant(t.key)
}
