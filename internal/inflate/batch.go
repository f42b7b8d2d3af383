package inflate

const (
	maxLiterals = 4096
	maxMatches  = 256

	// coldMessage is the size up to which a message counts on its window. A
	// larger one finds most matches in its own output, which is hot.
	coldMessage = 2048
)

// A batch has symbols that were read and not put out yet. A message whose
// window is not in the processor's cache is decoded by batches: reading
// symbols takes so many instructions that the processor, which waits for a
// match's bytes in the meantime, reaches few further matches. A loop that
// only copies reaches many, and waits for all of them at once.
type batch struct {
	literals [maxLiterals + chunk]byte // the rest is read, not used
	matches  [maxMatches]match
	literal  int // literals in use
	match    int // matches in use
	size     int // bytes that literals and matches stand for

	places [2 * maxMatches]uint32 // of the window, that prefetch asks for
}

// A match has in bits 0–15 how many of the batch's literals come before it,
// in bits 16–31 its length, and above its distance.
type match uint64

func newMatch(literals, length, distance int) match {
	return match(literals) | match(length)<<16 | match(distance)<<32
}

func (m match) literals() int { return int(m & 0xffff) }
func (m match) length() int   { return int(m >> 16 & 0xffff) }
func (m match) distance() int { return int(m >> 32) }

// copyBatch puts the batch out. There is room for it, and its distances reach
// no further than the history does.
func (d *Decoder) copyBatch() {
	out, o := d.out, d.size
	literals, l := d.batch.literals[:], 0
	past := d.past
	for _, m := range d.batch.matches[:d.batch.match] {
		run := m.literals() - l
		move16(out, o, literals, l)
		for n := 16; n < run; n += 16 {
			move16(out, o+n, literals, l+n)
		}
		l += run
		o += run

		// A smaller chunk than that of turns touches fewer cold lines.
		length, distance := m.length(), m.distance()
		from, to := o-distance, o
		if from < 0 {
			start, whole := past.find(from, length)
			if !whole {
				o += past.copy(out[o:o+length], out, from)
				continue
			}
			ring := past.window[:]
			for o += length; to < o; to += 32 {
				move32(out, to, ring, start)
				start += 32
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
		for ; to < o; to += 32 {
			move32(out, to, out, from)
			from += 32
		}
	}
	d.size = o + copy(out[o:], literals[l:d.batch.literal])
}
