package engine

import (
	"context"
	"errors"
	"fmt"
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
		q := NewLocalQueue(4)
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
			at := time.Second + time.Duration(i)*(identifyPeriod+time.Second)
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
		q := NewLocalQueue(1)
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
		q := NewLocalQueue(0)
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

// TestPermitIsReleased whatever becomes of the attempt: another shard gets it.
func TestPermitIsReleased(t *testing.T) {
	fates := map[string]func(p *peer){
		"drop":            func(p *peer) { p.drop() },
		"close":           func(p *peer) { p.raw(serverClose(4000, "")) },
		"invalid session": func(p *peer) { p.send(`{"op":9,"d":false}`) },
		"ready":           func(p *peer) { p.send(testReady) },
		"corrupt":         func(p *peer) { p.send(`{`) },
		"silence":         func(p *peer) {},
	}
	for name, fate := range fates {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				queue := NewLocalQueue(1)
				r := start(t, func(c *Config) { c.IdentifyQueue = queue })
				p := r.net.accept(t)
				p.send(testHello)
				p.expect(`{"op":2,`)
				begin := time.Now()
				fate(p)
				next, err := queue.Acquire(t.Context(), 99)
				if err != nil {
					t.Fatal(err)
				}
				if d := time.Since(begin); name != "silence" && d > identifyPeriod || d > readyTimeout {
					t.Errorf("the bucket was free after %v", d)
				}
				next.Release()
				r.stop()
				if err := <-r.result; err != nil {
					t.Error(err)
				}
				p.drop()
				close(p.out)
				for len(r.net.conns) > 0 {
					(<-r.net.conns).Close()
				}
			})
		})
	}
}

// queueFunc is an IdentifyQueue.
type queueFunc func(ctx context.Context, shard int) (Permit, error)

func (f queueFunc) Acquire(ctx context.Context, shard int) (Permit, error) { return f(ctx, shard) }

// TestQueueThatErrs ends the connection, which is tried again with backoff.
func TestQueueThatErrs(t *testing.T) {
	for _, failure := range []error{errors.New("redis is gone"), nil} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			local := NewLocalQueue(1)
			r := start(t, func(c *Config) {
				c.IdentifyQueue = queueFunc(func(ctx context.Context, shard int) (Permit, error) {
					if asked++; asked < 3 {
						return nil, failure
					}
					return local.Acquire(ctx, shard)
				})
			})
			for range 2 {
				p := r.net.accept(t)
				p.send(testHello)
				p.goodbye()
				<-p.gone
				close(p.out)
			}
			p := r.net.accept(t)
			p.begin()
			waitState(t, r.shard(0), Ready)
			r.end(p)
		})
	}
}

// TestQueueThatIgnoresItsContext holds up the end of Run no longer than the
// shutdown timeout, and what it grants late is given back.
func TestQueueThatIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := make(chan struct{})
		local := NewLocalQueue(1)
		r := start(t, func(c *Config) {
			c.ShutdownTimeout = 5 * time.Second
			c.IdentifyQueue = queueFunc(func(_ context.Context, shard int) (Permit, error) {
				<-late
				return local.Acquire(context.Background(), shard)
			})
		})
		p := r.net.accept(t)
		p.send(testHello)
		synctest.Wait()
		begin := time.Now()
		r.stop()
		p.goodbye()
		if err := <-r.result; !errors.Is(err, ErrShutdownTimeout) {
			t.Errorf("Run returned %v", err)
		}
		if d := time.Since(begin); d > 7*time.Second {
			t.Errorf("took %v", d)
		}
		close(late)
		permit, err := local.Acquire(t.Context(), 7)
		if err != nil {
			t.Fatal(err)
		}
		permit.Release()
		p.drop()
		close(p.out)
	})
}

// TestOldErrandsAreDiscarded: a permit that was called off and comes late does
// not hide the one that was asked for after it.
func TestOldErrandsAreDiscarded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := make(chan struct{})
		local := NewLocalQueue(1)
		asked := 0
		r := start(t, func(c *Config) {
			c.IdentifyQueue = queueFunc(func(ctx context.Context, shard int) (Permit, error) {
				asked++
				if asked == 1 {
					<-late
					ctx = context.Background()
				} else {
					defer close(late)
				}
				return local.Acquire(ctx, shard)
			})
		})
		p := r.net.accept(t)
		p.send(testHello)
		synctest.Wait()
		p.drop()
		close(p.out)
		q := r.net.accept(t)
		q.begin()
		waitState(t, r.shard(0), Ready)
		if asked != 2 {
			t.Error(fmt.Sprint("asked ", asked, " times"))
		}
		r.end(q)
		permit, err := local.Acquire(t.Context(), 7)
		if err != nil {
			t.Fatal(err)
		}
		permit.Release()
	})
}
