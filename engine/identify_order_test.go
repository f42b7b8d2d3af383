package engine

import (
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// TestIdentifiesGoInOrder: whatever order the connections of shards come up in, each
// bucket begins with its lowest shard.
func TestIdentifiesGoInOrder(t *testing.T) {
	for _, test := range []struct{ shards, concurrency int }{{2, 1}, {5, 1}, {8, 4}, {6, 16}} {
		synctest.Test(t, func(t *testing.T) {
			queue := &identify.Recording{Queue: identify.NewLocal(test.concurrency)}
			r := start(t, func(c *Config) { c.Shards, c.IdentifyQueue = Shards{Total: test.shards}, queue })
			var peers []*peer
			for range test.shards {
				peers = append(peers, r.net.accept(t))
			}
			for _, p := range slices.Backward(peers) { // hello comes to the last one first
				p.send(testHello)
				time.Sleep(100 * time.Millisecond)
			}
			for _, p := range peers {
				go func() {
					p.expect(`{"op":2,`)
					p.send(readyOf(0))
				}()
			}
			for s := range r.Shards() {
				waitState(t, s, lifecycle.Ready)
			}
			sent := queue.Sent()
			for key := range test.concurrency {
				var bucket []int
				for _, shard := range sent {
					if shard%test.concurrency == key {
						bucket = append(bucket, shard)
					}
				}
				if !slices.IsSorted(bucket) {
					t.Errorf("%d shards, max_concurrency %d: identified in the order %v", test.shards, test.concurrency, sent)
				}
			}
			r.end(peers...)
		})
	}
}

// TestExpectedIsForgotten when every shard is ready, and when the engine ends.
func TestExpectedIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := identify.NewLocal(4)
		r := start(t, func(c *Config) { c.Shards, c.IdentifyQueue = Shards{Total: 4}, queue })
		count := func() int { return reflect.ValueOf(queue).Elem().FieldByName("expected").Len() }
		var peers []*peer
		for range 3 {
			peers = append(peers, r.net.accept(t))
		}
		synctest.Wait()
		if n := count(); n != 4 {
			t.Errorf("connecting: %d are expected", n)
		}
		for _, p := range peers {
			p.begin()
		}
		synctest.Wait()
		if n := count(); n != 1 {
			t.Errorf("with 3 of 4 ready: %d are expected", n)
		}
		last := r.net.accept(t)
		last.drop() // the second attempt is not waited for
		close(last.out)
		last = r.net.accept(t)
		synctest.Wait()
		if n := count(); n != 0 {
			t.Errorf("after a failure: %d are expected", n)
		}
		r.end(append(peers, last)...)
		if n := count(); n != 0 {
			t.Errorf("at the end: %d are expected", n)
		}
	})
}

// TestSharedQueueLearnsMaxConcurrency: a queue that is the user's own is told what
// Discord says, also through a identify.Recording; one that cannot be told is named in
// the log.
func TestSharedQueueLearnsMaxConcurrency(t *testing.T) {
	local, recorded := identify.NewLocal(1), identify.NewLocal(1)
	for _, test := range []struct {
		queue identify.Queue
		told  *identify.Local
	}{
		{local, local},
		{&identify.Recording{Queue: recorded}, recorded},
		{queueFunc(identify.NewLocal(1).Acquire), nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			r, _ := api(t, 0, gatewayBotAnswer("ws://gw.test", 1, 16))
			r.queue = test.queue
			r.run()
			p := r.net.accept(t)
			p.begin()
			waitState(t, r.shard(0), lifecycle.Ready)
			r.end(p)
			if test.told != nil && keepsTo(test.told) != 16 {
				t.Errorf("%T: max_concurrency %d, want 16", test.queue, keepsTo(test.told))
			}
			if said := strings.Contains(r.logs.String(), "takes no max_concurrency"); said != (test.told == nil) {
				t.Errorf("%T: the log says that it cannot be told: %v", test.queue, said)
			}
		})
	}
}

// TestExpectWithoutDone: a queue of the user's that returns no function is asked once for
// each connection.
func TestExpectWithoutDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := &expectNil{Local: identify.NewLocal(1)}
		r := start(t, func(c *Config) { c.IdentifyQueue = queue })
		p := r.net.accept(t)
		time.Sleep(time.Second)
		p.begin()
		waitState(t, r.shard(0), lifecycle.Ready)
		r.end(p)
		if n := queue.asked.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

type expectNil struct {
	*identify.Local
	asked atomic.Int32
}

func (q *expectNil) Expect(int) (done func()) { q.asked.Add(1); return nil }

// keepsTo returns the max_concurrency that a queue keeps to.
func keepsTo(queue *identify.Local) int64 {
	return reflect.ValueOf(queue).Elem().FieldByName("concurrency").Int()
}
