package identify

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Recording is an [Queue] for tests: it writes down who asked when,
// and what became of it. The zero value lets everybody through at once.
type Recording struct {
	// Queue is what is asked for the permits. Default: Unlimited.
	Queue Queue

	mu      sync.Mutex
	records []*Record
}

// Record is one call of Acquire. Times are zero for what has not happened.
type Record struct {
	Shard    int
	Asked    time.Time
	Granted  time.Time
	Sent     time.Time // the identify
	Released time.Time
}

// Records returns a copy of what was recorded, in the order of asking.
func (q *Recording) Records() []Record {
	q.mu.Lock()
	defer q.mu.Unlock()
	records := make([]Record, 0, len(q.records))
	for _, r := range q.records {
		records = append(records, *r)
	}
	return records
}

// Sent returns the shards that identified, in that order.
func (q *Recording) Sent() []int {
	records := slices.DeleteFunc(q.Records(), func(r Record) bool { return r.Sent.IsZero() })
	slices.SortStableFunc(records, func(a, b Record) int { return a.Sent.Compare(b.Sent) })
	shards := make([]int, 0, len(records))
	for _, r := range records {
		shards = append(shards, r.Shard)
	}
	return shards
}

// Acquire implements [Queue].
func (q *Recording) Acquire(ctx context.Context, shard int) (Permit, error) {
	r := &Record{Shard: shard, Asked: time.Now()}
	q.mu.Lock()
	q.records = append(q.records, r)
	q.mu.Unlock()
	inner := q.Queue
	if inner == nil {
		inner = Unlimited{}
	}
	permit, err := inner.Acquire(ctx, shard)
	if permit == nil || err != nil {
		return permit, err
	}
	q.note(&r.Granted)
	return &recordedPermit{Permit: permit, queue: q, record: r}, nil
}

// Expect implements [Expecter], as far as Queue does.
func (q *Recording) Expect(shard int) (done func()) {
	if queue, ok := q.Queue.(Expecter); ok {
		return queue.Expect(shard)
	}
	return func() {}
}

// SetMaxConcurrency tells Queue, if that is a [Local] or can be told alike.
func (q *Recording) SetMaxConcurrency(n int) {
	if queue, ok := q.Queue.(interface{ SetMaxConcurrency(int) }); ok {
		queue.SetMaxConcurrency(n)
	}
}

// note writes down the time of the first such call.
func (q *Recording) note(at *time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if at.IsZero() {
		*at = time.Now()
	}
}

type recordedPermit struct {
	Permit
	queue  *Recording
	record *Record
}

// Sent implements [Permit].
func (p *recordedPermit) Sent() {
	p.queue.note(&p.record.Sent)
	p.Permit.Sent()
}

// Release implements [Permit].
func (p *recordedPermit) Release() {
	p.queue.note(&p.record.Released)
	p.Permit.Release()
}
