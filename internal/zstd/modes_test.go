package zstd

import (
	"fmt"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// modes counts how often a test's messages have what a block can have.
type modes map[string]int

// count goes through a message. It begins with a frame if the stream does.
func (m modes) count(src []byte, first bool) {
	if first {
		src = src[6:] // as klauspost's encoder writes it, with a window
	}
	for len(src) >= blockHeaderSize {
		kind := int(src[0] >> 1 & 3)
		size := (int(src[0]) | int(src[1])<<8 | int(src[2])<<16) >> 3
		m[fmt.Sprint("block ", kind)]++
		src = src[blockHeaderSize:]
		switch kind {
		case rleBlock:
			size = 1
		case compressedBlock:
			m.countCompressed(src[:size])
		}
		src = src[size:]
	}
}

func (m modes) countCompressed(b []byte) {
	kind, format := b[0]&3, b[0]>>2&3
	fields := uint64(0)
	for i := range literalsHeaderSizes[kind>>1][format] {
		fields |= uint64(b[i]) << (8 * i)
	}
	b = b[literalsHeaderSizes[kind>>1][format]:]
	m[fmt.Sprint("literals ", kind, " format ", format)]++
	switch kind {
	case rawLiterals:
		size := fields >> 4
		if format&1 == 0 {
			size = fields >> 3
		}
		b = b[size:]
	case rleLiterals:
		b = b[1:]
	default:
		width := literalsSizeWidths[format]
		b = b[fields>>(4+width)&(1<<width-1):]
	}
	count := 1
	switch {
	case b[0] == 0:
		m["no sequences"]++
		return
	case b[0] == 255:
		count = 3
	case b[0] >= 128:
		count = 2
	}
	m[fmt.Sprint("sequences count of ", count)]++
	for code := range sequenceCodes {
		m[fmt.Sprint("table ", code, " mode ", b[count]>>(6-2*code)&3)]++
	}
}

// Every kind of block, of literals and of tables occurs: most of them in what
// an encoder makes, the others by hand.
func TestModes(t *testing.T) {
	seen := make(modes)
	for level := zstd.SpeedFastest; level <= zstd.SpeedBestCompression; level++ {
		texts := append(payloads(uint64(level), 300, 3000), payloads(3, 4, 300_000)...)
		texts = append(texts, make([]byte, 3000), make([]byte, 300_000))
		for i, m := range messages(t, level, 1<<18, texts...) {
			seen.count(m, i == 0)
		}
	}
	seen.count(framed(10).compressed(rawSection("abc"), none).b, true)
	oracle := newOracle(t)
	var d Decoder
	ab := "abbabaabbb"
	a1250 := make([]byte, 5000)
	for i := range a1250 {
		a1250[i] = 'a' + byte(i/7%2)
	}
	quarters := func(text string) []byte {
		q := (len(text) + 3) / 4
		var sizes, streams []byte
		for k := range 4 {
			s := aLiterals(text[k*q : min((k+1)*q, len(text))])
			streams = append(streams, s...)
			if k < 3 {
				sizes = append(sizes, byte(len(s)), byte(len(s)>>8))
			}
		}
		return append(sizes, streams...)
	}
	w := framed(18)
	want := ""
	for _, size := range []int{1, 2, 40, 5000} {
		text := string(a1250[:size])
		w.compressed(rawSection(text), none)
		w.compressed(literalsHeader(rleLiterals, size), []byte{'r'}, none)
		for range size {
			text += "r"
		}
		want += text
	}
	w.compressed(huffmanSection(compressedLiterals, 0, len(ab), append(aTree(), aLiterals(ab)...)...), none)
	w.compressed(huffmanSection(treelessLiterals, 0, len(ab), aLiterals(ab)...), none)
	want += ab + ab
	for format, size := range []int{0, 6, 1100, 5000} {
		if format == 0 {
			continue
		}
		text := string(a1250[:size])
		w.compressed(huffmanSection(compressedLiterals, format, size, append(aTree(), quarters(text)...)...), none)
		w.compressed(huffmanSection(treelessLiterals, format, size, quarters(text)...), none)
		want += text + text
	}
	// Of two formats of a byte each, the size decides.
	w.compressed([]byte{rawLiterals | 2<<2, 'x'}, none)
	w.compressed([]byte{rleLiterals | 2<<2, 'x'}, none)
	want += "xx"
	seen.count(w.b, true)
	zeroAndOne := framed(18).compressed(huffmanSection(compressedLiterals, 0, 2, append(directTree([]byte{1}), aLiterals("ab")...)...), none).b
	for split := range 2 {
		var s, other Stream
		got := ""
		src := w.b
		for len(src) > 0 {
			n := len(src)
			if split == 1 { // a message for each block, and another stream's
				start := 0
				if got == "" {
					start = 6
				}
				n = start + blockHeaderSize + (int(src[start])|int(src[start+1])<<8|int(src[start+2])<<16)>>3
				other.Reset()
				if out, _, err := d.Decode(&other, zeroAndOne, 2); err != nil {
					t.Fatalf("%q, %v", out, err)
				}
			}
			out, _, err := d.Decode(&s, src[:n], testLimit)
			if err != nil {
				t.Fatal(err)
			}
			got += string(out)
			src = src[n:]
		}
		if got != want {
			t.Errorf("%d bytes, want %d", len(got), len(want))
		}
	}
	if out, _ := oracle.decode(w.b); string(out) != want {
		t.Errorf("klauspost: %d bytes, want %d", len(out), len(want))
	}
	for _, sequences := range [][]byte{
		append(sequencesHeader(1, predefinedMode, predefinedMode, predefinedMode), 0, 0, 4),
		append(sequencesHeader(128, rleMode, rleMode, rleMode), 0, 0, 0, 1),
		append(sequencesHeader(0x7f00, rleMode, rleMode, rleMode), 0, 0, 0, 1),
		append(sequencesHeader(1, repeatMode, repeatMode, repeatMode), 1),
	} {
		seen.countCompressed(append([]byte{0}, sequences...))
	}

	for kind := range 3 {
		seen.need(t, fmt.Sprint("block ", kind))
	}
	for kind := range 4 {
		for format := range 4 {
			seen.need(t, fmt.Sprint("literals ", kind, " format ", format))
		}
	}
	for count := 1; count <= 3; count++ {
		seen.need(t, fmt.Sprint("sequences count of ", count))
	}
	for code := range sequenceCodes {
		for mode := range 4 {
			seen.need(t, fmt.Sprint("table ", code, " mode ", mode))
		}
	}
	seen.need(t, "no sequences")
}

func (m modes) need(t *testing.T, what string) {
	t.Helper()
	if m[what] == 0 {
		t.Errorf("no %s", what)
	}
}
