package lazyjson

import (
	"encoding/binary"
	"math/bits"
)

// Eight bytes are looked at in one uint64, byte 0 in the lowest bits. A test on
// all eight answers in the top bit of each byte.
const (
	units = 0x0101010101010101 // times a byte: that byte eight times
	tops  = 0x80 * units
	low7  = 0x7f * units
)

// load returns the eight bytes from b[i]. It needs i+8 ≤ len(b).
func load(b []byte, i int) uint64 {
	return binary.LittleEndian.Uint64(b[i:])
}

// stops marks the bytes at which a plain run of a string ends: quote,
// backslash, control character. Only the lowest mark is sure: the subtractions
// borrow from bytes above a true mark, never from those below.
func stops(w uint64) uint64 {
	quote, backslash := w^'"'*units, w^'\\'*units
	return ((quote-units)&^quote | (backslash-units)&^backslash | (w-' '*units)&^w) & tops
}

// lowest returns the index (0–7) of the lowest mark. It needs marks ≠ 0.
func lowest(marks uint64) int {
	return bits.TrailingZeros64(marks) / 8
}

// leadingDigits returns how many of the first bytes of w are digits (0–8), and
// their value.
func leadingDigits(w uint64) (value uint64, n int) {
	w ^= '0' * units
	// A digit is 0–9 now: only bytes above 9 reach the top bit by adding 0x76,
	// or have it already. No sum carries.
	if marks := (w&low7 + 0x76*units | w) & tops; marks != 0 {
		n = lowest(marks)
		if n == 0 {
			return 0, 0
		}
	} else {
		n = 8
	}
	w <<= uint(64 - 8*n) // the digits to the end, zeros in front of them
	w = w * (1 + 10<<8) >> 8 & 0x00ff00ff00ff00ff
	w = w * (1 + 100<<16) >> 16 & 0x0000ffff0000ffff
	w = w * (1 + 10000<<32) >> 32
	return w, n
}
