package zstd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// hello is a real first message of the gateway's zstd-stream.
var hello = []byte{
	40, 181, 47, 253, 0, 64, 100, 3, 0, 66, 7, 25, 28, 112, 137, 115, 116, 40, 208, 203, 85, 255, 167, 74, 75, 126, 203, 222, 231, 255, 151, 18,
	211, 212, 171, 144, 151, 210, 255, 51, 4, 49, 34, 71, 98, 2, 36, 253, 122, 141, 99, 203, 225, 11, 162, 47, 133, 241, 6, 201, 82, 245, 91,
	206, 247, 164, 226, 156, 92, 108, 130, 123, 11, 95, 199, 15, 61, 179, 117, 157, 28, 37, 65, 64, 25, 250, 182, 8, 199, 205, 44, 73, 47, 19,
	218, 45, 27, 14, 245, 202, 81, 82, 122, 167, 121, 71, 173, 61, 140, 190, 15, 3, 1, 0, 36, 74, 18,
}

func TestHello(t *testing.T) {
	const want = `{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250,"_trace":["[\"gateway-prd-us-east1-c-7s4x\",{\"micros\":0.0}]"]}}`
	var d Decoder
	var s Stream
	out, _, err := d.Decode(&s, hello, len(want))
	if string(out) != want {
		t.Errorf("%q, %v", out, err)
	}
	if s.frame != (frame{window: 256 << 10}) {
		t.Errorf("frame %+v", s.frame)
	}
}

// header begins a frame with the given descriptor and fields.
func header(descriptor byte, fields ...byte) *blockWriter {
	return (&blockWriter{[]byte{0x28, 0xb5, 0x2f, 0xfd, descriptor}}).bytes(fields...)
}

// The fields of a frame's header in all their sizes.
func TestFrameHeader(t *testing.T) {
	const (
		single   = 0x20
		checksum = 4
	)
	size := func(n uint64, bytes int) []byte { return binary.LittleEndian.AppendUint64(nil, n)[:bytes] }
	tests := []struct {
		name  string
		src   []byte
		frame frame
	}{
		{"window of 1 KiB", header(0, 0).b, frame{window: 1 << 10}},
		{"window of 1.875 KiB", header(0, 7).b, frame{window: 1920}},
		{"window of 8 MiB", header(checksum, 13<<3).b, frame{window: 8 << 20, checksum: true}},
		{"size of a byte", header(single, 200).b, frame{window: 200, sized: true, left: 200}},
		{"size of 0", header(single, 0).b, frame{sized: true}},
		{"size of 2 bytes", header(0x40, append([]byte{0}, size(300-256, 2)...)...).b, frame{window: 1 << 10, sized: true, left: 300}},
		{"size of 4 bytes", header(0x80|single, size(8<<20, 4)...).b, frame{window: 8 << 20, sized: true, left: 8 << 20}},
		{"size of 8 bytes", header(0xc0, append([]byte{1}, size(1<<63+5, 8)...)...).b, frame{window: 1152, sized: true, left: 1<<63 + 5}},
		{"no dictionary in 1 byte", header(1, 0, 0).b, frame{window: 1 << 10}},
		{"no dictionary in 2 bytes", header(2, 0, 0, 0).b, frame{window: 1 << 10}},
		{"no dictionary in 4 bytes", header(3|single, 0, 0, 0, 0, 9).b, frame{window: 9, sized: true, left: 9}},
	}
	var d Decoder
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var s Stream
			if out, _, err := d.Decode(&s, test.src, testLimit); len(out) > 0 || err != nil {
				t.Fatalf("%d bytes, %v", len(out), err)
			}
			if s.frame != test.frame || s.phase != atBlock {
				t.Errorf("%+v, want %+v", s.frame, test.frame)
			}
			for n := range test.src {
				var s Stream
				if _, done, err := d.Decode(&s, test.src[:n], testLimit); done != (n == 0) || err != nil {
					t.Errorf("%d of %d bytes: done %v, %v", n, len(test.src), done, err)
				}
			}
		})
	}
}

func TestRefused(t *testing.T) {
	tests := []struct {
		name   string
		src    []byte
		limit  int
		window int
		want   error
	}{
		{"dictionary of 1 byte", header(1, 0, 1).b, 1, 0, ErrDictionary},
		{"dictionary of 2 bytes", header(2, 0, 0, 1).b, 1, 0, ErrDictionary},
		{"dictionary of 4 bytes", header(3, 0, 0, 0, 0, 1).b, 1, 0, ErrDictionary},
		{"window over 8 MiB", header(0, 13<<3|1).b, 1, 0, &WindowError{9 << 20, 8 << 20}},
		{"window of 3.75 TiB", header(0, 0xff).b, 1, 1 << 30, &WindowError{15 << 38, 1 << 30}},
		{"window over MaxWindow", framed(11).raw("a").b, 1, 2047, &WindowError{2048, 2047}},
		{"size over MaxWindow", header(0x20, 200).b, 1, 199, &WindowError{200, 199}},
		{"skippable frame of 4 GB", []byte{0x5f, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff, 'a'}, 1 << 20, 0, ErrTooLarge},
		{"raw block over the limit", framed(18).raw("abc").b, 2, 0, ErrTooLarge},
		{"RLE block over the limit", framed(18).block(false, rleBlock, 3, 'a').b, 2, 0, ErrTooLarge},
		{"compressed block over the limit", framed(18).compressed(rawSection("abc"), none).b, 2, 0, ErrTooLarge},
		{"second block over the limit", framed(18).raw("ab").raw("c").b, 2, 0, ErrTooLarge},
		{"limit of 0", framed(18).raw("").raw("c").b, 0, 0, ErrTooLarge},
		{"negative limit", framed(18).raw("c").b, -1, 0, ErrTooLarge},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := Decoder{MaxWindow: test.window}
			var s Stream
			if _, _, err := d.Decode(&s, test.src, test.limit); !reflect.DeepEqual(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
			if _, _, err := d.Decode(&s, test.src, test.limit); err != ErrFailed {
				t.Errorf("again: %v", err)
			}
			if len(d.output.mem) > smallScratch {
				t.Errorf("%d bytes kept", len(d.output.mem))
			}
		})
	}
}

// Just what is refused above, but for the last byte of it.
func TestAccepted(t *testing.T) {
	for _, test := range []struct {
		src    []byte
		limit  int
		window int
	}{
		{framed(11).raw("a").b, 1, 2048},
		{header(0x20, 200).b, 0, 200},
		{framed(18).raw("abc").b, 3, 0},
		{framed(18).raw("ab").raw("c").raw("").b, 3, 0},
		{framed(18).raw("").b, -1, 0},
	} {
		d := Decoder{MaxWindow: test.window}
		var s Stream
		if _, _, err := d.Decode(&s, test.src, test.limit); err != nil {
			t.Errorf("%x: %v", test.src, err)
		}
	}
}

// A small message of blocks that repeat a byte stops at the limit, in output
// and in memory.
func TestExpansion(t *testing.T) {
	w := framed(23)
	for range 16 << 10 { // 64 KiB for 2 GiB
		w.block(false, rleBlock, maxBlock, 'x')
	}
	var d Decoder
	var s Stream
	if _, _, err := d.Decode(&s, w.b, 1<<20); err != ErrTooLarge {
		t.Fatal(err)
	}
	if len(d.output.mem) > 4<<20 {
		t.Errorf("%d bytes of memory for a limit of 1 MiB", len(d.output.mem))
	}
}

// Messages without blocks, or with empty ones, have empty output; frames and
// skippable frames follow each other, in one message and over several.
func TestFrames(t *testing.T) {
	skipped := func(n byte) []byte { return []byte{0x50 + n, 0x2a, 0x4d, 0x18, n, 0, 0, 0} }
	match := rleSequences(1, 2, 2, 0, new(bitString).add(3, 2)) // 2 literals, then 3 bytes 4 back
	var d Decoder
	var s Stream
	for i, m := range []struct {
		src  []byte
		want string
	}{
		{nil, ""},
		{append(skipped(3), "abc"...), ""},
		{framed(18).b, ""},
		{(&blockWriter{}).raw("").b, ""},
		{(&blockWriter{}).block(false, rleBlock, 0, 'x').b, ""},
		{(&blockWriter{}).compressed(rawSection(""), none).b, ""},
		{nil, ""},
		{(&blockWriter{}).raw("abcd").raw("").b, "abcd"},
		{(&blockWriter{}).compressed(rawSection("ef"), match).b, "efcde"},
		{(&blockWriter{}).block(true, rleBlock, 4, 'x').b, "xxxx"},
		{skipped(0), ""},
		{append(framed(10).raw("gh").b, (&blockWriter{}).block(true, rawBlock, 1, 'i').bytes(framed(10).raw("jkl").b...).b...), "ghijkl"},
		{(&blockWriter{}).compressed(rawSection("mn"), match).b, "mnklm"},
		{(&blockWriter{}).block(true, rawBlock, 0).bytes(append(skipped(1), 'x')...).bytes(header(0x24, 2).block(true, rawBlock, 2, 'o', 'p').bytes(1, 2, 3, 4).b...).b, "op"},
		{header(0x20, 3).raw("q").b, "q"},
		{(&blockWriter{}).block(true, rawBlock, 2, 'r', 's').b, "rs"},
		{framed(10).compressed(literalsHeader(rleLiterals, 40), []byte{'t'}, none).b, strings.Repeat("t", 40)},
	} {
		out, _, err := d.Decode(&s, m.src, 40)
		if err != nil || string(out) != m.want {
			t.Errorf("message %d: %q, want %q, %v", i, out, m.want, err)
		}
	}
}

// A frame's checksum is not compared.
func TestChecksumSkipped(t *testing.T) {
	var d Decoder
	var s Stream
	for range 2 {
		out, _, err := d.Decode(&s, header(4, 0).block(true, rawBlock, 1, 'a').bytes(0xde, 0xad, 0xbe, 0xef).b, 1)
		if err != nil || string(out) != "a" {
			t.Errorf("%q, %v", out, err)
		}
	}
}

// What was before a frame cannot be reached from it, even if it is in memory.
func TestFrameForgets(t *testing.T) {
	var d Decoder
	for _, m := range [][]byte{
		framed(10).compressed(huffmanSection(treelessLiterals, 0, 4, aLiterals("abba")...), none).b,
		framed(10).compressed(rawSection("ab"), sequencesHeader(1, repeatMode, rleMode, rleMode), []byte{0, 0}, new(bitString).stream()).b,
		framed(10).compressed(rawSection("ab"), sequencesHeader(1, rleMode, repeatMode, rleMode), []byte{2, 0}, new(bitString).stream()).b,
		framed(10).compressed(rawSection("ab"), sequencesHeader(1, rleMode, rleMode, repeatMode), []byte{2, 0}, new(bitString).stream()).b,
		framed(10).compressed(rawSection("ab"), rleSequences(1, 2, 1, 0, new(bitString).add(1, 1))).b,
	} {
		first := framed(10).compressed(huffmanSection(compressedLiterals, 0, 4, append(aTree(), aLiterals("abba")...)...),
			rleSequences(1, 4, 0, 0, new(bitString)))
		if out, _, err := d.Decode(new(Stream), first.b, 100); string(out) != "abbaaaa" {
			t.Fatalf("%q, %v", out, err)
		}
		var s Stream
		if _, _, err := d.Decode(&s, append(bytes.Clone(first.b), first.b[6:]...), 100); err != nil {
			t.Fatal(err)
		}
		var corrupt *CorruptError
		if out, _, err := d.Decode(&s, append(bytes.Clone((&blockWriter{}).block(true, rawBlock, 0).b), m...), 100); !errors.As(err, &corrupt) {
			t.Errorf("%q, %v", out, err)
		}
		s.Reset()
		if out, _, err := d.Decode(&s, m, 100); !errors.As(err, &corrupt) {
			t.Errorf("after Reset: %q, %v", out, err)
		}
	}
}
