package lazyjson

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// naiveSkip is skipContainer, byte by byte. A backslash counts outside of
// strings too, where no valid document has one.
func naiveSkip(b []byte, i int) int {
	depth, inside, escaped := 0, false, false
	for ; i < len(b); i++ {
		c := b[i]
		switch {
		case c == '"' && !escaped:
			inside = !inside
		case inside:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		escaped = c == '\\' && !escaped
	}
	return -1
}

func checkSkip(t *testing.T, b []byte, i int) {
	t.Helper()
	want, wantReason := naiveSkip(b, i), ""
	if want < 0 {
		want, wantReason = len(b), reasonEnd
	}
	if end, reason := skipContainer(b, i); end != want || reason != wantReason {
		t.Fatalf("skipContainer(%q, %d) = %d, %q, want %d, %q", b, i, end, reason, want, wantReason)
	}
	for name, scan := range scans {
		if end, ok := scan(b, i+1); ok && end != max(0, naiveSkip(b, i)) {
			t.Fatalf("%s(%q, %d) = %d, want %d, %s", name, b, i+1, end, want, wantReason)
		}
	}
	if end, reason := skipBlocks(b, i); end != want || reason != wantReason {
		t.Fatalf("skipBlocks(%q, %d) = %d, %q, want %d, %q", b, i, end, reason, want, wantReason)
	}
}

// Every kind of boundary falls on every place of a block, and behind one.
func TestSkipContainerAtEveryOffset(t *testing.T) {
	for _, core := range []string{
		`{}`, `[]`, `{"a":[{}]}`, `["]"]`, `["\""]`, `["\\"]`, `["\\\"]"]`, `[[],[]]`, `["é]"]`, `["Y_y` + "\x7f" + `"]`,
		`["` + strings.Repeat(`\\`, 70) + `"]`, `["` + strings.Repeat(`\"`, 70) + `"]`, `["a` + strings.Repeat(`\\`, 70) + `\"]"]`,
		strings.Repeat("[", 150) + strings.Repeat("]", 150), `["` + strings.Repeat("[", 130) + `"]`,
		"[\"\xa2\xdb\xdd\xfb\xfd\xdc\"]", // the bytes that are quotes and brackets but for the top bit
	} {
		for pad := range 2*blockSize + 1 {
			doc := []byte("[" + strings.Repeat(" ", pad) + core + "]" + strings.Repeat("]", pad%3))
			checkSkip(t, doc, 0)
			checkSkip(t, doc, 1+pad)
			checkSkip(t, doc[:1+pad+len(core)], 0)
			checkSkip(t, doc[:pad+len(core)], 1+pad)
		}
	}
}

func TestSkipContainerRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const alphabet = `[]{}"\[]{}"\:, abcXZ09#!` + "\xa2\xfb\x80"
	doc := make([]byte, 300)
	for range 20_000 {
		for i := range doc {
			doc[i] = alphabet[r.IntN(len(alphabet))]
		}
		doc[0] = '{'
		checkSkip(t, doc[:1+r.IntN(len(doc))], 0)
	}
}

// The masks, in Go and as they are used, and what is made of them.
func TestMasks(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for turn := range 4_000 {
		var block [blockSize]byte
		for i := range block {
			block[i] = byte(r.Uint32())
			if r.IntN(2) == 0 {
				block[i] = `"\[]{}`[r.IntN(6)]
			}
			if turn < 256 { // every byte at every place
				block[i] = byte(turn + i)
			}
		}
		quotes, opens, closes, backslashes := masks(&block)
		quotesGo, opensGo, closesGo, backslashesGo := masksGo(&block)
		odd := parity(quotes)
		escapes := r.IntN(2) == 0
		escaped, next := escapedBytes(backslashes, escapes)
		inside := false
		check := func(what string, i int, mask uint64, want bool) {
			if mask>>i&1 != 0 != want {
				t.Fatalf("%s at %d of %q: %v", what, i, block, !want)
			}
		}
		for i, c := range block {
			check("quote", i, quotes, c == '"')
			check("quote in Go", i, quotesGo, c == '"')
			check("backslash", i, backslashes, c == '\\')
			check("backslash in Go", i, backslashesGo, c == '\\')
			if strings.IndexByte("Y_y\x7f", c) < 0 {
				check("opening bracket", i, opens, c == '[' || c == '{')
				check("opening bracket in Go", i, opensGo, c == '[' || c == '{')
				check("closing bracket", i, closes, c == ']' || c == '}')
				check("closing bracket in Go", i, closesGo, c == ']' || c == '}')
			}
			inside = inside != (c == '"')
			check("parity", i, odd, inside)
			check("escaped byte", i, escaped, escapes)
			escapes = c == '\\' && !escapes
		}
		if next != escapes {
			t.Fatalf("escape behind %q: %v", block, next)
		}
	}
}

func FuzzSkipContainer(f *testing.F) {
	ordered, behind := messageCreate(f)
	f.Add(ordered)
	f.Add(behind)
	f.Fuzz(func(t *testing.T, b []byte) {
		// The four that pass for brackets outside of strings do so in invalid
		// documents only.
		doc := []byte("[" + strings.NewReplacer("Y", "x", "_", "x", "y", "x", "\x7f", "x").Replace(string(b)))
		checkSkip(t, doc, 0)
	})
}
