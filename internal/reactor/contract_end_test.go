package reactor

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// Bytes and the end that follows at once are both told, though nothing wakes the
// loop a second time: all that there is lies in the socket when it is looked at
// first. The lengths surround those of a read.
func TestContractEnd(t *testing.T) {
	each(t, 1, func(t *testing.T, d Driver) {
		for _, kind := range kinds[1:] {
			for _, size := range []int{0, 1, 16 << 10, 64<<10 - 1, 64 << 10, 64<<10 + 1, 128 << 10, 128<<10 + 77, 200_000} {
				for _, way := range []string{"closed", "reset", "torn"} {
					near, far := pair(t, d, kind, nil)
					tcp, _ := far.(*net.TCPConn)
					if tcp == nil {
						tcp = far.(interface{ NetConn() net.Conn }).NetConn().(*net.TCPConn)
					}
					_ = tcp.SetWriteBuffer(1 << 20) // so that no write waits for the reader

					var got bytes.Buffer
					k, failed := held(d, t, near, func(b []byte) { got.Write(b) })
					long, free := holdUp(t, d)
					sent := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
					if _, err := far.Write(sent); err != nil {
						t.Fatal(err)
					}
					switch way {
					case "closed":
						_ = far.Close()
					case "reset":
						_ = tcp.SetLinger(0)
						_ = tcp.Close()
					case "torn": // in a TLS record
						_, _ = tcp.Write([]byte{23, 3, 3, 1, 0, 0, 0})
						_ = tcp.Close()
					}
					close(free)
					<-k.over // an end that is not told hangs here
					<-long.over
					switch {
					case way != "closed" && *failed == nil:
						t.Errorf("%s, %d bytes, %s: no failure", kind, size, way)
					case way == "closed" && (!errors.Is(*failed, io.EOF) || !bytes.Equal(got.Bytes(), sent)):
						t.Errorf("%s: got %d bytes of %d, then %v", kind, got.Len(), size, *failed)
					}
				}
			}
		}
	})
}

// What comes while a connection is held is told when it is not held any more,
// though it was told by the system before.
func TestContractEndWhileHeld(t *testing.T) {
	each(t, 1, func(t *testing.T, d Driver) {
		for _, kind := range kinds[1:] {
			near, far := pair(t, d, kind, nil)
			var got bytes.Buffer
			holding := make(chan struct{})
			k := &task{t: t, feed: func(b []byte) { got.Write(b) }}
			k.advance = func(time.Time, bool) (time.Time, bool) {
				switch k.advices {
				case 1:
					k.loop.Attach(near, nil)
					k.loop.Hold(true)
					close(holding)
				case 2:
					k.loop.Hold(false)
				}
				return time.Time{}, k.fails > 0
			}
			start(d, k)
			<-holding
			if _, err := far.Write([]byte("last words")); err != nil {
				t.Fatal(err)
			}
			far.Close()
			k.loop.Wake()
			<-k.over
			if got.String() != "last words" {
				t.Errorf("%s: got %q", kind, got.String())
			}
		}
	})
}
