package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/reactor"
	"github.com/sluice-go/sluice/pool"
)

var messages = gateway.Events(gateway.EventMessageCreate)

// gate is a callback that takes an event only when it is let.
type gate struct {
	open chan struct{}
	got  []int64
}

func newGate() *gate { return &gate{open: make(chan struct{})} }

func (g *gate) take(ev *Event) {
	<-g.open
	g.got = append(g.got, ev.Seq)
}

// span is the numbers from first to last.
func span(first, last int64) (seqs []int64) {
	for seq := first; seq <= last; seq++ {
		seqs = append(seqs, seq)
	}
	return seqs
}

// TestAsyncOrder: each asynchronous callback has a shard's events in order; no
// other waits for it, nor does the shard.
func TestAsyncOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		lent := pool.Lent()
		slow, slower := newGate(), newGate()
		var at []int64
		r.On(messages, Async(slow.take, AsyncOptions{}))
		remove := r.On(messages, Async(slower.take, AsyncOptions{}))
		r.On(messages, func(ev *Event) { at = append(at, ev.Seq) })
		r.run()
		p := r.net.accept(t)
		p.begin()
		for seq := int64(2); seq <= 101; seq++ {
			p.event(seq)
			synctest.Wait() // so that the first is taken before the second comes
		}
		want := span(2, 101)
		if !slices.Equal(at, want) {
			t.Errorf("the synchronous callback had %v", at)
		}
		close(slow.open)
		time.Sleep(time.Second)
		synctest.Wait()
		if !slices.Equal(slow.got, want) || slower.got != nil {
			t.Errorf("got %v, and %v", slow.got, slower.got)
		}
		if st := r.Stats(); st.Queued != 99 || st.QueuedHighest != 99 || st.Dropped != 0 || st.Lag != time.Second {
			t.Errorf("%d queued, %d at most, %d dropped, lag %v", st.Queued, st.QueuedHighest, st.Dropped, st.Lag)
		}
		remove()
		p.event(102)
		close(slower.open)
		synctest.Wait()
		if !slices.Equal(slower.got, want) {
			t.Errorf("after it was removed the callback had %v", slower.got)
		}
		if st := r.Stats(); st.Queued != 0 || st.Lag != 0 || st.QueuedHighest != 99 {
			t.Errorf("%d queued, %d at most, lag %v", st.Queued, st.QueuedHighest, st.Lag)
		}
		r.end(p)
		if n := pool.Lent() - lent; n != 0 {
			t.Errorf("%d buffers were not given back", n)
		}
	})
}

// TestAsyncPolicies: what becomes of events when the queue is full.
func TestAsyncPolicies(t *testing.T) {
	for _, c := range []struct {
		policy  AsyncPolicy
		want    []int64
		dropped uint64
	}{
		{DropNewest, []int64{2, 3, 4, 5}, 7},
		{DropOldest, []int64{2, 10, 11, 12}, 7},
		{Block, span(2, 12), 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := prepare(t)
			lent := pool.Lent()
			g := newGate()
			r.On(messages, Async(g.take, AsyncOptions{Queue: 3, Policy: c.policy}))
			r.run()
			p := r.net.accept(t)
			p.begin()
			for seq := int64(2); seq <= 12; seq++ {
				p.event(seq)
				synctest.Wait() // so that the first is taken before the second comes
			}
			if st := r.Stats(); st.Queued != 3 || st.QueuedHighest != 3 || st.Dropped != c.dropped {
				t.Errorf("policy %d: %d queued, %d at most, %d dropped", c.policy, st.Queued, st.QueuedHighest, st.Dropped)
			}
			if waiting := len(p.out) > 0; waiting != (c.policy == Block) {
				t.Errorf("policy %d: the gateway has to wait: %v", c.policy, waiting)
			}
			close(g.open)
			synctest.Wait()
			if !slices.Equal(g.got, c.want) {
				t.Errorf("policy %d: got %v, want %v", c.policy, g.got, c.want)
			}
			r.end(p)
			if n := pool.Lent() - lent; n != 0 {
				t.Errorf("policy %d: %d buffers were not given back", c.policy, n)
			}
		})
	}
}

// TestAsyncHold: while reading is held for a full queue, heartbeats go on, though
// their ACKs cannot be read; the connection is no zombie, and nothing is lost.
func TestAsyncHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		g := newGate()
		r.On(messages, Async(g.take, AsyncOptions{Queue: 2}))
		r.run()
		p := r.net.accept(t)
		p.begin()
		for seq := int64(2); seq <= 20; seq++ {
			p.event(seq)
		}
		time.Sleep(500 * time.Second)
		beats := p.heartbeats()
		if len(beats) < 12 {
			t.Errorf("%d heartbeats in 500 s", len(beats))
		}
		for i := 1; i < len(beats); i++ {
			if d := beats[i].Sub(beats[i-1]); d > 42*time.Second {
				t.Errorf("%v without a heartbeat", d)
			}
		}
		if st := r.Stats(); st.Reconnects != 0 || st.Lag < 499*time.Second || st.Queued != 2 {
			t.Errorf("%d reconnects, lag %v, %d queued", st.Reconnects, st.Lag, st.Queued)
		}
		close(g.open)
		time.Sleep(500 * time.Second)
		synctest.Wait()
		if st := r.Stats(); !slices.Equal(g.got, span(2, 20)) || st.Reconnects != 0 {
			t.Errorf("got %v, %d reconnects", g.got, st.Reconnects)
		}
		r.end(p)
	})
}

// TestAsyncHoldResume: a replay that is held up for longer than RESUMED may take is
// not given up, and a shard whose queue is full does not dial.
func TestAsyncHoldResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		g := newGate()
		r.On(messages, Async(g.take, AsyncOptions{Queue: 2}))
		r.run()
		p := r.net.accept(t)
		p.begin()
		for seq := int64(2); seq <= 4; seq++ {
			p.event(seq)
		}
		synctest.Wait()
		// Its end is not told while it is held, but a heartbeat finds it.
		p.drop()
		waitState(t, r.shard(0), lifecycle.Connecting)
		time.Sleep(time.Minute)
		if n := len(r.net.conns); n != 0 || r.shard(0).State() != lifecycle.Connecting {
			t.Fatalf("%d connections were made while the queue was full, %v", n, r.shard(0).State())
		}
		g.open <- struct{}{}
		g.open <- struct{}{}
		q := r.net.accept(t)
		q.resume()
		for seq := int64(5); seq <= 10; seq++ {
			q.event(seq)
		}
		q.send(`{"t":"RESUMED","s":10,"op":0,"d":{}}`)
		time.Sleep(10 * time.Minute)
		if st := r.shard(0).State(); st != lifecycle.Resuming {
			t.Fatalf("%v", st)
		}
		close(g.open)
		waitState(t, r.shard(0), lifecycle.Ready)
		if st := r.Stats(); !slices.Equal(g.got, span(2, 10)) || st.Reconnects != 1 {
			t.Errorf("got %v, %d reconnects", g.got, st.Reconnects)
		}
		r.end(q)
		close(p.out)
	})
}

// TestAsyncHeldCloses: a shard that is held still shuts down in order.
func TestAsyncHeldCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		g := newGate()
		r.On(messages, Async(g.take, AsyncOptions{Queue: 1}))
		r.run()
		p := r.net.accept(t)
		p.begin()
		for seq := int64(2); seq <= 10; seq++ {
			p.event(seq)
		}
		time.Sleep(time.Minute)
		r.stop()
		p.goodbye()
		synctest.Wait()
		select {
		case err := <-r.result:
			t.Fatalf("Run returned %v before the queue was empty", err)
		default:
		}
		close(g.open)
		if err := <-r.result; err != nil {
			t.Error(err)
		}
		if len(g.got) != 2 { // one taken, one waiting
			t.Errorf("got %v", g.got)
		}
		p.drop()
		close(p.out)
	})
}

// TestAsyncShutdown: what is queued is delivered before the last save; what takes
// too long is discarded, not in silence, and comes again in the next process.
func TestAsyncShutdown(t *testing.T) {
	for _, stuck := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			store := &memory{}
			r := prepare(t, withStore(store), func(c *Config) { c.ShutdownTimeout = 3 * time.Second })
			lent := pool.Lent()
			g := newGate()
			r.On(messages, Async(g.take, AsyncOptions{}))
			r.run()
			p := r.net.accept(t)
			p.begin()
			for seq := int64(2); seq <= 9; seq++ {
				p.event(seq)
			}
			g.open <- struct{}{} // 2 is taken, 3 waits in the callback
			time.Sleep(10 * time.Second)
			if _, s := store.count(t); len(s.Sessions) != 1 || s.Sessions[0].Seq != 2 {
				t.Errorf("saved %+v while all but one event wait", s.Sessions)
			}
			r.stop()
			p.goodbye()
			want := int64(9)
			if stuck {
				want = 2
			} else {
				time.Sleep(time.Second)
				close(g.open)
			}
			err := <-r.result
			if errors.Is(err, ErrShutdownTimeout) != stuck || stuck && !strings.Contains(err.Error(), "asynchronous ones of shards [0]") {
				t.Errorf("Run returned %v", err)
			}
			if _, s := store.count(t); len(s.Sessions) != 1 || s.Sessions[0].Seq != want {
				t.Errorf("saved %+v, want sequence %d", s.Sessions, want)
			}
			if stuck {
				if n := r.Stats().Dropped; n != 6 {
					t.Errorf("%d events count as dropped", n)
				}
				close(g.open)
				synctest.Wait()
			}
			if !slices.Equal(g.got, span(2, map[bool]int64{false: 9, true: 3}[stuck])) {
				t.Errorf("got %v", g.got)
			}
			if n := pool.Lent() - lent; n != 0 {
				t.Errorf("%d buffers were not given back", n)
			}
			p.drop()
			close(p.out)
		})
	}
}

// TestAsyncClose: Shard.Close returns when the queue is empty.
func TestAsyncClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		g := newGate()
		r.On(messages, Async(g.take, AsyncOptions{}))
		r.run()
		p := r.net.accept(t)
		p.begin()
		p.event(2)
		p.event(3)
		synctest.Wait()
		s := r.shard(0)
		closed := make(chan error)
		go func() {
			_, err := s.Close(context.Background(), 0, "")
			closed <- err
		}()
		p.goodbye()
		time.Sleep(time.Second)
		if st := r.Stats(); st.Queued != 0 || st.Lag != 0 || st.QueuedHighest == 0 {
			t.Errorf("of a shard that was closed: %d queued, %d at most, lag %v", st.Queued, st.QueuedHighest, st.Lag)
		}
		select {
		case err := <-closed:
			t.Fatalf("Close returned %v before the queue was empty", err)
		default:
		}
		close(g.open)
		if err := <-closed; err != nil || len(g.got) != 2 {
			t.Errorf("Close returned %v, got %v", err, g.got)
		}
		r.end()
		p.drop()
		close(p.out)
	})
}

// TestAsyncOnPanic: the next event is delivered.
func TestAsyncOnPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var panics []string
		r := prepare(t, func(c *Config) {
			c.OnPanic = func(ev *Event, value any) { panics = append(panics, fmt.Sprint(ev.Shard, ev.Seq, value)) }
		})
		r.On(messages, Async(func(ev *Event) { panic("boom") }, AsyncOptions{}))
		r.run()
		p := r.net.accept(t)
		p.begin()
		p.event(2)
		p.event(3)
		synctest.Wait()
		if fmt.Sprint(panics) != "[0/1 2boom 0/1 3boom]" {
			t.Errorf("panics %v", panics)
		}
		r.end(p)
	})
}

// TestAsyncPanicDrains runs a program whose asynchronous callback panics: every
// connection is closed, the event counts as delivered and those behind it do not,
// and the panic ends the program.
func TestAsyncPanicDrains(t *testing.T) {
	if os.Getenv("SLUICE_TEST_PANIC") != "" {
		r := prepare(t, withStore(session.NewFile(os.Getenv("SLUICE_TEST_PANIC"))), func(c *Config) {
			dial := c.Dial
			c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := dial(ctx, network, address)
				return tellingConn{conn}, err
			}
		})
		several := make(chan struct{})
		r.On(messages, Async(func(ev *Event) {
			<-several
			panic("callback gone wrong")
		}, AsyncOptions{}))
		r.On(messages, func(ev *Event) {
			if ev.Seq == 5 {
				close(several)
			}
		})
		r.run()
		p := r.net.accept(t)
		p.begin()
		for seq := int64(2); seq <= 5; seq++ {
			p.event(seq)
		}
		p.goodbye()
		select {}
	}
	file := t.TempDir() + "/sessions"
	cmd := exec.Command(os.Args[0], "-test.run=^TestAsyncPanicDrains$")
	cmd.Env = append(os.Environ(), "SLUICE_TEST_PANIC="+file)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("the program ended with %v\n%s", err, out)
	}
	for _, want := range []string{"wrote close 4000", "panic: callback gone wrong", "TestAsyncPanicDrains.func"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("output without %q:\n%s", want, out)
		}
	}
	saved, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := session.Parse(saved)
	if err != nil || len(snapshot.Sessions) != 1 || snapshot.Sessions[0].Seq != 2 {
		t.Errorf("saved %q, %v", saved, err)
	}
}

// TestAsyncGoexit: a callback that ends its goroutine ends the engine, as on a
// loop, and leaves nothing that would be waited for.
func TestAsyncGoexit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		lent := pool.Lent()
		var got []int64
		r.On(messages, Async(func(ev *Event) {
			got = append(got, ev.Seq)
			time.Sleep(time.Second)
			runtime.Goexit()
		}, AsyncOptions{}))
		r.run()
		p := r.net.accept(t)
		p.begin()
		for seq := int64(2); seq <= 5; seq++ {
			p.event(seq)
		}
		p.goodbye()
		r.stop()
		if err := <-r.result; err != nil {
			t.Error(err)
		}
		if st := r.Stats(); len(got) != 1 || st.Queued != 0 || st.Dropped != 3 {
			t.Errorf("got %v, %d queued, %d dropped", got, st.Queued, st.Dropped)
		}
		if n := pool.Lent() - lent; n != 0 {
			t.Errorf("%d buffers were not given back", n)
		}
		p.drop()
		close(p.out)
	})
}

// TestAsyncCosts: a burst allocates nothing, and where nothing waits there is
// neither a goroutine nor a queue.
func TestAsyncCosts(t *testing.T) {
	r := prepare(t)
	s := &Shard{engine: r.Engine}
	s.loop = reactor.NewPortable((*task)(s))
	taken := make(chan struct{})
	callback := Async(func(ev *Event) { taken <- struct{}{} }, AsyncOptions{})
	ev := NewEvent("MESSAGE_CREATE", []byte(`{"id":"1","content":"hello"}`))
	ev.Shard, ev.Seq = s, 2
	burst := func() {
		for range 10 {
			callback(ev)
		}
		for range 10 {
			<-taken
		}
		<-s.backlog.drained()
	}
	goroutines := runtime.NumGoroutine()
	allocs := testing.AllocsPerRun(1000, burst)
	if !pool.Poisoning && allocs > 1 { // drained makes a channel
		t.Errorf("%v allocations for ten events", allocs)
	}
	for runtime.NumGoroutine() > goroutines {
		runtime.Gosched() // one that leaks hangs the test
	}
	if b := s.backlog.p.Load(); len(b.queues) != 0 {
		t.Errorf("%d queues", len(b.queues))
	}
}

// TestAsyncMisuse is told to whoever writes it; an event without a shard is
// delivered at once.
func TestAsyncMisuse(t *testing.T) {
	for name, f := range map[string]func(){
		"needs a callback": func() { Async(nil, AsyncOptions{}) },
		"Queue":            func() { Async(func(*Event) {}, AsyncOptions{Queue: -1}) },
		"Policy":           func() { Async(func(*Event) {}, AsyncOptions{Policy: 3}) },
	} {
		func() {
			defer func() {
				if value := fmt.Sprint(recover()); !strings.Contains(value, name) {
					t.Errorf("%s: panic %s", name, value)
				}
			}()
			f()
		}()
	}
	called := false
	Async(func(*Event) { called = true }, AsyncOptions{})(NewEvent("MESSAGE_CREATE", nil))
	if !called {
		t.Error("an event without a shard was not delivered")
	}
}
