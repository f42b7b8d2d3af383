package gatewaytest

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
	// zlibHeader opens a stream with a window of 32 KiB (RFC 1950, section 2.2).
	zlibHeader = []byte{0x78, 0x9c}

	// syncMarker ends every flush: an empty stored block (RFC 1951, section 3.2.4), without its
	// first byte.
	syncMarker = []byte{0x00, 0x00, 0xff, 0xff}
)

// zlibEncoder is CompressionZlib. A run is one DEFLATE stream of its own, flushed to a byte
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

func (e *zlibEncoder) begin(first bool) {
	e.first = first
	e.w.Reset(&e.buf)
}

func (e *zlibEncoder) encode(dst, payload []byte) []byte {
	e.buf.Reset()
	if e.first {
		e.first = false
		e.buf.Write(zlibHeader)
	}
	// A bytes.Buffer returns no error, so neither does the writer.
	e.w.Write(payload)
	e.w.Flush()
	return appendSplit(dst, e.buf.Bytes())
}

// appendSplit appends a payload's compressed data as one message, or, for one in 61 lengths, as
// two: a payload is complete when its data ends in the sync marker, not when a message ends
// (Discord: "Transport Compression").
func appendSplit(dst, data []byte) []byte {
	if half := len(data) / 2; len(data)%61 == 7 && !bytes.HasSuffix(data[:half], syncMarker) {
		dst = appendFrame(dst, ws.OpBinary, data[:half])
		data = data[half:]
	}
	return appendFrame(dst, ws.OpBinary, data)
}

// appendZlibStored appends payload as a stored block and the empty one of a flush.
func appendZlibStored(dst, payload []byte, first bool) []byte {
	n := 5 + len(payload) + 1 + len(syncMarker)
	if first {
		n += len(zlibHeader)
	}
	dst = appendFrameHeader(dst, ws.OpBinary, n)
	if first {
		dst = append(dst, zlibHeader...)
	}
	length := uint16(len(payload))
	dst = append(dst, 0)
	dst = binary.LittleEndian.AppendUint16(dst, length)
	dst = binary.LittleEndian.AppendUint16(dst, ^length)
	dst = append(dst, payload...)
	dst = append(dst, 0)
	return append(dst, syncMarker...)
}

// payloadEncoder is CompressionPayload: each large payload is a zlib stream of its own in a
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

func (e *payloadEncoder) begin(bool) {}

func (e *payloadEncoder) encode(dst, payload []byte) []byte {
	if len(payload) < payloadThreshold {
		return appendFrame(dst, ws.OpText, payload)
	}
	e.buf.Reset()
	e.w.Reset(&e.buf)
	e.w.Write(payload)
	e.w.Close()
	return appendFrame(dst, ws.OpBinary, e.buf.Bytes())
}
