package lazyjson

import "bytes"

// Sixty-four bytes, a block, are looked at together. A mask has a bit for each,
// bit 0 for the first.
const blockSize = 64

// masksGo is masks in Go: the tests on words of eight bytes answer in planes,
// which have bit 8·j+k for byte 8·k+j, that is for byte j of word k. A plane
// takes no multiplications to put together: the answers, in the top bits of the
// bytes, are shifted down by one per word.
//
// Beside masks it counts Y, _, y and DEL among the brackets. Outside strings, no
// valid document has them.
func masksGo(block *[blockSize]byte) (quotes, opens, closes, backslashes uint64) {
	var others, brackets, bit1 uint64
	for k := 0; k < blockSize; k += 16 { // two words a turn: a tenth faster than one
		w, v := load(block[:], k), load(block[:], k+8)
		others = others>>2 | notEqual(w, '"')>>1 | notEqual(v, '"')
		brackets = brackets>>2 | bracket(w)>>1 | bracket(v)
		bit1 = bit1>>2 | w<<5&(tops>>1) | v<<6&tops // set in [ and {, not in ] and }
	}
	if bytes.IndexByte(block[:], '\\') >= 0 {
		for k := 0; k < blockSize; k += 8 {
			backslashes = backslashes>>1 | notEqual(load(block[:], k), '\\')
		}
		backslashes = transpose(^backslashes)
	}
	return transpose(^others), transpose(brackets & bit1), transpose(brackets &^ bit1), backslashes
}

// notEqual marks the bytes that are not the ASCII character c. Of ASCII
// characters, only c^c is 0; added to 0x7f, all others reach the top bit.
func notEqual(w uint64, c byte) uint64 {
	return ((w&low7 ^ uint64(c)*units) + low7 | w) & tops
}

// bracket marks the bytes that have all bits of 0x59, as [ ] { } have and the
// four more that masksGo names; added to 0x27, they alone reach the top bit.
func bracket(w uint64) uint64 {
	return (w&(0x59*units) + 0x27*units) &^ w & tops
}

// transpose turns a plane into a mask, and back.
func transpose(p uint64) uint64 {
	t := (p ^ p>>7) & 0x00aa00aa00aa00aa
	p ^= t ^ t<<7
	t = (p ^ p>>14) & 0x0000cccc0000cccc
	p ^= t ^ t<<14
	t = (p ^ p>>28) & 0x00000000f0f0f0f0
	return p ^ t ^ t<<28
}
