package engine

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/reactor"
	"github.com/sluice-go/sluice/pool"
)

// TestEventsOrder: a loop has all events of its set in their order, from when it begins, borrowed for a turn; it
// ends when Run has.
func TestEventsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		lent := pool.Lent()
		var mu sync.Mutex
		var got, shards []int64
		ended := 0
		each := func(take func(ev *Event)) func() {
			return func() {
				for ev := range r.Events(context.Background(), messages) {
					mu.Lock()
					take(ev)
					mu.Unlock()
				}
				mu.Lock()
				ended++
				mu.Unlock()
			}
		}
		go each(func(ev *Event) {
			if string(ev.Data) != fmt.Sprintf(`{"id":"%d"}`, ev.Seq) || ev.Type != gateway.EventMessageCreate || ev.Shard.ID() != 0 {
				t.Errorf("%+v", ev)
			}
			got = append(got, ev.Seq)
		})()
		go each(func(ev *Event) { shards = append(shards, ev.Seq) })()
		synctest.Wait()
		r.run()
		p := r.net.accept(t)
		p.begin()
		for seq := int64(2); seq <= 1001; seq++ {
			p.event(seq)
		}
		synctest.Wait()
		mu.Lock()
		if want := span(2, 1001); !slices.Equal(got, want) || !slices.Equal(shards, want) || ended != 0 {
			t.Errorf("got %d and %d events, %d loops ended", len(got), len(shards), ended)
		}
		mu.Unlock()
		r.end(p)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if ended != 2 {
			t.Errorf("%d loops ended with Run", ended)
		}
		if n := pool.Lent() - lent; n != 0 {
			t.Errorf("%d buffers were not given back", n)
		}
	})
}

// TestEventsHold: a loop that is slow holds its shard; what ends it leaves nothing behind, and the shard goes on.
func TestEventsHold(t *testing.T) {
	for name, end := range map[string]func(){
		"break":  nil,
		"panic":  func() { panic("the body's") },
		"goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := prepare(t)
				lent := pool.Lent()
				all := 0
				r.On(messages, func(*Event) { all++ })
				r.run()
				p := r.net.accept(t)
				p.begin()
				synctest.Wait()
				turns := make(chan bool)
				var recovered any
				go func() {
					defer func() { recovered = recover() }()
					for range r.Events(t.Context(), messages, AsyncOptions{Queue: 3}) {
						if <-turns {
							continue
						}
						if end != nil {
							end()
						}
						break
					}
				}()
				synctest.Wait()
				for seq := int64(2); seq <= 12; seq++ {
					p.event(seq)
					synctest.Wait()
				}
				if st := r.Stats(); st.Queued != 3 || len(p.out) == 0 {
					t.Errorf("%d queued, %d wait with the gateway", st.Queued, len(p.out))
				}
				turns <- true
				turns <- false
				synctest.Wait()
				if recovered != nil != (name == "panic") {
					t.Errorf("recovered %v", recovered)
				}
				if st := r.Stats(); st.Queued != 0 || st.Dropped == 0 || all != 11 || len(r.handlers.current.Load().all) != 1 {
					t.Errorf("%d queued, %d given up, %d events in all", st.Queued, st.Dropped, all)
				}
				if s := r.shard(0); s.Settled().Seq != 12 {
					t.Errorf("what was given up is brought again: the session is saved as of %d", s.Settled().Seq)
				}
				r.end(p)
				if n := pool.Lent() - lent; n != 0 {
					t.Errorf("%d buffers were not given back", n)
				}
			})
		})
	}
}

// TestEventsContext: a loop whose context ends takes what is queued, and no more; where Run's has ended, it takes
// what comes until the shards have closed.
func TestEventsContext(t *testing.T) {
	for _, both := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := prepare(t)
			lent := pool.Lent()
			ctx, cancel := context.WithCancel(t.Context())
			g, over := newGate(), false
			loop := func() {
				for ev := range r.Events(ctx, messages) {
					g.take(ev)
				}
				over = true
			}
			go loop()
			synctest.Wait()
			if both {
				go func() { r.result <- r.Run(ctx) }()
			} else {
				r.run()
			}
			p := r.net.accept(t)
			p.begin()
			for seq := int64(2); seq <= 5; seq++ {
				p.event(seq)
			}
			synctest.Wait()
			cancel()
			want := span(2, 5)
			if both {
				p.expect("close 4000")
			} else {
				p.event(6) // the loop is in its body, and does not know yet
				want = span(2, 6)
				synctest.Wait()
			}
			close(g.open)
			synctest.Wait()
			if both {
				p.raw(wiretest.Close(4000, ""))
				if err := <-r.result; err != nil {
					t.Error(err)
				}
				synctest.Wait()
				p.drop()
				close(p.out)
			} else {
				p.event(7)
				synctest.Wait()
				r.end(p)
			}
			if !slices.Equal(g.got, want) || !over {
				t.Errorf("one context for both: %v: got %v, want %v; over: %v", both, g.got, want, over)
			}
			loop() // it ends at once
			if n := pool.Lent() - lent; n != 0 {
				t.Errorf("%d buffers were not given back", n)
			}
		})
	}
}

// TestEventsShared: loops over one value share its events, each shard's in order; another value has all.
func TestEventsShared(t *testing.T) {
	const shards, each = 4, 500
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, func(c *Config) { c.Shards = Shards{Total: shards}; c.IdentifyQueue = identify.Unlimited{} })
		lent := pool.Lent()
		var mu sync.Mutex
		seen, turns := map[int][]int64{}, map[int]int{}
		events := r.Events(context.Background(), messages)
		for n := range 3 {
			go func() {
				for ev := range events {
					mu.Lock()
					seen[ev.Shard.ID()] = append(seen[ev.Shard.ID()], ev.Seq)
					turns[n]++
					mu.Unlock()
				}
			}()
		}
		alone := 0
		synctest.Wait()
		r.run()
		var peers []*peer
		for range shards {
			p := r.net.accept(t)
			p.begin()
			peers = append(peers, p)
		}
		synctest.Wait()
		one := r.shard(1)
		go func() {
			for ev := range one.Events(context.Background(), messages) {
				if ev.Shard.ID() != 1 {
					t.Errorf("an event of shard %v", ev.Shard)
				}
				alone++
			}
		}()
		synctest.Wait()
		for seq := int64(2); seq < 2+each; seq++ {
			for _, p := range peers {
				p.event(seq)
			}
		}
		synctest.Wait()
		mu.Lock()
		for id := range shards {
			if !slices.Equal(seen[id], span(2, 1+each)) {
				t.Errorf("shard %d: %d events, in order: %v", id, len(seen[id]), slices.IsSorted(seen[id]))
			}
		}
		mu.Unlock()
		if alone != each {
			t.Errorf("the loop over one shard had %d events", alone)
		}
		r.end(peers...)
		synctest.Wait()
		if n := pool.Lent() - lent; n != 0 {
			t.Errorf("%d buffers were not given back", n)
		}
	})
}

// TestEventsWait: the body of a loop is told what it must not wait for.
func TestEventsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		var errs []error
		go func() {
			for range r.Events(context.Background(), messages) {
				errs = append(errs, r.Shutdown(context.Background()))
				break
			}
		}()
		synctest.Wait()
		r.run()
		p := r.net.accept(t)
		p.begin()
		p.event(2)
		p.goodbye()
		if err := <-r.result; err != nil {
			t.Error(err)
		}
		p.drop()
		close(p.out)
		synctest.Wait()
		if len(errs) != 1 || errs[0] != ErrInCallback {
			t.Errorf("Shutdown: %v", errs)
		}
	})
}

func TestEventsOptions(t *testing.T) {
	r := prepare(t)
	for _, options := range [][]AsyncOptions{{{Queue: -1}}, {{Policy: 9}}, {{}, {}}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v were taken", options)
				}
			}()
			r.Events(t.Context(), messages, options...)
		}()
	}
}

// BenchmarkEvents is what a loop costs beside a callback, on the way of the data without a socket and without
// compression. An operation is an event.
func BenchmarkEvents(b *testing.B) {
	for _, how := range []string{"callback", "loop"} {
		b.Run(how, func(b *testing.B) {
			const events = 5000
			e := wiretest.NewEncoder(b, NoCompression.String())
			opening := frame.AppendServerFrame(nil, frame.OpText, e.Message(testHello))
			ready := frame.AppendServerFrame(nil, frame.OpText, e.Message(testReady))
			wire, _ := wireTraffic(e, events)
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; n += events {
				b.StopTimer()
				r := newStand(b, nil, func(config *Config) { config.Compression = NoCompression })
				woken := make(chan struct{}, 1)
				r.loop, r.engine.asked = wokenLoop{woken: woken}, context.Background()
				r.dial()
				r.frames(slices.Clone(opening))
				r.permit()
				r.frames(slices.Clone(ready))
				bytes := 0
				ctx, cancel := context.WithCancel(context.Background())
				var over sync.WaitGroup
				if how == "callback" {
					r.on(gateway.AllDispatches(), func(ev *Event) { bytes += len(ev.Data) })
				} else {
					over.Go(func() {
						for ev := range r.engine.Events(ctx, gateway.AllDispatches()) {
							bytes += len(ev.Data)
						}
					})
					for r.engine.handlers.wanting(gateway.EventMessageCreate) == nil {
						runtime.Gosched()
					}
				}
				b.StartTimer()
				for rest := wire; len(rest) > 0; {
					n := min(64<<10, len(rest))
					r.core.Feed(r.now, rest[:n])
					rest = rest[n:]
					r.backlog.tell()
					for r.backlog.full() {
						<-woken // the driver reads no more until then
					}
				}
				cancel()
				over.Wait()
				if bytes == 0 {
					b.Fatal("nothing was delivered")
				}
			}
		})
	}
}

// wokenLoop is the loop of a stand that only tells when it is woken.
type wokenLoop struct {
	reactor.Loop
	woken chan<- struct{}
}

func (l wokenLoop) Wake() {
	select {
	case l.woken <- struct{}{}:
	default:
	}
}
