package zstd

import "math/bits"

// room is what a slice has behind the bytes that count, for copies in whole
// chunks: of 64 bytes and less.
const room = 64

// minChunked is the least offset of a match that can be copied in chunks of 16
// bytes, each of which is read before it is written.
const minChunked = 16

// maxRepeat is the greatest Offset_Value that stands for an offset that was
// used before (RFC 8878 section 3.1.1.5).
const maxRepeat = 3

// execute puts out literals and the matches of sequences (RFC 8878 section
// 3.1.1.4). There is room for all of them.
//
// What is as good as random is no branch: whether a match begins in the output
// or in the ring, and on which side of where the ring wraps around. That an
// offset is one of before is seldom enough to be one.
func (d *Decoder) execute(sequences []sequence) verdict {
	sequences, v := d.executeFast(sequences)
	if v != ok || len(sequences) == 0 {
		return v
	}
	out, o, base := d.out, d.size, d.base
	literals, l := d.literals, 0
	past := &d.stream.history
	ring := past.ring
	sources := [2][]byte{out, ring}
	recent0, recent1, recent2 := d.stream.recent[0], d.stream.recent[1], d.stream.recent[2]
	window := uint32(d.stream.frame.window)
	for i := range sequences {
		q := &sequences[i]
		n := q.lengths.literals()
		move32(out, o, literals, l)
		for k := 32; k < n; k += 16 {
			move16(out, o+k, literals, l+k)
		}
		o += n
		l += n

		// Values up to 3 stand for an offset that was used before, shifted
		// by one where there are no literals.
		fresh := q.offset - maxRepeat
		if q.offset > maxRepeat {
			recent2, recent1, recent0 = recent1, recent0, fresh
		} else {
			which := q.offset
			if n == 0 {
				which++
			}
			switch which {
			case 1:
				fresh = recent0
			case 2:
				fresh = recent1
				recent1, recent0 = recent0, fresh
			case 3:
				fresh = recent2
				recent2, recent1, recent0 = recent1, recent0, fresh
			default:
				fresh = recent0 - 1
				recent2, recent1, recent0 = recent1, recent0, fresh
			}
		}
		if fresh-1 >= window {
			return badOffset
		}
		match, offset := q.lengths.match(), int(fresh)
		from := o - offset    // in out, or
		before := base - from // if over 0, in the ring
		inRing := -before >> (bits.UintSize - 1)
		index := past.index(before)
		if (offset-minChunked)|inRing&((before-match)|(len(ring)-room-match-index)|(past.size-before)) < 0 {
			if before > past.size {
				return badOffset
			}
			d.match(o, match, offset)
			o += match
			continue
		}
		from ^= (from ^ index) & inRing
		source := sources[inRing&1]
		move64(out, o, source, from)
		for k := 64; k < match; k += 32 {
			move32(out, o+k, source, from+k)
		}
		o += match
	}
	d.size = o
	d.literals = literals[l:]
	d.stream.recent = [3]uint32{recent0, recent1, recent2}
	return ok
}

// match puts out a match of n bytes at o that is not to be copied in chunks:
// one that repeats itself within a chunk, wraps around the end of the ring, or
// goes on from there into the output. It is seldom needed, and kept out of the
// loop that calls it.
//
//go:noinline
func (d *Decoder) match(o, n, offset int) {
	from, end := o-offset, o+n
	if from < d.base {
		ring, before := d.stream.history.ring, d.base-from
		start := d.stream.history.index(before)
		first := copy(d.out[o:end], ring[start:min(start+before, len(ring))])
		first += copy(d.out[o+first:end], ring[:before-first])
		o += first
		from = d.base
	}
	for o < end { // twice as much each time
		o += copy(d.out[o:end], d.out[from:o])
	}
}
