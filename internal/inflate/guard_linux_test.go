package inflate

import (
	"bytes"
	"os"
	"testing"

	"github.com/sluice-go/sluice/internal/asmtest"
)

// No byte before a message is read, nor one behind its padding, nor one outside of the window.
func TestInsideMessage(t *testing.T) {
	texts := append(payloads(21, 300, 2000), payloads(22, 2, 60_000)...)
	memory, window := asmtest.Guarded(t, 16), asmtest.Guarded(t, WindowSize/os.Getpagesize())
	var d Decoder
	for level := -2; level <= 9; level++ {
		var s Stream
		s.SetWindow((*Window)(window))
		for i, m := range messages(t, level, texts...) {
			at := memory[: len(m) : len(m)+padding]
			if i%2 == 0 {
				start := len(memory) - padding - len(m)
				at = memory[start : start+len(m)]
			}
			copy(at, m)
			if out, done, err := d.Decode(&s, at, testLimit); !done || !bytes.Equal(out, texts[i]) {
				t.Fatalf("message %d: %d bytes, want %d, %v", i, len(out), len(texts[i]), err)
			}
		}
	}
}
