package identify

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestSetMaxConcurrency while shards wait: nobody identifies earlier than the new
// buckets allow, nobody waits longer, nobody is forgotten.
func TestSetMaxConcurrency(t *testing.T) {
	for _, n := range []struct{ from, to int }{{1, 16}, {16, 1}, {4, 6}, {6, 4}, {3, 3}, {2, 0}} {
		synctest.Test(t, func(t *testing.T) {
			q := &Recording{Queue: NewLocal(n.from)}
			for shard := range 24 {
				go func() {
					p, err := q.Acquire(t.Context(), shard)
					if err != nil {
						t.Error(err)
						return
					}
					time.Sleep(100 * time.Millisecond)
					p.Sent()
					time.Sleep(100 * time.Millisecond)
					p.Release()
				}()
			}
			// In the middle of the second round: some hold a permit, all have sent.
			time.Sleep(Period + 200*time.Millisecond)
			q.Queue.(*Local).SetMaxConcurrency(n.to)
			changed := time.Now()
			time.Sleep(time.Hour)
			records := q.Records()
			to := max(1, n.to)
			sent := map[int]time.Time{}
			for _, shard := range q.Sent() {
				i := slices.IndexFunc(records, func(r Record) bool { return r.Shard == shard })
				at := records[i].Sent
				if at.After(changed) && records[i].Granted.After(changed) {
					if d := at.Sub(sent[shard%to]); d < Period {
						t.Errorf("%d to %d: shard %d %v after the last of its bucket", n.from, n.to, shard, d)
					}
				}
				sent[shard%to] = at
			}
			if len(q.Sent()) != 24 {
				t.Errorf("%d to %d: %d of 24 identified", n.from, n.to, len(q.Sent()))
			}
			rounds := time.Duration(24/to + 1)
			last := slices.MaxFunc(records, func(a, b Record) int { return a.Sent.Compare(b.Sent) }).Sent
			if d := last.Sub(changed); d > rounds*(Period+200*time.Millisecond) {
				t.Errorf("%d to %d: the last identified after %v", n.from, n.to, d)
			}
		})
	}
}
