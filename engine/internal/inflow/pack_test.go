package inflow

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/klauspost/compress/zlib" // Go's own makes other references in each version
	"github.com/klauspost/compress/zstd"

	"github.com/sluice-go/sluice/frame"
)

// packable are the streams whose windows are packed.
var packable = map[string]Stream{"zlib": Zlib, "zstd": Zstd}

// packedOf returns what is packed of a connection.
func packedOf(in *Decompressor) *packed {
	if z, ok := in.stream.(*zstdStream); ok {
		return &z.packed
	}
	return &in.stream.(*zlibStream).packed
}

// streamMessages returns payloads, some small, some large, that refer to those before them, and
// the messages that a library makes of them.
func streamMessages(tb testing.TB, stream Stream, seed uint64, n int) (payloads, messages [][]byte) {
	r := rand.New(rand.NewPCG(seed, 1))
	var out bytes.Buffer
	var w interface {
		Write([]byte) (int, error)
		Flush() error
	}
	w, err := zlib.NewWriterLevel(&out, 6)
	reach := 40_000
	if stream == Zstd {
		w, err = zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(64<<10), zstd.WithEncoderCRC(false))
		reach = 80_000
	}
	if err != nil {
		tb.Fatal(err)
	}
	var all []byte
	for i := range n {
		p := fmt.Appendf(nil, `{"t":"EVENT","s":%d,"d":"`, i)
		for range 1 + r.IntN(12) {
			switch {
			case len(all) > 0 && r.IntN(3) > 0: // again, from any distance
				from := max(0, len(all)-1-r.IntN(reach))
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
	for name, stream := range packable {
		t.Run(name, func(t *testing.T) { testPack(t, stream) })
	}
}

func testPack(t *testing.T, stream Stream) {
	if stream == Zstd && !OwnZstd {
		t.Skip("the library keeps its windows")
	}
	before, bytesBefore, packedBefore := WindowsLent(), WindowBytes(), WindowsPacked()
	for seed := range uint64(12) {
		payloads, messages := streamMessages(t, stream, seed, 300)
		r := rand.New(rand.NewPCG(seed, 2))
		var in Decompressor
		in.Open(Config{Stream: stream, Limit: 1 << 20})
		packs, unpacks := 0, 0
		for i, m := range messages {
			got, err := in.Decompress(time.Time{}, frame.Message{Opcode: frame.OpBinary, Payload: m})
			if err != nil || !bytes.Equal(got, payloads[i]) {
				t.Fatalf("seed %d, message %d: %v, %.100q, want %.100q", seed, i, err, got, payloads[i])
			}
			in.Rest()
			held := packedOf(&in).block != nil
			if packs > unpacks && !held {
				unpacks++
			}
			if seed%3 == 0 || r.IntN(10) == 0 {
				if in.Pack(); !held && packedOf(&in).block != nil {
					packs++
				}
			}
		}
		if (stream == Zstd || runtime.GOOS == "linux") && (packs < 3 || unpacks < 2) {
			t.Errorf("seed %d: packed %d times, unpacked %d times", seed, packs, unpacks)
		}
		in.Close()
	}
	if n, b, p := WindowsLent(), WindowBytes(), WindowsPacked(); n != before || b != bytesBefore || p != packedBefore {
		t.Errorf("%d windows are lent, %d were; %d bytes, %d were; %d packed, %d were", n, before, b, bytesBefore, p, packedBefore)
	}
	for size, pool := range packPools.bySize {
		if n := pool.Lent(); n != 0 {
			t.Errorf("%d blocks of %d bytes are lent", n, size)
		}
	}
}

// TestPackCorrupt: a damaged message is one with a packed window, too.
func TestPackCorrupt(t *testing.T) {
	for name, stream := range packable {
		_, messages := streamMessages(t, stream, 1, 100)
		var in Decompressor
		in.Open(Config{Stream: stream, Limit: 1 << 20})
		for i, m := range messages {
			if i == len(messages)-1 {
				in.Pack()
				m = append([]byte{7, 255, 255}, m...) // a block of a type that does not exist
			}
			_, err := in.Decompress(time.Time{}, frame.Message{Opcode: frame.OpBinary, Payload: m})
			if (err != nil) != (i == len(messages)-1) {
				t.Fatalf("%s, message %d: %v", name, i, err)
			}
		}
		in.Close()
	}
}

// TestPackAgain: ACKs that came since are packed, too, before they take much.
func TestPackAgain(t *testing.T) {
	for name, stream := range packable {
		payloads, messages := streamMessages(t, stream, 3, 400)
		var in Decompressor
		in.Open(Config{Stream: stream, Limit: 1 << 20})
		for i, m := range messages {
			got, err := in.Decompress(time.Time{}, frame.Message{Opcode: frame.OpBinary, Payload: m})
			if err != nil || !bytes.Equal(got, payloads[i]) {
				t.Fatalf("%s, message %d: %v", name, i, err)
			}
			in.Pack()
			if z, ok := in.stream.(*zstdStream); ok && z.packed.block != nil && z.stream.Window() > 2*packAgain {
				t.Fatalf("%d bytes are left of the window", z.stream.Window())
			}
		}
		in.Close()
	}
}

// FuzzPack damages a message, or not, and packs in front of it, or not: both come to the same.
func FuzzPack(f *testing.F) {
	f.Add(uint64(1), uint16(40), uint16(3), uint8(1), false)
	f.Add(uint64(2), uint16(90), uint16(0), uint8(0), true)
	f.Add(uint64(3), uint16(70), uint16(9), uint8(4), true)
	f.Fuzz(func(t *testing.T, seed uint64, which, at uint16, flip uint8, other bool) {
		stream := Zlib
		if other {
			stream = Zstd
		}
		_, messages := streamMessages(t, stream, seed%8, 100)
		last := int(which) % len(messages)
		m := messages[last]
		m[int(at)%len(m)] ^= flip
		var plain, packed Decompressor
		for _, in := range []*Decompressor{&plain, &packed} {
			in.Open(Config{Stream: stream, Limit: 1 << 20})
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
	for name, stream := range packable {
		b.Run(name, func(b *testing.B) {
			_, messages := streamMessages(b, stream, 1, 300)
			var in Decompressor
			in.Open(Config{Stream: stream, Limit: 1 << 20})
			defer in.Close()
			for _, m := range messages {
				if _, err := in.Decompress(time.Time{}, frame.Message{Opcode: frame.OpBinary, Payload: m}); err != nil {
					b.Fatal(err)
				}
			}
			if in.Pack(); packedOf(&in).block == nil {
				b.Skip("windows stay where they are")
			}
			unpack := in.stream.(interface{ unpack() error }).unpack
			for b.Loop() {
				if err := unpack(); err != nil {
					b.Fatal(err)
				}
				in.Pack()
			}
		})
	}
}
