package zstd

import "math/bits"

// front is the number of bytes that a slice with a bit stream has before the
// stream, so that 8 bytes can be loaded wherever reading has come to. What
// they hold does not matter. It is also the number of bytes behind a table
// description.
const front = 8

// A bitReader reads a bit stream from its end to its beginning (RFC 8878
// section 4.1): the bits below p are unread, those of the front included. A
// stream is used up when p is streamEnd.
type bitReader struct {
	b []byte // front bytes and the stream
	p int    // 8·len(b) at most
}

// streamEnd is the position when every bit has been read. Under it, bits have
// been read that were not there.
const streamEnd = 8 * front

// newBitReader begins to read behind the highest set bit of b's last byte.
// There is none, and ok is false, if the stream is empty or ends in a zero.
func newBitReader(b []byte) (r bitReader, ok bool) {
	if len(b) <= front {
		return bitReader{}, false
	}
	last := b[len(b)-1]
	return bitReader{b, 8*len(b) - 9 + bits.Len8(last)}, last != 0
}

// take reads n bits, at most 57. Bits that are not there leave p under
// streamEnd, where no more can be read.
func (r *bitReader) take(n int) uint64 {
	v := topBits(peek(r.b, r.p), uint64(n))
	r.p -= n
	return v
}

// peekBits is how many bits peek returns at least.
const peekBits = 57

// peek returns the bits of b below p, the next one highest.
func peek(b []byte, p int) uint64 {
	return load64(b, (p+7)>>3-8) << (-uint(p) & 7)
}

// marked is peek with the lowest bit that was loaded set. When all that peek
// is certain to give but one bit may have been shifted out, that mark is the
// lowest bit left, and its place tells where reading has come to: see after.
func marked(b []byte, p int) uint64 {
	return (load64(b, (p+7)>>3-8) | 1) << (-uint(p) & 7)
}

// after is the position when v is what is left of marked(b, p).
func after(p int, v uint64) int {
	return (p+7)&^7 - bits.TrailingZeros64(v)
}

// topBits returns the highest n bits of v. Only the low 6 bits of n count.
func topBits(v, n uint64) uint64 {
	return v >> 1 >> (^n & 63)
}

// low returns the lowest n bits of v: those that were the highest, behind a
// rotation.
func low(v, n uint64) uint32 {
	return uint32(v) & masks[n&63]
}

// masks have their lowest bits set, as many as their index says.
var masks = newMasks()

func newMasks() (t [64]uint32) {
	for n := range t {
		t[n] = 1<<n - 1
	}
	return t
}
