package inflate

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// Any part of a message is not done and leaves the stream as it was, whatever
// lies behind it; the whole message is done then.
func TestSplitAnywhere(t *testing.T) {
	want := payloads(5, 12, 900)
	var d Decoder
	for level := -2; level <= 9; level++ {
		var s Stream
		for i, m := range messages(t, level, want...) {
			window := Window{}
			if s.Window() != nil {
				window = *s.Window()
			}
			for n := range m {
				before := s
				before.tries++
				for _, part := range [][]byte{m[:n], slices.Clip(m[:n]), append(m[:n:n], bytes.Repeat([]byte{0x55}, padding)...)[:n]} {
					s.tries = 0
					out, done, err := d.Decode(&s, part, testLimit)
					if done || err != nil || out != nil {
						t.Fatalf("level %d, message %d, %d of %d bytes: %d bytes, done %v, error %v", level, i, n, len(m), len(out), done, err)
					}
				}
				if n > 0 && s != before {
					t.Fatalf("level %d, message %d, %d bytes: stream changed", level, i, n)
				}
				s.tries = 0
			}
			if s.Window() != nil && *s.Window() != window {
				t.Fatalf("level %d, message %d: window changed", level, i)
			}
			out, done, err := d.Decode(&s, m, testLimit)
			if !done || !bytes.Equal(out, want[i]) {
				t.Fatalf("level %d, message %d: done %v, error %v", level, i, done, err)
			}
		}
	}
}

// Parts are decoded once the end marker is there, and the first one.
func TestSplitParts(t *testing.T) {
	want := payloads(6, 50, 3000)
	var d Decoder
	var s Stream
	for i, m := range messages(t, 6, want...) {
		for n := 1; ; n = min(n*2, len(m)) {
			out, done, err := d.Decode(&s, m[:n], testLimit)
			if err != nil || done != (n == len(m)) {
				t.Fatalf("message %d, %d of %d bytes: done %v, error %v", i, n, len(m), done, err)
			}
			if done {
				if !bytes.Equal(out, want[i]) || s.tries != 0 {
					t.Fatalf("message %d differs", i)
				}
				break
			}
			if s.tries != 1 {
				t.Fatalf("message %d, %d bytes: %d tries", i, n, s.tries)
			}
		}
	}
}

// The marker may occur inside a message: in a stored block's bytes, and as an
// empty stored block that is not the last.
func TestMarkerInside(t *testing.T) {
	text := []byte("a\x00\x00\xff\xffb\x00\x00\xff\xff")
	src := deflated().stored(false, text...).stored(false).block(false, 1).symbol('c').symbol(endSymbol).flush()
	var cuts []int
	for n := range src {
		if hasMarker(src[:n]) {
			cuts = append(cuts, n)
		}
	}
	if len(cuts) != 3 {
		t.Fatalf("marker at %v", cuts)
	}
	var d Decoder
	var s Stream
	for _, n := range cuts[:2] {
		if _, done, err := d.Decode(&s, src[:n], testLimit); done || err != nil {
			t.Fatalf("first %d bytes: done %v, error %v", n, done, err)
		}
	}
	// What ends in an empty stored block cannot be told from a message.
	whole := s
	if out, done, err := d.Decode(&whole, src[:cuts[2]], testLimit); !done || !bytes.Equal(out, text) {
		t.Fatalf("first %d bytes: done %v, error %v", cuts[2], done, err)
	}
	s = Stream{}
	if out, done, err := d.Decode(&s, src, testLimit); !done || string(out) != string(text)+"c" {
		t.Fatalf("%q, done %v, error %v", out, done, err)
	}
}

// A message that looks whole over and over is not decoded over and over.
func TestSplitTooOften(t *testing.T) {
	src := deflated().stored(false, bytes.Repeat([]byte{0, 0, 0xff, 0xff}, 100)...).b
	var d Decoder
	var s Stream
	for i := range maxTries {
		if _, done, err := d.Decode(&s, src[:7+4*(i+1)], testLimit); done || err != nil {
			t.Fatalf("try %d: done %v, error %v", i, done, err)
		}
	}
	if _, done, err := d.Decode(&s, src[:7+4*(maxTries+1)], testLimit); done || !errors.Is(err, ErrSplit) {
		t.Fatalf("done %v, error %v", done, err)
	}
	s.Reset()
	if _, done, err := d.Decode(&s, deflated().flush(), testLimit); !done {
		t.Fatalf("after Reset: error %v", err)
	}
}
