package eventlog

import (
	"sync/atomic"
	"time"
)

const (
	// Blocks are as large as an eighth of the log, within these bounds: a quiet shard takes little.
	minBlock = 4 << 10
	maxBlock = 256 << 10
)

// Log keeps the last events of a shard. Events are numbered from 1, and a number is called an index. The
// zero value is empty, with a limit of nothing: set Limit first. The owner guards all methods.
type Log struct {
	// Limit is how many bytes are kept, at most; what is appended last is always kept.
	Limit int

	blocks []*block // the oldest first
	last   int64    // the index of the newest event
	held   int      // the capacity of all blocks
	total  int64    // bytes that were ever appended
	spare  []byte   // of a block that nobody reads any more
}

// block is a piece of memory with the events from first on.
type block struct {
	first   int64
	start   int64     // Log.total when it began
	newest  time.Time // when its last event came
	data    []byte    // never beyond its capacity
	count   int64
	readers atomic.Int32
}

// Last returns the index of the newest event that was appended, 0 for none.
func (l *Log) Last() int64 { return l.last }

// First returns the index of the oldest event that is kept; one more than Last if none is.
func (l *Log) First() int64 {
	if len(l.blocks) == 0 {
		return l.last + 1
	}
	return l.blocks[0].first
}

// Bytes returns the memory that the events take.
func (l *Log) Bytes() int { return l.held }

// Total returns how many bytes were ever appended: what [Cursor.Behind] counts in.
func (l *Log) Total() int64 { return l.total }

// Append adds an event, which it copies, and returns its index. opened says that a new block began,
// before which old ones may have gone: it is the time to look at who has fallen behind.
func (l *Log) Append(now time.Time, e *Event) (index int64, opened bool) {
	n := e.size()
	var b *block
	if len(l.blocks) > 0 {
		b = l.blocks[len(l.blocks)-1]
	}
	if b == nil || cap(b.data)-len(b.data) < n {
		b, opened = l.open(n), true
	}
	b.data = e.append(b.data)
	b.newest = now
	b.count++
	l.last++
	l.total += int64(n)
	return l.last, opened
}

// open begins a block with room for n bytes, and makes room for it in the log.
func (l *Log) open(n int) *block {
	size := min(max(minBlock, l.held/8), maxBlock)
	size = max(size, n)
	for len(l.blocks) > 0 && l.held+size > l.Limit {
		l.drop()
	}
	memory := l.spare
	l.spare = nil
	if cap(memory) < size || cap(memory) > 2*size {
		memory = make([]byte, 0, size)
	}
	b := &block{first: l.last + 1, start: l.total, data: memory[:0]}
	l.held += cap(b.data)
	l.blocks = append(l.blocks, b)
	return b
}

// drop lets the oldest block go. Whoever reads in it has its memory to the end.
func (l *Log) drop() {
	b := l.blocks[0]
	l.blocks[0] = nil
	l.blocks = l.blocks[1:]
	l.held -= cap(b.data)
	if b.readers.Load() == 0 {
		l.spare = b.data[:0]
	}
}

// Trim drops what came before a time.
func (l *Log) Trim(before time.Time) {
	for len(l.blocks) > 0 && l.blocks[0].newest.Before(before) {
		l.drop()
	}
	if len(l.blocks) == 0 {
		l.blocks, l.spare = nil, nil
	}
}

// Clear drops everything. Indices go on.
func (l *Log) Clear() {
	l.blocks, l.spare, l.held = nil, nil, 0
}
