package bridge

import (
	"bufio"
	"bytes"
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/internal/gatewire"
)

// FuzzRelay: whatever a peer says, what is taken for frames is no longer than it, and frames that a bridge writes are read as they
// were.
func FuzzRelay(f *testing.F) {
	f.Add(gatewire.AppendFrame(gatewire.AppendFrame(nil, ws.OpText, []byte(`{"op":10}`)), ws.OpClose, []byte{15, 160}))
	f.Add([]byte{0x81, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0x01, 0x81})
	f.Fuzz(func(t *testing.T, b []byte) {
		read := func(b []byte) (total int, bodies [][]byte) {
			for r := (&relay{in: bufio.NewReader(bytes.NewReader(b))}); ; {
				came := r.textCame()
				op, body, err := r.next()
				if came && (err != nil || op != ws.OpText) {
					t.Fatalf("a payload that has come is %v, %v", op, err)
				}
				if err != nil {
					return total, bodies
				}
				total += len(body)
				bodies = append(bodies, bytes.Clone(body))
			}
		}
		if total, _ := read(b); total > len(b) {
			t.Errorf("%d bytes of %d", total, len(b))
		}
		_, bodies := read(gatewire.AppendFrame(gatewire.AppendFrame(nil, ws.OpText, b), ws.OpText, b))
		if len(bodies) != 2 || !bytes.Equal(bodies[0], b) || !bytes.Equal(bodies[1], b) {
			t.Errorf("% x is read as % x", b, bodies)
		}
	})
}
