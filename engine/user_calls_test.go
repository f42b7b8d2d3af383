package engine

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/transport"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// TestDialHangs: a Config.Dial that heeds no context costs its shard one attempt, and
// does not keep Run. What it brings in the end is closed.
func TestDialHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		near, far := net.Pipe()
		var dial func(ctx context.Context, network, address string) (net.Conn, error)
		var calls atomic.Int32
		r := prepare(t, func(c *Config) {
			dial = c.Dial
			c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				if calls.Add(1) > 1 {
					return dial(ctx, network, address)
				}
				<-release
				return near, nil
			}
		})
		r.run()
		begin := time.Now()
		p := r.net.accept(t)
		if d := time.Since(begin); d < transport.ConnectTimeout || d > transport.ConnectTimeout+10*time.Second {
			t.Errorf("the second attempt came after %v", d)
		}
		p.begin()
		waitState(t, r.shard(0), lifecycle.Ready)
		r.end(p)
		close(release)
		if _, err := far.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the late connection is open: %v", err)
		}
	})
}

// hangingQueue heeds no context.
type hangingQueue struct{ release chan struct{} }

func (q hangingQueue) Acquire(context.Context, int) (identify.Permit, error) {
	<-q.release
	return nil, errors.New("too late")
}

// TestQueueHangs: Run ends without an identify queue that does not return, and says so.
func TestQueueHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := hangingQueue{make(chan struct{})}
		r := start(t, func(c *Config) { c.IdentifyQueue, c.ShutdownTimeout = queue, 3*time.Second })
		p := r.net.accept(t)
		p.send(testHello)
		waitState(t, r.shard(0), lifecycle.Queued)
		go p.goodbye()
		begin := time.Now()
		r.stop()
		err := <-r.result
		if d := time.Since(begin); d > 5*time.Second || !errors.Is(err, ErrShutdownTimeout) ||
			!strings.Contains(err.Error(), "1 calls of Config.IdentifyQueue's Acquire") || strings.Contains(err.Error(), "shards []") {
			t.Errorf("%v after %v", err, d)
		}
		close(queue.release)
		p.drop()
		close(p.out)
	})
}
