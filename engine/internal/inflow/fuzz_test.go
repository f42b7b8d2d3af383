package inflow

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/sluice-go/sluice/frame"
)

// FuzzZstdDecoders gives the same messages to both decoders of zstd-stream, which
// have to make the same of each: its payload, that it goes on, or that it is refused.
// A script makes the stream: frames of an encoder and by hand, with checksums,
// skippable frames in between, empty blocks, blocks that repeat a byte, windows and
// output over the limits, cut into messages wherever it says. A flip damages a byte;
// then one of them may be more strict with the content of a block.
func FuzzZstdDecoders(f *testing.F) {
	f.Add([]byte("a1b2c3d4e5f6g7h8i9"), uint16(0), uint8(0))
	f.Add([]byte("a\x00e\x00a\x10f\x03c\x09d\x01a\x20g\x00|\x01a\x05|\x02a\x06"), uint16(0), uint8(0))
	f.Add([]byte("a\x00|\x00b\xff|\x00b\xff|\x00b\xff|\x00"), uint16(0), uint8(0))
	f.Add([]byte("h\x0bc\x05|\x00i\x00c\x01"), uint16(0), uint8(0))
	f.Add([]byte("b\x00i\x00c\x00|\x00c\x04"), uint16(0), uint8(0))
	f.Add([]byte("n\x00u\x00w\x00u\x02"), uint16(0), uint8(0))
	f.Add([]byte("a\x02c\x10i\x00|\x00a\x01|\x04a\x09"), uint16(40), uint8(4))
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(32<<10), zstd.WithLowerEncoderMem(true))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, script []byte, at uint16, flip uint8) {
		messages := zstdScript(encoder, script)
		if flip != 0 && len(messages) > 0 {
			if m := messages[int(at>>8)%len(messages)]; len(m) > 0 {
				m[int(at&0xff)%len(m)] ^= flip
			}
		}
		config := Config{Stream: Zstd, Limit: 64 << 10, MaxWindow: 64 << 10}
		var own, library Decompressor
		own.Open(config)
		defer own.Close()
		config.Library = true
		library.Open(config)
		defer library.Close()
		for i, m := range messages {
			message := frame.Message{Opcode: frame.OpBinary, Payload: m}
			got, err := own.Decompress(time.Time{}, message)
			want, libraryErr := library.Decompress(time.Time{}, message)
			if (err == nil) != (libraryErr == nil) {
				if flip == 0 {
					t.Fatalf("message %d, %x: %v; the library: %v", i, m, err, libraryErr)
				}
				return
			}
			if err != nil {
				if flip == 0 && errors.Is(err, ErrTooLarge) != errors.Is(libraryErr, ErrTooLarge) {
					t.Fatalf("message %d, %x: %v; the library: %v", i, m, err, libraryErr)
				}
				return
			}
			if !bytes.Equal(got, want) || (own.pending.buf == nil) != (library.pending.buf == nil) {
				t.Fatalf("message %d, %x: %.100q; the library: %.100q", i, m, got, want)
			}
			own.Rest()
			library.Rest()
		}
	})
}

// zstdScript makes the messages that a script describes: each two bytes say what
// comes next, and how much of it.
func zstdScript(encoder *zstd.Encoder, script []byte) (messages [][]byte) {
	var message, flushed bytes.Buffer
	inEncoder, checksum := false, false
	end := func() {
		if inEncoder {
			flushed.Reset()
			encoder.Close()
			message.Write(flushed.Bytes())
			inEncoder = false
		}
	}
	block := func(kind byte, last bool, size int, content string) {
		end()
		header := size<<3 | int(kind)<<1
		if last {
			header |= 1
		}
		message.Write([]byte{byte(header), byte(header >> 8), byte(header >> 16)})
		message.WriteString(content)
		if last && checksum {
			message.WriteString("sum?")
		}
	}
	header := func(descriptor byte, fields ...byte) {
		checksum = descriptor&4 != 0
		message.Write([]byte{0x28, 0xb5, 0x2f, 0xfd, descriptor})
		message.Write(fields)
	}
	for len(script) >= 2 && len(messages) < 100 && message.Len() < 64<<10 {
		what, n := script[0], int(script[1])
		script = script[2:]
		switch what % 12 {
		case 0: // of an encoder, which begins a frame if it has ended
			flushed.Reset()
			if !inEncoder {
				encoder.Reset(&flushed)
				inEncoder = true
			}
			encoder.Write([]byte(strings.Repeat(`{"content":"hello"}`, n) + string(script)))
			encoder.Flush()
			message.Write(flushed.Bytes())
		case 1:
			end()
			message.Write(slices.Concat([]byte{0x50 | byte(n&15), 0x2a, 0x4d, 0x18, byte(n), 0, 0, 0}, make([]byte, n)))
		case 2:
			end()
			header(0, byte(n%8<<3)) // windows of 1 KiB to 128 KiB
		case 3:
			end()
			header(4, 2<<3)
		case 4:
			end()
			header(0x20, byte(n)) // of so many bytes, in one segment
		case 5:
			block(0, n&1 != 0, n, strings.Repeat("r", n))
		case 6:
			block(1, n&1 != 0, n<<3, "x")
		case 7:
			block(0, false, 0, "")
		case 8:
			block(1, n&1 != 0, 0, "x")
		case 9: // a compressed block with nothing in it, and with a byte
			nothing := []string{"\x00\x00", "\x01x\x00", "\x04\x00\x00", "\x0d\x00\x00x\x00"}[n>>2&3]
			block(2, n&1 != 0, len(nothing), nothing)
			if n&2 != 0 {
				block(2, false, 3, "\x08c\x00")
			}
		case 10:
			end()
			message.WriteByte(byte(n))
		case 11:
			// Of what there is, a part goes on in the next message.
			m := bytes.Clone(message.Bytes())
			cut := len(m) - n%(len(m)+1)
			messages = append(messages, m[:cut])
			message.Reset()
			message.Write(m[cut:])
		}
	}
	return append(messages, bytes.Clone(message.Bytes()))
}
