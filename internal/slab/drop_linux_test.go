package slab

import (
	"bytes"
	"testing"
)

// Drop gives back whole pages between two places, and nothing else.
func TestDrop(t *testing.T) {
	const blocks, size = 1000, 32 << 10
	p := New(size)
	var lent []*Block
	for range blocks {
		b := p.Get()
		if !b.Droppable() {
			t.Skip("the system refuses memory outside the heap, or has large pages")
		}
		for i := range b.B {
			b.B[i] = 7
		}
		lent = append(lent, b)
	}
	before := residentBytes(t)
	for _, b := range lent {
		b.Drop(100, size-5000)
	}
	if got := before - residentBytes(t); got < blocks*(size-16<<10) {
		t.Errorf("%d bytes came back of %d", got, blocks*size)
	}
	for _, b := range lent {
		kept := bytes.Count(b.B[:100], []byte{7}) + bytes.Count(b.B[size-5000:], []byte{7})
		if kept != 5100 {
			t.Fatalf("%d bytes are left of 5100", kept)
		}
		p.Put(b)
	}
}
