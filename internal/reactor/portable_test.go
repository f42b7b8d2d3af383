package reactor

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/pool"
)

// task records what its loop calls. The functions run on the loop.
type task struct {
	t       *testing.T
	feed    func(b []byte)
	fail    func(err error)
	advance func(now time.Time, drained bool) (time.Time, bool)

	loop Loop
	over chan struct{} // closed by Done, if there is one

	mu      sync.Mutex
	fails   int
	inCall  bool
	advices int
}

// enter checks that no two calls overlap.
func (k *task) enter() func() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.inCall {
		k.t.Error("two calls at a time")
	}
	k.inCall = true
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.inCall = false
	}
}

func (k *task) Feed(now time.Time, b []byte) {
	defer k.enter()()
	if k.feed != nil {
		k.feed(b)
	}
}

func (k *task) Fail(now time.Time, err error) {
	defer k.enter()()
	k.fails++
	if k.fail != nil {
		k.fail(err)
	}
}

func (k *task) Advance(now time.Time, drained bool) (time.Time, bool) {
	defer k.enter()()
	k.advices++
	return k.advance(now, drained)
}

func (k *task) Done() {
	if k.over != nil {
		close(k.over)
	}
}

// TestDeadlines: Advance comes when it was asked for, with and without a
// connection, and not before.
func TestDeadlines(t *testing.T) {
	for _, connected := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			k := &task{t: t}
			l := NewPortable(k)
			near, far := net.Pipe()
			defer far.Close()
			begin := time.Now()
			k.advance = func(now time.Time, drained bool) (time.Time, bool) {
				if k.advices == 1 && connected {
					l.Attach(near, nil)
				}
				if want := time.Duration(k.advices-1) * time.Hour; now.Sub(begin) != want {
					t.Errorf("call %d after %v, want %v", k.advices, now.Sub(begin), want)
				}
				if k.advices > 1 && !drained {
					t.Error("there was nothing to read, and yet it is not drained")
				}
				return now.Add(time.Hour), k.advices == 5
			}
			l.Run()
			if !connected {
				near.Close()
				return
			}
			if _, err := near.Write([]byte{1}); !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("after Run the connection is open: %v", err)
			}
		})
	}
}

// TestHeadComesFirst: what was read before Attach is fed before anything else.
func TestHeadComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []byte
		k := &task{t: t, feed: func(b []byte) { got = append(got, b...) }}
		l := NewPortable(k)
		near, far := net.Pipe()
		k.advance = func(now time.Time, _ bool) (time.Time, bool) {
			if k.advices == 1 {
				l.Attach(near, []byte("head "))
			}
			return time.Time{}, string(got) == "head and the rest"
		}
		go func() {
			far.Write([]byte("and "))
			far.Write([]byte("the rest"))
		}()
		l.Run()
		far.Close()
	})
}

// TestFailOnce: the end of a connection is told once, after the loop let go of
// it, and bytes that came with the error are fed before.
func TestFailOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log []string
		k := &task{t: t}
		l := NewPortable(k)
		k.feed = func(b []byte) { log = append(log, string(b)) }
		k.fail = func(err error) {
			log = append(log, err.Error())
			if l.conn != nil {
				t.Error("the loop holds the connection that failed")
			}
		}
		k.advance = func(now time.Time, _ bool) (time.Time, bool) {
			if k.advices == 1 {
				l.Attach(&lastWords{}, nil)
				return now.Add(time.Hour), false
			}
			return now.Add(time.Hour), time.Since(l.start) > 3*time.Hour
		}
		l.Run()
		if len(log) != 2 || log[0] != "last words" || log[1] != "EOF" || k.fails != 1 {
			t.Errorf("%q, %d fails", log, k.fails)
		}
	})
}

// lastWords brings bytes and the end in one Read.
type lastWords struct{ net.Conn }

func (*lastWords) Read(b []byte) (int, error)      { return copy(b, "last words"), io.EOF }
func (*lastWords) Close() error                    { return nil }
func (*lastWords) SetReadDeadline(time.Time) error { return nil }

// TestReplaceWithinFeed: a task may detach and attach from within its calls; what
// the old connection still says is not heard.
func TestReplaceWithinFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near1, far1 := net.Pipe()
		near2, far2 := net.Pipe()
		defer far1.Close()
		defer far2.Close()
		var got []string
		k := &task{t: t}
		l := NewPortable(k)
		k.feed = func(b []byte) {
			got = append(got, string(b))
			if len(got) == 1 {
				l.Detach()
				l.Detach()
				l.Attach(near2, []byte("head"))
			}
		}
		k.advance = func(now time.Time, _ bool) (time.Time, bool) {
			if k.advices == 1 {
				l.Attach(near1, nil)
			}
			return time.Time{}, len(got) == 3
		}
		go far1.Write([]byte("old"))
		go far2.Write([]byte("new"))
		l.Run()
		if got[0] != "old" || got[1] != "head" || got[2] != "new" || k.fails != 0 {
			t.Errorf("%q, %d fails", got, k.fails)
		}
	})
}

// TestEveryWakeIsSeen: after a Wake, Advance is called, whatever the loop was
// doing; connections come and go meanwhile.
func TestEveryWakeIsSeen(t *testing.T) {
	for _, conns := range []string{"none", "pipe", "TCP", "TLS 1.3"} {
		t.Run(conns, func(t *testing.T) {
			var mu sync.Mutex
			asked, seen := 0, 0
			answered := make(chan struct{}, 1)
			k := &task{t: t}
			l := NewPortable(k)
			k.advance = func(now time.Time, _ bool) (time.Time, bool) {
				if conns != "none" && k.advices%7 == 1 {
					l.Detach()
					l.Attach(silent(t, PortableDriver{}, conns), nil)
				}
				mu.Lock()
				defer mu.Unlock()
				if seen != asked {
					seen = asked
					answered <- struct{}{}
				}
				return time.Time{}, asked < 0
			}
			done := make(chan struct{})
			go func() { defer close(done); l.Run() }()
			rounds := 2000
			if conns == "TLS 1.3" {
				rounds = 100
			}
			for range rounds {
				mu.Lock()
				asked++
				mu.Unlock()
				l.Wake()
				<-answered // a lost wake hangs here
			}
			mu.Lock()
			asked = -1
			mu.Unlock()
			l.Wake()
			<-answered
			<-done
			l.Wake() // harmless
		})
	}
}

// TestBytes arrive whole and in order, in small and large writes, while wakes and
// deadlines interrupt the reads.
func TestBytes(t *testing.T) {
	for _, kind := range []string{"TCP", "TLS 1.3"} {
		t.Run(kind, func(t *testing.T) {
			lent := pool.Lent()
			near, far := pair(t, PortableDriver{}, kind, nil)
			var sent, got []byte
			for i := range 300 {
				sent = append(sent, bytes.Repeat([]byte{byte(i)}, i*i%40000)...)
			}
			k := &task{t: t, feed: func(b []byte) { got = append(got, b...) }}
			l := NewPortable(k)
			var failed error
			k.fail = func(err error) { failed = err }
			k.advance = func(now time.Time, _ bool) (time.Time, bool) {
				if k.advices == 1 {
					l.Attach(near, nil)
				}
				return now.Add(time.Millisecond), k.fails > 0
			}
			stop := make(chan struct{})
			var wg sync.WaitGroup
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						l.Wake()
						time.Sleep(50 * time.Microsecond)
					}
				}
			})
			wg.Go(func() {
				for rest, n := sent, 1; len(rest) > 0; n = n*2%100_003 + 1 {
					n := min(n, len(rest))
					if _, err := far.Write(rest[:n]); err != nil {
						t.Error(err)
					}
					rest = rest[n:]
				}
				far.Close()
			})
			l.Run()
			close(stop)
			wg.Wait()
			if !bytes.Equal(got, sent) || !errors.Is(failed, io.EOF) {
				t.Errorf("got %d bytes of %d, then %v", len(got), len(sent), failed)
			}
			if pool.Lent() != lent {
				t.Error("the loop keeps its buffer")
			}
		})
	}
}

// TestLastLook: a deadline that has passed already does not hide what lies in the
// socket; drained is only said after a look.
func TestLastLook(t *testing.T) {
	near, far := tcpPair(t)
	defer far.Close()
	if _, err := far.Write([]byte("proof of life")); err != nil {
		t.Fatal(err)
	}
	var got []byte
	k := &task{t: t, feed: func(b []byte) { got = append(got, b...) }}
	l := NewPortable(k)
	k.advance = func(now time.Time, drained bool) (time.Time, bool) {
		switch {
		case k.advices == 1:
			l.Attach(near, nil)
		case drained && len(got) == 0:
			t.Error("drained, before the socket was looked at")
		}
		return now.Add(-time.Hour), drained && k.advices > 1
	}
	l.Run()
	if string(got) != "proof of life" {
		t.Errorf("got %q", got)
	}
}

// TestBusyFor is how long the task has been at work on one call.
func TestBusyFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &task{t: t}
		l := NewPortable(k)
		near, far := net.Pipe()
		k.feed = func([]byte) { time.Sleep(time.Minute) }
		k.advance = func(now time.Time, _ bool) (time.Time, bool) {
			if k.advices == 1 {
				l.Attach(near, nil)
			}
			return time.Time{}, k.fails > 0
		}
		done := make(chan struct{})
		go func() { defer close(done); l.Run() }()
		time.Sleep(time.Second)
		synctest.Wait()
		if d := l.BusyFor(time.Now()); d != 0 {
			t.Errorf("at rest: %v", d)
		}
		far.Write([]byte("x"))
		time.Sleep(30 * time.Second)
		if d := l.BusyFor(time.Now()); d != 30*time.Second {
			t.Errorf("at work for 30 s: %v", d)
		}
		far.Close()
		<-done
	})
}

// TestBuffersAdapt: a large one for a busy connection, none that is large once it
// is calm.
func TestBuffersAdapt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		var sizes []int
		k := &task{t: t}
		l := NewPortable(k)
		k.feed = func(b []byte) { sizes = append(sizes, cap(b)) }
		k.advance = func(now time.Time, _ bool) (time.Time, bool) {
			if k.advices == 1 {
				l.Attach(near, nil)
			}
			return time.Time{}, k.fails > 0
		}
		go func() {
			far.Write(make([]byte, smallRead+1))
			far.Write(make([]byte, largeRead))
			for range calmReads + 1 {
				far.Write([]byte("x"))
			}
			far.Close()
		}()
		l.Run()
		if sizes[0] != smallRead || sizes[1] != largeRead || sizes[2] != largeRead || sizes[len(sizes)-1] != smallRead {
			t.Errorf("buffers %v", sizes)
		}
	})
}
