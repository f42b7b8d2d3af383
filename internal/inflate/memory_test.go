package inflate

import (
	"bytes"
	"compress/zlib"
	"slices"
	"testing"
	"unsafe"
)

// A decoded message allocates nothing, nor does a new connection.
func TestNoAllocation(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	var d Decoder
	var s Stream
	ms := messages(t, 6, payloads(11, 200, 3000)...)
	for i, m := range ms {
		if i%2 == 0 {
			ms[i] = slices.Grow(m, padding)
		} else {
			ms[i] = slices.Clip(m)
		}
	}
	decode := func() {
		s.Reset()
		for i, m := range ms {
			if _, done, err := d.Decode(&s, m[:len(m)/2], testLimit); done || err != nil {
				t.Fatalf("half of message %d: done %v, error %v", i, done, err)
			}
			if _, done, err := d.Decode(&s, m, testLimit); !done {
				t.Fatalf("message %d: error %v", i, err)
			}
		}
	}
	decode()
	if n := testing.AllocsPerRun(5, decode); n != 0 {
		t.Errorf("%v allocations for %d messages", n, len(ms))
	}
}

// A connection has its window and little else, whatever it received.
func TestStreamSize(t *testing.T) {
	var d Decoder
	var s Stream
	if size := unsafe.Sizeof(s); size > 64 {
		t.Errorf("a stream has %d bytes", size)
	}
	if size := unsafe.Sizeof(*s.Window()); size != 32<<10 {
		t.Errorf("a window has %d bytes", size)
	}
	ms := messages(t, 6, []byte("small"), bytes.Repeat([]byte("large"), 1<<20), []byte("small"))
	for i, m := range ms {
		window := s.Window()
		if _, done, err := d.Decode(&s, m, testLimit); !done {
			t.Fatalf("message %d: error %v", i, err)
		}
		if i > 0 && s.Window() != window {
			t.Errorf("message %d: another window", i)
		}
	}
}

// The caller's window is used, and kept over Reset. What it held before is
// out of reach.
func TestSetWindow(t *testing.T) {
	var d Decoder
	var s Stream
	window := Window(bytes.Repeat([]byte{'x'}, WindowSize))
	s.SetWindow(&window)
	for range 2 {
		if _, done, err := d.Decode(&s, deflated().block(false, 1).symbol('a').symbol(endSymbol).flush(), 1); !done {
			t.Fatal(err)
		}
		if s.Window() != &window || window[0] != 'a' || window[1] != 'x' {
			t.Errorf("window begins with %q", window[:2])
		}
		if _, done, err := d.Decode(&s, (&bitWriter{}).block(false, 1).match(3, 2).symbol(endSymbol).flush(), 3); done || err == nil {
			t.Errorf("distance before the start: done %v, error %v", done, err)
		}
		s.Reset()
	}
}

// The decoder gives back the memory of a large message, once such messages
// have stayed away. The output it returned is not touched by that.
func TestScratchShrinks(t *testing.T) {
	var d Decoder
	var s Stream
	ms := messages(t, 1, append([][]byte{bytes.Repeat([]byte("large"), 1<<20)}, payloads(12, 2*scratchStrikes, 100)...)...)
	for i, m := range ms {
		if _, done, err := d.Decode(&s, m, testLimit); !done {
			t.Fatalf("message %d: error %v", i, err)
		}
		if i < scratchStrikes && len(d.output.mem) < 5<<20 {
			t.Fatalf("message %d: %d bytes left", i, len(d.output.mem))
		}
	}
	if len(d.output.mem) != smallScratch {
		t.Errorf("%d bytes kept", len(d.output.mem))
	}
}

// A message that expands beyond the limit takes no more memory than the limit, and
// leaves none of it with the decoder: one of a stream, and one of its own.
func TestRefusedExpansion(t *testing.T) {
	const limit = 5 << 20 // no power of two
	var whole bytes.Buffer
	w := zlib.NewWriter(&whole)
	w.Write(make([]byte, limit+1))
	w.Close()
	var d Decoder
	most := 0
	var s Stream
	if _, _, err := d.Decode(&s, messages(t, 6, make([]byte, limit+1))[0], limit); err != ErrTooLarge {
		t.Errorf("stream: %v", err)
	}
	most = max(most, cap(d.output.mem))
	if _, err := d.DecodeWhole(whole.Bytes(), limit); err != ErrTooLarge {
		t.Errorf("whole: %v", err)
	}
	if most = max(most, cap(d.output.mem)); most > smallScratch {
		t.Errorf("%d bytes kept", most)
	}
	if out, err := d.DecodeWhole(whole.Bytes(), limit+1); len(out) != limit+1 || err != nil {
		t.Errorf("%d bytes, %v", len(out), err)
	}
	if len(d.output.mem) > limit+1+room {
		t.Errorf("%d bytes of memory for a limit of %d", len(d.output.mem), limit+1)
	}
}
