package zstd

// room is what a slice has behind the bytes that count, for copies in whole
// chunks: of 64 bytes and less.
const room = 64

// execute puts out the literals, from used on, and the matches of sequences
// (RFC 8878 section 3.1.1.4), with the stream's last three offsets (3.1.1.5).
// There is room for all of them.
func (d *Decoder) execute(sequences []sequence, used int) verdict {
	out, o, base := d.out, d.size, d.base
	literals, l := d.literals, used
	past := &d.stream.history
	ring := past.ring
	recent0, recent1, recent2 := d.stream.recent[0], d.stream.recent[1], d.stream.recent[2]
	window := uint32(d.stream.frame.window)
	for i := range sequences {
		q := &sequences[i]
		n := q.lengths
		move32(out, o, literals, l)
		for k := 32; k < n.literals(); k += 16 {
			move16(out, o+k, literals, l+k)
		}
		o += n.literals()
		l += n.literals()

		// Values up to 3 stand for an offset that was used before, shifted
		// by one where there are no literals. Which of them is no branch.
		which := q.offset
		if n.literals() == 0 {
			which++
		}
		fresh := recent0
		if which == 2 {
			fresh = recent1
		}
		if which == 3 {
			fresh = recent2
		}
		if which == 4 {
			fresh = recent0 - 1
		}
		if q.offset > 3 {
			fresh = q.offset - 3
			which = 4
		}
		if which > 2 {
			recent2 = recent1
		}
		if which > 1 {
			recent1 = recent0
		}
		recent0 = fresh
		if fresh-1 >= window {
			return badOffset
		}

		match, offset := n.match(), int(fresh)
		from, source := o-offset, out
		if from < base {
			before := base - from
			if before > past.size {
				return badOffset
			}
			from = past.index(before)
			if match > before || from+match+room > len(ring) {
				past.match(out[:o+match], o, from, before, base)
				o += match
				continue
			}
			source = ring
		} else if offset < 16 {
			for end := o + match; o < end; { // twice as much each time
				o += copy(out[o:end], out[from:o])
			}
			continue
		}
		move32(out, o, source, from)
		move32(out, o+32, source, from+32)
		for k := 64; k < match; k += 32 {
			move32(out, o+k, source, from+k)
		}
		o += match
	}
	d.size = o
	d.stream.recent = [3]uint32{recent0, recent1, recent2}
	return ok
}
