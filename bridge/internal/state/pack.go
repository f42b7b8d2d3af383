package state

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// A group at rest is packZstd and its rows in a zstd frame, or packModel and what a coder makes of it.
const (
	packZstd  = 0 // there is no model yet
	packModel = 1
)

// pack returns rows of a guild compressed; "" for none. Those of a list keep their
// order.
func (d *Dictionary) pack(guild uint64, refs []ref, rows []byte) (string, error) {
	if len(rows) == 0 {
		return "", nil
	}
	if len(rows) > maxRows/2 {
		return "", errLarge
	}
	l := d.learned.Load()
	if l == nil {
		if !areRows(rows, d.shapes.all()) {
			return "", errDamaged
		}
		d.learn(guild, rows)
		return string(zstdCodec().encoder.EncodeAll(rows, []byte{packZstd})), nil
	}
	c := coders.Get().(*coder)
	defer coders.Put(c)
	c.start(l.statistics, d.shapes.all(), guild, refs)
	c.startEncoding()
	c.encodeRows(rows)
	if c.bad {
		return "", errDamaged
	}
	return string(c.finish(packModel)), nil
}

// unpack appends the rows that pack was given, with the same refs.
func (d *Dictionary) unpack(dst []byte, guild uint64, refs []ref, b string) ([]byte, error) {
	if len(b) == 0 {
		return dst, nil
	}
	if b[0] == packZstd {
		rows, err := zstdCodec().decoder.DecodeAll([]byte(b[1:]), dst)
		if err != nil {
			return dst, fmt.Errorf("%w: %w", errDamaged, err)
		}
		if !areRows(rows[len(dst):], d.shapes.all()) {
			return dst, errDamaged
		}
		return rows, nil
	}
	l := d.learned.Load()
	if l == nil || b[0] != packModel {
		return dst, errDamaged
	}
	c := coders.Get().(*coder)
	defer coders.Put(c)
	c.start(l.statistics, d.shapes.all(), guild, refs)
	c.startDecoding(b[1:])
	c.rows = dst
	c.codeRows()
	rows := c.rows
	c.rows = nil // they are not the coder's
	if c.bad || c.over() {
		return dst, errDamaged
	}
	return rows, nil
}

// areRows reports whether b is rows, whatever they say.
func areRows(b []byte, all []shape) bool {
	for len(b) > 0 {
		_, _, row, rest, ok := takeRow(b)
		if !ok {
			return false
		}
		if left, ok := skip(row, all, 0); !ok || len(left) > 0 {
			return false
		}
		b = rest
	}
	return true
}

// A zstdPair compresses what there is no model for.
type zstdPair struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

var zstdCodec = sync.OnceValue(func() zstdPair {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(maxCoders), zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true))
	if err != nil {
		panic(err) // the options are constant, and in order
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(maxCoders), zstd.WithDecoderMaxMemory(maxRows))
	if err != nil {
		panic(err)
	}
	return zstdPair{encoder, decoder}
})
