package asmtest

import (
	"os"
	"syscall"
	"testing"
)

// Guarded returns memory of some pages, before and behind which nothing can be read, until the
// test ends.
func Guarded(t testing.TB, pages int) []byte {
	t.Helper()
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
