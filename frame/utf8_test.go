package frame

import (
	"slices"
	"testing"
	"unicode/utf8"
)

// sequences is the grammar of UTF-8 (RFC 3629, section 4): the range that each
// byte of a sequence may have.
var sequences = [][][2]byte{
	{{0x00, 0x7f}},
	{{0xc2, 0xdf}, {0x80, 0xbf}},
	{{0xe0, 0xe0}, {0xa0, 0xbf}, {0x80, 0xbf}},
	{{0xe1, 0xec}, {0x80, 0xbf}, {0x80, 0xbf}},
	{{0xed, 0xed}, {0x80, 0x9f}, {0x80, 0xbf}},
	{{0xee, 0xef}, {0x80, 0xbf}, {0x80, 0xbf}},
	{{0xf0, 0xf0}, {0x90, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}},
	{{0xf1, 0xf3}, {0x80, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}},
	{{0xf4, 0xf4}, {0x80, 0x8f}, {0x80, 0xbf}, {0x80, 0xbf}},
}

// validStart is the oracle for early detection, by the grammar alone: it
// returns how many bytes of p can begin a valid text, and whether they are one.
func validStart(p []byte) (n int, whole bool) {
	live, pos := sequences, 0
	for n, b := range p {
		var next [][][2]byte
		for _, seq := range live {
			if seq[pos][0] <= b && b <= seq[pos][1] {
				next = append(next, seq)
			}
		}
		if next == nil {
			return n, false
		}
		live, pos = next, pos+1
		if pos == len(live[0]) { // the first byte tells the length
			live, pos = sequences, 0
		}
	}
	return len(p), pos == 0
}

// TestUTF8State tries every text of up to four bytes that stand at the borders
// of the grammar, in every split.
func TestUTF8State(t *testing.T) {
	border := []byte{
		0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1,
		0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
	}
	longest := 4
	if testing.Short() || raceEnabled {
		longest = 3
	}
	var try func(p []byte)
	try = func(p []byte) {
		checkUTF8State(t, p)
		if len(p) == longest || t.Failed() {
			return
		}
		for _, b := range border {
			try(append(p, b))
		}
	}
	try(make([]byte, 0, longest))
}

func checkUTF8State(t *testing.T, p []byte) {
	t.Helper()
	n, whole := validStart(p)
	if whole != utf8.Valid(p) {
		t.Fatalf("% x: the grammar and package utf8 differ", p)
	}
	for split := range len(p) + 1 {
		var u utf8State
		ok := u.write(p[:split]) && u.write(p[split:])
		if ok != (n == len(p)) || ok && u.done() != whole {
			t.Errorf("% x, % x: valid %t, done %t; %d bytes are valid", p[:split], p[split:], ok, u.done(), n)
		}
	}
	var u utf8State
	for i := range p {
		if ok := u.write(p[i : i+1]); ok != (i < n) {
			t.Errorf("% x: byte %d alone is valid: %t", p, i, ok)
		}
		if i == n {
			break
		}
	}
}

// TestTextFailsEarly asserts that a text frame fails with the byte that makes
// it invalid, wherever fragments end, and that no byte before is refused.
func TestTextFailsEarly(t *testing.T) {
	texts := []string{"κόσμε", "a€b", "\U0010ffff", "κόσμε\xed\xa0\x80edited", "ab\xf4\x90\x80\x80", "\xc0\xaf", "x\xf0\x80"}
	for _, text := range texts {
		valid, whole := validStart([]byte(text))
		for first := range len(text) + 1 {
			src := append([]byte{0x01, byte(first)}, text[:first]...)
			src = append(src, 0x80, byte(len(text)-first))
			src = append(src, text[first:]...)
			fails := len(src) + 1 // number of bytes with which it must fail
			if valid < len(text) {
				fails = valid + 3
				if valid >= first {
					fails += 2
				}
			} else if !whole {
				fails = len(src)
			}
			var a Assembler
			start := 0
			for end := 1; end <= len(src); end++ {
				_, rest, err := take(&a, src[start:end])
				start = end - len(rest)
				if (err != nil) != (end == fails) {
					t.Fatalf("%q after %d: error %v with %d bytes, want it with %d", text, first, err, end, fails)
				}
				if err != nil {
					offset := int64(0)
					if start > 0 {
						offset = int64(2 + first)
					}
					wantError(t, err, Error{CloseInvalidText, faultText, offset})
					break
				}
			}
		}
	}
}

// TestTextIsCheckedOnce asserts that bytes of an unfinished frame are not
// looked at again: they are spoilt after they were checked.
func TestTextIsCheckedOnce(t *testing.T) {
	src := AppendServerFrame(nil, OpText, slices.Repeat([]byte("a€"), 100))
	var a Assembler
	for end := range src {
		if _, n, err := a.Next(src[:end]); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		// The length stays: only the payload is spoilt.
		for i := 4; i < end; i++ {
			src[i] = 0xff
		}
	}
	if m, _, err := a.Next(src); m.Opcode != OpText || err != nil {
		t.Errorf("opcode %d, error %v", m.Opcode, err)
	}
}

// TestTextShrinks asserts that a source shorter than before, which breaks the
// terms of Next, does no harm.
func TestTextShrinks(t *testing.T) {
	var a Assembler
	for _, src := range [][]byte{{0x81, 4, 'a', 'b', 'c'}, {0x81, 4, 'a'}, {0x81, 1, 'a'}} {
		if _, _, err := a.Next(src); err != nil {
			t.Fatal(err)
		}
	}
}
