package gatewaytest

import (
	"bytes"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/internal/gatewire"
)

// Compression is what a connection has agreed on.
type Compression = gatewire.Compression

// The compressions.
const (
	CompressionNone    = gatewire.None       // text messages
	CompressionZlib    = gatewire.ZlibStream // the URL asked for compress=zlib-stream
	CompressionZstd    = gatewire.ZstdStream // the URL asked for compress=zstd-stream
	CompressionPayload = gatewire.Payload    // the identify asked for compress: large payloads are zlib streams of their own
)

// encode appends the frames that carry payload. Of zlib-stream, one payload in 61 lengths comes in two
// messages: it is complete when its data ends in the sync marker, not when a message ends (Discord:
// "Transport Compression").
func encode(enc gatewire.Encoder, c Compression, dst, payload []byte) []byte {
	begin := len(dst)
	dst = enc.Encode(dst, payload)
	if c == CompressionZlib {
		return split(dst, begin)
	}
	return dst
}

// split cuts the one message in frames[begin:] in two, if its length says so.
func split(frames []byte, begin int) []byte {
	h, err := ws.ReadHeader(bytes.NewReader(frames[begin:]))
	if err != nil || h.Length%61 != 7 {
		return frames
	}
	data := frames[begin+ws.HeaderSize(h):]
	half := len(data) / 2
	if bytes.HasSuffix(data[:half], gatewire.SyncMarker) {
		return frames
	}
	data = bytes.Clone(data)
	frames = gatewire.AppendFrame(frames[:begin], ws.OpBinary, data[:half])
	return gatewire.AppendFrame(frames, ws.OpBinary, data[half:])
}
