package state

import (
	"encoding/binary"
	"math/bits"
)

// bits codes a number whose length is not quite random, and of whose bits the first ones are not.
func (c *coder) bits(n uint64, b *numberBits, o *octaves) uint64 {
	length := min(bits.Len64(n), 63)
	switch length = c.tree(b.length[:], length); length {
	case 0:
		return 0
	case 63:
		return c.random(n, 64)
	}
	left := length - 1
	first := min(left, octaveBits)
	left -= first
	all := 1<<first | c.known(o[length][:1<<first], int(n>>left)&(1<<first-1))
	return uint64(all)<<left | c.random(n&(1<<left-1), left)
}

// signed is bits for a number that may be below 0.
func (c *coder) signed(n int64, b *numberBits, o *octaves) int64 {
	negative := 0
	if n < 0 {
		negative, n = 1, -n
	}
	negative = c.bit(&b.negative, negative)
	if n = int64(c.bits(uint64(n), b, o)); negative == 1 {
		n = -n
	}
	return n
}

// count codes how many there are of something.
func (c *coder) count(n uint64, b *numberBits, o *octaves) uint64 {
	n = c.bits(n, b, o)
	if n > maxRows {
		c.bad = true
		return 0
	}
	return n
}

// How a number is told.
const (
	numberNew     = iota
	numberLast    // as the column's last one
	numberNext    // one more
	numberAnother // as the last number of all columns
	numberMade    // the time when what the row is about was made
)

const discordEpoch = 1_420_070_400_000 // of snowflakes, in Unix milliseconds

func msOf(id uint64) uint64 { return id>>22 + discordEpoch }

// numberOf codes a number with its tag.
func (c *coder) numberOf(col *column, t *table, tag byte, b []byte) {
	var n uint64
	if !c.decoding {
		n = numberAt(b)
	}
	made := msOf(c.key)
	switch tag {
	case tagSeconds:
		made /= 1000
	case tagMicros:
		made *= 1000
	}
	told := [...]uint64{numberLast: col.last, numberNext: col.last + 1, numberAnother: c.lastNumber, numberMade: made}
	mode := numberNew
	for m := numberLast; m <= numberMade; m++ {
		if n == told[m] {
			mode = m
			break
		}
	}
	if mode = c.tree(col.mode[c.first][:], mode); mode > numberMade {
		c.bad = true
		return
	}
	if mode == numberNew {
		n = c.newNumber(col, t, n)
	} else {
		n = told[mode]
	}
	col.last, c.lastNumber = n, n
	if !c.decoding {
		return
	}
	if tag == tagUint && n < 1<<7 {
		c.rows = append(c.rows, tagSmall|byte(n))
	} else {
		c.rows = binary.AppendUvarint(append(c.rows, tag), n)
	}
}

// newNumber codes a number of its own: in thousands if it is round, and what is probably a time as
// the difference to the newest one that was known in training, or to the column's last one.
func (c *coder) newNumber(col *column, t *table, n uint64) uint64 {
	unit, base, o := uint64(1), col.last, &t.octaves
	if t.newest > 0 {
		base = t.newest
	}
	round := 0
	if n%1000 == 0 && n > 0 {
		round = 1
	}
	if c.bit(&col.number.round, round) == 1 {
		unit = 1000
	}
	if base /= unit; base < 1<<24 {
		return c.bits(n/unit, &col.number, o) * unit
	}
	return (base + uint64(c.signed(int64(n/unit-base), &col.number, o))) * unit
}

// How an id is told.
const (
	idNew       = iota
	idLast      // as the column's last one
	idNext      // the one behind it
	idSeen      // one that was there before
	idIncrement // new, one more than the column's last new one
	idAhead     // of few that come behind the next one, as in lists that are sorted
)

// maxAhead is how many that are.
const maxAhead = 16

func (c *coder) learnID(id uint64, class int) place {
	at := place{class, len(c.ids[class])}
	c.ids[class] = append(c.ids[class], id)
	if !c.decoding {
		c.seen[id] = at
	}
	return at
}

// id codes an id. class is the list that it is the key of a row of, -1 for none.
func (c *coder) id(n int, id uint64, class int) uint64 {
	col := c.column(n)
	var at place
	mode := idNew
	next := place{col.lastID.class, col.lastID.index + 1}
	if !c.decoding {
		seen := false
		switch at, seen = c.seen[id]; {
		case seen && at == col.lastID:
			mode = idLast
		case seen && at == next:
			mode = idNext
		case seen && at.class == next.class && at.index > next.index && at.index <= next.index+maxAhead && c.first == 0:
			mode = idAhead
		case seen && at.index < 1<<16:
			mode = idSeen
		case id == col.lastNew+1:
			mode = idIncrement
		}
	}
	switch mode = c.tree(col.mode[c.first][:], mode); mode {
	case idNew:
		id = c.newID(col, &c.m.tables[n], id)
	case idIncrement:
		id = col.lastNew + 1
	case idLast, idNext, idSeen, idAhead:
		switch mode {
		case idLast:
			at = col.lastID
		case idNext:
			at = next
		case idAhead:
			at = place{next.class, next.index + 1 + c.tree(col.ahead[:], at.index-next.index-1)}
		default:
			at.class = c.tree(col.class[:], at.class)
			if at.class >= len(c.ids) || len(c.ids[at.class]) == 0 {
				c.bad = true
				return 0
			}
			at.index = int(c.uniform(uint32(at.index), uint32(min(len(c.ids[at.class]), 1<<16))))
		}
		if at.index >= len(c.ids[at.class]) {
			c.bad = true
			return 0
		}
		col.lastID = at
		return c.ids[at.class][at.index]
	default:
		c.bad = true
		return 0
	}
	col.lastNew = id
	if class < 0 {
		class = int(numLists)
	}
	col.lastID = c.learnID(id, class)
	return id
}

// newID codes an id that was not there before (Discord: "Snowflakes"): how much later it was made than
// the column's last new one, or the guild, or how much older than the newest one of training, and who made it.
func (c *coder) newID(col *column, t *table, id uint64) uint64 {
	base := col.lastNew
	switch {
	case t.newest > 0:
		base = t.newest
	case base == 0:
		base = c.guild
	}
	ms := base>>22 + uint64(c.signed(int64(id>>22)-int64(base>>22), &col.number, &t.octaves))
	p := &c.priors.ids
	worker := c.tree(p.worker[:], int(id>>17&31))
	process := c.tree(p.process[:], int(id>>12&31))
	increment := c.bits(id&0xfff, &p.increment, &c.m.increments)
	if increment > 0xfff {
		c.bad = true
		return 0
	}
	return ms<<22 | uint64(worker)<<17 | uint64(process)<<12 | increment
}
