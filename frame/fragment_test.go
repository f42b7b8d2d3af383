package frame

import (
	"bytes"
	"testing"
)

// TestBuffersAreGivenBack asserts that a fragmented message is valid until the
// next call, and that its buffer goes back then.
func TestBuffersAreGivenBack(t *testing.T) {
	lender := &loan{}
	a := Assembler{Buffers: lender}
	want := letters(5000)
	src := fragments(OpBinary, want, 333)
	var m Message
	for len(src) > 0 {
		var n int
		var err error
		if m, n, err = a.Next(src); err != nil {
			t.Fatal(err)
		}
		if lender.lent != 1 {
			t.Fatalf("%d buffers lent amid a message", lender.lent)
		}
		src = src[n:]
	}
	if m.Opcode != OpBinary || !bytes.Equal(m.Payload, want) {
		t.Fatal("message differs")
	}
	if _, _, err := a.Next(nil); err != nil || lender.lent != 0 {
		t.Errorf("%d buffers lent after the next call, error %v", lender.lent, err)
	}
	if m.Payload[0] != 0xcc {
		t.Error("buffer was not given back")
	}
	if lender.taken > 5 {
		t.Errorf("%d buffers for 16 fragments: capacity does not double", lender.taken)
	}
}

// TestFragmentsWithoutBuffers asserts that make stands in for Buffers.
func TestFragmentsWithoutBuffers(t *testing.T) {
	var a Assembler
	for size := 1; size < 70; size++ {
		want := letters(64)
		ms, rest, err := take(&a, fragments(OpText, want, size))
		if err != nil || len(rest) != 0 || !equalMessages(ms, []Message{{OpText, want}}) {
			t.Fatalf("size %d: %v, % x, %v", size, ms, rest, err)
		}
	}
}

// tight lends exactly what is asked for.
type tight struct{ asked []int }

func (l *tight) Get(n int) []byte {
	l.asked = append(l.asked, n)
	return make([]byte, n)
}

func (l *tight) Put([]byte) {}

// TestGrowthIsLimited asserts what is asked for while a message grows: twice
// as much each time, never more than the limit, nothing for empty fragments.
func TestGrowthIsLimited(t *testing.T) {
	lender := &tight{}
	a := Assembler{MaxMessage: 1000, Buffers: lender}
	src := []byte{0x02, 0, 0x00, 0}
	src = append(src, fragments(OpContinuation, letters(1000), 100)...)
	ms, _, err := take(&a, src)
	if err != nil || !equalMessages(ms, []Message{{OpBinary, letters(1000)}}) {
		t.Fatalf("%d messages, error %v", len(ms), err)
	}
	want := []int{100, 200, 400, 800, 1000}
	if len(lender.asked) != len(want) {
		t.Fatalf("asked for %v, want %v", lender.asked, want)
	}
	for i := range want {
		if lender.asked[i] != want[i] {
			t.Fatalf("asked for %v, want %v", lender.asked, want)
		}
	}
}

// TestEndlessEmptyFragments asserts that fragments without payload consume
// their bytes and nothing else.
func TestEndlessEmptyFragments(t *testing.T) {
	lender := &loan{}
	a := Assembler{Buffers: lender}
	if _, n, err := a.Next([]byte{0x01, 0}); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	for range 100_000 {
		if m, n, err := a.Next([]byte{0x00, 0}); m.Opcode != OpNone || n != 2 || err != nil {
			t.Fatal(m, n, err)
		}
	}
	if lender.taken != 0 {
		t.Errorf("%d buffers for nothing", lender.taken)
	}
	m, _, err := a.Next([]byte{0x80, 0})
	if m.Opcode != OpText || len(m.Payload) != 0 || err != nil {
		t.Errorf("%v, %v", m, err)
	}
}
