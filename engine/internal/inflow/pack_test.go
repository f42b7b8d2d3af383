package inflow

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/klauspost/compress/zlib" // Go's own makes other references in each version

	"github.com/sluice-go/sluice/frame"
)

// zlibMessages returns payloads, some small, some large, that refer to those before them, and
// the messages that a library makes of them.
func zlibMessages(tb testing.TB, seed uint64, n int) (payloads, messages [][]byte) {
	r := rand.New(rand.NewPCG(seed, 1))
	var out bytes.Buffer
	w, err := zlib.NewWriterLevel(&out, 6)
	if err != nil {
		tb.Fatal(err)
	}
	var all []byte
	for i := range n {
		p := fmt.Appendf(nil, `{"t":"EVENT","s":%d,"d":"`, i)
		for range 1 + r.IntN(12) {
			switch {
			case len(all) > 0 && r.IntN(3) > 0: // again, from any distance
				from := max(0, len(all)-1-r.IntN(40_000))
				p = append(p, all[from:min(len(all), from+r.IntN(400))]...)
			case r.IntN(40) == 0:
				p = append(p, bytes.Repeat([]byte("long "), r.IntN(9000))...)
			default:
				for range r.IntN(300) {
					p = append(p, "abcdefghijklmnop"[r.IntN(16)])
				}
			}
		}
		p = append(p, `"}`...)
		all = append(all, p...)
		out.Reset()
		if _, err := w.Write(p); err != nil {
			tb.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			tb.Fatal(err)
		}
		payloads, messages = append(payloads, p), append(messages, bytes.Clone(out.Bytes()))
	}
	return payloads, messages
}

// TestPack packs the window between messages, now and then or always: what they say stays the
// same, whether they refer to what is left of the window or to what is not.
func TestPack(t *testing.T) {
	before := WindowsLent()
	for seed := range uint64(12) {
		payloads, messages := zlibMessages(t, seed, 300)
		r := rand.New(rand.NewPCG(seed, 2))
		var in Decompressor
		in.Open(Config{Stream: Zlib, Limit: 1 << 20})
		z := in.stream.(*zlibStream)
		packs, unpacks := 0, 0
		for i, m := range messages {
			got, err := in.Decompress(time.Time{}, frame.Message{Opcode: frame.OpBinary, Payload: m})
			if err != nil || !bytes.Equal(got, payloads[i]) {
				t.Fatalf("seed %d, message %d: %v, %.100q, want %.100q", seed, i, err, got, payloads[i])
			}
			in.Rest()
			held := z.packed.block != nil
			if packs > unpacks && !held {
				unpacks++
			}
			if seed%3 == 0 || r.IntN(10) == 0 {
				if in.Pack(); !held && z.packed.block != nil {
					packs++
				}
			}
		}
		if runtime.GOOS == "linux" && (packs < 3 || unpacks < 2) {
			t.Errorf("seed %d: packed %d times, unpacked %d times", seed, packs, unpacks)
		}
		in.Close()
	}
	if n := WindowsLent(); n != before {
		t.Errorf("%d windows are lent, %d were", n, before)
	}
	for _, p := range packings {
		if n := p.pool.Lent(); n != 0 {
			t.Errorf("%d blocks of %d bytes are lent", n, p.size)
		}
	}
}

// TestPackCorrupt: a damaged message is one with a packed window, too.
func TestPackCorrupt(t *testing.T) {
	_, messages := zlibMessages(t, 1, 100)
	var in Decompressor
	in.Open(Config{Stream: Zlib, Limit: 1 << 20})
	defer in.Close()
	for i, m := range messages {
		if i == len(messages)-1 {
			in.Pack()
			m = append([]byte{7}, m...) // a block of a type that does not exist
		}
		_, err := in.Decompress(time.Time{}, frame.Message{Opcode: frame.OpBinary, Payload: m})
		if (err != nil) != (i == len(messages)-1) {
			t.Fatalf("message %d: %v", i, err)
		}
	}
}

// FuzzPack damages a message, or not, and packs in front of it, or not: both come to the same.
func FuzzPack(f *testing.F) {
	f.Add(uint64(1), uint16(40), uint16(3), uint8(1))
	f.Add(uint64(2), uint16(90), uint16(0), uint8(0))
	f.Fuzz(func(t *testing.T, seed uint64, which, at uint16, flip uint8) {
		_, messages := zlibMessages(t, seed%8, 100)
		last := int(which) % len(messages)
		m := messages[last]
		m[int(at)%len(m)] ^= flip
		var plain, packed Decompressor
		for _, in := range []*Decompressor{&plain, &packed} {
			in.Open(Config{Stream: Zlib, Limit: 1 << 20})
			defer in.Close()
		}
		for i, m := range messages[:last+1] {
			if i%7 == int(seed%7) || i == last {
				packed.Pack()
			}
			want, wantErr := plain.Decompress(time.Time{}, frame.Message{Opcode: frame.OpBinary, Payload: m})
			got, err := packed.Decompress(time.Time{}, frame.Message{Opcode: frame.OpBinary, Payload: m})
			if !bytes.Equal(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Fatalf("message %d: %v, %.100q; packed: %v, %.100q", i, wantErr, want, err, got)
			}
			plain.Rest()
			packed.Rest()
			if err != nil {
				return
			}
		}
	})
}

// BenchmarkPack packs a window, and brings it back.
func BenchmarkPack(b *testing.B) {
	_, messages := zlibMessages(b, 1, 300)
	var in Decompressor
	in.Open(Config{Stream: Zlib, Limit: 1 << 20})
	defer in.Close()
	for _, m := range messages {
		if _, err := in.Decompress(time.Time{}, frame.Message{Opcode: frame.OpBinary, Payload: m}); err != nil {
			b.Fatal(err)
		}
	}
	z := in.stream.(*zlibStream)
	if !z.window.Droppable() {
		b.Skip("windows stay where they are")
	}
	for b.Loop() {
		in.Pack()
		if err := z.unpack(); err != nil {
			b.Fatal(err)
		}
	}
}
