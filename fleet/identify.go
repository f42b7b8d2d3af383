package fleet

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
)

const (
	// grantTime is how long a process that may identify has the key of the bucket, if it says
	// nothing; before grantMargin of it is left it must have sent the identify.
	grantTime   = 30 * time.Second
	grantMargin = 10 * time.Second

	contendEvery = 100 * time.Millisecond

	// orderStep is by how much longer a shard waits for a free bucket than the one before it
	// in the bucket, and orderMost at most: the processes' shards identify in about their
	// order.
	orderStep = 20 * time.Millisecond
	orderMost = time.Second
)

// queue is an identify.Queue over all processes of the fleet: who may identify has the key
// identify.MC.BUCKET of the store. It keeps the budget for all, too.
type queue struct {
	f      *Fleet
	period time.Duration

	counting sync.Mutex // one shard of this process at a time changes the budget

	mu      sync.Mutex
	mc      int
	buckets map[int]*bucket
	budget  identify.Budget // as read last
	asked   time.Time       // when the API was asked for it last
}

// bucket is one key, where shards of this process wait.
type bucket struct {
	waiting []*ticket
	busy    bool // a goroutine contends
}

// ticket is a shard's place in the queue, and then its permit.
type ticket struct {
	q       *queue
	key     string
	shard   int
	granted chan struct{}

	err     error     // why there is no permit; set before granted is closed, like the next two
	since   time.Time // of the grant
	rev     uint64
	counted bool // in the budget

	mu   sync.Mutex
	sent bool
	over bool
}

// grant is what the key of a bucket says.
type grant struct {
	Owner string `json:"owner"` // an incarnation
	Shard int    `json:"shard"`
	Sent  bool   `json:"sent,omitempty"`
}

func newQueue(f *Fleet, period time.Duration) *queue {
	return &queue{f: f, period: or(period, identify.Period), mc: 1, buckets: map[int]*bucket{}}
}

// SetMaxConcurrency has the queue keep to Discord's number.
func (q *queue) SetMaxConcurrency(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.mc = max(1, n)
}

// Acquire implements [identify.Queue].
func (q *queue) Acquire(ctx context.Context, shard int) (identify.Permit, error) {
	if err := q.refuse(ctx); err != nil {
		return nil, err
	}
	q.mu.Lock()
	n := shard % q.mc
	t := &ticket{q: q, shard: shard, key: fmt.Sprintf("identify.%d.%d", q.mc, n), granted: make(chan struct{})}
	b := q.buckets[n]
	if b == nil {
		b = new(bucket)
		q.buckets[n] = b
	}
	b.waiting = append(b.waiting, t)
	if !b.busy {
		b.busy = true
		go q.contend(b, q.mc)
	}
	q.mu.Unlock()
	select {
	case <-t.granted:
		if t.err != nil {
			return nil, t.err
		}
		return t, nil
	case <-ctx.Done():
	case <-q.f.ended:
	}
	q.mu.Lock()
	b.waiting = slices.DeleteFunc(b.waiting, func(x *ticket) bool { return x == t })
	q.mu.Unlock()
	select {
	case <-t.granted:
		if t.err == nil {
			t.Release()
		}
	default:
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("fleet: it has been left")
}

// contend tries to get the bucket's key for the lowest shard that waits, until none does.
func (q *queue) contend(b *bucket, mc int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for {
		q.mu.Lock()
		select {
		case <-q.f.ended:
			b.waiting = nil
		default:
		}
		if len(b.waiting) == 0 {
			b.busy = false
			q.mu.Unlock()
			return
		}
		t := slices.MinFunc(b.waiting, func(x, y *ticket) int { return x.shard - y.shard })
		q.mu.Unlock()
		e, err := q.f.store.get(ctx, t.key)
		if err != nil && err != errNoKey || e.value != nil && q.f.store.now().Sub(e.at) < grantTime { // or it is another program's, without a TTL
			time.Sleep(contendEvery)
			continue
		}
		time.Sleep(min(time.Duration(t.shard/mc)*orderStep, orderMost))
		asked := time.Now()
		rev, err := q.f.store.swap(ctx, t.key, encode(grant{Owner: q.f.id, Shard: t.shard}), e.rev, grantTime)
		if err != nil {
			time.Sleep(contendEvery)
			continue
		}
		t.since, t.rev = asked, rev
		if t.counted, t.err = q.claim(ctx); t.err != nil {
			_ = q.f.store.remove(ctx, t.key, rev)
		}
		q.mu.Lock()
		i := slices.Index(b.waiting, t)
		if i >= 0 {
			b.waiting = slices.Delete(b.waiting, i, i+1)
			close(t.granted)
		}
		q.mu.Unlock()
		if i < 0 && t.err == nil {
			t.Release() // it has given up meanwhile
		}
	}
}

// Expired implements [identify.Expirer].
func (t *ticket) Expired() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.over || time.Since(t.since) > grantTime-grantMargin
}

// Sent implements [identify.Permit]: the bucket's time counts from here.
func (t *ticket) Sent() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sent || t.over {
		return
	}
	t.sent = true
	go t.settle()
}

// settle keeps the bucket until the time between two identifies is over.
func (t *ticket) settle() {
	ctx, cancel := context.WithTimeout(context.Background(), grantTime)
	defer cancel()
	period := t.q.period
	free := time.After(period)
	ttl := period.Truncate(time.Second) + 2*time.Second
	rev, err := t.q.f.store.swap(ctx, t.key, encode(grant{Owner: t.q.f.id, Shard: t.shard, Sent: true}), t.rev, ttl)
	if err != nil {
		return // the grant's own time goes on
	}
	<-free
	_ = t.q.f.store.remove(ctx, t.key, rev)
}

// Release implements [identify.Permit].
func (t *ticket) Release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return
	}
	if t.over = true; t.sent {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), grantTime)
		defer cancel()
		_ = t.q.f.store.remove(ctx, t.key, t.rev)
		if t.counted {
			t.q.giveBack(ctx)
		}
	}()
}
