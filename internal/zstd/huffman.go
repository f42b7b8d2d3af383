package zstd

import (
	"math/bits"
	"slices"
)

const (
	maxCodeBits = 11 // longest code of a literal (RFC 8878 section 4.2.1.3)
	maxWeights  = 255
	maxTreeSize = 128 // of a description (4.2.1.1)
	weightsLog  = 6   // greatest Accuracy_Log of the weights' table (4.2.1.2)
)

// A code is an entry of the literals' table: the length in the low byte, the
// literal in the high one.
type code uint16

// A codeTable decodes literals: of shortBits bits where no code is longer,
// otherwise of maxCodeBits, or of as many as the longest has. It has fillRoom
// entries more, which fillBMI2 may overwrite.
type codeTable [1<<maxCodeBits + fillRoom]code

const fillRoom = 16

// shortBits is what most codes of small messages do with.
const shortBits = 8

// weights lists the literals by weight. Weights over maxCodeBits are invalid;
// they are listed as one more.
type weights struct {
	literals int // that have been given a weight

	// Those with a weight over 0, in order, below their weights.
	present int
	weight  [maxSymbols]uint16

	count  [16]uint32
	symbol [16][maxSymbols]uint8
}

// add gives a literal its weight, shifted left by 8, where n before it have one
// over 0. It returns n for the next.
func (w *weights) add(n, literal int, weight uint32) int {
	w.weight[n&(maxSymbols-1)] = uint16(weight | uint32(literal))
	return n + int(weight+15<<8)>>12
}

// list lists the literals that were added. To count them here, without those
// of weight 0, keeps decode from waiting for one counter again and again.
func (w *weights) list() {
	w.count = [16]uint32{}
	for _, both := range w.weight[:w.present] {
		weight := both >> 8 & 15
		n := w.count[weight]
		w.symbol[weight][n&(maxSymbols-1)] = uint8(both)
		w.count[weight] = n + 1
	}
}

// weightCells are those of the weights' table, with weights as add takes them.
var weightCells = newWeightCells()

func newWeightCells() (t [maxSymbols]cell) {
	for weight := range t {
		t[weight] = cell(min(weight, maxCodeBits+1)) << (32 + 8)
	}
	return t
}

// parseTree reads a tree description (RFC 8878 section 4.2.1) of n bytes at
// most, which have front bytes before and behind them in b, and builds the
// literals' table. It returns the bytes used.
func (d *Decoder) parseTree(b []byte, n int) (used int, v verdict) {
	w := &d.weights
	if n == 0 {
		return 0, badTreeHeader
	}
	header := int(b[front])
	if header >= 128 { // direct representation: 4 bits each
		symbols := header - 127
		if used = 1 + (symbols+1)/2; used > n {
			return 0, badTreeHeader
		}
		w.present = 0
		for literal := range symbols {
			pair := b[front+1+literal/2]
			weight := uint32(pair >> (4 - 4*(literal&1)) & 15)
			w.present = w.add(w.present, literal, weight<<8)
		}
		w.literals = symbols
	} else {
		if used = 1 + header; used > n {
			return 0, badTreeHeader
		}
		size := d.distribution.parse(b[front+1:], header, weightsLog, maxSymbols)
		if size == 0 || size == header {
			return 0, badWeights
		}
		d.distribution.build(&d.weightTable, &weightCells)
		if !w.decode(&d.weightTable, d.distribution.log, b[1+size:front+used]) {
			return 0, badWeightsStream
		}
	}
	if !d.buildTree() {
		return 0, badWeightsSum
	}
	return used, ok
}

// decode reads the weights from a bit stream (RFC 8878 section 4.2.1.2). Two
// states take turns; the first that would need bits behind the end of the
// stream is followed by the other's last weight.
func (w *weights) decode(t *stateTable, log int, b []byte) bool {
	r, valid := newBitReader(b)
	one := r.startState(log)
	two := r.startState(log)
	if !valid || r.p < streamEnd {
		return false
	}
	p, a, c, n, literal := w.decodeFast(t, b, r.p, t.at(one), t.at(two))
	// Eight states need 48 bits at most.
	for p >= streamEnd+8*weightsLog && literal <= maxWeights-10 {
		v := peek(b, p)
		sum := cell(0)
		for end := literal + 8; literal < end; literal += 2 {
			n = w.add(n, literal, a.value())
			sum += a
			one = a.next(v)
			v <<= a & 63
			a = t.at(one)
			n = w.add(n, literal+1, c.value())
			sum += c
			two = c.next(v)
			v <<= c & 63
			c = t.at(two)
		}
		p -= int(sum & 0xff)
	}
	// There are fewer bits than that, or weights that are certain to be too many.
	v := peek(b, p)
	for ; literal <= maxWeights-2; literal++ {
		n = w.add(n, literal, a.value())
		p -= int(a & 0xff)
		if p < streamEnd {
			w.present = w.add(n, literal+1, c.value())
			w.literals = literal + 2
			return true
		}
		next := t.at(a.next(v))
		v <<= a & 63
		a, c = c, next
	}
	return false
}

// startState reads a first state, or returns one that is there if the bits
// are not.
func (r *bitReader) startState(log int) uint64 {
	if r.p < streamEnd+log {
		r.p = 0
		return 0
	}
	return r.take(log)
}

// buildTree fills the literals' table (RFC 8878 section 4.2.1.3). The last
// weight is the one that makes the code complete.
func (d *Decoder) buildTree() bool {
	w := &d.weights
	w.list()
	sum := 0
	for weight := 1; weight <= maxCodeBits; weight++ {
		sum += int(w.count[weight]) << (weight - 1)
	}
	longest := bits.Len(uint(sum))
	rest := 1<<longest - sum
	if sum == 0 || longest > maxCodeBits || rest&(rest-1) != 0 || slices.Max(w.count[maxCodeBits+1:]) > 0 {
		return false
	}
	weight := bits.Len(uint(rest))
	w.symbol[weight&15][w.count[weight&15]&(maxSymbols-1)] = uint8(w.literals)
	w.count[weight&15]++
	// A code whose length is the longest has a sibling of that length. The
	// length promised by the sum must be there.
	if w.count[1] < 2 {
		return false
	}

	switch {
	case longest <= shortBits:
		d.codeBits = shortBits
	case fast(): // shifts by any number of bits cost the same
		d.codeBits = longest
	default:
		d.codeBits = maxCodeBits
	}
	// Codes are handed out by weight, the longest first, and by literal. Each
	// has as many entries as bits of the table follow it.
	t, i := &d.codeTable, 0
	if t.fillFast(w, longest, d.codeBits) {
		return true
	}
	for weight := 1; weight <= longest; weight++ {
		length := longest + 1 - weight
		literals := w.symbol[weight][:w.count[weight]]
		switch entries := 1 << (d.codeBits - length); entries {
		case 1:
			for _, literal := range literals {
				t[i] = code(literal)<<8 | code(length)
				i++
			}
		case 2:
			for _, literal := range literals {
				c := code(literal)<<8 | code(length)
				t[i], t[i+1] = c, c
				i += 2
			}
		default:
			for _, literal := range literals {
				c := code(literal)<<8 | code(length)
				for end := i + entries; i < end; i += 4 {
					t.fill4(i, c)
				}
			}
		}
	}
	return true
}
