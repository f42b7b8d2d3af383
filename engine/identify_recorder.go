package engine

import (
	"context"
	"slices"
	"sync"
	"time"
)

// RecordingQueue is an [IdentifyQueue] for tests: it writes down who asked when,
// and what became of it. The zero value lets everybody through at once.
type RecordingQueue struct {
	// Queue is what is asked for the permits. Default: UnlimitedQueue.
	Queue IdentifyQueue

	mu      sync.Mutex
	records []*IdentifyRecord
}

// IdentifyRecord is one call of Acquire. Times are zero for what has not happened.
type IdentifyRecord struct {
	Shard    int
	Asked    time.Time
	Granted  time.Time
	Sent     time.Time // the identify
	Released time.Time
}

// Records returns a copy of what was recorded, in the order of asking.
func (q *RecordingQueue) Records() []IdentifyRecord {
	q.mu.Lock()
	defer q.mu.Unlock()
	records := make([]IdentifyRecord, 0, len(q.records))
	for _, r := range q.records {
		records = append(records, *r)
	}
	return records
}

// Sent returns the shards that identified, in that order.
func (q *RecordingQueue) Sent() []int {
	records := slices.DeleteFunc(q.Records(), func(r IdentifyRecord) bool { return r.Sent.IsZero() })
	slices.SortStableFunc(records, func(a, b IdentifyRecord) int { return a.Sent.Compare(b.Sent) })
	shards := make([]int, 0, len(records))
	for _, r := range records {
		shards = append(shards, r.Shard)
	}
	return shards
}

// Acquire implements [IdentifyQueue].
func (q *RecordingQueue) Acquire(ctx context.Context, shard int) (Permit, error) {
	r := &IdentifyRecord{Shard: shard, Asked: time.Now()}
	q.mu.Lock()
	q.records = append(q.records, r)
	q.mu.Unlock()
	inner := q.Queue
	if inner == nil {
		inner = UnlimitedQueue{}
	}
	permit, err := inner.Acquire(ctx, shard)
	if permit == nil || err != nil {
		return permit, err
	}
	q.note(&r.Granted)
	return &recordedPermit{Permit: permit, queue: q, record: r}, nil
}

// Expect implements [IdentifyExpecter], as far as Queue does.
func (q *RecordingQueue) Expect(shard int) (done func()) {
	if queue, ok := q.Queue.(IdentifyExpecter); ok {
		return queue.Expect(shard)
	}
	return func() {}
}

// SetMaxConcurrency tells Queue, if that is a [LocalQueue] or can be told alike.
func (q *RecordingQueue) SetMaxConcurrency(n int) {
	if queue, ok := q.Queue.(interface{ SetMaxConcurrency(int) }); ok {
		queue.SetMaxConcurrency(n)
	}
}

// note writes down the time of the first such call.
func (q *RecordingQueue) note(at *time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if at.IsZero() {
		*at = time.Now()
	}
}

type recordedPermit struct {
	Permit
	queue  *RecordingQueue
	record *IdentifyRecord
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
