package zstd

import (
	"bytes"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/sluice-go/sluice/internal/asmtest"
)

// No byte before or behind a message is read.
func TestInsideMessage(t *testing.T) {
	texts := append(payloads(21, 300, 2000), payloads(22, 2, 60_000)...)
	memory := asmtest.Guarded(t, 16)
	var d Decoder
	for level := zstd.SpeedFastest; level <= zstd.SpeedBestCompression; level++ {
		var first, last Stream
		for i, m := range messages(t, level, 1<<18, texts...) {
			if len(m) > len(memory) {
				t.Fatalf("message %d has %d bytes", i, len(m))
			}
			end := memory[len(memory)-len(m):]
			for s, at := range map[*Stream][]byte{&first: memory[:len(m):len(m)], &last: end} {
				copy(at, m)
				if out, _, err := d.Decode(s, at, testLimit); err != nil || !bytes.Equal(out, texts[i]) {
					t.Fatalf("message %d: %d bytes, want %d, %v", i, len(out), len(texts[i]), err)
				}
			}
		}
	}
}
