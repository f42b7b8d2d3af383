package engine

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// TestPermitIsReleased whatever becomes of the attempt: another shard gets it.
func TestPermitIsReleased(t *testing.T) {
	fates := map[string]func(p *peer){
		"drop":            func(p *peer) { p.drop() },
		"close":           func(p *peer) { p.raw(wiretest.Close(4000, "")) },
		"invalid session": func(p *peer) { p.send(`{"op":9,"d":false}`) },
		"ready":           func(p *peer) { p.send(testReady) },
		"corrupt":         func(p *peer) { p.send(`{`) },
		"silence":         func(p *peer) {},
	}
	for name, fate := range fates {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				queue := identify.NewLocal(1)
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
				if d := time.Since(begin); name != "silence" && d > identify.Period || d > 60*time.Second {
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

// queueFunc is an identify.Queue.
type queueFunc func(ctx context.Context, shard int) (identify.Permit, error)

func (f queueFunc) Acquire(ctx context.Context, shard int) (identify.Permit, error) {
	return f(ctx, shard)
}

// TestQueueThatErrs ends the connection, which is tried again with backoff.
func TestQueueThatErrs(t *testing.T) {
	for _, failure := range []error{errors.New("redis is gone"), nil} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			local := identify.NewLocal(1)
			r := start(t, func(c *Config) {
				c.IdentifyQueue = queueFunc(func(ctx context.Context, shard int) (identify.Permit, error) {
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
			waitState(t, r.shard(0), lifecycle.Ready)
			r.end(p)
		})
	}
}

// TestQueueThatIgnoresItsContext holds up the end of Run no longer than the
// shutdown timeout, and what it grants late is given back.
func TestQueueThatIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := make(chan struct{})
		local := identify.NewLocal(1)
		r := start(t, func(c *Config) {
			c.ShutdownTimeout = 5 * time.Second
			c.IdentifyQueue = queueFunc(func(_ context.Context, shard int) (identify.Permit, error) {
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
		local := identify.NewLocal(1)
		asked := 0
		r := start(t, func(c *Config) {
			c.IdentifyQueue = queueFunc(func(ctx context.Context, shard int) (identify.Permit, error) {
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
		waitState(t, r.shard(0), lifecycle.Ready)
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
