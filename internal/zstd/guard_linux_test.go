package zstd

import (
	"bytes"
	"os"
	"syscall"
	"testing"

	"github.com/klauspost/compress/zstd"
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

// No byte before or behind a message is read.
func TestInsideMessage(t *testing.T) {
	texts := append(payloads(21, 300, 2000), payloads(22, 2, 60_000)...)
	memory := guarded(t, 16)
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
