package gatewaytest

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/klauspost/compress/zstd"

	"github.com/sluice-go/sluice/gatewaytest/fault"
	"github.com/sluice-go/sluice/internal/gatewire"
)

// pieces counts the writes of a connection.
type pieces struct {
	net.Conn
	sizes []int
}

func (p *pieces) Write(b []byte) (int, error) {
	p.sizes = append(p.sizes, len(b))
	return len(b), nil
}

// TestCuts counts what is written at a time, above TLS and below.
func TestCuts(t *testing.T) {
	data := make([]byte, 10)
	for _, test := range []struct{ cut, writes, last int }{{0, 1, 10}, {1, 10, 1}, {3, 4, 1}, {5, 2, 5}, {11, 1, 10}} {
		var above, below pieces
		c := &conn{nc: &above}
		if err := c.write(&sender{cut: test.cut}, data); err != nil {
			t.Fatal(err)
		}
		w := newWire(&below, fault.AnyAddress, nil)
		w.bad(&fault.Fault{Action: fault.ActionCutRecords, Number: int64(test.cut)})
		if n, err := w.Write(data); n != len(data) || err != nil {
			t.Fatal(n, err)
		}
		for _, p := range []pieces{above, below} {
			if len(p.sizes) != test.writes || p.sizes[len(p.sizes)-1] != test.last {
				t.Errorf("cut %d: written %v", test.cut, p.sizes)
			}
		}
	}
}

// TestWire has reads and writes stall, and the wire hang, on a clock of its own.
func TestWire(t *testing.T) {
	pair := func(t *testing.T) (*wire, net.Conn) {
		a, b := net.Pipe()
		t.Cleanup(func() { a.Close(); b.Close() })
		return newWire(a, fault.AnyAddress, nil), b
	}
	t.Run("stall", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, peer := pair(t)
			go io.Copy(peer, peer) // echoes
			begin := time.Now()
			w.bad(&fault.Fault{Action: fault.ActionStallWrites, Duration: time.Second})
			w.Write([]byte("a"))
			if d := time.Since(begin); d != time.Second {
				t.Errorf("a stalled write took %v", d)
			}
			w.bad(&fault.Fault{Action: fault.ActionStallReads, Duration: time.Minute})
			w.Read(make([]byte, 1))
			if d := time.Since(begin); d != time.Minute+time.Second {
				t.Errorf("a stalled read ended after %v", d)
			}
			w.bad(&fault.Fault{Action: fault.ActionStallWrites, Duration: time.Hour})
			time.AfterFunc(time.Second, func() { w.Close() })
			if _, err := w.Write([]byte("b")); !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("a write that was closed while it stalled: %v", err)
			}
			peer.Close()
		})
	})
	t.Run("hang", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, peer := pair(t)
			w.bad(&fault.Fault{Action: fault.ActionHang})
			if n, err := w.Write([]byte("lost")); n != 4 || err != nil {
				t.Errorf("write: %d, %v", n, err)
			}
			w.SetReadDeadline(time.Now().Add(time.Second))
			ended := make(chan error)
			go func() {
				_, err := w.Read(make([]byte, 8))
				ended <- err
			}()
			peer.Write([]byte("unheard"))
			time.Sleep(2 * time.Second)
			peer.Write([]byte("unheard"))
			peer.Close()
			if err := <-ended; err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("read: %v, want the end of the connection", err)
			}
		})
	})
}

// watched asks something when it is closed.
type watched struct {
	net.Conn
	closing func()
}

func (c watched) Close() error {
	c.closing()
	return c.Conn.Close()
}

// TestWireCloses has what stalls go on only when the connection is closed.
func TestWireCloses(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	var w *wire
	w = newWire(watched{a, func() {
		select {
		case <-w.closed:
			t.Error("the wire is marked as closed before its connection is")
		default:
		}
	}}, fault.AnyAddress, nil)
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	select {
	case <-w.closed:
	default:
		t.Error("the wire is closed, and not marked so")
	}
}

// TestBomb expands bombs with other decompressors, and weighs them.
func TestBomb(t *testing.T) {
	const size = 5<<20 + 1
	count := func(r io.Reader) int64 {
		n, _ := io.Copy(io.Discard, r)
		return n
	}
	for c := range Compression(gatewire.Compressions) {
		frame := appendBomb(nil, c, true, size)
		if len(frame) > size/500 {
			t.Errorf("%v: a bomb of %d bytes", c, len(frame))
		}
		h, err := ws.ReadHeader(bytes.NewReader(frame))
		if err != nil {
			t.Fatal(err)
		}
		data := frame[ws.HeaderSize(h):]
		var n int64
		switch c {
		case CompressionNone:
			n = h.Length
		case CompressionZstd:
			d, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderConcurrency(1))
			if err != nil {
				t.Fatal(err)
			}
			n = count(d)
			d.Close()
		default:
			n = count(flate.NewReader(bytes.NewReader(data[len(gatewire.ZlibHeader):])))
		}
		if n < size {
			t.Errorf("%v: expands to %d bytes, want %d", c, n, size)
		}
	}
}
