package lazyjson

import "math/bits"

// skipContainer returns the position behind the array or object whose opening
// bracket is b[i]. It looks at quotes, backslashes and brackets only, and takes
// { and [ for the same: what it skips it does not judge, but if that is valid
// the end is right. The bytes of a block are tested together, whatever they
// are, so that the time hangs on the length and hardly on the content.
func skipContainer(b []byte, i int) (end int, reason string) {
	if end, ok := scan(b, i+1); ok {
		if end == 0 {
			return len(b), reasonEnd
		}
		return end, ""
	}
	return skipBlocks(b, i)
}

// skipBlocks is skipContainer where scan is of no help.
func skipBlocks(b []byte, i int) (end int, reason string) {
	var (
		depth   = 1
		inside  uint64 // all ones if the block begins inside a string
		escapes bool   // the block begins behind a backslash that escapes its first byte
		last    [blockSize]byte
	)
	i++
	for rest := b[i:]; len(rest) > 0; {
		block := &last
		if len(rest) >= blockSize {
			block = (*[blockSize]byte)(rest)
			rest = rest[blockSize:]
		} else {
			copy(last[:], rest)
			rest = nil
		}
		quotes, opens, closes, backslashes := masks(block)
		if escapes || backslashes != 0 {
			var escaped uint64
			escaped, escapes = escapedBytes(backslashes, escapes)
			quotes &^= escaped
		}
		inside ^= parity(quotes)
		opens &^= inside
		closes &^= inside
		inside = uint64(int64(inside) >> 63)

		n := bits.OnesCount64(closes)
		if n >= depth {
			if k := closesAt(opens, closes, depth); k >= 0 {
				return i + k + 1, ""
			}
		}
		i += blockSize
		depth += bits.OnesCount64(opens) - n
	}
	return len(b), reasonEnd
}

// closesAt returns the index of the byte at which depth comes down to zero, or
// −1.
func closesAt(opens, closes uint64, depth int) int {
	for ; closes != 0; closes &= closes - 1 {
		k := bits.TrailingZeros64(closes)
		depth--
		if depth+bits.OnesCount64(opens&(1<<k-1)) == 0 {
			return k
		}
	}
	return -1
}

// parity returns a mask whose bit n tells whether m has an odd number of bits up
// to and with bit n: of quotes, what lies in strings with the quotes that open
// them.
func parity(m uint64) uint64 {
	// Written out, as the compiler does not unroll loops.
	m ^= m << 1
	m ^= m << 2
	m ^= m << 4
	m ^= m << 8
	m ^= m << 16
	m ^= m << 32
	return m
}

// escapedBytes returns the mask of the bytes that a backslash in front of them
// escapes, given whether the first byte is one of them. next tells that of the
// block behind.
func escapedBytes(backslashes uint64, escapes bool) (escaped uint64, next bool) {
	if escapes {
		escaped = 1
		backslashes &^= 1
	}
	for backslashes != 0 {
		k := bits.TrailingZeros64(backslashes)
		if k == blockSize-1 {
			return escaped, true
		}
		escaped |= 2 << k
		backslashes &^= 3 << k // it, and the one that it may escape
	}
	return escaped, false
}
