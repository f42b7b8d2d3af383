package reactor

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-go/sluice/pool"
)

// Advance comes when it was asked for, not before, and says that there is nothing
// to read.
func TestContractDeadlines(t *testing.T) {
	each(t, 1, func(t *testing.T, d Driver) {
		for _, kind := range append([]string{""}, kinds...) {
			var asked time.Time
			k := &task{t: t}
			k.advance = func(now time.Time, drained bool) (time.Time, bool) {
				if k.advices == 1 && kind != "" {
					k.loop.Attach(silent(t, d, kind), nil)
				}
				if now.Before(asked) {
					t.Errorf("%s: called %v early", kind, asked.Sub(now))
				}
				if k.advices > 2 && !drained { // the second may come before the first look
					t.Errorf("%s: there was nothing to read, and yet it is not drained", kind)
				}
				asked = now.Add(time.Duration(k.advices) * 7 * time.Millisecond)
				return asked, k.advices == 5
			}
			<-start(d, k).over
		}
	})
}

// After a Wake, Advance is called, whatever the loop was doing, and whoever else
// wakes; connections come and go meanwhile.
func TestContractWakes(t *testing.T) {
	each(t, 2, func(t *testing.T, d Driver) {
		for _, kind := range append([]string{""}, kinds...) {
			var asked [4]atomic.Int64
			var seen [len(asked)]int64
			var answers [len(asked)]chan struct{}
			var stop atomic.Bool
			k := &task{t: t}
			k.advance = func(time.Time, bool) (time.Time, bool) {
				if kind != "" && k.advices%97 == 1 {
					k.loop.Detach()
					k.loop.Attach(silent(t, d, kind), nil)
				}
				for i := range asked {
					if n := asked[i].Load(); n != seen[i] {
						seen[i] = n
						answers[i] <- struct{}{}
					}
				}
				return time.Time{}, stop.Load()
			}
			for i := range answers {
				answers[i] = make(chan struct{}, 1)
			}
			start(d, k)
			var wg sync.WaitGroup
			for i := range asked {
				wg.Go(func() {
					for range 300 {
						asked[i].Add(1)
						k.loop.Wake()
						<-answers[i] // a lost wake hangs here
					}
				})
			}
			wg.Wait()
			stop.Store(true)
			k.loop.Wake()
			<-k.over
			k.loop.Wake() // harmless
		}
	})
}

// Bytes arrive whole and in order, in writes and pieces of every size, while
// wakes and deadlines come between.
func TestContractBytes(t *testing.T) {
	each(t, 2, func(t *testing.T, d Driver) {
		for _, kind := range kinds {
			for _, most := range []int{1 << 20, 3000, 7} {
				random := rand.New(rand.NewPCG(1, uint64(most)))
				near, far := pair(t, d, kind, func(c net.Conn) net.Conn { return &choppy{c, random, most} })
				sent := make([]byte, min(2<<20, 3000*min(most, 1<<10)))
				for i := range sent {
					sent[i] = byte(random.Uint32())
				}
				var got bytes.Buffer
				var failed error
				k := &task{t: t, feed: func(b []byte) { got.Write(b) }, fail: func(err error) { failed = err }}
				k.advance = func(now time.Time, _ bool) (time.Time, bool) {
					if k.advices == 1 {
						k.loop.Attach(near, nil)
					}
					return now.Add(time.Millisecond), k.fails > 0
				}
				start(d, k)
				for rest, n := sent, 1; len(rest) > 0; n = n*2%100_003 + 1 {
					n := min(n, len(rest))
					if _, err := far.Write(rest[:n]); err != nil {
						t.Fatal(err)
					}
					k.loop.Wake()
					rest = rest[n:]
				}
				far.Close()
				<-k.over
				if !bytes.Equal(got.Bytes(), sent) || !errors.Is(failed, io.EOF) || k.fails != 1 {
					t.Errorf("%s, pieces up to %d: got %d bytes of %d, then %v", kind, most, got.Len(), len(sent), failed)
				}
			}
		}
	})
}

// stepped waits after each byte until the reader has looked at it.
type stepped struct {
	net.Conn
	step func()
}

func (c *stepped) Write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		_, err = c.Conn.Write(b[n : n+1])
		n++
		if c.step != nil {
			c.step()
		}
	}
	return n, err
}

// Records may end anywhere: every byte is read by itself.
func TestContractByteByByte(t *testing.T) {
	each(t, 1, func(t *testing.T, d Driver) {
		for _, kind := range kinds[1:] {
			beneath := &stepped{}
			near, far := pair(t, d, kind, func(c net.Conn) net.Conn { beneath.Conn = c; return beneath })
			steps, seen := make(chan struct{}, 1), make(chan struct{})
			var got []byte
			k := &task{t: t, feed: func(b []byte) { got = append(got, b...) }}
			k.advance = func(time.Time, bool) (time.Time, bool) {
				if k.advices == 1 {
					k.loop.Attach(near, nil)
				}
				select {
				case <-steps:
					seen <- struct{}{}
				default:
				}
				return time.Time{}, k.fails > 0
			}
			start(d, k)
			beneath.step = func() { steps <- struct{}{}; k.loop.Wake(); <-seen }
			want := bytes.Repeat([]byte("0123456789"), 20)
			for _, n := range []int{1, 9, 190} {
				if _, err := far.Write(want[len(want)-200+map[int]int{1: 0, 9: 1, 190: 10}[n]:][:n]); err != nil {
					t.Fatal(err)
				}
			}
			beneath.step = nil
			far.Close()
			<-k.over
			if !bytes.Equal(got, want) {
				t.Errorf("%s: got %q", kind, got)
			}
		}
	})
}

// The end of a connection is told once, after all its bytes, with its cause.
func TestContractFail(t *testing.T) {
	ends := []struct {
		name string
		kind string
		end  func(far, below net.Conn)
		want func(error) bool
	}{
		{"close", "TCP", func(far, _ net.Conn) { far.Close() }, is(io.EOF)},
		{"close_notify", "TLS 1.3", func(far, _ net.Conn) { far.Close() }, is(io.EOF)},
		{"close_notify", "TLS 1.2", func(far, _ net.Conn) { far.Close() }, is(io.EOF)},
		{"no close_notify", "TLS 1.3", func(_, below net.Conn) { below.Close() }, is(io.EOF)},
		{"half a record", "TLS 1.3", func(_, below net.Conn) {
			below.Write([]byte{23, 3, 3, 0, 100, 1, 2, 3})
			below.Close()
		}, is(io.ErrUnexpectedEOF)},
		{"half a header", "TLS 1.3", func(_, below net.Conn) { below.Write([]byte{23, 3}); below.Close() }, is(io.ErrUnexpectedEOF)},
		{"oversize record", "TLS 1.3", func(_, below net.Conn) { below.Write([]byte{23, 3, 3, 0xff, 0xff, 1, 2, 3}) }, badHeader},
		{"damaged record", "TLS 1.3", func(_, below net.Conn) {
			below.Write(append([]byte{23, 3, 3, 0, 40}, make([]byte, 40)...))
		}, other},
		{"wrong version", "TLS 1.2", func(_, below net.Conn) { below.Write([]byte{23, 9, 9, 0, 1, 1}) }, badHeader},
		{"reset", "TCP", func(far, below net.Conn) { below.(*net.TCPConn).SetLinger(0); below.Close() }, other},
		{"reset", "TLS 1.3", func(_, below net.Conn) { below.(*net.TCPConn).SetLinger(0); below.Close() }, other},
		{"close", "pipe", func(far, _ net.Conn) { far.Close() }, is(io.EOF)},
	}
	each(t, 1, func(t *testing.T, d Driver) {
		for _, e := range ends {
			var below net.Conn
			near, far := pair(t, d, e.kind, func(c net.Conn) net.Conn { below = c; return c })
			var got []byte
			fed := make(chan struct{})
			k := &task{t: t, feed: func(b []byte) {
				if got = append(got, b...); len(got) == 5 {
					close(fed)
				}
			}}
			var failed error
			k.fail = func(err error) { failed = err }
			var since int
			k.advance = func(now time.Time, _ bool) (time.Time, bool) {
				if k.advices == 1 {
					k.loop.Attach(near, nil)
				}
				if k.fails > 0 {
					since++ // some more rounds, for a second Fail to come
				}
				return now.Add(time.Millisecond), since == 5
			}
			start(d, k)
			if _, err := far.Write([]byte("bytes")); err != nil {
				t.Fatal(err)
			}
			<-fed
			e.end(far, below)
			<-k.over
			below.Close()
			if k.fails != 1 || !e.want(failed) || string(got) != "bytes" {
				t.Errorf("%s, %s: got %q, %d times %v", e.kind, e.name, got, k.fails, failed)
			}
		}
	})
}

func is(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }

// badHeader is the error of a record whose header cannot be.
func badHeader(err error) bool {
	var header tls.RecordHeaderError
	return errors.As(err, &header)
}

// other is an error that can be mistaken neither for the end of the stream nor for
// a passing one.
func other(err error) bool {
	var passing net.Error
	return err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) &&
		!(errors.As(err, &passing) && passing.Timeout()) && !badHeader(err)
}

// What was read before Attach comes first, wherever it lies: in head, decrypted in
// the tls.Conn, or as records that it read ahead; also when the socket has more
// and the task's time is long due.
func TestContractHeadFirst(t *testing.T) {
	each(t, 1, func(t *testing.T, d Driver) {
		for _, kind := range kinds {
			near, far := pair(t, d, kind, nil)
			written := make(chan struct{})
			go func() {
				defer close(written)
				for _, s := range []string{"one ", "two ", "three "} {
					far.Write([]byte(s))
				}
			}()
			head := make([]byte, 2)
			if _, err := io.ReadFull(near, head); err != nil {
				t.Fatal(err)
			}
			if kind != "pipe" { // where a write waits for its reader
				<-written
			}
			var got []byte
			k := &task{t: t, feed: func(b []byte) { got = append(got, b...) }}
			k.advance = func(now time.Time, _ bool) (time.Time, bool) {
				if k.advices == 1 {
					k.loop.Attach(near, head)
				}
				return now.Add(-time.Hour), string(got) == "one two three "
			}
			<-start(d, k).over
			far.Close()
		}
	})
}

// A task may detach and attach from within each of its methods, also a connection
// of which much was read already. The bytes of a Feed stay as they are until it
// returns, and what the old connection still says is not heard.
func TestContractReplace(t *testing.T) {
	each(t, 1, func(t *testing.T, d Driver) {
		for _, kind := range kinds {
			fars := make(chan net.Conn, 3)
			attach := func(k *task, text string) {
				near, far := pair(t, d, kind, nil)
				go func() { far.Write([]byte(text)); fars <- far }()
				head := make([]byte, 1)
				if _, err := io.ReadFull(near, head); err != nil {
					t.Error(err)
				}
				k.loop.Attach(near, head)
			}
			var log []string
			k := &task{t: t}
			k.feed = func(b []byte) {
				before := string(b)
				log = append(log, before)
				switch before {
				case "irst":
					k.loop.Detach()
					k.loop.Detach()
					attach(k, "second")
				case "econd":
					(<-fars).Close()
					(<-fars).Close() // second's own: it fails
				}
				if string(b) != before {
					t.Errorf("%s: the bytes of a Feed changed to %q", kind, b)
				}
			}
			k.fail = func(err error) {
				log = append(log, err.Error())
				attach(k, "third")
			}
			k.advance = func(time.Time, bool) (time.Time, bool) {
				if k.advices == 1 {
					attach(k, "first")
				}
				return time.Time{}, slices.Contains(log, "hird")
			}
			<-start(d, k).over
			(<-fars).Close()
			if want := []string{"f", "irst", "s", "econd", "EOF", "t", "hird"}; !slices.Equal(log, want) {
				t.Errorf("%s: %q, want %q", kind, log, want)
			}
		}
	})
}

// The bytes of a Feed are borrowed: what keeps them sees it in race builds.
func TestContractBorrowed(t *testing.T) {
	if !pool.Poisoning {
		t.Skip("nothing is overwritten without the race detector")
	}
	d, err := New(1, 0, nil)
	if _, ok := d.(PortableDriver); ok {
		t.Skip(err)
	}
	defer d.Close()
	for _, kind := range kinds[1:] {
		near, far := pair(t, d, kind, nil)
		var kept []byte
		k := &task{t: t, feed: func(b []byte) { kept = b }}
		k.advance = func(time.Time, bool) (time.Time, bool) {
			if k.advices == 1 {
				k.loop.Attach(near, nil)
			}
			return time.Time{}, kept != nil
		}
		start(d, k)
		far.Write([]byte("borrowed"))
		<-k.over
		far.Close()
		if string(kept) == "borrowed" {
			t.Errorf("%s: the bytes were not overwritten", kind)
		}
	}
}
