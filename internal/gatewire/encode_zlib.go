package gatewire

import (
	"bytes"
	"encoding/binary"

	"github.com/gobwas/ws"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zlib"
)

const (
	// zlibLevel gives the ratio that bots see from Discord.
	zlibLevel = 6

	// payloadThreshold is the length from which payload compression compresses.
	payloadThreshold = 1024
)

var (
	// ZlibHeader opens a stream with a window of 32 KiB (RFC 1950, section 2.2).
	ZlibHeader = []byte{0x78, 0x9c}

	// SyncMarker ends every flush: an empty stored block (RFC 1951, section 3.2.4), without its
	// first byte.
	SyncMarker = []byte{0x00, 0x00, 0xff, 0xff}
)

// zlibEncoder is ZlibStream. A run is one DEFLATE stream of its own, flushed to a byte
// border after each payload and never ended; the blocks of several concatenate.
type zlibEncoder struct {
	buf   bytes.Buffer
	w     *flate.Writer
	first bool
}

func newZlibEncoder() *zlibEncoder {
	e := new(zlibEncoder)
	w, err := flate.NewWriter(&e.buf, zlibLevel)
	if err != nil {
		panic(err) // only a level that does not exist
	}
	e.w = w
	return e
}

func (e *zlibEncoder) Begin(first bool) {
	e.first = first
	e.w.Reset(&e.buf)
}

func (e *zlibEncoder) Encode(dst, payload []byte) []byte {
	e.buf.Reset()
	if e.first {
		e.first = false
		e.buf.Write(ZlibHeader)
	}
	// A bytes.Buffer returns no error, so neither does the writer.
	e.w.Write(payload)
	e.w.Flush()
	return AppendFrame(dst, ws.OpBinary, e.buf.Bytes())
}

// appendZlibStored appends payload as a stored block and the empty one of a flush.
func appendZlibStored(dst, payload []byte, first bool) []byte {
	n := 5 + len(payload) + 1 + len(SyncMarker)
	if first {
		n += len(ZlibHeader)
	}
	dst = AppendFrameHeader(dst, ws.OpBinary, n)
	if first {
		dst = append(dst, ZlibHeader...)
	}
	length := uint16(len(payload))
	dst = append(dst, 0)
	dst = binary.LittleEndian.AppendUint16(dst, length)
	dst = binary.LittleEndian.AppendUint16(dst, ^length)
	dst = append(dst, payload...)
	dst = append(dst, 0)
	return append(dst, SyncMarker...)
}

// payloadEncoder is Payload: each large payload is a zlib stream of its own in a
// binary message, the others are text.
type payloadEncoder struct {
	buf bytes.Buffer
	w   *zlib.Writer
}

func newPayloadEncoder() *payloadEncoder {
	w, err := zlib.NewWriterLevel(nil, zlibLevel)
	if err != nil {
		panic(err) // only a level that does not exist
	}
	return &payloadEncoder{w: w}
}

func (e *payloadEncoder) Begin(bool) {}

func (e *payloadEncoder) Encode(dst, payload []byte) []byte {
	if len(payload) < payloadThreshold {
		return AppendFrame(dst, ws.OpText, payload)
	}
	e.buf.Reset()
	e.w.Reset(&e.buf)
	e.w.Write(payload)
	e.w.Close()
	return AppendFrame(dst, ws.OpBinary, e.buf.Bytes())
}
