package inflate

import "encoding/binary"

// block decodes one block (RFC 1951 section 3.2.3). No bit behind the message
// was read before. It returns blockEnd for a whole block, and sets final and
// flushed for it.
func (d *Decoder) block() verdict {
	d.in = d.in.refill(d.src)
	d.final = d.in.take(1) == 1
	kind := d.in.take(3) >> 1
	d.in = d.in.drop(3)
	d.flushed = false
	v := badBlock
	switch kind {
	case 0:
		v = d.stored()
	case 1:
		v = d.symbols(fixed)
	case 2:
		if v = d.header(); v == more {
			v = d.symbols(&d.dynamic)
		}
	}
	// What follows the message is no part of it: a fault found there, or a
	// block that reaches into it, only shows that the message is not whole.
	if d.in.read() > int64(d.end)*8 {
		return truncated
	}
	return v
}

// stored copies a stored block (RFC 1951 section 3.2.4). An empty one, which
// is what a flush leaves, sets flushed.
func (d *Decoder) stored() verdict {
	pos := d.in.align()
	d.in = bitReader{pos: pos + 4}
	if pos+4 > d.end {
		return truncated
	}
	size := binary.LittleEndian.Uint16(d.src[pos:])
	if size != ^binary.LittleEndian.Uint16(d.src[pos+2:]) {
		return badStored
	}
	n := int(size)
	d.in.pos += n
	if d.in.pos > d.end {
		return truncated
	}
	if !d.reserve(n) {
		return tooLarge
	}
	d.size += copy(d.out[d.size:], d.src[pos+4:pos+4+n])
	d.flushed = n == 0 && !d.final
	return blockEnd
}

// preOrder is the order in which the lengths of the code length code are
// sent (RFC 1951 section 3.2.7).
var preOrder = [maxPre]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// header reads the codes of a dynamic block (RFC 1951 section 3.2.7) and
// builds their tables. It returns more if all is well.
func (d *Decoder) header() verdict {
	src, b := d.src, d.in.refill(d.src)
	lits := 257 + int(b.take(5))
	b = b.drop(5)
	dists := 1 + int(b.take(5))
	b = b.drop(5)
	pres := 4 + int(b.take(4))
	b = b.drop(4)
	d.in = b
	if lits > maxLit || dists > maxDist {
		return badCounts
	}

	// The code length code: 3 bits each, up to 18 of them in a refill.
	var lengths [maxPre]uint32
	b = b.refill(src)
	for _, symbol := range preOrder[:min(pres, maxPre-1)] {
		lengths[symbol] = b.take(3)
		b = b.drop(3)
	}
	if pres == maxPre {
		b = b.refill(src)
		lengths[preOrder[maxPre-1]] = b.take(3)
		b = b.drop(3)
	}
	d.in = b
	d.lits.reset()
	for symbol, n := range lengths {
		d.lits.add(n, symbol)
	}
	mask, ok := d.lits.build(d.pre[:], preBits, &preEntries)
	if !ok || d.pre[1] == unused {
		return badLengthCode
	}
	for size := int(mask) + 1; size < preSize; size *= 2 {
		copy(d.pre[size:2*size], d.pre[:size])
	}

	// The lengths of both alphabets are one sequence.
	d.lits.reset()
	d.dists.reset()
	run, end, v := d.codeLengths(&d.lits, 0, endSymbol+1, 0, noLength)
	if v != more {
		return v
	}
	run, last, v := d.codeLengths(&d.lits, endSymbol+1, lits, run, end)
	if v != more {
		return v
	}
	run, _, v = d.codeLengths(&d.dists, 0, dists, run, last)
	switch {
	case v != more:
		return v
	case run > 0:
		return badRepeat
	case end == 0:
		return noEndOfBlock
	}
	c := &d.dynamic
	if c.litMask, ok = d.lits.build(c.lit[:], litBits, &litEntries); !ok {
		return badLiteralCode
	}
	if c.distMask, ok = d.dists.build(c.dist[:], distBits, &distEntries); !ok {
		return badDistanceCode
	}
	return more
}

// noLength stands for the length before the first.
const noLength = 255

// codeLengths reads the code lengths of the symbols from i to before end into
// the alphabet. It begins with what is left of a run of repeats of the last
// length, and returns what is left at the end, and the last length there.
func (d *Decoder) codeLengths(a *alphabet, i, end, run int, last uint32) (int, uint32, verdict) {
	src, b := d.src, d.in
	for {
		for ; run > 0 && i < end; run-- {
			a.add(last, i)
			i++
		}
		for i < end {
			// A code of up to 7 bits and 7 extra bits.
			if b.n < preBits+7 {
				if b.pos > d.last {
					return 0, 0, truncated
				}
				b = b.refill(src)
			}
			e := d.pre[b.acc%preSize]
			count := int(uint8(b.acc>>(e>>8&63))&uint8(e>>16)) + int(e>>24&15)
			b = b.drop(e.drop())
			if e&isRepeat != 0 {
				run = count
				break
			}
			last = uint32(e >> 28)
			a.add(last, i)
			i += count
		}
		if i >= end {
			d.in = b
			return run + i - end, last, more
		}
		if last == noLength {
			d.in = b
			return 0, 0, badRepeat
		}
	}
}
