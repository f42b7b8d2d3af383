// Package pool lends byte buffers: use it for bytes that outlive a callback, such
// as clones of events, messages on their way out, and frames that have arrived in
// part. The steady way of the data does not touch it.
//
// # Lifetimes
//
// [Get] lends a [Buffer], and [Buffer.Release] ends the loan, exactly once. From
// then on neither the Buffer nor any slice of its bytes may be read or written.
// [Slices] lends plain slices out of the same classes, under the same rule.
//
// In race builds a loan that ends is overwritten with 0xCC and its memory is
// never lent again, so a test sees the mark in any slice that was kept, and
// ending a loan twice panics. [Poison] gives the same protection to memory that
// is lent by other means. [Lent] and [LentBytes] count open loans, so that a
// test can assert that none is left.
//
// # Size classes
//
// Capacities are powers of two from 1 KiB to 1 MiB. Each class has a
// bytebufferpool.Pool of its own: such a pool hands out buffers of whatever
// capacity comes next, and every 42,000 Puts it derives from the lengths it has
// seen which capacity to make and which to refuse. With mixed sizes it would
// lend 1 MiB for a few bytes, and one day refuse all but the commonest size.
// Inside a class every length it sees is the same, so it learns nothing wrong.
// Larger requests are made for one loan and left to the garbage collector.
package pool

import (
	"math"
	"sync"
	"sync/atomic"
)

// Buffer is a byte buffer on loan from [Get]. One goroutine may use it at a time.
type Buffer struct {
	// B is the content, borrowed until Release: empty at first, with the
	// capacity asked for. It may be resliced and appended to; where append
	// moves it, the new memory is what Release takes. Its length at Release
	// says how much was used, which decides whether a large buffer is kept.
	B []byte

	bytes int64 // counted in lentBytes for this loan
	lent  atomic.Bool
}

// headers keeps the Buffer structs of ended loans. In race builds none is
// reused, so that a second Release is always recognised.
var headers = sync.Pool{New: func() any { return new(Buffer) }}

// Get lends a buffer with len(B) == 0 and cap(B) ≥ n bytes. An n of zero or less
// gives the smallest class. Above 1 MiB the memory is made for this loan.
func Get(n int) *Buffer {
	b := headers.Get().(*Buffer)
	b.B = take(n)
	b.bytes = int64(cap(b.B))
	b.lent.Store(true)
	countLoan(b.bytes)
	return b
}

// Grow makes room for n more bytes behind len(b.B), where need be by moving the
// content to a class at least twice as large. Slices of the former memory end
// with it. An n of zero or less changes nothing.
func (b *Buffer) Grow(n int) { b.GrowWithin(n, math.MaxInt) }

// GrowWithin is Grow for content of which it is known that it has most bytes at
// most: where n allows, the class is no larger than these need.
func (b *Buffer) GrowWithin(n, most int) {
	if n <= cap(b.B)-len(b.B) {
		return
	}
	old := b.B
	if n > math.MaxInt-len(old) {
		panic("pool: Grow beyond the largest int")
	}
	b.B = append(take(max(len(old)+n, min(2*cap(old), most))), old...)
	give(old)
	grown := int64(cap(b.B))
	lentBytes.Add(grown - b.bytes)
	b.bytes = grown
}

// Release ends the loan and leaves b.B nil. A large buffer of which little was
// used, several times in a row in its class, is not kept.
//
// Release exactly once. In race builds a second call panics. In other builds it
// does nothing while the Buffer waits in the pool, but once the Buffer is lent
// anew a second call ends the new loan, and two owners write the same bytes:
// run the tests with -race to find it.
func (b *Buffer) Release() {
	if !b.lent.CompareAndSwap(true, false) {
		if Poisoning {
			panic("pool: buffer released twice: give each buffer back exactly once, by its last owner, and forget the pointer then")
		}
		return
	}
	lent.Add(-1)
	lentBytes.Add(-b.bytes)
	memory := b.B
	b.B = nil
	give(memory)
	if !Poisoning {
		headers.Put(b)
	}
}

var lent, lentBytes atomic.Int64

func countLoan(bytes int64) {
	lent.Add(1)
	lentBytes.Add(bytes)
}

// Lent returns the number of open loans in the process, of [Get] and [Slices].
func Lent() int64 { return lent.Load() }

// LentBytes returns the capacity of all open loans in bytes.
func LentBytes() int64 { return lentBytes.Load() }
