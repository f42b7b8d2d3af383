package trace

import (
	"hash/crc32"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// newEncoder returns a compressor of blocks, for one goroutine. Its level is one above the library's default,
// for fewer and longer matches: a file is then a tenth smaller and read a third faster. A fast one takes half
// the time, for files that are a sixth larger.
func newEncoder(fast bool) *zstd.Encoder {
	level := zstd.SpeedBetterCompression
	if fast {
		level = zstd.SpeedFastest
	}
	e, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(level),
		zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(blockSize),
		zstd.WithEncoderCRC(false)) // the block has a checksum of its own
	if err != nil {
		panic(err) // only options that do not exist
	}
	return e
}

// memory is what reading a block needs, lent to one goroutine at a time.
type memory struct {
	decoder *zstd.Decoder
	body    []byte
	raw     []byte
}

var memories = sync.Pool{New: func() any { return &memory{decoder: newDecoder()} }}

// release gives the memory back, unless a single large payload made it large.
func (m *memory) release() {
	if cap(m.raw) <= 2*blockSize && cap(m.body) <= 2*blockSize {
		memories.Put(m)
	}
}

// newDecoder returns a decompressor of blocks. It never writes beyond the capacity that it is given, so that
// a block cannot become longer than its header says.
func newDecoder() *zstd.Decoder {
	d, err := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderMaxMemory(maxRaw),
		zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		panic(err) // only options that do not exist
	}
	return d
}

// decode decompresses the body of a block whose header is h and that stands at off into raw.
func (m *memory) decode(body []byte, h *blockHeader, off int64) *FormatError {
	if crc32.Checksum(body, castagnoli) != h.crc {
		return damage(off+blockHeaderSize, "the checksum of a block is wrong", remedyRepair)
	}
	if h.raw == 0 {
		m.raw = m.raw[:0]
		return nil
	}
	if cap(m.raw) < h.raw {
		m.raw = make([]byte, 0, max(h.raw, blockSize))
	}
	out, err := m.decoder.DecodeAll(body, m.raw[:0:h.raw])
	if err != nil || len(out) != h.raw {
		e := damage(off+blockHeaderSize, "a block cannot be decompressed to the length that its header says", remedyRepair)
		e.err = err
		return e
	}
	m.raw = m.raw[:h.raw]
	return nil
}
