package identify

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Period is the time between two identifies of one key, with a margin
// for the network: what leaves 5 s apart can arrive closer together.
const Period = 5*time.Second + 100*time.Millisecond

// expectFor is how long a free bucket waits for a lower shard that is connecting.
// The next identify would have had to wait as long behind that shard's own.
const expectFor = Period

// Local is the [Queue] of one process. Within a key the lowest
// shard id goes first, as Discord wants the buckets started in order; one that is
// still connecting ([Expecter]) is waited for once, for 5 s at most.
type Local struct {
	mu          sync.Mutex
	concurrency int
	keys        map[int]*queueKey   // made when first asked for
	expected    map[int]expectation // by shard
}

// expectation is what is known of a shard that has yet to ask.
type expectation struct {
	count  int  // calls of Expect that are not done
	inVain bool // its bucket has waited for it, and does not again
}

// queueKey is one identify bucket.
type queueKey struct {
	waiting []*ticket
	holders []*ticket   // one, or more where two buckets became one
	sent    time.Time   // the last identify,
	sender  int         // and the shard that it was of
	timer   *time.Timer // wakes the bucket when its period is over, or
	late    time.Time   // when it no longer waits for a lower shard; zero: it does not
}

// NewLocal returns a queue for a max_concurrency; less than 1 is taken as 1. An
// engine that asks the API has the queue keep to what Discord says instead.
func NewLocal(maxConcurrency int) *Local {
	return &Local{concurrency: max(1, maxConcurrency), keys: make(map[int]*queueKey), expected: make(map[int]expectation)}
}

// SetMaxConcurrency changes max_concurrency while the queue is in use; less than 1
// is taken as 1. Permits that are held, and identifies of the last seconds, hold
// up their shards' new buckets.
func (q *Local) SetMaxConcurrency(n int) {
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

// Acquire implements [Queue].
func (q *Local) Acquire(ctx context.Context, shard int) (Permit, error) {
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
func (q *Local) key(shard int) *queueKey {
	n := shard % q.concurrency
	if q.keys[n] == nil {
		q.keys[n] = new(queueKey)
	}
	return q.keys[n]
}

// Expect implements [Expecter].
func (q *Local) Expect(shard int) (done func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.expected[shard] = expectation{count: q.expected[shard].count + 1}
	return sync.OnceFunc(func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		x := q.expected[shard]
		x.count--
		if q.expected[shard] = x; x.count == 0 {
			delete(q.expected, shard)
		}
		if len(q.expected) == 0 {
			q.expected = make(map[int]expectation) // a map keeps the memory of all that it ever held
		}
		q.grant(q.key(shard))
	})
}

// grant gives a free bucket to the lowest shard that waits for it.
func (q *Local) grant(key *queueKey) {
	if len(key.holders) > 0 || len(key.waiting) == 0 {
		return
	}
	now := time.Now()
	if free := key.sent.Add(Period); now.Before(free) && !key.sent.IsZero() {
		q.retry(key, free.Sub(now))
		return
	}
	t := slices.MinFunc(key.waiting, func(a, b *ticket) int { return a.shard - b.shard })
	if q.expectsBelow(t.shard) {
		if key.late.IsZero() {
			key.late = now.Add(expectFor)
		}
		if now.Before(key.late) {
			q.retry(key, key.late.Sub(now))
			return
		}
		q.giveUpBelow(t.shard)
	}
	key.late = time.Time{}
	key.waiting = drop(key.waiting, t)
	key.holders = append(key.holders, t)
	close(t.granted)
}

// retry looks at a bucket again after a time.
func (q *Local) retry(key *queueKey, wait time.Duration) {
	if key.timer != nil {
		key.timer.Stop()
	}
	key.timer = time.AfterFunc(wait, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.grant(key)
	})
}

// expectsBelow reports whether a lower shard of the same bucket is waited for.
func (q *Local) expectsBelow(shard int) bool {
	for lower := shard % q.concurrency; lower < shard; lower += q.concurrency {
		if x := q.expected[lower]; x.count > 0 && !x.inVain {
			return true
		}
	}
	return false
}

// giveUpBelow has no lower shard of the bucket waited for until it is expected anew.
func (q *Local) giveUpBelow(shard int) {
	for lower := shard % q.concurrency; lower < shard; lower += q.concurrency {
		if x, expected := q.expected[lower]; expected {
			x.inVain = true
			q.expected[lower] = x
		}
	}
}

// drop takes a ticket off a list, if it is there.
func drop(list []*ticket, t *ticket) []*ticket {
	return slices.DeleteFunc(list, func(x *ticket) bool { return x == t })
}

// ticket is a shard's place in the queue, and later its permit. Its key is guarded
// by the queue's mutex.
type ticket struct {
	queue   *Local
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
