package engine

import (
	"context"
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
	concurrency int

	mu   sync.Mutex
	keys map[int]*queueKey // made when first asked for
}

// queueKey is one identify bucket.
type queueKey struct {
	waiting []*ticket
	taken   bool
	sent    time.Time
	timer   *time.Timer // wakes the bucket when its period is over
}

// NewLocalQueue returns a queue for a max_concurrency; less than 1 is taken as 1.
func NewLocalQueue(maxConcurrency int) *LocalQueue {
	return &LocalQueue{concurrency: max(1, maxConcurrency), keys: make(map[int]*queueKey)}
}

// Acquire implements [IdentifyQueue].
func (q *LocalQueue) Acquire(ctx context.Context, shard int) (Permit, error) {
	t := &ticket{queue: q, shard: shard, granted: make(chan struct{})}
	q.mu.Lock()
	key := q.key(shard)
	key.waiting = append(key.waiting, t)
	q.grant(key)
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
	if key.taken || len(key.waiting) == 0 {
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
	lowest := 0
	for i, t := range key.waiting {
		if t.shard < key.waiting[lowest].shard {
			lowest = i
		}
	}
	t := key.waiting[lowest]
	key.drop(t)
	key.taken = true
	t.holds = true
	close(t.granted)
}

// drop takes a ticket off the waiting list, if it is there.
func (k *queueKey) drop(t *ticket) {
	for i, w := range k.waiting {
		if w == t {
			last := len(k.waiting) - 1
			k.waiting[i] = k.waiting[last]
			k.waiting[last] = nil
			k.waiting = k.waiting[:last]
			return
		}
	}
}

// ticket is a shard's place in the queue, and later its permit.
type ticket struct {
	queue   *LocalQueue
	shard   int
	granted chan struct{}
	holds   bool // the bucket; guarded by the queue's mutex
}

// Sent implements [Permit].
func (t *ticket) Sent() {
	t.queue.mu.Lock()
	defer t.queue.mu.Unlock()
	if t.holds {
		t.queue.key(t.shard).sent = time.Now()
	}
}

// Release implements [Permit].
func (t *ticket) Release() {
	t.queue.mu.Lock()
	defer t.queue.mu.Unlock()
	key := t.queue.key(t.shard)
	if !t.holds {
		key.drop(t)
		return
	}
	t.holds = false
	key.taken = false
	t.queue.grant(key)
}
