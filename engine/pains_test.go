package engine

import (
	"context"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// Tests named TestPainNN, here and beside what they concern, are about faults that
// users of other gateway clients reported.

// TestPain01_OpcodesWhileOpening: op 7 or op 9 as the first thing on a connection
// is no deadlock.
func TestPain01_OpcodesWhileOpening(t *testing.T) {
	for _, first := range []string{`{"op":7,"d":null}`, `{"op":9,"d":true}`, `{"op":9,"d":false}`} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t)
			for range 5 {
				p := r.net.accept(t)
				p.send(first)
				p.goodbye()
				<-p.gone
				close(p.out)
			}
			p := r.net.accept(t)
			p.begin()
			waitState(t, r.shard(0), lifecycle.Ready)
			r.end(p)
		})
	}
}

// countedConn counts the connections that are open.
type countedConn struct {
	net.Conn
	open   *atomic.Int32
	closed atomic.Bool
}

func (c *countedConn) Close() error {
	if c.closed.CompareAndSwap(false, true) {
		c.open.Add(-1)
	}
	return c.Conn.Close()
}

// TestPain04_NeverTwoSockets: a shard has one connection at most, whatever becomes
// of it, and the identifies of a gateway that answers none stay spaced.
func TestPain04_NeverTwoSockets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var open atomic.Int32
		r := prepare(t, func(c *Config) {
			dial := c.Dial
			c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := dial(ctx, network, address)
				if n := open.Add(1); n > 1 {
					t.Errorf("%d connections", n)
				}
				return &countedConn{Conn: conn, open: &open}, err
			}
		}).run()
		rng := rand.New(rand.NewPCG(4, 4))
		var identified time.Time
		for range 200 {
			p := r.net.accept(t)
			switch rng.IntN(5) {
			case 0:
				p.drop()
			case 1:
				p.raw(wiretest.Close(4000, ""))
			case 2:
				p.send(`{"op":9,"d":false}`)
			case 3:
				p.send(testHello)
				if sent := p.next(); strings.HasPrefix(sent, `{"op":2`) {
					if d := time.Since(identified); d < 5*time.Second {
						t.Errorf("an identify %v after the one before", d)
					}
					identified = time.Now()
				}
				p.drop()
			case 4:
				p.raw([]byte{0xff, 0xff})
			}
			<-p.gone
			p.drop()
			close(p.out)
		}
		p := r.net.accept(t)
		p.begin()
		r.end(p)
		if n := open.Load(); n != 0 {
			t.Errorf("%d connections are left open", n)
		}
	})
}

// TestPain07_ResumedMakesReady: what is replayed does not, RESUMED does, and Send
// waits for it.
func TestPain07_ResumedMakesReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.net.accept(t)
		p.begin()
		s := r.shard(0)
		waitState(t, s, lifecycle.Ready)
		p.drop()
		close(p.out)
		q := r.net.accept(t)
		q.resume()
		q.event(2)
		q.event(3)
		waitState(t, s, lifecycle.Resuming)
		sent := make(chan error, 1)
		go func() { sent <- s.Send(context.Background(), presence) }()
		synctest.Wait()
		if len(sent) != 0 || s.Stats().Replayed != 2 {
			t.Errorf("%d sends, %+v", len(sent), s.Stats())
		}
		q.send(`{"t":"RESUMED","s":3,"op":0,"d":{}}`)
		waitState(t, s, lifecycle.Ready)
		q.expect(`{"op":3,`)
		if err := <-sent; err != nil {
			t.Error(err)
		}
		r.end(q)
	})
}

// TestPain18_EnginesShareAQueue: two engines of one bot never identify together.
func TestPain18_EnginesShareAQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := identify.NewLocal(1)
		engines := make([]*running, 3)
		peers := make([]*peer, 3)
		sent := make(chan time.Time, 3)
		for i := range engines {
			engines[i] = start(t, func(c *Config) {
				c.Shards, c.IdentifyQueue = ShardRange(i, i, 3), queue
			})
			peers[i] = engines[i].net.accept(t)
			peers[i].send(testHello)
			go func() {
				peers[i].expect(`{"op":2,`)
				sent <- time.Now()
				peers[i].send(testReady)
			}()
		}
		var last time.Time
		for range 3 {
			at := <-sent
			if d := at.Sub(last); d < 5*time.Second {
				t.Errorf("identifies %v apart", d)
			}
			last = at
		}
		for i, r := range engines {
			r.end(peers[i])
		}
	})
}

// TestPainFound_WaitsHoldNoLock: heartbeats go on while a Send waits for a permit.
func TestPainFound_WaitsHoldNoLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.net.accept(t)
		p.begin()
		s := r.shard(0)
		waitState(t, s, lifecycle.Ready)
		for range 115 {
			if err := s.Send(context.Background(), presence); err != nil {
				t.Fatal(err)
			}
		}
		before := len(p.heartbeats())
		waited := make(chan error, 1)
		go func() { waited <- s.Send(context.Background(), presence) }()
		time.Sleep(50 * time.Second)
		synctest.Wait()
		if len(waited) != 0 || len(p.heartbeats()) == before {
			t.Errorf("%d sends are over, %d heartbeats", len(waited), len(p.heartbeats())-before)
		}
		if err := <-waited; err != nil {
			t.Error(err)
		}
		for range 116 {
			p.expect(`{"op":3,`)
		}
		r.end(p)
	})
}
