package gatewire

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/gobwas/ws"
)

// TestZstdHeader compares the encoder's frame header with the one that stored blocks follow.
func TestZstdHeader(t *testing.T) {
	e := newZstdEncoder()
	e.Begin(true)
	frame := e.Encode(nil, []byte("{}"))
	if !bytes.HasPrefix(frame[2:], ZstdHeader) {
		t.Errorf("the frame begins with %x, want %x", frame[2:8], ZstdHeader)
	}
}

// TestFrameHeader has each form of the length (RFC 6455, section 5.2).
func TestFrameHeader(t *testing.T) {
	for _, n := range []int{0, 125, 126, 65535, 65536} {
		b := AppendFrameHeader(nil, ws.OpBinary, n)
		h, err := ws.ReadHeader(bytes.NewReader(b))
		if err != nil || h.Length != int64(n) || h.OpCode != ws.OpBinary || !h.Fin || h.Masked {
			t.Errorf("%d bytes: %x, %+v, %v", n, b, h, err)
		}
	}
	if b := AppendFrameHeader(nil, ws.OpText, 65536); binary.BigEndian.Uint64(b[2:]) != 65536 {
		t.Errorf("header %x", b)
	}
}
