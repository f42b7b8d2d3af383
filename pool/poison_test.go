//go:build race

package pool

import (
	"bytes"
	"testing"
)

var marks = bytes.Repeat([]byte{poison}, 1<<10)

func TestEndedLoansAreOverwritten(t *testing.T) {
	b := Get(1 << 10)
	b.B = append(b.B, "content"...)
	kept := b.B[:1<<10]
	b.Grow(1 << 12)
	if !bytes.Equal(kept, marks) {
		t.Error("Grow left the former memory as it was")
	}
	if string(b.B) != "content" {
		t.Errorf("Grow made %q of the content", b.B)
	}
	kept = b.B[:1<<10]
	b.Release()
	if !bytes.Equal(kept, marks) {
		t.Error("Release left the bytes as they were")
	}
	for range 10 {
		next := Get(1 << 12)
		if address(next.B) == address(kept) {
			t.Error("the memory of an ended loan was lent again")
		}
		next.Release()
	}
	kept = Slices.Get(1 << 10)
	Slices.Put(kept[:3])
	if !bytes.Equal(kept[:1<<10], marks) {
		t.Error("Put left the bytes as they were")
	}
	defer func() {
		if recover() == nil {
			t.Error("a second Put did not panic")
		}
	}()
	Slices.Put(kept)
}

func TestPoisonStopsAtTheLength(t *testing.T) {
	b := []byte("lent, not lent")
	Poison(b[:4])
	if want := "\xcc\xcc\xcc\xcc, not lent"; string(b) != want {
		t.Errorf("got %q, want %q", b, want)
	}
	Poison(nil)
}
