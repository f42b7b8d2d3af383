package prefetch

import (
	"testing"
	"unsafe"
)

func TestSpan(t *testing.T) {
	for p := uintptr(1 << 20); p < 1<<20+Line; p++ {
		for n := uintptr(1); n < 4*Line; n++ {
			touched := map[uintptr]bool{}
			for at := p; at < p+n; at++ {
				touched[at/Line] = true
			}
			if got := span(p, n); got != uintptr(len(touched)) {
				t.Fatalf("%d bytes from %#x: %d lines, want %d", n, p, got, len(touched))
			}
		}
	}
}

// Whatever is asked for, nothing happens that a program could see: no fault, where
// nothing is mapped, no change, and no allocation.
func TestNothingHappens(t *testing.T) {
	var object [1000]byte
	for i := range object {
		object[i] = byte(i)
	}
	if n := testing.AllocsPerRun(100, func() {
		Object(&object)
		Bytes(nil, 1<<16)
		Bytes(unsafe.Pointer(&object), 1<<24) // far behind its end
		Bytes(unsafe.Pointer(&object), 0)
		Places(unsafe.Pointer(&object), []uint32{0, 999, 1 << 31})
		Places(nil, nil)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	for i := range object {
		if object[i] != byte(i) {
			t.Fatalf("byte %d has changed", i)
		}
	}
}
