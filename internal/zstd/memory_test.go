package zstd

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/klauspost/compress/zstd"
)

// A decoded message allocates nothing, nor does a new connection.
func TestNoAllocation(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	var d Decoder
	var streams [2]Stream
	ms := messages(t, zstd.SpeedDefault, 1<<16, append(payloads(11, 200, 3000), payloads(12, 1, 250_000)...)...)
	decode := func() {
		streams[0].Reset()
		streams[1].Reset()
		for i, m := range ms {
			for k := range streams {
				if _, _, err := d.Decode(&streams[k], m, testLimit); err != nil {
					t.Fatalf("message %d: %v", i, err)
				}
			}
		}
	}
	decode()
	if n := testing.AllocsPerRun(5, decode); n != 0 {
		t.Errorf("%v allocations for %d messages", n, len(ms))
	}
}

// A connection has its window and 1 KiB at most, whatever it received, and
// less while less history has come.
func TestStreamSize(t *testing.T) {
	const window = 256 << 10
	var d Decoder
	var s Stream
	size := int(unsafe.Sizeof(s))
	t.Logf("a stream has %d bytes", size)
	if size > 1<<10 {
		t.Errorf("a stream has %d bytes", size)
	}
	ms := messages(t, zstd.SpeedDefault, window, []byte("small"), bytes.Repeat([]byte("medium"), 10_000), bytes.Repeat([]byte("large"), 1<<20), []byte("small"))
	for i, most := range []int{minRing, 128 << 10, window, window} {
		if _, _, err := d.Decode(&s, ms[i], testLimit); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		if len(s.history.ring) > most || cap(s.history.ring) > most {
			t.Errorf("message %d: %d bytes", i, len(s.history.ring))
		}
	}
	s.Reset()
	if _, _, err := d.Decode(&s, framed(10).raw("small").b, testLimit); err != nil {
		t.Fatal(err)
	}
	if cap(s.history.ring) > 1<<10 {
		t.Errorf("%d bytes for a window of 1 KiB", len(s.history.ring))
	}
}

// The decoder gives back the memory of a large message, once such messages
// have stayed away. The output it returned is not touched by that.
func TestScratchShrinks(t *testing.T) {
	var d Decoder
	var s Stream
	ms := messages(t, zstd.SpeedFastest, 1<<16, append([][]byte{bytes.Repeat([]byte("large"), 1<<20)}, payloads(12, 2*scratchStrikes, 100)...)...)
	for i, m := range ms {
		if _, _, err := d.Decode(&s, m, testLimit); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		if i < scratchStrikes-1 && len(d.output.mem) < 5<<20 {
			t.Fatalf("message %d: %d bytes left", i, len(d.output.mem))
		}
	}
	if len(d.output.mem) > smallScratch {
		t.Errorf("%d bytes kept", len(d.output.mem))
	}
}

// Many blocks that could hold much take no memory for what they do not hold.
func TestScratchStays(t *testing.T) {
	var d Decoder
	var s Stream
	w := framed(18)
	want := ""
	for range 10 {
		w.compressed(rawSection("abc"), none).raw("def").block(false, rleBlock, 2, 'x')
		want += "abcdefxx"
	}
	for i := range 2 {
		out, _, err := d.Decode(&s, w.b, testLimit)
		if string(out) != want || err != nil {
			t.Fatalf("%q, %v", out, err)
		}
		if len(d.output.mem) != smallScratch {
			t.Errorf("message %d: %d bytes", i, len(d.output.mem))
		}
		s.Reset()
	}
	// Each block fits as long as no more came than is left.
	w, want = framed(18), ""
	for range 5 {
		text := strings.Repeat("abc", 30_000)
		w.compressed(rawSection(text), none).raw("def")
		want += text + "def"
	}
	s.Reset()
	if out, _, err := d.Decode(&s, w.b, testLimit); string(out) != want || err != nil {
		t.Fatalf("%d bytes, want %d, %v", len(out), len(want), err)
	}
	if n := len(d.output.mem); n != 5*(maxBlock+3)+room {
		t.Errorf("%d bytes", n)
	}
}

// The output is the decoder's memory, and cannot be appended to.
func TestBorrowed(t *testing.T) {
	var d Decoder
	var s Stream
	out, _, err := d.Decode(&s, framed(10).raw("abc").b, 3)
	if err != nil || len(out) != 3 || cap(out) != 3 {
		t.Errorf("%d bytes of %d, %v", len(out), cap(out), err)
	}
	if &out[0] != &d.output.mem[0] {
		t.Error("output is a copy")
	}
}

// Tables are told apart, also where a stream moves between decoders and is
// reset or copied in between.
func TestTags(t *testing.T) {
	treeOf := func(a, b byte) []byte {
		weights := make([]byte, b)
		weights[a] = 1
		return append(directTree(weights), aLiterals("abba")...)
	}
	ab := framed(10).compressed(huffmanSection(compressedLiterals, 0, 4, treeOf('a', 'b')...), none).b
	cd := framed(10).compressed(huffmanSection(compressedLiterals, 0, 4, treeOf('c', 'd')...), none).b
	again := (&blockWriter{}).compressed(huffmanSection(treelessLiterals, 0, 4, aLiterals("abba")...), none).b
	var decoders [3]Decoder
	var one, two Stream
	decode := func(d int, s *Stream, m []byte, want string) {
		t.Helper()
		if out, _, err := decoders[d].Decode(s, m, 10); string(out) != want {
			t.Fatalf("%q, want %q, %v", out, want, err)
		}
	}
	decode(0, &one, ab, "abba")
	decode(0, &two, cd, "cddc")
	decode(0, &one, again, "abba")
	decode(1, &one, again, "abba")
	decode(1, &two, again, "cddc")
	decode(2, &two, again, "cddc")
	one = Stream{}
	decode(1, &one, cd, "cddc")
	decode(0, &one, again, "cddc")
	copied := one
	one.Reset()
	decode(2, &one, ab, "abba")
	decode(2, &copied, again, "cddc")
	decode(0, &one, again, "abba")

	// A decoder takes another block of tags when its own is used up.
	d := &decoders[0]
	d.lastTag += tagBlock - d.lastTag%tagBlock - 1
	last := d.newTag()
	if next := d.newTag(); next <= last || next == 0 {
		t.Errorf("tag %d after %d", next, last)
	}
}

// allocated returns the bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A message that expands beyond the limit takes memory for the limit and a block at
// most, whatever its blocks are, and leaves none of it with the decoder.
func TestRefusedExpansion(t *testing.T) {
	const limit = 8 << 20
	// 20 bytes for 128 KiB: a byte, and a match that repeats it.
	bomb := (&blockWriter{}).compressed(rawSection("x"), rleSequences(1, 1, 0, 52, new(bitString).add(1<<16-3-1, 16)), nil).b
	for _, test := range []struct {
		name  string
		block []byte
		most  uint64
	}{
		{"RLE blocks", (&blockWriter{}).block(false, rleBlock, maxBlock, 'x').b, 64 << 10}, // none at all
		{"compressed blocks", bomb, limit + maxBlock + 64<<10},
	} {
		t.Run(test.name, func(t *testing.T) {
			src := append(framed(18).raw("x").b, bytes.Repeat(test.block, 1<<10)...)
			var d Decoder
			var s Stream
			if _, _, err := d.Decode(&s, framed(10).compressed(rawSection("warm"), none).b, 4); err != nil {
				t.Fatal(err)
			}
			s.Reset()
			var err error
			n := allocated(func() { _, _, err = d.Decode(&s, src, limit) })
			if err != ErrTooLarge {
				t.Fatal(err)
			}
			if n > test.most && !raceEnabled {
				t.Errorf("%d bytes allocated for a limit of %d", n, limit)
			}
			if len(d.output.mem) > smallScratch {
				t.Errorf("%d bytes kept", len(d.output.mem))
			}
		})
	}
	// What is just under the limit is taken.
	var d Decoder
	src := append(framed(18).b, bytes.Repeat((&blockWriter{}).block(false, rleBlock, maxBlock, 'x').b, limit/maxBlock)...)
	if out, done, err := d.Decode(new(Stream), src, limit); len(out) != limit || !done || err != nil {
		t.Errorf("%d bytes, done %v, %v", len(out), done, err)
	}
}
