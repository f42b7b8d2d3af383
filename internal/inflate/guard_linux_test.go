package inflate

import (
	"bytes"
	"os"
	"syscall"
	"testing"
)

// guarded returns memory of some pages, before and behind which nothing can be read.
func guarded(t *testing.T, pages int) []byte {
	page := os.Getpagesize()
	b, err := syscall.Mmap(-1, 0, (pages+2)*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(b) })
	inner := b[page : len(b)-page]
	for _, guard := range [][]byte{b[:page], b[len(b)-page:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return inner[:len(inner):len(inner)]
}

// No byte before a message is read, nor one behind its padding, nor one outside of the window.
func TestInsideMessage(t *testing.T) {
	texts := append(payloads(21, 300, 2000), payloads(22, 2, 60_000)...)
	memory, window := guarded(t, 16), guarded(t, WindowSize/os.Getpagesize())
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
