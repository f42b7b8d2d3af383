package gatewaytest

import (
	"bytes"
	"net"
	"testing"
	"time"

	"github.com/sluice-go/sluice/gatewaytest/fault"
	"github.com/sluice-go/sluice/internal/gatewire"
)

// TestACKDoesNotWaitForASegment: between two events of a segment that takes a second, an ACK is
// written with the next step, whatever the compression.
func TestACKDoesNotWaitForASegment(t *testing.T) {
	srv, err := Start(WithTLS(false), WithTraffic(50), WithGuilds(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	for compression := range Compression(gatewire.Compressions) {
		near, far := net.Pipe()
		defer near.Close()
		defer far.Close()
		now := time.Now()
		s := &session{srv: srv, feed: srv.feed(0, 1), shardCount: 1, head: 2, next: 3, began: now}
		c := newConn(srv, newWire(near, fault.GatewayAddress, srv.quit), near, compression)
		s.conn, c.session = c, s
		snd := sender{scratch: new(scratch), Stream: gatewire.Stream{Opened: true}}
		if b, _ := c.step(&snd, now.Add(250*time.Millisecond)); b.events == 0 || !snd.inSegment && !compression.Stateless() {
			t.Fatalf("%v: %d events written, in a segment: %t", compression, b.events, snd.inSegment)
		}
		c.heartbeat([]byte("1"), now)
		if len(c.controls) != 1 || !bytes.Equal(c.controls[0], gatewire.HeartbeatACK) {
			t.Fatalf("%v: no ACK waits", compression)
		}
		if c.step(&snd, now.Add(251*time.Millisecond)); len(c.controls) != 0 {
			t.Errorf("%v: the ACK waits for the end of the segment", compression)
		}
		srv.mu.Lock()
		delete(srv.conns, c)
		srv.mu.Unlock()
	}
}

// TestSlowSegments: only segments that are over soon are waited for.
func TestSlowSegments(t *testing.T) {
	for _, c := range []struct {
		rate float64
		slow bool
	}{{Saturated, false}, {1, false}, {2, true}, {5, true}, {50, true}, {3000, true}, {4000, false}} {
		if got := (&config{rate: c.rate}).slowSegments(); got != c.slow {
			t.Errorf("at a rate of %v: %t, want %t", c.rate, got, c.slow)
		}
	}
}
