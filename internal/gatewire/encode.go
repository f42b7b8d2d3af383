package gatewire

import (
	"encoding/binary"
	"sync"

	"github.com/gobwas/ws"
)

// Compression is what a connection has agreed on.
type Compression uint8

// The compressions (Discord: "Gateway", heading "Encoding and Compression").
const (
	None       Compression = iota // text messages
	ZlibStream                    // the URL asked for compress=zlib-stream
	ZstdStream                    // the URL asked for compress=zstd-stream
	Payload                       // the identify asked for compress: large payloads are zlib streams of their own

	// Compressions is how many there are.
	Compressions = 4
)

// String returns "none", "zlib-stream", "zstd-stream" or "payload".
func (c Compression) String() string {
	return [Compressions]string{"none", "zlib-stream", "zstd-stream", "payload"}[c]
}

// ParseCompression reads the URL's parameter compress.
func ParseCompression(s string) (c Compression, ok bool) {
	switch s {
	case "":
		return None, true
	case "zlib-stream":
		return ZlibStream, true
	case "zstd-stream":
		return ZstdStream, true
	}
	return 0, false
}

// Stateless reports whether a message depends on none before it.
func (c Compression) Stateless() bool { return c == None || c == Payload }

// An Encoder turns payloads into WebSocket frames. It works in runs: within a run a payload may
// refer to those before it, but a run refers to nothing before its beginning, so runs of several
// encoders may follow each other on one connection.
type Encoder interface {
	// Begin starts a run. first says that it opens the connection's stream.
	Begin(first bool)
	// Encode appends the frames that carry payload to dst.
	Encode(dst, payload []byte) []byte
}

var encoderPools [Compressions]sync.Pool

// NewEncoder takes an encoder for c out of the pool. Its first call has to be Begin.
func NewEncoder(c Compression) Encoder {
	if e, ok := encoderPools[c].Get().(Encoder); ok {
		return e
	}
	switch c {
	case ZlibStream:
		return newZlibEncoder()
	case ZstdStream:
		return newZstdEncoder()
	case Payload:
		return newPayloadEncoder()
	}
	return textEncoder{}
}

// FreeEncoder gives back an encoder that NewEncoder returned for c.
func FreeEncoder(c Compression, e Encoder) { encoderPools[c].Put(e) }

// AppendStored appends the frame that carries payload, which must be shorter than 64 KiB,
// uncompressed and without an encoder. It may stand between two runs.
func AppendStored(dst []byte, c Compression, payload []byte, first bool) []byte {
	switch c {
	case ZlibStream:
		return appendZlibStored(dst, payload, first)
	case ZstdStream:
		return appendZstdStored(dst, payload, first)
	}
	return AppendFrame(dst, ws.OpText, payload)
}

// textEncoder is None.
type textEncoder struct{}

func (textEncoder) Begin(bool) {}

func (textEncoder) Encode(dst, payload []byte) []byte { return AppendFrame(dst, ws.OpText, payload) }

// AppendFrame appends a whole message in one unmasked frame (RFC 6455, section 5.2).
func AppendFrame(dst []byte, op ws.OpCode, payload []byte) []byte {
	return append(AppendFrameHeader(dst, op, len(payload)), payload...)
}

// AppendFrameHeader appends the header of an unmasked frame that holds a whole message of n bytes.
func AppendFrameHeader(dst []byte, op ws.OpCode, n int) []byte {
	dst = append(dst, 0x80|byte(op))
	switch {
	case n < 126:
		return append(dst, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, 127), uint64(n))
}
