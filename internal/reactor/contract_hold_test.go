package reactor

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// While reading is held nothing is fed, however much the peer sends, and the peer
// is slowed down; timers and wakes of the task go on, and the loop's other tasks
// notice nothing. Afterwards everything arrives, in order.
func TestContractHold(t *testing.T) {
	each(t, 1, func(t *testing.T, d Driver) {
		for _, kind := range kinds {
			near, far := pair(t, d, kind, nil)
			sent := make([]byte, 16<<20) // more than the system holds of a connection
			for i := range sent {
				sent[i] = byte(i >> 8)
			}
			var written, release atomic.Bool
			go func() {
				if _, err := far.Write(sent); err != nil {
					t.Errorf("%s: %v", kind, err)
				}
				written.Store(true)
				far.Close()
			}()
			var got bytes.Buffer
			held := false
			var beats atomic.Int64
			var failed error
			k := &task{t: t, fail: func(err error) { failed = err }}
			k.feed = func(b []byte) {
				if held {
					t.Errorf("%s: fed while held", kind)
				}
				if got.Write(b); got.Len() == len(b) { // the first
					held = true
					k.loop.Hold(true)
					k.loop.Hold(true)
				}
			}
			k.advance = func(now time.Time, drained bool) (time.Time, bool) {
				if k.advices == 1 {
					k.loop.Attach(near, nil)
				}
				if held && drained {
					t.Errorf("%s: drained while held", kind)
				}
				if beats.Add(1); held && release.Load() {
					if written.Load() {
						t.Errorf("%s: the peer was not slowed down", kind)
					}
					held = false
					k.loop.Hold(false)
				}
				return now.Add(time.Millisecond), failed != nil
			}
			start(d, k)
			echoes(t, d, kind, func() bool { return beats.Load() > 20 })
			release.Store(true)
			<-k.over
			if !bytes.Equal(got.Bytes(), sent) || !errors.Is(failed, io.EOF) {
				t.Errorf("%s: got %d bytes of %d, then %v", kind, got.Len(), len(sent), failed)
			}
			if c := k.loop.Counts(); c.Wakes.Load() == 0 || c.Reads.Load() < 2 {
				t.Errorf("%s: counted %d wakes, %d reads", kind, c.Wakes.Load(), c.Reads.Load())
			}
		}
	})
}

// echoes has another task of the driver answer until it is enough.
func echoes(t *testing.T, d Driver, kind string, enough func() bool) {
	near, far := pair(t, d, kind, nil)
	k := &task{t: t, feed: func(b []byte) { near.Write(b) }}
	k.advance = func(now time.Time, _ bool) (time.Time, bool) {
		if k.advices == 1 {
			k.loop.Attach(near, nil)
		}
		return time.Time{}, k.fails > 0
	}
	start(d, k)
	b := make([]byte, 1)
	for !enough() {
		if _, err := far.Write(b); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(far, b); err != nil {
			t.Fatal(err)
		}
	}
	far.Close()
	<-k.over
}

// A connection that is held may end, be given up, and be replaced by one that is
// not held. Its end is told once it is read again, after its last bytes.
func TestContractHoldEnds(t *testing.T) {
	each(t, 1, func(t *testing.T, d Driver) {
		for _, kind := range kinds {
			for _, rude := range []bool{false, true} {
				if rude && kind != "TCP" {
					continue
				}
				first, firstFar := pair(t, d, kind, nil)
				second, secondFar := pair(t, d, kind, nil)
				third, thirdFar := pair(t, d, kind, nil)
				if rude {
					firstFar.(*net.TCPConn).SetLinger(0)
				}
				last := "last"
				if kind == "pipe" || rude { // where a write waits for its reader, and an end may overtake it
					last = ""
				}
				var got []byte
				var ended atomic.Bool
				stage, rounds := 0, 0
				k := &task{t: t, feed: func(b []byte) { got = append(got, b...) }}
				k.advance = func(now time.Time, _ bool) (time.Time, bool) {
					rounds++
					switch {
					case stage == 0:
						k.loop.Hold(true) // of nothing
						k.loop.Attach(first, nil)
						k.loop.Hold(true)
						stage, rounds = 1, 0
					case stage == 1 && ended.Load() && rounds > 5:
						if k.fails != 0 || len(got) != 0 {
							t.Errorf("%s: told %q and %d ends of a connection that is held", kind, got, k.fails)
						}
						k.loop.Hold(false)
						stage = 2
					case stage == 2 && k.fails == 1:
						if string(got) != last {
							t.Errorf("%s: got %q before the end", kind, got)
						}
						got = nil
						k.loop.Attach(second, nil)
						k.loop.Hold(true)
						stage, rounds = 3, 0
					case stage == 3 && rounds > 5:
						k.loop.Detach()
						k.loop.Attach(third, nil)
						stage = 4
					}
					return now.Add(time.Millisecond), string(got) == "third"
				}
				start(d, k)
				go secondFar.Write([]byte("second"))
				go thirdFar.Write([]byte("third"))
				if last != "" {
					firstFar.Write([]byte(last))
				}
				firstFar.Close()
				ended.Store(true)
				<-k.over
				secondFar.Close()
				thirdFar.Close()
			}
		}
	})
}
