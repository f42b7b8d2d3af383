package zstd

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// agree decodes src as the second message of a stream, with another stream's
// messages around it, and compares with klauspost's decoder.
func agree(t *testing.T, d *Decoder, o oracle, first, src []byte) {
	var s, other Stream
	decode := func(s *Stream, m []byte) []byte {
		out, _, err := d.Decode(s, m, testLimit)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	past := bytes.Clone(decode(&s, first))
	decode(&other, first)
	out, done, err := d.Decode(&s, slices.Clip(src), testLimit)
	out = bytes.Clone(out)
	if again := decode(&other, afterFirst); string(again) != afterFirstText {
		t.Fatalf("other stream: %q", again)
	}

	// What a message ends with, and what follows it, change nothing.
	if done && s.phase == atBlock {
		if tail := append(past, out...); s.history.next > 0 && !bytes.HasSuffix(tail, s.history.ring[:s.history.next]) {
			t.Error("the window does not end as the output does")
		}
	}
	want, oracleErr := o.decode(append(slices.Clip(first), src...))
	if !bytes.HasPrefix(want, past) {
		t.Fatalf("klauspost: %d bytes, %v", len(want), oracleErr)
	}
	want = want[len(past):]
	var corrupt *CorruptError
	switch {
	case err == nil && !done:
		// The blocks that are there may be wrong: they are not looked at yet.
		if oracleErr == nil || s.phase == atFailure {
			t.Errorf("not done; klauspost: %d bytes, %v", len(want), oracleErr)
		}
	case err == nil:
		// At the end of a message, klauspost's decoder asks for more. It
		// refuses a few codes of one symbol that libzstd accepts.
		if oracleErr != nil && oracleErr != io.ErrUnexpectedEOF {
			t.Logf("%d bytes; klauspost: %v", len(out), oracleErr)
			if !bytes.HasPrefix(out, want) {
				t.Errorf("%d bytes; klauspost: %d other bytes", len(out), len(want))
			}
			return
		}
		if !bytes.Equal(out, want) {
			t.Errorf("%d bytes; klauspost: %d bytes, %v", len(out), len(want), oracleErr)
		}
	case errors.As(err, &corrupt):
		if corrupt.Offset < 0 || corrupt.Offset > int64(len(src)) {
			t.Errorf("%v, of %d bytes", err, len(src))
		}
		if oracleErr == nil && !stricter[corrupt.Reason] {
			t.Errorf("%v; klauspost: %d bytes", err, len(want))
		}
	case err == ErrTooLarge:
		if oracleErr == nil && len(want) <= testLimit {
			t.Errorf("%v; klauspost: %d bytes", err, len(want))
		}
	}
}

// stricter has the reasons for which libzstd refuses what klauspost's decoder
// accepts.
var stricter = map[string]bool{
	faults[badLiteralsSize].reason: true, // of four streams of fewer than six bytes
}

// firstMessage has a history, a tree and three tables for the messages that
// follow it to repeat.
var (
	firstMessage = framed(18).compressed(huffmanSection(compressedLiterals, 0, 10, append(aTree(), aLiterals("abbaabbbba")...)...),
		append(append(append(sequencesHeader(3, rleMode, compressedMode, predefinedMode), 2), tableDescription(5, []int16{10, 12, 10})...), firstBits()...)).b
	afterFirst     = (&blockWriter{}).compressed(huffmanSection(treelessLiterals, 0, 4, aLiterals("baab")...), none).b
	afterFirstText = "baab"
)

// firstBits are those of three sequences, made by trying: all but the last
// bits are random, as the states take them.
func firstBits() []byte {
	var d Decoder
	for seed := range 1 << 16 {
		var s bitString
		s.add(uint64(seed), 11).add(uint64(seed)*0x9e3779b9>>7, seed%12+4)
		w := framed(18).compressed(huffmanSection(compressedLiterals, 0, 10, append(aTree(), aLiterals("abbaabbbba")...)...),
			append(append(append(sequencesHeader(3, rleMode, compressedMode, predefinedMode), 2), tableDescription(5, []int16{10, 12, 10})...), s.stream()...))
		if _, _, err := d.Decode(new(Stream), w.b, 1000); err == nil {
			return s.stream()
		}
	}
	panic("no bits found")
}

// FuzzDecode decodes any message behind another one, and holds the result
// against klauspost's: the same bytes, and an error where it has one.
func FuzzDecode(f *testing.F) {
	for level := zstd.SpeedFastest; level <= zstd.SpeedBestCompression; level++ {
		for i, m := range messages(f, level, 1<<18, payloads(uint64(level), 3, 2000)...) {
			if i == 0 {
				m = m[6:]
			}
			f.Add(m)
		}
	}
	f.Add(hello[6:])
	f.Add(afterFirst)
	f.Add((&blockWriter{}).block(true, rleBlock, 9, 'x').bytes(framed(10).raw("new").b...).b)
	f.Add((&blockWriter{}).block(true, rawBlock, 0).bytes(header(0x24, 1).block(true, rawBlock, 1, 'x', 1, 2, 3, 4).b...).b)
	f.Add((&blockWriter{}).compressed(rawSection("a"), sequencesHeader(2, repeatMode, repeatMode, repeatMode), []byte{1, 2, 3}).b)
	var d Decoder
	o := newOracle(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		variants(func() { agree(t, &d, o, firstMessage, src) })
	})
}

// FuzzBlock does the same with the content of a compressed block, cut in two
// parts: what they are changes lengths in the section headers, so that more
// of what is tried gets past them.
func FuzzBlock(f *testing.F) {
	add := func(literals, sequences []byte) {
		for kind := range uint8(4) {
			f.Add(kind, uint(len(literals)), literals, sequences)
		}
	}
	add([]byte("literals"), none)
	add(append(aTree(), aLiterals("abbaabbaab")...), rleSequences(2, 3, 3, 3, new(bitString).add(1, 3).add(2, 3)))
	add([]byte("literals"), append(sequencesHeader(1, predefinedMode, predefinedMode, predefinedMode), 1, 2, 3))
	add([]byte("literals"), append(append(sequencesHeader(1, compressedMode, repeatMode, predefinedMode), tableDescription(6, []int16{30, 0, 0, 0, 0, -1, 33})...), 1, 2, 3, 4))
	for _, m := range messages(f, zstd.SpeedBetterCompression, 1<<18, payloads(5, 4, 3000)...)[1:] {
		b := m[blockHeaderSize:]
		size := len(b) / 3
		f.Add(uint8(2), uint(300), b[3:size], b[size:])
	}
	var d Decoder
	o := newOracle(f)
	f.Fuzz(func(t *testing.T, kind uint8, size uint, literals, sequences []byte) {
		kind &= 3
		n := int(size % (maxBlock + 1))
		if len(literals) > maxBlock/2 || len(sequences) > maxBlock/2-16 {
			return
		}
		var section []byte
		switch kind {
		case rawLiterals:
			section = rawSection(string(literals))
		case rleLiterals:
			section = append(literalsHeader(rleLiterals, n), 'r')
		default:
			format := 3
			if n < 1024 && len(literals) < 1024 {
				format = int(size >> 20 & 1)
			}
			section = huffmanSection(int(kind), format, n, literals...)
		}
		w := (&blockWriter{}).compressed(section, sequences)
		w.raw("end")
		variants(func() { agree(t, &d, o, firstMessage, w.b) })
	})
}

// FuzzRoundTrip compresses two payloads and decodes them, with those of
// another stream in between.
func FuzzRoundTrip(f *testing.F) {
	for i, p := range payloads(13, 6, 3000) {
		f.Add(p, p[len(p)/2:], i%4+1, uint(i))
	}
	f.Add([]byte{}, bytes.Repeat([]byte("0"), 70_000), 1, uint(3))
	var d Decoder
	f.Fuzz(func(t *testing.T, first, second []byte, level int, log uint) {
		encoder := zstd.EncoderLevel(1 + uint(level)%4)
		texts := [2][]([]byte){{first, second, first}, {second, first, second}}
		window := 1 << (10 + 4*(log%3))
		ms := [2][][]byte{messages(t, encoder, window, texts[0]...), messages(t, encoder, window, texts[1]...)}
		variants(func() {
			var streams [2]Stream
			for i := range 3 {
				for k := range streams {
					out, _, err := d.Decode(&streams[k], ms[k][i], testLimit)
					if err != nil || !bytes.Equal(out, texts[k][i]) {
						t.Fatalf("stream %d, message %d: %d bytes, want %d, %v", k, i, len(out), len(texts[k][i]), err)
					}
				}
			}
		})
	})
}
