package inflate

// padding is the number of readable bytes that decoding needs behind the
// message.
const padding = 32

// slack is how far pos may be behind the end of the message while bits of
// the message are still unread: fewer than 64 bits are held, so pos is fewer
// than 8 bytes ahead of the first unread bit.
const slack = 7

// A bitReader reads the bits of a message, lowest bit of each byte first
// (RFC 1951 section 3.1.1). It is a value: its methods return the reader
// that follows, which keeps it in registers.
//
// It holds n valid bits in the low end of acc. Bits above those are either
// zero or the ones that belong there, so loading them again changes nothing.
type bitReader struct {
	acc uint64
	pos int   // of the next byte to load
	n   uint8 // at most 63
}

// refill makes at least 56 bits valid. The 8 bytes at pos must be readable.
func (b bitReader) refill(src []byte) bitReader {
	b.acc |= load64(src, b.pos) << (b.n & 63)
	b.pos += int((63 - b.n) >> 3)
	b.n |= 56
	return b
}

// drop skips as many bits as the low byte of count says, fewer than 64.
func (b bitReader) drop(count uint32) bitReader {
	b.acc >>= count & 63
	b.n -= uint8(count)
	return b
}

// take returns the low count bits, at most 32.
func (b bitReader) take(count uint32) uint32 {
	return uint32(b.acc & (1<<(count&63) - 1))
}

// read is the number of bits read so far.
func (b bitReader) read() int64 {
	return int64(b.pos)*8 - int64(b.n)
}

// align skips to the next byte boundary and returns its position.
func (b bitReader) align() int {
	return b.pos - int(b.n>>3)
}
