package inflow

import (
	"bytes"
	"testing"
	"time"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"github.com/sluice-go/sluice/frame"
)

// TestWindowBytes: a connection's window counts from its first message to its end, once.
func TestWindowBytes(t *testing.T) {
	payload := bytes.Repeat([]byte(`{"op":0,"s":1,"t":"X","d":{"some":"words"}}`), 2000)
	var z, d bytes.Buffer
	encoder, err := zstd.NewWriter(&z, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(256<<10))
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	deflater := zlib.NewWriter(&d)
	for _, w := range []interface {
		Write([]byte) (int, error)
		Flush() error
	}{encoder, deflater} {
		if _, err := w.Write(payload); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	for stream, message := range map[Stream][]byte{Zlib: d.Bytes(), Zstd: z.Bytes()} {
		before := WindowBytes()
		var in Decompressor
		for range 2 {
			in.Open(Config{Stream: stream, Limit: 1 << 20})
			if got := WindowBytes(); got != before {
				t.Errorf("stream %d: %d bytes before the first message", stream, got-before)
			}
			got, err := in.Decompress(time.Time{}, frame.Message{Opcode: frame.OpBinary, Payload: message})
			if err != nil || !bytes.Equal(got, payload) {
				t.Fatalf("stream %d: %d bytes, %v", stream, len(got), err)
			}
			most := int64(256 << 10)
			if got := WindowBytes() - before; OwnZstd && (got < 32<<10 || got > most) {
				t.Errorf("stream %d: a window of %d bytes", stream, got)
			}
			in.Close()
			in.Close()
			if got := WindowBytes(); got != before {
				t.Errorf("stream %d: %d bytes when it is closed", stream, got-before)
			}
		}
	}
}
