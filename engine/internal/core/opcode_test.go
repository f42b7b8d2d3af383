package core

import (
	"fmt"
	"math"
	"testing"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// TestOpcodesAreNotCut: a number that has the low bits of a known opcode is another
// opcode. Payloads with one are ignored, as with any that is not known: nothing is
// delivered, nothing is sent, and the shard stays as it is.
func TestOpcodesAreNotCut(t *testing.T) {
	known := []int64{0, 1, 7, 9, 10, 11}
	for _, bits := range []int{8, 16, 31, 32, 53, 62} {
		for _, op := range known {
			testUnknownOpcode(t, 1<<bits+op)
			testUnknownOpcode(t, 1<<bits-1)
		}
	}
	testUnknownOpcode(t, math.MaxInt64)
	testUnknownOpcode(t, 12)
}

func testUnknownOpcode(t *testing.T, op int64) {
	t.Helper()
	r := newRig(t).ready()
	events := gateway.AllDispatches().Union(gateway.Events(gateway.EventHello, gateway.EventHeartbeat,
		gateway.EventHeartbeatACK, gateway.EventReconnect, gateway.EventInvalidSession))
	r.on(events, func(ev *delivery) {
		t.Errorf("op %d: delivered as %v", op, ev.Type)
	})
	sent, counter := len(r.sent), r.core.counter
	for _, payload := range []string{
		`{"t":null,"s":null,"op":%d,"d":{"op":0,"t":"MESSAGE_CREATE","s":77}}`, // Discord's order
		`{"op":%d,"d":{"heartbeat_interval":1000},"t":"MESSAGE_CREATE","s":2}`,
		`{"op":%d,"d":false}`,
	} {
		r.recv(fmt.Sprintf(payload, op))
	}
	r.want(lifecycle.Ready)
	if len(r.sent) != sent {
		t.Errorf("op %d: sent %q", op, r.sent[sent:])
	}
	if seq := r.core.session.Seq; seq != 1 {
		t.Errorf("op %d: the sequence is %d, want 1", op, seq)
	}
	if c := r.core.counter; c.Events != counter.Events || c.Corrupt != counter.Corrupt {
		t.Errorf("op %d: %d events and %d damaged payloads, want %d and %d", op, c.Events, c.Corrupt, counter.Events, counter.Corrupt)
	}
}
