package identify

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestPain17_BucketsByKey: one identify per period for each shard id %
// max_concurrency, time counted from the actual send, the lowest id first.
func TestPain17_BucketsByKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewLocal(4)
		begin := time.Now()
		var mu sync.Mutex
		got := map[time.Duration][]int{}
		var wg sync.WaitGroup
		first := make(map[int]Permit)
		for key := range 4 { // shards 100 to 103 hold the buckets until all wait
			p, err := q.Acquire(t.Context(), 100+key)
			if err != nil {
				t.Fatal(err)
			}
			first[key] = p
		}
		for _, shard := range []int{11, 10, 9, 8, 3, 2, 1, 0, 7, 6, 5, 4} {
			wg.Go(func() {
				p, err := q.Acquire(t.Context(), shard)
				if err != nil {
					t.Error(err)
					return
				}
				time.Sleep(time.Second) // the identify is on its way out
				p.Sent()
				mu.Lock()
				got[time.Since(begin)] = append(got[time.Since(begin)], shard)
				mu.Unlock()
				p.Release()
			})
		}
		synctest.Wait()
		for _, p := range first {
			p.Release() // nothing was sent: the bucket is free at once
			p.Release()
		}
		wg.Wait()
		for i := range 3 {
			at := time.Second + time.Duration(i)*(Period+time.Second)
			slices.Sort(got[at])
			if want := []int{4 * i, 4*i + 1, 4*i + 2, 4*i + 3}; !slices.Equal(got[at], want) {
				t.Errorf("at %v: shards %v, want %v (all: %v)", at, got[at], want, got)
			}
		}
	})
}

// TestQueueHoldsUntilRelease, however long READY takes.
func TestQueueHoldsUntilRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewLocal(1)
		p, _ := q.Acquire(t.Context(), 0)
		p.Sent()
		granted := make(chan Permit, 1)
		go func() {
			next, _ := q.Acquire(context.Background(), 1)
			granted <- next
		}()
		time.Sleep(time.Minute)
		if len(granted) != 0 {
			t.Fatal("two at a time")
		}
		begin := time.Now()
		p.Release()
		(<-granted).Release()
		if d := time.Since(begin); d != 0 {
			t.Errorf("waited %v more", d)
		}
	})
}

// TestQueueCancel: who gives up leaves the queue, and gives back what he was
// granted at the same moment.
func TestQueueCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewLocal(0)
		held, _ := q.Acquire(t.Context(), -1)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for shard := range 50 {
			wg.Go(func() {
				p, err := q.Acquire(ctx, shard)
				if err == nil {
					p.Release()
				} else if !errors.Is(err, context.Canceled) || p != nil {
					t.Error(p, err)
				}
			})
		}
		synctest.Wait()
		go cancel()
		go held.Release()
		wg.Wait()
		p, err := q.Acquire(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		p.Release()
	})
}
