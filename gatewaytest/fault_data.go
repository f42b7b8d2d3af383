package gatewaytest

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"github.com/gobwas/ws"
	"github.com/klauspost/compress/flate"
)

// malformed are payloads that Discord would not send (Discord: "Gateway Events", heading "Payload
// Structure").
var malformed = map[string]string{
	"empty":            ``,
	"null":             `null`,
	"array":            `[0,1]`,
	"number":           `11`,
	"half":             `{"t":null,"s":null,"op":`,
	"garbage":          `Bad Gateway`,
	"trailing":         `{"t":null,"s":null,"op":11,"d":null}}`,
	"unquoted":         `{t:null,s:null,op:11,d:null}`,
	"op-missing":       `{"t":"X","s":1,"d":null}`,
	"op-null":          `{"t":null,"s":null,"op":null,"d":null}`,
	"op-string":        `{"t":null,"s":null,"op":"11","d":null}`,
	"op-fraction":      `{"t":null,"s":null,"op":1.5,"d":null}`,
	"op-negative":      `{"t":null,"s":null,"op":-1,"d":null}`,
	"op-huge":          `{"t":null,"s":null,"op":99999999999999999999,"d":null}`,
	"op-unknown":       `{"t":null,"s":null,"op":99,"d":null}`,
	"seq-string":       `{"t":"X","s":"7","op":0,"d":{}}`,
	"seq-huge":         `{"t":"X","s":99999999999999999999,"op":0,"d":{}}`,
	"seq-missing":      `{"t":"X","op":0,"d":{}}`,
	"type-number":      `{"t":7,"s":null,"op":0,"d":{}}`,
	"type-missing":     `{"s":null,"op":0,"d":{}}`,
	"data-missing":     `{"t":null,"s":null,"op":11}`,
	"hello-again":      `{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250}}`,
	"hello-empty":      `{"t":null,"s":null,"op":10,"d":null}`,
	"hello-zero":       `{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":0}}`,
	"hello-negative":   `{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":-1}}`,
	"ready-empty":      `{"t":"READY","s":null,"op":0,"d":{}}`,
	"session-string":   `{"t":null,"s":null,"op":9,"d":"false"}`,
	"duplicate-keys":   `{"t":null,"s":null,"op":11,"op":7,"d":null}`,
	"control-byte":     "{\"t\":\"\x01\",\"s\":null,\"op\":0,\"d\":{}}",
	"lone-surrogate":   `{"t":"\ud800","s":null,"op":0,"d":{}}`,
	"byte-order-mark":  "\ufeff" + `{"t":null,"s":null,"op":11,"d":null}`,
	"nested-too-deep":  `{"t":"X","s":null,"op":0,"d":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`,
	"data-behind-deep": `{"d":` + strings.Repeat(`{"a":`, 10_000) + `1` + strings.Repeat("}", 10_000) + `,"op":11,"s":null,"t":null}`,
}

// Malformed returns the names of the envelopes that [ActionMalformed] sends, sorted.
func Malformed() []string { return slices.Sorted(maps.Keys(malformed)) }

// appendCorrupt appends a message that cannot be decompressed: its block has the reserved type
// (RFC 1951, section 3.2.3; RFC 8878, section 3.1.1.2.2). Without a stream it is text that is not
// UTF-8, or no zlib data.
func appendCorrupt(dst []byte, c Compression, first bool) []byte {
	var data []byte
	switch c {
	case CompressionZlib:
		if first {
			data = append(data, zlibHeader...)
		}
		data = append(append(data, 0x06), syncMarker...)
	case CompressionZstd:
		if first {
			data = append(data, zstdHeader...)
		}
		data = append(data, 0x06, 0, 0)
	case CompressionPayload:
		data = []byte("no zlib data")
	case CompressionNone:
		return appendFrame(dst, ws.OpText, []byte("{\"t\":\"\xff\"}"))
	}
	return appendFrame(dst, ws.OpBinary, data)
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
		half = append(half, syncMarker...)
	}
	return appendFrame(nil, h.OpCode, half)
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
			data = append(data, zlibHeader...)
		}
		data = append(data, bytes.Repeat(deflateChunk(), chunks)...)
	case CompressionPayload:
		data = append(data, zlibHeader...)
		data = append(data, bytes.Repeat(deflateChunk(), chunks)...)
	case CompressionZstd:
		if first {
			data = append(data, zstdHeader...)
		}
		header := uint32(bombChunk)<<3 | 1<<1 // one byte repeated, not the last block
		block := []byte{byte(header), byte(header >> 8), byte(header >> 16), bombByte}
		data = append(data, bytes.Repeat(block, chunks)...)
	}
	return appendFrame(dst, ws.OpBinary, data)
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
