package state

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
)

// A Dictionary is what a bot's guilds have in common: the shapes of objects, and a zstd dictionary
// made of what its first guilds say. Shards that share one need less memory. It is
// safe for concurrent use.
type Dictionary struct {
	shapes *shapes
	codec  atomic.Pointer[codec]

	mu      sync.Mutex
	samples []byte // of the zstd dictionary to be; nil once there is one
}

// A codec compresses with one zstd dictionary, or with none.
type codec struct {
	content []byte // of the dictionary
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

const (
	dictionarySize = 64 << 10 // of the zstd dictionary; twice that saves 1.5 % of a guild, a quarter costs 3 %
	dictionaryID   = 1        // less than 256: one byte a frame
	maxCoders      = 4        // that work at a time: each takes half a megabyte
	maxRows        = 64 << 20 // bytes of a group: what is larger cannot be of a guild
)

// NewDictionary returns an empty dictionary. It learns from the first guilds that shards keep.
func NewDictionary() *Dictionary {
	d := &Dictionary{shapes: newShapes(), samples: make([]byte, 0, dictionarySize)}
	d.codec.Store(newCodec(nil))
	return d
}

// newCodec returns a codec whose dictionary is content, as it is: a dictionary with tables for the
// entropy coder (zstd.BuildDict) takes most of a second to make, and is no better.
func newCodec(content []byte) *codec {
	coders := min(maxCoders, runtime.GOMAXPROCS(0))
	encoding := []zstd.EOption{
		zstd.WithEncoderLevel(zstd.SpeedFastest), // others take thrice the time for 4 % less
		zstd.WithEncoderConcurrency(coders), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(128 << 10),
		zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true),
	}
	decoding := []zstd.DOption{zstd.WithDecoderConcurrency(coders), zstd.WithDecoderMaxMemory(maxRows)}
	if content != nil {
		encoding = append(encoding, zstd.WithEncoderDictRaw(dictionaryID, content))
		decoding = append(decoding, zstd.WithDecoderDictRaw(dictionaryID, content))
	}
	encoder, err := zstd.NewWriter(nil, encoding...)
	if err != nil {
		panic(err) // the options are constant, and in order
	}
	decoder, err := zstd.NewReader(nil, decoding...)
	if err != nil {
		panic(err)
	}
	return &codec{content, encoder, decoder}
}

// learn adds a sample, and makes the dictionary when there are enough.
func (d *Dictionary) learn(sample []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.samples == nil {
		return
	}
	d.samples = append(d.samples, sample[:min(len(sample), dictionarySize-len(d.samples))]...)
	if len(d.samples) == dictionarySize {
		d.codec.Store(newCodec(d.samples))
		d.samples = nil
	}
}

// bytes is what the dictionary takes, about, without the memory of coders at work.
func (d *Dictionary) bytes() int64 {
	d.mu.Lock()
	n := int64(cap(d.samples))
	d.mu.Unlock()
	n += 3 * int64(len(d.codec.Load().content)) // the encoder and the decoder have copies
	for _, shape := range d.shapes.all() {
		n += int64(2*len(shape.id) + 16*len(shape.keys) + 64)
	}
	return n
}
