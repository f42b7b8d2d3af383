//go:build !portable

package reactor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"
)

// loops returns the driver of event loops, one of them.
func loops(t *testing.T) Driver { return loopsFor(t, 1) }

// loopsFor returns the driver of event loops for so many tasks.
func loopsFor(t *testing.T, tasks int) *epollDriver {
	t.Helper()
	d, err := New(tasks, 0, nil)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(d.Close)
	return d.(*epollDriver)
}

// beneath returns the socket below a connection.
func beneath(conn net.Conn) *socket {
	if c, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = c.NetConn()
	}
	return conn.(*socket)
}

// narrow has the system hold little of what a connection sends.
func narrow(near, far net.Conn) {
	_ = beneath(near).Conn.(*net.TCPConn).SetWriteBuffer(16 << 10)
	if c, ok := far.(interface{ NetConn() net.Conn }); ok {
		far = c.NetConn()
	}
	_ = far.(*net.TCPConn).SetReadBuffer(32 << 10)
}

// Writes from several goroutines to a peer that reads late all arrive, each whole,
// in order. No write waits for the peer.
func TestWritesArrive(t *testing.T) {
	d := loops(t)
	for _, kind := range kinds[1:] {
		near, far := pair(t, d, kind, nil)
		narrow(near, far)
		k, failed := held(d, t, near, nil)
		const writers, messages, size = 4, 12, 4000 // less than maxTail in all
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range messages {
					b := bytes.Repeat([]byte{byte(w)}, size)
					binary.BigEndian.PutUint32(b, uint32(i))
					if n, err := near.Write(b); n != size || err != nil {
						t.Errorf("%s: wrote %d, %v", kind, n, err)
					}
				}
			})
		}
		wg.Wait()
		var next [writers]uint32
		b := make([]byte, size)
		for range writers * messages {
			if _, err := io.ReadFull(far, b); err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			w := b[size-1]
			if binary.BigEndian.Uint32(b) != next[w] || !bytes.Equal(b[4:], bytes.Repeat([]byte{w}, size-4)) {
				t.Fatalf("%s: message %d of writer %d is damaged or out of order", kind, next[w], w)
			}
			next[w]++
		}
		until(t, "an empty tail", func() bool {
			s := beneath(near)
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.tail == nil
		})
		far.Close()
		<-k.over
		if !errors.Is(*failed, io.EOF) {
			t.Errorf("%s: the connection ended with %v", kind, *failed)
		}
	}
}

// A peer that reads nothing costs its own connection, once the tail is full, and
// no other connection of the loop anything.
func TestPeerThatStopsReading(t *testing.T) {
	d := loops(t)
	for _, kind := range kinds {
		near, far := pair(t, d, kind, nil)
		if kind != "pipe" {
			narrow(near, far)
		}
		k, failed := held(d, t, near, nil)
		otherNear, otherFar := pair(t, d, kind, nil)
		other, _ := held(d, t, otherNear, nil)
		b := make([]byte, 4096)
		var err error
		for range 1000 {
			if _, err = near.Write(b); err != nil {
				break
			}
			if _, err := otherNear.Write(b[:1]); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(otherFar, b[:1]); err != nil {
				t.Fatal(err)
			}
		}
		if !errors.Is(err, ErrPeerStalled) {
			t.Errorf("%s: a write into a full tail: %v", kind, err)
		}
		if kind == "pipe" {
			far.Close() // or it would take until stallLimit
		}
		<-k.over
		if !errors.Is(*failed, ErrPeerStalled) {
			t.Errorf("%s: the connection ended with %v", kind, *failed)
		}
		far.Close()
		otherFar.Close()
		<-other.over
	}
}

// A tail that the peer leaves for stallLimit ends the connection.
func TestStallLimit(t *testing.T) {
	d := loops(t)
	near, far := pair(t, d, "TCP", nil)
	narrow(near, far)
	k, failed := held(d, t, near, nil)
	// Far more than the system holds, or else the tail would be empty.
	for range 10 {
		if _, err := near.Write(make([]byte, 16<<10)); err != nil {
			t.Fatal(err)
		}
	}
	s := beneath(near)
	limit, err := s.patience(time.Now())
	if err != nil || time.Until(limit) > stallLimit || limit.IsZero() {
		t.Fatalf("patience until %v, %v", limit, err)
	}
	s.mu.Lock()
	s.stalled = s.stalled.Add(-stallLimit)
	s.mu.Unlock()
	k.loop.Wake()
	<-k.over
	if !errors.Is(*failed, ErrPeerStalled) {
		t.Errorf("the connection ended with %v", *failed)
	}
	far.Close()
}

// Before it gives up, the loop looks whether the peer has read meanwhile: it may
// have been held up itself.
func TestStallLimitLooksFirst(t *testing.T) {
	d := loops(t)
	near, far := pair(t, d, "TCP", nil)
	narrow(near, far)
	in, out := make(chan struct{}), make(chan struct{})
	k := &task{t: t}
	k.advance = func(time.Time, bool) (time.Time, bool) {
		switch k.advices {
		case 1:
			k.loop.Attach(near, nil)
			for range 10 {
				if _, err := near.Write(make([]byte, 16<<10)); err != nil {
					t.Error(err)
				}
			}
			s := beneath(near)
			s.mu.Lock()
			s.stalled = s.stalled.Add(-stallLimit)
			s.mu.Unlock()
			close(in)
			<-out
		}
		return time.Time{}, k.fails > 0
	}
	var failed error
	k.fail = func(err error) { failed = err }
	start(d, k)
	<-in
	// The peer takes all that is not the tail.
	const written = 160 << 10
	s := beneath(near)
	s.mu.Lock()
	tail := len(s.tail)
	s.mu.Unlock()
	if _, err := io.ReadFull(far, make([]byte, written-tail)); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.CopyN(io.Discard, far, int64(tail)); far.Close() }()
	close(out)
	<-k.over
	if !errors.Is(failed, io.EOF) {
		t.Errorf("the connection ended with %v", failed)
	}
}

// A foreign connection's last bytes are still sent when it is closed, whatever
// deadline is set.
func TestForeignCloseSendsTheRest(t *testing.T) {
	d := loops(t)
	near, far := net.Pipe()
	near = d.Wrap(near)
	k := &task{t: t}
	k.advance = func(time.Time, bool) (time.Time, bool) {
		k.loop.Attach(near, nil)
		if _, err := near.Write([]byte("good")); err != nil {
			t.Error(err)
		}
		if _, err := near.Write([]byte("bye")); err != nil {
			t.Error(err)
		}
		_ = near.SetWriteDeadline(longAgo) // as a tls.Conn does when it closes
		return time.Time{}, true
	}
	<-start(d, k).over
	if got, err := io.ReadAll(far); string(got) != "goodbye" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// Where a foreign connection's Write panics, or ends its goroutine, that is what is seen
// of it: no lock is in the way of what follows, and the connection ends.
func TestForeignWritePanics(t *testing.T) {
	for name, end := range map[string]func(){"panic": func() { panic("gone wrong") }, "Goexit": runtime.Goexit} {
		near, far := net.Pipe()
		over := make(chan any)
		f := &foreign{Conn: writes{near, end}, guard: func(do func()) {
			defer func() { over <- recover() }()
			do()
		}}
		f.adopt()
		if _, err := f.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if got := <-over; name == "panic" && got != "gone wrong" {
			t.Errorf("%s: recovered %v", name, got)
		}
		if _, err := f.Write([]byte("x")); !errors.Is(err, errNoReturn) {
			t.Errorf("%s: then a write gives %v", name, err)
		}
		if _, err := far.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("%s: the connection stands: %v", name, err)
		}
	}
}

// writes is a connection whose Write does something else.
type writes struct {
	net.Conn
	do func()
}

func (c writes) Write(b []byte) (int, error) {
	c.do()
	return len(b), nil
}
