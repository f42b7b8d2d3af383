package state

import (
	"sync"
	"sync/atomic"
)

// A Dictionary is what a bot's guilds have in common: the shapes of objects, and a model of what its first
// guilds say. Shards that share one need less memory. It is safe for concurrent use.
type Dictionary struct {
	shapes  *shapes
	learned atomic.Pointer[learned] // nil: not yet

	mu      sync.Mutex
	samples []byte // of the model to be; nil once there is one
}

// learned is a model, and what it was made of, compressed: a snapshot has that.
type learned struct {
	statistics *statistics
	samples    []byte
}

const (
	sampleSize = 256 << 10 // bytes of rows that make a model
	maxCoders  = 4         // of zstd, that work at a time: each takes half a megabyte
	maxRows    = 64 << 20  // bytes of a group: what is larger cannot be of a guild
)

// NewDictionary returns an empty dictionary. It learns from the first guilds that shards keep.
func NewDictionary() *Dictionary { return &Dictionary{shapes: newShapes()} }

// learn adds a sample, and makes the model when there are enough.
func (d *Dictionary) learn(guild uint64, rows []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.learned.Load() != nil {
		return
	}
	if d.samples = appendSample(d.samples, guild, rows); len(d.samples) < sampleSize {
		return
	}
	d.learned.Store(&learned{train(d.samples, d.shapes.all()), zstdCodec().encoder.EncodeAll(d.samples, nil)})
	d.samples = nil
}

// bytes is what the dictionary takes, about, without the memory of coders at work.
func (d *Dictionary) bytes() int64 {
	d.mu.Lock()
	n := int64(cap(d.samples))
	d.mu.Unlock()
	if l := d.learned.Load(); l != nil {
		n += int64(len(l.samples)) + l.statistics.bytes()
	}
	for _, shape := range d.shapes.all() {
		n += int64(3*len(shape.id) + 34*len(shape.keys) + 88)
	}
	return n
}
