package inflate

import "math/bits"

const (
	maxBits   = 15  // longest code (RFC 1951 section 3.2.2)
	preBits   = 7   // longest code of the code length alphabet (3.2.7)
	litBits   = 11  // root of a literal/length table
	distBits  = 9   // root of a distance table
	maxLit    = 286 // literal/length symbols that a dynamic header may define
	maxDist   = 30  // distance symbols that a dynamic header may define
	maxPre    = 19  // code length symbols
	endSymbol = 256 // end of block
)

// Sizes of the tables. A code longer than the root ends in a subtable of
// maxBits-root bits at most; as each subtable holds at least two codes, there
// are at most half as many as symbols.
const (
	litSize  = 1<<litBits + maxSymbols/2<<(maxBits-litBits)
	distSize = 1<<distBits + 32/2<<(maxBits-distBits)
	preSize  = 1 << preBits
)

// maxSymbols is the size of the largest alphabet: the fixed code has two
// literal/length symbols that never occur (RFC 1951 section 3.2.6).
const maxSymbols = 288

// An entry of a decoding table says what the bits that index it stand for:
//
//	0–7    bits to drop, code and extra bits together
//	8–11   bits of the code alone; of a subtable: its width
//	12–14  isEnd, isUnused, isLink
//	15     isSpecial: one of the three before
//	16–30  the literal, the base of the length or distance, or the start of
//	       the subtable
//	31     isLiteral
//
// An entry of the code length table has isRepeat in bit 15 if it repeats the
// previous length, in 16–23 the mask of the extra bits, in 24–27 the number
// of repeats without them, and in 28–31 the code length.
type entry uint32

const (
	isEnd     entry = 1 << 12
	isUnused  entry = 1 << 13
	isLink    entry = 1 << 14
	isSpecial entry = 1 << 15
	isLiteral entry = 1 << 31
	isRepeat  entry = 1 << 15

	// perBit is added to a symbol's entry for each bit of its code.
	perBit entry = 1<<8 | 1

	// unused is the entry of bits that no symbol has. The one incomplete
	// code allowed has a single symbol of one bit, so it takes one.
	unused = isSpecial | isUnused | perBit
)

// drop is the number of bits to drop, in its low 6 bits.
func (e entry) drop() uint32 { return uint32(e) }

// linked is the index of the entry that acc selects in the subtable of e.
func (e entry) linked(acc uint64) uint64 {
	return uint64(e>>16&0x7fff) + acc&(1<<(e>>8&15)-1)
}

// withExtra adds to the base the extra bits, which lie behind the code in acc.
func (e entry) withExtra(acc uint64) int {
	extra := acc & (1<<(e&63) - 1) >> (e >> 8 & 15)
	return int(e>>16) + int(extra)
}

type (
	litTable  [litSize]entry
	distTable [distSize]entry
)

// codes is the pair of tables that decodes a block's symbols.
type codes struct {
	lit      litTable
	dist     distTable
	litMask  uint64
	distMask uint64
}

// fixed has the tables of blocks with fixed codes.
var fixed = newFixed()

// An alphabet collects the symbols of a code by the length of their codes, in
// ascending order, which is the order of their codes (RFC 1951 section 3.2.2).
// Those of n bits are symbol[n*maxSymbols:next[n]]; those without a code are
// in list 0.
type alphabet struct {
	next   [maxBits + 1]uint32
	symbol [(maxBits + 1) * maxSymbols]uint16
}

// emptyLists is next of an alphabet without symbols.
var emptyLists = func() (next [maxBits + 1]uint32) {
	for n := range next {
		next[n] = uint32(n * maxSymbols)
	}
	return next
}()

// reset empties the lists.
func (a *alphabet) reset() { a.next = emptyLists }

// add gives the next symbol a code of n bits.
func (a *alphabet) add(n uint32, symbol int) {
	i := a.next[n&maxBits]
	a.symbol[i] = uint16(symbol)
	a.next[n&maxBits] = i + 1
}

// list returns the symbols of n bits.
func (a *alphabet) list(n int) []uint16 { return a.symbol[n*maxSymbols : a.next[n]] }

// reversed has the bits of a number of litBits bits in reverse.
var reversed = func() (t [1 << litBits]uint16) {
	for i := range t {
		t[i] = bits.Reverse16(uint16(i)) >> (16 - litBits)
	}
	return t
}()

// build fills the table with the code and returns the mask of its root,
// which has the given number of bits or fewer. It refuses what zlib refuses:
// over-subscribed codes, and incomplete ones but for a single code of one
// bit or none at all, which leave table[1] unused.
func (a *alphabet) build(table []entry, root int, symbols *[maxSymbols]entry) (mask uint64, ok bool) {
	shortest, longest, space := 0, 0, 0
	for n := maxBits; n > 0; n-- {
		if count := int(a.next[n]) - n*maxSymbols; count != 0 {
			longest = max(longest, n)
			shortest = n
			space += count << (maxBits - n)
		}
	}
	if space != 1<<maxBits {
		if longest > 1 || space > 1<<maxBits {
			return 0, false
		}
		table[0], table[1] = unused, unused
		if longest == 1 {
			table[0] = symbols[a.symbol[maxSymbols]] + perBit
		}
		return 1, true
	}

	// Codes are stored with their first bit lowest, so the table of n+1 bits
	// is twice that of n bits, with the new codes written over it. The code
	// is kept in litBits bits: it begins as n+1 bits where it ended as n.
	code, size, top := 0, 1<<shortest, min(longest, root)
	for n := shortest; ; n++ {
		add := perBit * entry(n)
		step := 1 << (litBits - n)
		for _, symbol := range a.list(n) {
			table[reversed[code%len(reversed)]] = symbols[symbol] + add
			code += step
		}
		if n == top {
			break
		}
		copy(table[size:2*size], table[:size])
		size *= 2
	}
	if longest > root {
		a.link(table, code>>(litBits-root)<<1, root, longest, symbols)
	}
	return uint64(size - 1), true
}

// link fills the subtables, one for each root-bit prefix of the longer codes,
// all of the same width. The first code of root+1 bits is given.
func (a *alphabet) link(table []entry, code, root, longest int, symbols *[maxSymbols]entry) {
	width := longest - root
	next, last := 1<<root, -1
	var sub []entry
	for n := root + 1; n <= longest; n++ {
		add := perBit * entry(n-root) // the root's bits are dropped before
		for _, symbol := range a.list(n) {
			reversed := int(bits.Reverse16(uint16(code)) >> (16 - n))
			if prefix := reversed & (1<<root - 1); prefix != last {
				last = prefix
				table[prefix] = isSpecial | isLink | entry(next)<<16 | entry(width)<<8 | entry(root)
				sub = table[next : next+1<<width]
				next += 1 << width
			}
			for i := reversed >> root; i < len(sub); i += 1 << (n - root) {
				sub[i] = symbols[symbol] + add
			}
			code++
		}
		code <<= 1
	}
}

// newFixed builds the fixed codes of RFC 1951 section 3.2.6.
func newFixed() *codes {
	c := new(codes)
	a := new(alphabet)
	a.reset()
	for symbol := range maxSymbols {
		switch {
		case symbol < 144:
			a.add(8, symbol)
		case symbol < 256:
			a.add(9, symbol)
		case symbol < 280:
			a.add(7, symbol)
		default:
			a.add(8, symbol)
		}
	}
	c.litMask, _ = a.build(c.lit[:], litBits, &litEntries)
	a.reset()
	for symbol := range 32 {
		a.add(5, symbol)
	}
	c.distMask, _ = a.build(c.dist[:], distBits, &distEntries)
	return c
}

// The entries of the three alphabets, before the bits of their codes are
// added.
var (
	litEntries  = newLitEntries()
	distEntries = newDistEntries()
	preEntries  = newPreEntries()
)

func newLitEntries() (t [maxSymbols]entry) {
	for symbol := range endSymbol {
		t[symbol] = isLiteral | entry(symbol)<<16
	}
	t[endSymbol] = isSpecial | isEnd
	base := 3
	for symbol := endSymbol + 1; symbol < 285; symbol++ {
		extra := max(0, (symbol-261)/4)
		t[symbol] = entry(base)<<16 | entry(extra)
		base += 1 << extra
	}
	t[285] = 258 << 16
	t[286], t[287] = isSpecial|isUnused, isSpecial|isUnused
	return t
}

func newDistEntries() (t [maxSymbols]entry) {
	base := 1
	for symbol := range maxDist {
		extra := max(0, symbol/2-1)
		t[symbol] = entry(base)<<16 | entry(extra)
		base += 1 << extra
	}
	t[30], t[31] = isSpecial|isUnused, isSpecial|isUnused
	return t
}

func newPreEntries() (t [maxSymbols]entry) {
	for length := range maxBits + 1 {
		t[length] = entry(length)<<28 | 1<<24
	}
	t[16] = isRepeat | 3<<24 | 3<<16 | 2
	t[17] = 3<<24 | 7<<16 | 3
	t[18] = 11<<24 | 127<<16 | 7
	return t
}
