package state

import (
	"fmt"
	"runtime"

	"github.com/klauspost/compress/zstd"
)

// A Dictionary is what guilds have in common, and what compresses them: shapes and an encoder.
// Shards that share one need less memory. It is safe for concurrent use.
type Dictionary struct {
	shapes  *shapes
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

// maxRows bounds the rows of a group, in bytes: what is larger cannot be a guild.
const maxRows = 64 << 20

// NewDictionary returns an empty dictionary.
func NewDictionary() *Dictionary {
	threads := runtime.GOMAXPROCS(0)
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(threads), zstd.WithEncoderCRC(false),
		zstd.WithWindowSize(128<<10), zstd.WithLowerEncoderMem(true), zstd.WithSingleSegment(true))
	if err != nil {
		panic(err) // the options are constant, and in order
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(threads), zstd.WithDecoderMaxMemory(maxRows))
	if err != nil {
		panic(err)
	}
	return &Dictionary{shapes: newShapes(), encoder: encoder, decoder: decoder}
}

// How a group lies at rest, in front of its bytes.
const (
	packedPlain = iota
	packedZstd
)

// pack returns rows compressed, in memory of their own; nil for none.
func (d *Dictionary) pack(rows []byte) []byte {
	if len(rows) == 0 {
		return nil
	}
	var room [16 << 10]byte
	b := d.encoder.EncodeAll(rows, append(room[:0], packedZstd))
	if len(b) > len(rows) {
		b = append(append(b[:0], packedPlain), rows...)
	}
	return append(make([]byte, 0, len(b)), b...)
}

// unpack appends what pack was given.
func (d *Dictionary) unpack(dst, b []byte) ([]byte, error) {
	if len(b) == 0 {
		return dst, nil
	}
	switch b[0] {
	case packedPlain:
		return append(dst, b[1:]...), nil
	case packedZstd:
		dst, err := d.decoder.DecodeAll(b[1:], dst)
		if err != nil {
			return dst, fmt.Errorf("%w: %w", errDamaged, err)
		}
		return dst, nil
	}
	return dst, errDamaged
}

// bytes is what the dictionary takes, about.
func (d *Dictionary) bytes() int64 {
	n := int64(0)
	for _, shape := range d.shapes.all() {
		n += int64(2*len(shape.id) + 16*len(shape.keys) + 64)
	}
	return n
}
