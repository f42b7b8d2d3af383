package gatewaytest

import (
	"bytes"
	"compress/zlib"
	"io"
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/internal/gatewire"
)

// TestRecut joins what was cut: nothing may be added, missing or out of order, and control frames
// stay whole.
func TestRecut(t *testing.T) {
	enc := gatewire.NewEncoder(CompressionZlib)
	enc.Begin(true)
	payload := bytes.Repeat([]byte(`{"op":0,"d":"0123456789"}`), 40)
	var frames []byte
	for range 3 {
		frames = encode(enc, CompressionZlib, frames, payload)
		frames = gatewire.AppendFrame(frames, ws.OpPing, []byte("between"))
	}
	for _, size := range []struct{ split, fragment int }{{4, 0}, {0, 1}, {7, 3}, {100_000, 100_000}, {0, 64}} {
		snd := sender{Stream: gatewire.Stream{Compression: CompressionZlib}, split: size.split, fragment: size.fragment}
		var data []byte
		pings, ends := 0, 0
		open := false
		var message []byte
		for r := bytes.NewReader(snd.recut(frames)); r.Len() > 0; {
			h, err := ws.ReadHeader(r)
			if err != nil {
				t.Fatal(err)
			}
			body := make([]byte, h.Length)
			if _, err := io.ReadFull(r, body); err != nil {
				t.Fatal(err)
			}
			if h.OpCode == ws.OpPing {
				if !h.Fin || string(body) != "between" {
					t.Errorf("%+v: ping %+v %q", size, h, body)
				}
				pings++
				continue
			}
			if open != (h.OpCode == ws.OpContinuation) {
				t.Fatalf("%+v: frame %+v while a message is open: %t", size, h, open)
			}
			if size.fragment > 0 && len(body) > size.fragment {
				t.Errorf("%+v: a frame of %d bytes", size, len(body))
			}
			message = append(message, body...)
			if open = !h.Fin; !open {
				if bytes.HasSuffix(message, gatewire.SyncMarker) {
					ends++
				}
				data, message = append(data, message...), nil
			}
		}
		z, err := zlib.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 3*len(payload))
		if _, err := io.ReadFull(z, got); err != nil || !bytes.Equal(got, bytes.Repeat(payload, 3)) {
			t.Errorf("%+v: %v, %d bytes", size, err, len(got))
		}
		if pings != 3 || ends != 3 {
			t.Errorf("%+v: %d pings, %d messages that end a payload", size, pings, ends)
		}
	}
}
