package gatewaytest

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/gobwas/ws"
	"github.com/klauspost/compress/flate"

	"github.com/sluice-go/sluice/internal/gatewire"
)

// appendCorrupt appends a message that cannot be decompressed: its block has the reserved type
// (RFC 1951, section 3.2.3; RFC 8878, section 3.1.1.2.2). Without a stream it is text that is not
// UTF-8, or no zlib data.
func appendCorrupt(dst []byte, c Compression, first bool) []byte {
	var data []byte
	switch c {
	case CompressionZlib:
		if first {
			data = append(data, gatewire.ZlibHeader...)
		}
		data = append(append(data, 0x06), gatewire.SyncMarker...)
	case CompressionZstd:
		if first {
			data = append(data, gatewire.ZstdHeader...)
		}
		data = append(data, 0x06, 0, 0)
	case CompressionPayload:
		data = []byte("no zlib data")
	case CompressionNone:
		return gatewire.AppendFrame(dst, ws.OpText, []byte("{\"t\":\"\xff\"}"))
	}
	return gatewire.AppendFrame(dst, ws.OpBinary, data)
}

// halve returns the first of frames with only the first half of its data. A zlib-stream gets the
// marker that says that the payload is complete all the same.
func halve(frames []byte, c Compression) []byte {
	h, err := ws.ReadHeader(bytes.NewReader(frames))
	if err != nil {
		return nil // no frame
	}
	data := frames[ws.HeaderSize(h):][:h.Length]
	half := slices.Clone(data[:len(data)/2])
	if c == CompressionZlib {
		half = append(half, gatewire.SyncMarker...)
	}
	return gatewire.AppendFrame(nil, h.OpCode, half)
}

const (
	// bombChunk is what one repetition of a bomb's data expands to: for zstd the most that a block
	// may hold (RFC 8878, section 3.1.1.2.4).
	bombChunk = 128 << 10

	// bombByte is white space of JSON, so that nothing but its length is wrong with a bomb.
	bombByte = ' '
)

// appendBomb appends a message that expands to at least size bytes. Without compression, nothing of
// the message is there but its header.
func appendBomb(dst []byte, c Compression, first bool, size int64) []byte {
	if c == CompressionNone {
		return binary.BigEndian.AppendUint64(append(dst, 0x80|byte(ws.OpText), 127), uint64(size))
	}
	chunks := int((size + bombChunk - 1) / bombChunk)
	var data []byte
	switch c {
	case CompressionZlib:
		if first {
			data = append(data, gatewire.ZlibHeader...)
		}
		data = append(data, bytes.Repeat(deflateChunk(), chunks)...)
	case CompressionPayload:
		data = append(data, gatewire.ZlibHeader...)
		data = append(data, bytes.Repeat(deflateChunk(), chunks)...)
	case CompressionZstd:
		if first {
			data = append(data, gatewire.ZstdHeader...)
		}
		header := uint32(bombChunk)<<3 | 1<<1 // one byte repeated, not the last block
		block := []byte{byte(header), byte(header >> 8), byte(header >> 16), bombByte}
		data = append(data, bytes.Repeat(block, chunks)...)
	}
	return gatewire.AppendFrame(dst, ws.OpBinary, data)
}

// deflateChunk returns blocks that expand to bombChunk bytes, wherever in a stream they stand.
func deflateChunk() []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic(err) // only a level that does not exist
	}
	w.Write(bytes.Repeat([]byte{bombByte}, bombChunk))
	w.Flush()
	return b.Bytes()
}
