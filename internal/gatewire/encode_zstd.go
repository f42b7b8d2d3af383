package gatewire

import (
	"bytes"

	"github.com/gobwas/ws"
	"github.com/klauspost/compress/zstd"
)

// ZstdWindow is the window that Discord's streams announce, in bytes.
const ZstdWindow = 256 << 10

var (
	// ZstdHeader opens a frame without checksum and content size, with a window of 256 KiB
	// (RFC 8878, section 3.1.1.1).
	ZstdHeader = []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x40}

	// zstdReset are two compressed blocks after which the repeat offsets are 1, 4, 8, as at the
	// start of a frame (RFC 8878, section 3.1.1.5). Of all that a decoder carries over from block
	// to block, those are all that the first block of a new encoder relies on: it cannot repeat
	// a table that it has not sent. The blocks expand to 17 spaces, which may stand around JSON.
	//
	// All three tables of a block have the RLE mode, so its states take no bits; the bit stream
	// is read from its end and holds the offsets' extra bits alone.
	zstdReset = []byte{
		0x44, 0x00, 0x00, // block of 8 bytes, compressed, not the last
		0x41, ' ', // 8 literals, one byte repeated
		0x01, 0x54, 8, 3, 0, // one sequence: literal length 8, offset code 3, match length 3
		0x0b, // 1, then offset 8 = 2^3 + 0b011 − 3

		0x3c, 0x00, 0x00, // block of 7 bytes, compressed, not the last
		0x00,                // no literals
		0x02, 0x54, 0, 2, 0, // two sequences: literal length 0, offset code 2, match length 3
		0x1c, // 1, then offset 4 = 2^2 + 0b11 − 3, then offset 1 = 2^2 + 0b00 − 3
	}
)

// zstdEncoder is ZstdStream. A run is a frame of its own without its header; what the
// header would have reset in the decoder, zstdReset does.
type zstdEncoder struct {
	buf   bytes.Buffer
	w     *zstd.Encoder
	begun bool // the run has a payload
	first bool
}

func newZstdEncoder() *zstdEncoder {
	e := new(zstdEncoder)
	w, err := zstd.NewWriter(&e.buf,
		zstd.WithEncoderLevel(zstd.SpeedDefault),
		zstd.WithWindowSize(ZstdWindow),
		zstd.WithEncoderConcurrency(1),
		zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err) // only an option that does not fit
	}
	e.w = w
	return e
}

func (e *zstdEncoder) Begin(first bool) {
	e.begun, e.first = false, first
	e.w.Reset(&e.buf)
}

func (e *zstdEncoder) Encode(dst, payload []byte) []byte {
	e.buf.Reset()
	// A bytes.Buffer returns no error, so neither does the encoder.
	e.w.Write(payload)
	e.w.Flush()
	data := e.buf.Bytes()
	if e.begun || e.first {
		e.begun = true
		return AppendFrame(dst, ws.OpBinary, data)
	}
	e.begun = true
	data = data[len(ZstdHeader):]
	dst = AppendFrameHeader(dst, ws.OpBinary, len(zstdReset)+len(data))
	dst = append(dst, zstdReset...)
	return append(dst, data...)
}

// appendZstdStored appends payload as a raw block, which leaves tables and offsets alone.
func appendZstdStored(dst, payload []byte, first bool) []byte {
	n := 3 + len(payload)
	if first {
		n += len(ZstdHeader)
	}
	dst = AppendFrameHeader(dst, ws.OpBinary, n)
	if first {
		dst = append(dst, ZstdHeader...)
	}
	header := len(payload) << 3
	dst = append(dst, byte(header), byte(header>>8), byte(header>>16))
	return append(dst, payload...)
}
