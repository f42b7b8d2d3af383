package inflate

const (
	maxMatch = 258 // RFC 1951 section 3.2.5
	chunk    = 64  // what a match is copied in

	// room is kept free in out behind the position where a turn of the
	// symbol loop starts: two literals and a match, rounded up to chunks.
	room = 2 + maxMatch + chunk
)

// symbols decodes the symbols of a block up to its end (RFC 1951 section
// 3.2.3) with the given tables: into out, or, if the window is cold, into the
// batch first and from there into out.
func (d *Decoder) symbols(c *codes) verdict {
	for {
		v := d.turns(c)
		if v > blockEnd {
			return v
		}
		if !d.reserve(d.batch.size) {
			return tooLarge
		}
		if d.cold {
			d.prefetch()
			d.copyBatch()
		}
		if v == blockEnd {
			return v
		}
	}
}

// turns is the loop of symbols. It returns more when out or the batch has too
// little room for another turn.
func (d *Decoder) turns(c *codes) (v verdict) {
	full := len(d.out) - room
	if d.cold || !fast() {
		return d.turnsGo(c, full)
	}
	for {
		d.turnsFast(c, full)
		if d.size > full {
			d.batch.size = 0
			return more
		}
		// What comes next is rare: a turn of the other loop.
		if v := d.turnsGo(c, d.size); v != more {
			return v
		}
	}
}

// turnsGo is turns where out may have full bytes before the last turn.
func (d *Decoder) turnsGo(c *codes, full int) (v verdict) {
	src, b := d.src, d.in
	out, o := d.out, d.size
	reach := o + int(d.past.size) // how far back a match may begin
	if d.cold {
		out, o, full = d.batch.literals[:], 0, maxLiterals-3
	}
	matches, copied := 0, 0 // of the batch
	for {
		if b.pos > d.last {
			v = truncated
			break
		}
		if o > full {
			v = more
			break
		}
		// A refill gives 56 bits: three codes of 15, or two and a length of
		// 15+5.
		b = b.refill(src)
		e := c.lit.at(b.acc & c.litMask)
		if e&isLiteral != 0 {
			b = b.drop(e.drop())
			store8(out, o, byte(e>>16))
			o++
			e = c.lit.at(b.acc & c.litMask)
			if e&isLiteral != 0 {
				b = b.drop(e.drop())
				store8(out, o, byte(e>>16))
				o++
				e = c.lit.at(b.acc & c.litMask)
				if e&isLiteral != 0 {
					b = b.drop(e.drop())
					store8(out, o, byte(e>>16))
					o++
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
				e = c.lit.at(e.linked(b.acc))
				if e&isLiteral != 0 {
					b = b.drop(e.drop())
					store8(out, o, byte(e>>16))
					o++
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
				e = c.dist.at(e.linked(b.acc))
			}
			if e&isUnused != 0 {
				b = b.drop(e.drop())
				v = badDistance
				break
			}
		}
		distance := e.withExtra(b.acc)
		b = b.drop(e.drop())

		if d.cold {
			if distance > reach+o+copied {
				v = farDistance
				break
			}
			d.batch.matches[matches%maxMatches] = newMatch(o, length, distance)
			copied += length
			if matches++; matches == maxMatches {
				v = more
				break
			}
			continue
		}
		from, to := o-distance, o
		if from < 0 {
			if from+int(d.past.size) < 0 {
				v = farDistance
				break
			}
			start, whole := d.past.find(from, length)
			if !whole {
				o += d.past.copy(out[o:o+length], out, from)
				continue
			}
			ring := d.past.window[:]
			for o += length; to < o; to += chunk {
				move64(out, to, ring, start)
				start += chunk
			}
			continue
		}
		o += length
		if distance < 16 {
			for ; to < o; to++ {
				store8(out, to, out[from])
				from++
			}
			continue
		}
		for {
			move64(out, to, out, from)
			to += chunk
			from += chunk
			if to >= o {
				break
			}
		}
	}
	d.in = b
	if d.cold {
		d.batch.literal, d.batch.match, d.batch.size = o, matches, o+copied
	} else {
		d.size, d.batch.size = o, 0
	}
	return v
}
