package zstd

import "math/bits"

const (
	minLog = 5 // least Accuracy_Log of a table (RFC 8878 section 4.1.1)
	maxLog = 9 // greatest, of literals lengths and match lengths (3.1.1.3.2.1)

	maxStates  = 1 << maxLog
	maxSymbols = 256
)

// A cell of a decoding table has all that a state stands for:
//
//	0–7    bits to read for the next state
//	8–15   extra bits of the value
//	16–31  next state, before those bits are added
//	32–63  value, before the extra bits are added
//
// The low 16 bits of up to three cells can be added up without a carry.
type cell uint64

// value is the value before its extra bits are added.
func (c cell) value() uint32 { return uint32(c >> 32) }

// extra is the number of extra bits, 31 at most.
func (c cell) extra() uint64 { return uint64(c >> 8 & 63) }

// next is the state that follows, for the highest bits of v.
func (c cell) next(v uint64) uint64 { return uint64(c>>16&0xffff) + topBits(v, uint64(c)) }

// A stateTable decodes the symbols of an FSE code (RFC 8878 section 4.1).
type stateTable [maxStates]cell

// A distribution has the probabilities of a code's symbols, in states of the
// table; −1 stands for "less than 1" (RFC 8878 section 4.1.1).
type distribution struct {
	log     int                   // the table has 1<<log states
	symbols int                   // those from it on have no probability
	count   [maxSymbols + 3]int16 // of all others

	// Scratch of build: the symbols in the order in which states are handed
	// out, those of the states, those with −1, and the next number of each.
	order       [maxStates + 8]uint8
	states      [maxStates]uint8
	rareSymbols [maxSymbols]uint8
	next        [maxSymbols]uint16
}

// parse reads a distribution from the first n bytes of b, behind which are
// front more. It returns the bytes used, or 0 if there is none that is valid.
func (d *distribution) parse(b []byte, n, logLimit, symbolLimit int) int {
	d.log = int(b[0]&15) + minLog
	if d.log > logLimit {
		return 0
	}
	p, end := 4, 8*n
	symbol := 0
	for left := 1<<d.log + 1; left > 1; {
		if symbol >= symbolLimit || p > end {
			return 0
		}
		// A value from 0 to left takes width bits, or one less if it is under
		// short: values that the longer form would not need. It is one more
		// than the probability. No choice of this loop is a branch, but that
		// for many zeros.
		v := int(load64(b, p>>3) >> (p & 7))
		width := bits.Len(uint(left))
		half := 1 << ((width - 1) & 63)
		short := 2*half - 1 - left
		value := v & (2*half - 1)
		if value >= half {
			value -= short
		}
		if low := v & (half - 1); low < short {
			value = low
			width--
		}
		// Behind a probability of 0, two bits say how many zeros follow.
		flag := 0
		if value == 1 {
			flag = 3
		}
		zeros := v >> (width & 63) & flag
		counts := d.count[symbol&(maxSymbols-1):][:4]
		counts[0], counts[1], counts[2], counts[3] = int16(value-1), 0, 0, 0
		symbol += 1 + zeros
		p += width + flag&2
		negative := (value - 1) >> (bits.UintSize - 1)
		left -= ((value - 1) ^ negative) - negative
		for zeros == 3 { // or more
			if symbol >= symbolLimit || p > end {
				return 0
			}
			zeros = int(load64(b, p>>3) >> (p & 7) & 3)
			p += 2
			counts := d.count[symbol&(maxSymbols-1):][:3]
			counts[0], counts[1], counts[2] = 0, 0, 0
			symbol += zeros
		}
	}
	if p > end {
		return 0
	}
	d.symbols = symbol
	return (p + 7) >> 3
}

// step is how far apart the states of a symbol are in a table of 1<<log.
func step(log int) int { return 1<<log>>1 + 1<<log>>3 + 3 }

// strides are the inverses of step, modulo the size of the table.
var strides = newStrides()

func newStrides() (t [maxLog + 1]int) {
	for log := minLog; log <= maxLog; log++ {
		for inverse := 1; ; inverse += 2 {
			if inverse*step(log)&(1<<log-1) == 1 {
				t[log] = inverse
				break
			}
		}
	}
	return t
}

// build fills the table with the code (RFC 8878 section 4.1.1), whose symbols
// have the given cells before the states are added.
func (d *distribution) build(t *stateTable, symbols *[maxSymbols]cell) {
	// States are handed out in symbol order, a step apart, but the last ones
	// to symbols with −1. What is random here is no branch.
	order, next := &d.order, &d.next
	i, rare := 0, 0
	for symbol, n := range d.count[:d.symbols] {
		negative := n >> 15
		d.rareSymbols[rare&(maxSymbols-1)] = uint8(symbol)
		rare -= int(negative)
		n &^= negative // 0, if −1
		next[symbol&(maxSymbols-1)] = uint16(n - negative)
		run := uint64(symbol) * 0x0101_0101_0101_0101
		store64(order[:], i, run)
		for j := 8; j < int(n); j += 8 {
			store64(order[:], i+j, run)
		}
		i += int(n)
	}
	// The symbol of the next state is a stride away in that order.
	states, stride := order[:maxStates], strides[d.log]
	if rare > 0 {
		d.scatter(rare)
		states, stride = d.states[:], 1
	}
	mask := 1<<d.log - 1
	i = 0
	for state := range t[:mask+1] {
		symbol := states[i&(maxStates-1)]
		i = (i + stride) & mask
		n := next[symbol]
		next[symbol] = n + 1
		width := d.log + 1 - bits.Len16(n)
		t[state] = symbols[symbol] | cell(width) | cell(int(n)<<(width&15)-mask-1)<<16
	}
}

// scatter gives the symbol of each state where some symbols are rare: those
// have the last states, which the steps pass over.
func (d *distribution) scatter(rare int) {
	mask := 1<<d.log - 1
	rest := mask + 1 - rare
	i, n := 0, 0
	for range mask + 1 {
		d.states[i&(maxStates-1)] = d.order[n&(maxStates-1)]
		n -= (i - rest) >> (bits.UintSize - 1) // unless passed over
		i = (i + step(d.log)) & mask
	}
	for k, symbol := range d.rareSymbols[:rare] {
		d.states[mask-k] = symbol
	}
}
