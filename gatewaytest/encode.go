package gatewaytest

import (
	"encoding/binary"
	"sync"

	"github.com/gobwas/ws"
)

// Compression is what a connection has agreed on.
type Compression uint8

const (
	CompressionNone    Compression = iota // text messages
	CompressionZlib                       // the URL asked for compress=zlib-stream
	CompressionZstd                       // the URL asked for compress=zstd-stream
	CompressionPayload                    // the identify asked for compress: large payloads are zlib streams of their own

	compressions = 4
)

// String returns "none", "zlib-stream", "zstd-stream" or "payload".
func (c Compression) String() string {
	return [compressions]string{"none", "zlib-stream", "zstd-stream", "payload"}[c]
}

// parseCompression reads the URL's parameter compress.
func parseCompression(s string) (c Compression, ok bool) {
	switch s {
	case "":
		return CompressionNone, true
	case "zlib-stream":
		return CompressionZlib, true
	case "zstd-stream":
		return CompressionZstd, true
	}
	return 0, false
}

// stateless reports whether a message depends on none before it.
func (c Compression) stateless() bool { return c == CompressionNone || c == CompressionPayload }

// An encoder turns payloads into WebSocket frames. It works in runs: within a run a payload may
// refer to those before it, but a run refers to nothing before its beginning, so runs of several
// encoders may follow each other on one connection.
type encoder interface {
	// begin starts a run. first says that it opens the connection's stream.
	begin(first bool)
	// encode appends the frames that carry payload to dst.
	encode(dst, payload []byte) []byte
}

var encoderPools [compressions]sync.Pool

// newEncoder takes an encoder out of the pool; freeEncoder gives it back.
func newEncoder(c Compression) encoder {
	if e, ok := encoderPools[c].Get().(encoder); ok {
		return e
	}
	switch c {
	case CompressionZlib:
		return newZlibEncoder()
	case CompressionZstd:
		return newZstdEncoder()
	case CompressionPayload:
		return newPayloadEncoder()
	}
	return textEncoder{}
}

func freeEncoder(c Compression, e encoder) { encoderPools[c].Put(e) }

// appendStored appends the frame that carries payload, which must be shorter than 64 KiB,
// uncompressed and without an encoder. It may stand between two runs.
func appendStored(dst []byte, c Compression, payload []byte, first bool) []byte {
	switch c {
	case CompressionZlib:
		return appendZlibStored(dst, payload, first)
	case CompressionZstd:
		return appendZstdStored(dst, payload, first)
	}
	return appendFrame(dst, ws.OpText, payload)
}

// textEncoder is CompressionNone.
type textEncoder struct{}

func (textEncoder) begin(bool) {}

func (textEncoder) encode(dst, payload []byte) []byte { return appendFrame(dst, ws.OpText, payload) }

// appendFrame appends a whole message in one unmasked frame (RFC 6455, section 5.2).
func appendFrame(dst []byte, op ws.OpCode, payload []byte) []byte {
	return append(appendFrameHeader(dst, op, len(payload)), payload...)
}

func appendFrameHeader(dst []byte, op ws.OpCode, n int) []byte {
	dst = append(dst, 0x80|byte(op))
	switch {
	case n < 126:
		return append(dst, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, 127), uint64(n))
}
