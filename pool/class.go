package pool

import (
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/valyala/bytebufferpool"
)

const (
	minBits = 10 // the smallest class, 1 KiB
	maxBits = 20 // the largest class, 1 MiB

	// From strikeSize on, a buffer used to less than a quarter is a strike.
	// After maxStrikes in a row its class drops such buffers, until one is
	// used better. Smaller buffers are not worth the trouble.
	strikeSize = 64 << 10
	maxStrikes = 4
)

// A class keeps memory of one capacity, 1<<(minBits+index) bytes.
type class struct {
	pool bytebufferpool.Pool

	// strikes counts buffers in a row that came back with little use. Its
	// type also aligns every class to 8 bytes: pool begins with counters that
	// 32-bit machines can only change atomically at such addresses.
	strikes atomic.Int64
}

var classes [maxBits - minBits + 1]class

// shells keeps the structs that bytebufferpool wants around memory, while the
// memory is on loan without them.
var shells = sync.Pool{New: func() any { return new(bytebufferpool.ByteBuffer) }}

// take returns memory of length 0 and capacity ≥ n.
func take(n int) []byte {
	if n > 1<<maxBits {
		return make([]byte, 0, n)
	}
	i := 0
	if n > 1<<minBits {
		i = bits.Len(uint(n-1)) - minBits
	}
	shell := classes[i].pool.Get()
	b := shell.B
	shell.B = nil
	shells.Put(shell)
	// An empty pool makes what it thinks is usual, which is nothing at first.
	if size := 1 << (minBits + i); cap(b) < size {
		b = make([]byte, 0, size)
	}
	return b
}

// give takes back memory whose first len(b) bytes were used. The capacity, which
// append may have made odd, is cut to the largest class that it covers.
func give(b []byte) {
	if Poisoning {
		Poison(b[:cap(b)])
		return
	}
	i := bits.Len(uint(cap(b))) - 1 - minBits
	if i < 0 || cap(b) > 1<<maxBits {
		return
	}
	c, size := &classes[i], 1<<(minBits+i)
	if c.strike(len(b), size) {
		return
	}
	shell := shells.Get().(*bytebufferpool.ByteBuffer)
	// The pool learns from lengths, so it is shown the size of the class.
	shell.B = b[:size:size]
	c.pool.Put(shell)
}

// strike records that used of size bytes were needed, and reports whether the
// buffer is to be dropped.
func (c *class) strike(used, size int) bool {
	if size < strikeSize {
		return false
	}
	if used < size/4 {
		return c.strikes.Add(1) >= maxStrikes
	}
	if c.strikes.Load() != 0 {
		c.strikes.Store(0)
	}
	return false
}
