package zstd

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

// none is a sequences section without sequences.
var none = []byte{0}

func TestCorrupt(t *testing.T) {
	extra := func() *bitString { return new(bitString) }
	seq := func(content ...byte) []byte { return append([]byte{1}, content...) }
	ab := aLiterals("abba")
	four := func(sizes [3]byte, streams ...byte) []byte {
		b := append(aTree(), sizes[0], 0, sizes[1], 0, sizes[2], 0)
		return append(b, streams...)
	}
	one := byte(2) // a stream of a single a
	large := strings.Repeat("x", 1024)
	tests := []struct {
		name   string
		src    []byte
		reason verdict
		offset int64
	}{
		{"magic", []byte("not Zstandard"), badMagic, 0},
		{"reserved bit", []byte{0x28, 0xb5, 0x2f, 0xfd, 8, 0}, badFrame, 0},
		{"frame behind the last", framed(18).block(true, rawBlock, 1, 'a').raw("abc").b, badMagic, 10},
		{"more than announced", append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x20, 1}, framed(18).raw("a").raw("b").b[6:]...), badContentSize, 14},
		{"less than announced", append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x20, 9}, 9, 0, 0, 'a'), badContentSize, 10},

		{"block type", framed(18).block(false, 3, 0).b, badBlock, 6},
		{"raw block over the window", framed(10).raw(large + "x").b, badBlockSize, 6},
		{"RLE block over the window", framed(10).block(false, rleBlock, 1025, 'a').b, badBlockSize, 6},
		{"RLE block over 128 KiB", framed(18).block(false, rleBlock, maxBlock+1, 'a').b, badBlockSize, 6},
		{"compressed block over the window", framed(10).compressed([]byte(large + "x")).b, badBlockSize, 6},

		{"empty compressed block", framed(18).compressed().b, badLiteralsHeader, 9},
		{"short literals header", framed(18).compressed([]byte{0x0c, 0}).b, badLiteralsHeader, 9},
		{"short compressed literals header", framed(18).compressed([]byte{0x0e, 0, 0, 0}).b, badLiteralsHeader, 9},
		{"literals over the window", framed(10).compressed(literalsHeader(rawLiterals, 1025)).b, badLiteralsSize, 11},
		{"compressed literals over the window", framed(10).compressed(huffmanSection(compressedLiterals, 2, 1025)).b, badLiteralsSize, 13},
		{"raw literals go on", framed(18).compressed(literalsHeader(rawLiterals, 2), []byte("a")).b, truncatedLiterals, 10},
		{"RLE literals go on", framed(18).compressed(literalsHeader(rleLiterals, 2)).b, truncatedLiterals, 10},
		{"compressed literals go on", framed(18).compressed([]byte{0x12, 0x80, 0, 0}).b, truncatedLiterals, 12},
		{"treeless first", framed(18).compressed(huffmanSection(treelessLiterals, 0, 4, ab...), none).b, noTree, 12},
		{"no tree", framed(18).compressed(huffmanSection(compressedLiterals, 0, 4), none).b, badTreeHeader, 12},
		{"short direct tree", framed(18).compressed(huffmanSection(compressedLiterals, 0, 4, 130, 0x11), none).b, badTreeHeader, 12},
		{"short compressed tree", framed(18).compressed(huffmanSection(compressedLiterals, 0, 4, 5, 1, 2, 3), none).b, badTreeHeader, 12},
		{"compressed tree of nothing", framed(18).compressed(huffmanSection(compressedLiterals, 0, 4, 0, 1, 2, 3), none).b, badWeights, 12},
		{"weights' accuracy over 6", framed(18).compressed(huffmanSection(compressedLiterals, 0, 4, 5, 2, 1, 2, 3, 4, 5), none).b, badWeights, 12},
		{"no stream of weights", framed(18).compressed(huffmanSection(compressedLiterals, 0, 4, append([]byte{2}, tableDescription(5, []int16{16, 16})...)...), none).b, badWeights, 12},
		{"stream of weights ends in 0", framed(18).compressed(huffmanSection(compressedLiterals, 0, 4, append(append([]byte{4}, tableDescription(5, []int16{16, 16})...), 1, 0)...), none).b, badWeightsStream, 12},
		{"stream of weights is short", framed(18).compressed(huffmanSection(compressedLiterals, 0, 4, append(append([]byte{3}, tableDescription(5, []int16{16, 16})...), 0xff)...), none).b, badWeightsStream, 12},
		{"endless weights", framed(18).compressed(huffmanSection(compressedLiterals, 0, 4, append(append([]byte{4}, tableDescription(5, []int16{0, 32})...), 1, 8)...), none).b, badWeightsStream, 12},
		{"no weights", framed(18).compressed(huffmanSection(compressedLiterals, 0, 4, directTree([]byte{0, 0})...), none).b, badWeightsSum, 12},
		{"weight 12", framed(18).compressed(huffmanSection(compressedLiterals, 0, 4, directTree([]byte{1, 12})...), none).b, badWeightsSum, 12},
		{"weight 15", framed(18).compressed(huffmanSection(compressedLiterals, 0, 4, directTree([]byte{1, 15})...), none).b, badWeightsSum, 12},
		{"weights leave 3", framed(18).compressed(huffmanSection(compressedLiterals, 0, 4, directTree([]byte{1, 3})...), none).b, badWeightsSum, 12},
		{"weights of 12 bits", framed(18).compressed(huffmanSection(compressedLiterals, 0, 4, directTree([]byte{11, 11, 1})...), none).b, badWeightsSum, 12},
		{"no weight of 1", framed(18).compressed(huffmanSection(compressedLiterals, 0, 4, directTree([]byte{2})...), none).b, badWeightsSum, 12},
		{"literals stream is missing", framed(18).compressed(huffmanSection(compressedLiterals, 0, 4, aTree()...), none).b, badLiteralsStream, 62},
		{"literals stream ends in 0", framed(18).compressed(huffmanSection(compressedLiterals, 0, 4, append(aTree(), 0)...), none).b, badLiteralsStream, 62},
		{"literals stream is short", framed(18).compressed(huffmanSection(compressedLiterals, 0, 5, append(aTree(), ab...)...), none).b, badLiteralsStream, 62},
		{"literals stream is long", framed(18).compressed(huffmanSection(compressedLiterals, 0, 3, append(aTree(), ab...)...), none).b, badLiteralsStream, 62},
		{"four streams of 5", framed(18).compressed(huffmanSection(compressedLiterals, 1, 5, four([3]byte{1, 1, 1}, 6, 6, 2, 1)...), none).b, badLiteralsSize, 12},
		{"four streams without sizes", framed(18).compressed(huffmanSection(compressedLiterals, 1, 6, append(aTree(), 1, 0, 1, 0, 1)...), none).b, badStreamSizes, 62},
		{"four streams over the end", framed(18).compressed(huffmanSection(compressedLiterals, 1, 8, four([3]byte{1, 1, 9}, 6, 6, 6, 6)...), none).b, badStreamSizes, 62},
		{"four streams, last is missing", framed(18).compressed(huffmanSection(compressedLiterals, 1, 8, four([3]byte{1, 1, 2}, 6, 6, 6, 6)...), none).b, badLiteralsStream, 62},
		{"four streams, second is short", framed(18).compressed(huffmanSection(compressedLiterals, 1, 8, four([3]byte{1, 1, 1}, 6, one, 6, 6)...), none).b, badLiteralsStream, 62},

		{"no sequences header", framed(18).compressed(rawSection("a")).b, badSequencesHeader, 11},
		{"short sequences header", framed(18).compressed(rawSection("a"), []byte{200}).b, badSequencesHeader, 11},
		{"short long sequences header", framed(18).compressed(rawSection("a"), []byte{255, 0}).b, badSequencesHeader, 11},
		{"no modes", framed(18).compressed(rawSection("a"), seq()).b, badSequencesHeader, 11},
		{"more behind no sequences", framed(18).compressed(rawSection("a"), []byte{0, 0}).b, badSequencesHeader, 11},
		{"reserved modes", framed(18).compressed(rawSection("a"), seq(0x55, 1, 0, 0, 1)).b, badModes, 11},
		{"literals length code 36", framed(18).compressed(rawSection("a"), rleSequences(1, 36, 0, 0, extra())).b, badSymbol, 13},
		{"offset code 32", framed(18).compressed(rawSection("a"), rleSequences(1, 1, 32, 0, extra())).b, badSymbol, 14},
		{"match length code 53", framed(18).compressed(rawSection("a"), rleSequences(1, 1, 0, 53, extra())).b, badSymbol, 15},
		{"code of RLE mode is missing", framed(18).compressed(rawSection("a"), seq(0x54, 1)).b, badSequencesHeader, 14},
		{"repeated first", framed(18).compressed(rawSection("a"), sequencesHeader(1, predefinedMode, repeatMode, predefinedMode), []byte{1, 2}).b, noTable, 13},
		{"no table description", framed(18).compressed(rawSection("a"), sequencesHeader(1, predefinedMode, predefinedMode, compressedMode)).b, badTable, 13},
		{"short table description", framed(18).compressed(rawSection("a"), sequencesHeader(1, compressedMode, predefinedMode, predefinedMode), []byte{0x00}).b, badTable, 13},
		{"offsets' accuracy over 8", framed(18).compressed(rawSection("a"), sequencesHeader(1, predefinedMode, compressedMode, predefinedMode), tableDescription(9, []int16{256, 256}), []byte{1, 2}).b, badTable, 13},
		{"probability of literals length code 36", framed(18).compressed(rawSection("a"), sequencesHeader(1, compressedMode, predefinedMode, predefinedMode), tableDescription(5, append(make([]int16, 36), 32)), []byte{1, 2}).b, badTable, 13},
		{"no sequences stream", framed(18).compressed(rawSection("a"), seq(0x54, 1, 0, 0)).b, badSequencesStream, 16},
		{"sequences stream ends in 0", framed(18).compressed(rawSection("a"), seq(0x54, 1, 0, 0, 0)).b, badSequencesStream, 16},
		{"no first states", framed(18).compressed(rawSection("a"), seq(0, 0xff, 1)).b, badSequencesStream, 13},
		{"sequences stream is short", framed(18).compressed(rawSection("abc"), rleSequences(1, 1, 0, 32, extra())).b, badSequencesStream, 18},
		{"sequences stream is short, 63 bits", framed(18).compressed(rawSection("abc"), rleSequences(1, 35, 31, 52, extra().add(0, 62))).b, badSequencesStream, 18},
		{"sequences stream is long", framed(18).compressed(rawSection("abc"), rleSequences(1, 1, 0, 32, extra().add(0, 2))).b, badSequencesStream, 18},
		{"first states of a stream that ends with them", framed(18).compressed(rawSection("abc"), sequencesHeader(2, predefinedMode, predefinedMode, predefinedMode), extra().add(0, 17).stream()).b, badSequencesStream, 15},

		{"literals are used up", framed(18).compressed(rawSection("a"), rleSequences(1, 2, 0, 0, extra())).b, badLengths, 16},
		{"output over the block's size", framed(10).compressed(rawSection("a"), rleSequences(1, 1, 0, 46, extra().add(0, 10))).b, badLengths, 16},
		{"last literals over the block's size", framed(10).compressed(literalsHeader(rleLiterals, 1024), []byte{'a'}, rleSequences(1, 1, 0, 0, extra())).b, badLengths, 17},
		{"offset zero", framed(18).compressed(rawSection("a"), rleSequences(1, 0, 1, 0, extra().add(1, 1))).b, badOffset, 16},
		{"offset before the start", framed(18).compressed(rawSection("abc"), rleSequences(1, 2, 2, 0, extra().add(2, 2))).b, badOffset, 18},
		{"offset before the frame", framed(18).block(true, rawBlock, 3, 'a', 'b', 'c').bytes(framed(18).compressed(rawSection("abc"), rleSequences(1, 2, 2, 0, extra().add(2, 2))).b...).b, badOffset, 30},
		{"offset over the window", framed(10).raw(large).raw(large).compressed(rawSection("abc"), rleSequences(1, 2, 10, 0, extra().add(4, 10))).b, badOffset, 2072},
	}
	var d Decoder
	oracle := newOracle(t)
	reached := make(map[verdict]bool)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var s Stream
			_, _, err := d.Decode(&s, test.src, testLimit)
			var corrupt *CorruptError
			if !errors.As(err, &corrupt) {
				t.Fatalf("error %v", err)
			}
			want := faults[test.reason]
			if corrupt.Reason != want.reason || corrupt.Section != want.section || corrupt.Offset != test.offset {
				t.Errorf("%v, want %q (%s) at %d", err, want.reason, want.section, test.offset)
			}
			reached[test.reason] = true
			if _, _, err := d.Decode(&s, test.src, testLimit); err != ErrFailed {
				t.Errorf("after the error: %v", err)
			}
			s.Reset()
			if out, _, err := d.Decode(&s, framed(10).raw("a").b, 1); string(out) != "a" {
				t.Errorf("after Reset: %q, %v", out, err)
			}
			// The message alone makes no end of stream, so this oracle's
			// error is one of what it read unless it is about the end.
			if out, err := oracle.decode(test.src); err == nil {
				t.Errorf("klauspost: %d bytes", len(out))
			} else if err == io.ErrUnexpectedEOF {
				t.Logf("klauspost: %v", err)
			}
		})
	}
	for v := badMagic; v <= badOffset; v++ {
		if !reached[v] {
			t.Errorf("no test of %q", faults[v].reason)
		}
	}
}

// Each verdict has a section and a text of its own.
func TestFaults(t *testing.T) {
	seen := make(map[string]bool)
	for v := badMagic; v <= badOffset; v++ {
		f := faults[v]
		if f.section == "" || f.reason == "" || seen[f.reason] {
			t.Errorf("verdict %d: %q in %q", v, f.reason, f.section)
		}
		seen[f.reason] = true
	}
	for v, want := range map[verdict]error{ok: nil, truncated: nil, tooLarge: ErrTooLarge, dictionary: ErrDictionary} {
		if got := v.err(nil, 0, 0); got != want {
			t.Errorf("verdict %d: %v", v, got)
		}
	}
	if got, want := badBlock.err(nil, 7, 0).Error(), "zstd: reserved block type at byte 7 (RFC 8878 section 3.1.1.2.2)"; got != want {
		t.Errorf("%q", got)
	}
}

// What ends elsewhere than where a block or a frame ends goes on.
func TestTruncated(t *testing.T) {
	var d Decoder
	for name, src := range map[string][]byte{
		"short magic":              []byte{0x28, 0xb5, 0x2f},
		"no descriptor":            []byte{0x28, 0xb5, 0x2f, 0xfd},
		"no window":                []byte{0x28, 0xb5, 0x2f, 0xfd, 0},
		"short content size":       []byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 1, 2, 3, 4, 5, 6, 7},
		"short skippable frame":    []byte{0x50, 0x2a, 0x4d, 0x18, 1, 0, 0},
		"skippable frame goes on":  []byte{0x5f, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 'a'},
		"short checksum":           append([]byte{0x28, 0xb5, 0x2f, 0xfd, 4, 0}, 1, 0, 0, 1, 2, 3),
		"block header":             framed(18).raw("a").bytes(1, 2).b,
		"raw block goes on":        framed(18).block(false, rawBlock, 2, 'a').b,
		"RLE block goes on":        framed(18).block(false, rleBlock, 2).b,
		"compressed block goes on": framed(18).block(false, compressedBlock, 5, 0).b,
	} {
		var s Stream
		var p Splitter
		if out, done, err := d.Decode(&s, src, testLimit); out != nil || done || err != nil {
			t.Errorf("%s: %d bytes, done %v, %v", name, len(out), done, err)
		}
		if whole, err := p.Whole(src, testLimit); whole || err != nil {
			t.Errorf("%s: whole %v, %v", name, whole, err)
		}
	}
}

// A message may be cut anywhere, into any number of parts, and nothing of it is
// decoded before all have come. Only where it ends with a block is the first part a
// message of its own.
func TestCut(t *testing.T) {
	want := payloads(5, 3, 900)
	want[1] = bytes.Repeat(want[1], 400) // several blocks
	ms := messages(t, 2, 1<<18, want...)
	ms[0] = append([]byte{0x55, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'}, ms[0]...)
	var d Decoder
	var borders int
	for i, m := range ms {
		step := 1 + len(m)/400
		for n := 0; n < len(m); n += step {
			var s Stream
			for k := range i {
				if _, _, err := d.Decode(&s, ms[k], testLimit); err != nil {
					t.Fatal(err)
				}
			}
			before := s
			out, done, err := d.Decode(&s, bytes.Clone(m[:n]), testLimit)
			if err != nil {
				t.Fatalf("message %d, %d of %d bytes: %v", i, n, len(m), err)
			}
			got := bytes.Clone(out)
			rest := m
			if done {
				borders++
				rest = m[n:]
			} else if before.ahead = s.ahead; !reflect.DeepEqual(before, s) {
				t.Fatalf("message %d, %d of %d bytes: the stream has changed", i, n, len(m))
			}
			for half := n + (len(m)-n)/2; !done && half < len(m); half = len(m) {
				if _, done, err = d.Decode(&s, bytes.Clone(m[:half]), testLimit); done || err != nil {
					break // at another border
				}
			}
			if done && len(rest) == len(m) {
				continue
			}
			if out, done, err = d.Decode(&s, rest, testLimit); !done || err != nil {
				t.Fatalf("message %d, cut at %d of %d bytes: done %v, %v", i, n, len(m), done, err)
			}
			if got = append(got, out...); !bytes.Equal(got, want[i]) {
				t.Fatalf("message %d, cut at %d of %d bytes: %d bytes differ from the %d compressed", i, n, len(m), len(got), len(want[i]))
			}
		}
	}
	if borders < len(ms) {
		t.Errorf("%d cuts where a block ends", borders)
	}
}
