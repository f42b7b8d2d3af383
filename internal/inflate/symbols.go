package inflate

const (
	chunk    = 32
	maxMatch = 258
	room     = 2 * chunk
)

// A batch is what the symbols of a block are decoded into before anything is
// copied: literals, and matches between them.
const (
	maxMatches  = 256
	maxLiterals = 4096
)

// A match has in bits 0–15 the number of the batch's literals before it, in
// 16–31 its length, and above its distance.
type match uint64

// batch is a part of a block's symbols, as far as that has room.
type batch struct {
	literals [maxLiterals + chunk]byte
	matches  [maxMatches]match
	literal  int // literals in use
	match    int // matches in use
	size     int // output of all of them
}

// symbols decodes the symbols of a block up to its end (RFC 1951 section
// 3.2.3), with the given tables: first into a batch, which depends on nothing
// but the bits, then from there into the output. So the misses of a cold
// window do not wait for each other.
func (d *Decoder) symbols(c *codes) verdict {
	for {
		v := d.collect(c)
		if v > blockEnd {
			return v
		}
		if !d.reserve(d.batch.size) {
			return tooLarge
		}
		d.copyBatch()
		if v == blockEnd {
			return v
		}
	}
}

// collect fills the batch. It returns more when that is full.
func (d *Decoder) collect(c *codes) (v verdict) {
	src, literals := d.src, d.batch.literals[:]
	reach := d.size + int(d.past.size)
	b := d.in
	l, m, copied := 0, 0, 0
	for {
		if b.pos > d.last {
			v = truncated
			break
		}
		if l > maxLiterals-3 || m == maxMatches {
			v = more
			break
		}
		// A refill gives 56 bits: three codes of 15, or two and a length of
		// 15+5.
		b = b.refill(src)
		e := c.lit.at(b.acc & c.litMask)
		if e&isLiteral != 0 {
			b = b.drop(e.drop())
			store8(literals, l, byte(e>>16))
			l++
			e = c.lit.at(b.acc & c.litMask)
			if e&isLiteral != 0 {
				b = b.drop(e.drop())
				store8(literals, l, byte(e>>16))
				l++
				e = c.lit.at(b.acc & c.litMask)
				if e&isLiteral != 0 {
					b = b.drop(e.drop())
					store8(literals, l, byte(e>>16))
					l++
					continue
				}
			}
			// The entry stands: a refill only adds bits above the valid ones.
			b = b.refill(src)
		}

		// At least 48 bits: a length of 15+5 and a distance of 15+13.
		if e&isSpecial != 0 {
			if e&isLink != 0 {
				b = b.drop(e.drop())
				e = c.lit.at(uint64(e.value()) + b.acc&(1<<(e>>8&15)-1))
				if e&isLiteral != 0 {
					b = b.drop(e.drop())
					store8(literals, l, byte(e>>16))
					l++
					continue
				}
			}
			if e&isSpecial != 0 {
				b = b.drop(e.drop())
				v = blockEnd
				if e&isUnused != 0 {
					v = badSymbol
				}
				break
			}
		}
		length := e.withExtra(b.acc)
		b = b.drop(e.drop())

		e = c.dist.at(b.acc & c.distMask)
		if e&isSpecial != 0 {
			if e&isLink != 0 {
				b = b.drop(e.drop())
				e = c.dist.at(uint64(e.value()) + b.acc&(1<<(e>>8&15)-1))
			}
			if e&isUnused != 0 {
				b = b.drop(e.drop())
				v = badDistance
				break
			}
		}
		distance := e.withExtra(b.acc)
		b = b.drop(e.drop())
		if distance > reach+l+copied {
			v = farDistance
			break
		}
		copied += length
		d.batch.matches[m&(maxMatches-1)] = match(l) | match(length)<<16 | match(distance)<<32
		m++
	}
	d.in = b
	d.batch.literal, d.batch.match, d.batch.size = l, m, l+copied
	return v
}

// copyBatch puts the batch into out, which has room for it.
func (d *Decoder) copyBatch() {
	out, o := d.out, d.size
	literals, l := d.batch.literals[:], 0
	past := d.past
	for _, m := range d.batch.matches[:d.batch.match] {
		run := int(m&0xffff) - l
		move16(out, o, literals, l)
		for n := 16; n < run; n += 16 {
			move16(out, o+n, literals, l+n)
		}
		l += run
		o += run

		length, distance := int(m>>16&0xffff), int(m>>32)
		from := o - distance
		if from < 0 {
			// The match begins before the message, in the ring. It has to end
			// there too, and not to wrap around, for a copy in whole chunks.
			start := (int(past.next) + from) & (WindowSize - 1)
			if from+length > 0 || start > WindowSize-maxMatch-chunk {
				past.copy(out[:o+length], o, distance)
				o += length
				continue
			}
			to := o
			o += length
			for {
				move32(out, to, past.window[:], start)
				to += chunk
				start += chunk
				if to >= o {
					break
				}
			}
			continue
		}
		to := o
		o += length
		if distance < 16 {
			for ; to < o; to++ {
				store8(out, to, out[to-distance])
			}
			continue
		}
		for {
			move32(out, to, out, from)
			to += chunk
			from += chunk
			if to >= o {
				break
			}
		}
	}
	d.size = o + copy(out[o:], literals[l:d.batch.literal])
}
