package zstd

import "math/bits"

// The codes of a sequence, in the order of their tables in the sequences
// section header (RFC 8878 section 3.1.1.3.2.1).
const (
	literalsLengths = iota
	offsets
	matchLengths
	sequenceCodes
)

// Compression modes of a table (RFC 8878 section 3.1.1.3.2.1).
const (
	predefinedMode = iota
	rleMode
	compressedMode
	repeatMode
)

// A sequence is a number of literals and a match that follows them (RFC 8878
// section 3.1.1.4).
type sequence struct {
	lengths lengths
	offset  uint32 // Offset_Value: up to 3, one of the last offsets
}

// lengths are those of literals, in the low half, and of a match. Those of a
// chunk of sequences can be added up without a carry.
type lengths uint64

func (n lengths) literals() int { return int(n & 0xffffffff) }
func (n lengths) match() int    { return int(n >> 32) }

// chunk is how many sequences are read before they are executed.
const chunk = 128

// A sequenceReader reads the sequences of a block.
type sequenceReader struct {
	in       bitReader
	left     int // sequences to read
	states   [sequenceCodes]cell
	literals int // of the block, that no sequence which was read has used
	output   int // that the block may still have
}

// sequencesSection begins to decode the sequences section (RFC 8878 section
// 3.1.1.3.2), which is the rest of the block that ends at end. Its literals
// are as many as given.
func (d *Decoder) sequencesSection(end, literals int) verdict {
	count, v := d.sequencesHeader(end)
	if v != ok {
		return v
	}
	r := &d.reader
	r.left = count
	r.literals = literals
	r.output = d.blockMax
	if count == 0 {
		return ok
	}
	var valid bool
	if r.in, valid = newBitReader(d.bitStream(d.pos, end)); !valid {
		return badSequencesStream
	}
	for code := range r.states {
		t := &d.tables[code]
		r.states[code] = t.states.at(r.in.startState(t.log))
	}
	if r.in.p < streamEnd {
		return badSequencesStream
	}
	return ok
}

// nextSequences reads the next chunk of the block's sequences. There are none
// behind the last one.
func (d *Decoder) nextSequences() ([]sequence, verdict) {
	r := &d.reader
	sequences := d.sequences[:min(r.left, chunk)]
	if len(sequences) == 0 {
		return nil, ok
	}
	total, v := d.readSequences(sequences)
	if v != ok {
		return nil, v
	}
	r.literals -= total.literals()
	r.output -= total.literals() + total.match()
	if r.literals < 0 || r.output < 0 || r.left == 0 && r.literals > r.output {
		return nil, badLengths
	}
	if r.left == 0 && r.in.p != streamEnd {
		return nil, badSequencesStream
	}
	return sequences, ok
}

// sequencesHeader reads the header (RFC 8878 section 3.1.1.3.2.1), and makes
// the tables those of the block.
func (d *Decoder) sequencesHeader(end int) (count int, v verdict) {
	src := d.src[d.pos:end]
	if len(src) == 0 {
		return 0, badSequencesHeader
	}
	used := 1
	count = int(src[0])
	switch {
	case count < 128:
	case count < 255 && len(src) >= 2:
		used = 2
		count = (count-128)<<8 + int(src[1])
	case count == 255 && len(src) >= 3:
		used = 3
		count = int(src[1]) + int(src[2])<<8 + 0x7f00
	default:
		return 0, badSequencesHeader
	}
	if count == 0 {
		if len(src) > used {
			return 0, badSequencesHeader
		}
		return 0, ok
	}
	if len(src) <= used {
		return 0, badSequencesHeader
	}
	modes := src[used]
	if modes&3 != 0 {
		return 0, badModes
	}
	d.pos += used + 1
	for code := range sequenceCodes {
		if v := d.table(code, modes>>6, end); v != ok {
			return 0, v
		}
		modes <<= 2
	}
	return count, ok
}

// readSequences reads the next sequences of a block (RFC 8878 section
// 3.1.1.3.2.1.2), and returns the sum of their lengths.
func (d *Decoder) readSequences(sequences []sequence) (total lengths, v verdict) {
	n, total := d.readFast(sequences)
	sequences = sequences[n:]
	r := &d.reader
	b, p := r.in.b, r.in.p
	ll, of, ml := r.states[literalsLengths], r.states[offsets], r.states[matchLengths]
	r.left -= n + len(sequences)
	last := r.left == 0
	for i := range sequences {
		q := &sequences[i]
		sum := ll + of + ml
		extra := int(sum >> 8 & 0xff)
		need := extra + int(sum&0xff)
		v := peek(b, p)
		w := v << (extra & 63) // the bits of the states
		if need > peekBits {
			if p-extra < streamEnd {
				return 0, badSequencesStream
			}
			w = peek(b, p-extra)
		}
		// The next states come first, as what follows waits for them. Those
		// behind the last sequence are never used.
		nextLL := d.tables[literalsLengths].states.at(ll.next(w))
		nextML := d.tables[matchLengths].states.at(ml.next(w << (ll & 63)))
		nextOF := d.tables[offsets].states.at(of.next(w << ((ll + ml) & 63)))

		// Of what is rotated to the low end, the next bits are the highest.
		n := of.extra()
		v = bits.RotateLeft64(v, int(n))
		q.offset = of.value() + low(v, n)
		if need > peekBits {
			v = peek(b, p-int(n))
		}
		n = ml.extra()
		v = bits.RotateLeft64(v, int(n))
		match := ml.value() + low(v, n)
		n = ll.extra()
		v = bits.RotateLeft64(v, int(n))
		literals := ll.value() + low(v, n)
		q.lengths = lengths(match)<<32 | lengths(literals)
		total += q.lengths
		if last && i == len(sequences)-1 {
			p -= extra
			break
		}
		if p -= need; p < streamEnd {
			return 0, badSequencesStream
		}
		ll, ml, of = nextLL, nextML, nextOF
	}
	r.in.p = p
	r.states = [sequenceCodes]cell{ll, of, ml}
	return total, ok
}
