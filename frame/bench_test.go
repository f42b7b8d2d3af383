package frame

import (
	"testing"

	"github.com/gobwas/ws"
)

// eventSize is the mean length of an event's payload in steady traffic.
const eventSize = 820

// BenchmarkNext takes frames of one event each out of a full read buffer.
func BenchmarkNext(b *testing.B) {
	for _, bench := range []struct {
		name string
		op   Opcode
		size int
	}{
		{"binary/220B", OpBinary, 220}, // compressed
		{"binary/820B", OpBinary, eventSize},
		{"text/820B", OpText, eventSize},
		{"binary/128KiB", OpBinary, 128 << 10},
		{"ping/8B", OpPing, 8},
	} {
		b.Run(bench.name, func(b *testing.B) {
			const frames = 16
			var src []byte
			for range frames {
				src = AppendServerFrame(src, bench.op, letters(bench.size))
			}
			var a Assembler
			b.ReportAllocs()
			b.SetBytes(int64(bench.size))
			for rest := src; b.Loop(); {
				m, n, err := a.Next(rest)
				if err != nil || len(m.Payload) != bench.size {
					b.Fatalf("payload of %d bytes, error %v", len(m.Payload), err)
				}
				if rest = rest[n:]; len(rest) == 0 {
					rest = src
				}
			}
		})
	}
}

// BenchmarkNextFragmented joins an event that came in four fragments.
func BenchmarkNextFragmented(b *testing.B) {
	src := fragments(OpBinary, letters(eventSize), eventSize/4)
	a := Assembler{Buffers: &loan{}}
	b.ReportAllocs()
	b.SetBytes(eventSize)
	for b.Loop() {
		for rest := src; len(rest) > 0; {
			_, n, err := a.Next(rest)
			if err != nil {
				b.Fatal(err)
			}
			rest = rest[n:]
		}
	}
}

// BenchmarkMask compares the kinds of masking at the lengths that a client
// sends: a heartbeat, an identify, the longest payload.
func BenchmarkMask(b *testing.B) {
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	for _, size := range []int{24, 300, 4096} {
		payload := letters(size)
		b.Run(byteCount(size)+"/Mask", func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				Mask(payload, key)
			}
		})
		b.Run(byteCount(size)+"/wordwise", func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				maskWordwise(payload, key)
			}
		})
	}
}

func BenchmarkAppendFrame(b *testing.B) {
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	for _, size := range []int{24, 300, 4096} {
		b.Run(byteCount(size), func(b *testing.B) {
			payload, dst := letters(size), make([]byte, 0, MaxHeader+size)
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				dst = AppendFrame(dst[:0], ws.OpText, key, payload)
			}
		})
	}
}
