package lazyjson

import (
	"math/rand/v2"
	"strconv"
	"testing"
)

func TestStops(t *testing.T) {
	// Every byte value at every place, behind bytes that are near to stopping.
	for c := range 256 {
		for place := range 8 {
			word := []byte{'!', '#', '[', ']', ' ', 0x80, 0xa2, 0xff}
			word[place] = byte(c)
			marks := stops(load(word, 0))
			want := c == '"' || c == '\\' || c < ' '
			if (marks != 0) != want {
				t.Fatalf("stops(%q) = %#x", word, marks)
			}
			if want && lowest(marks) != place {
				t.Fatalf("lowest stop of %q = %d, want %d", word, lowest(marks), place)
			}
		}
	}
}

func TestLeadingDigits(t *testing.T) {
	for _, text := range []string{
		"00000000", "12345678", "99999999", "1,\"op\":0", "48213,\"o", "null,\"op", "/0000000", ":0000000", "0:000000",
		"1/\x00\x01\x02\x03\x04\x05", "\xb0\xb1000000", "1234567\xff", "9\x00999999", "90000000",
	} {
		checkLeadingDigits(t, []byte(text))
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		const alphabet = "0123456789012345678901234567890123456789/:, \x00\xff"
		var word [8]byte
		for i := range word {
			word[i] = alphabet[r.IntN(len(alphabet))]
		}
		checkLeadingDigits(t, word[:])
	}
}

func checkLeadingDigits(t *testing.T, word []byte) {
	t.Helper()
	digits := skipDigits(word, 0)
	want, _ := strconv.ParseUint(string(word[:digits]), 10, 64)
	if value, n := leadingDigits(load(word, 0)); value != want || n != digits {
		t.Errorf("leadingDigits(%q) = %d, %d, want %d, %d", word, value, n, want, digits)
	}
}
