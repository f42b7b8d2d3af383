package state

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Samples are groups: the guild's id, the length of the rows, and those.

func appendSample(dst []byte, guild uint64, rows []byte) []byte {
	return appendBytes(binary.BigEndian.AppendUint64(dst, guild), rows)
}

func eachSample(samples []byte, yield func(guild uint64, rows []byte)) {
	for len(samples) >= 8 {
		rows, rest, ok := takeBytes(samples[8:])
		if !ok {
			return
		}
		yield(binary.BigEndian.Uint64(samples), rows)
		samples = rest
	}
}

// A trainer counts what samples say.
type trainer struct {
	all      []shape
	children map[childOf]int
	columns  []counted
	words    map[string]int
	sample   int // its number
}

// counted is what a column says.
type counted struct {
	whole        map[string]said
	heads        map[string]int
	last         uint64
	next, others int      // numbers that were one more than the last one, and others
	times        []uint64 // ids, and numbers that may be times
	words        int
}

// said is how often a value was said, and in how many samples.
type said struct{ count, samples, last int }

func (s said) in(sample int) said {
	s.count++
	if s.last != sample {
		s.last = sample
		s.samples++
	}
	return s
}

// maybeTime is the least number that may be a time: in seconds, one of 1970.
const maybeTime = 1 << 24

// told takes an id, or a number that may be a time.
func (c *counted) told(n uint64) {
	if n >= maybeTime {
		c.times = append(c.times, n)
	}
}

// newest returns the newest of the column's times, if it takes fewer bits to tell how much older others are than by how
// much each differs from the one before; otherwise 0.
func (c *counted) newest() uint64 {
	if len(c.times) < minCount {
		return 0
	}
	newest := slices.Max(c.times)
	byAge, byLast, back := 0, 0, 0
	for i, at := range c.times[1:] {
		byAge += bits.Len64(newest - at)
		if last := c.times[i]; at < last {
			byLast += bits.Len64(last - at)
			back++
		} else {
			byLast += bits.Len64(at - last)
		}
	}
	byLast += 2 * min(back, len(c.times)-1-back) // the signs
	if byAge < byLast {
		return newest
	}
	return 0
}

// train makes a model of samples: the same one of the same samples. Those that make no sense are left out.
func train(samples []byte, all []shape) *statistics {
	t := &trainer{all: all, children: make(map[childOf]int), words: make(map[string]int)}
	for range firstColumn {
		t.add()
	}
	eachSample(samples, func(_ uint64, rows []byte) {
		t.sample++
		for len(rows) > 0 {
			l, _, row, rest, ok := takeRow(rows)
			if !ok {
				return
			}
			if _, ok := t.value(columnRows+int(l), row, 0); !ok {
				return
			}
			rows = rest
		}
	})
	usages := t.usages()
	m := &statistics{children: t.children, texts: newTexts(t.best(), len(usages))}
	for i, c := range t.columns {
		table := newTable(c.whole, c.heads, c.next > c.others)
		table.newest = c.newest()
		table.usage = max(slices.Index(usages, i), 0)
		table.octaves.reset()
		m.tables = append(m.tables, table)
	}
	m.prior = newPriors(len(m.tables))
	m.increments.reset()
	c := coders.New().(*coder)
	c.training, c.dice, c.priors = true, 1, m.prior
	for range 2 {
		refs := make(map[uint64][]ref) // of guilds, whose settled group comes first
		eachSample(samples, func(guild uint64, rows []byte) {
			c.start(m, all, guild, refs[guild])
			if l, _, _, _, ok := takeRow(rows); ok && lists[l].group == settled {
				c.refs, refs[guild] = nil, appendRefs(nil, rows)
			}
			c.startEncoding()
			c.encodeRows(rows)
		})
		m.texts.trained()
	}
	m.texts.done()
	m.prior = c.priors
	for i := range m.prior.columns {
		m.prior.columns[i].restart()
	}
	return m
}

func (t *trainer) add() int {
	t.columns = append(t.columns, counted{whole: make(map[string]said), heads: make(map[string]int)})
	return len(t.columns) - 1
}

func (t *trainer) child(of childOf) int {
	n, ok := t.children[of]
	if !ok && of.column != columnOther && len(t.columns) < maxColumns {
		n = t.add()
		t.children[of] = n
	}
	return n
}

// value counts a value and what it holds.
func (t *trainer) value(n int, b []byte, depth int) (rest []byte, ok bool) {
	if rest, ok = skip(b, t.all, depth); !ok {
		return nil, false
	}
	head, headSize := headOf(b)
	for _, c := range []*counted{&t.columns[n], &t.columns[columnOther]} { // fields of later years speak like those of today
		if size := len(b) - len(rest); size <= maxEntry {
			c.whole[string(b[:size])] = c.whole[string(b[:size])].in(t.sample)
		}
		c.heads[string(head[:headSize])]++
		if n == columnOther {
			break
		}
	}
	switch tag := head[0]; tag {
	case tagUint:
		c, n := &t.columns[n], numberAt(b)
		if n == c.last+1 {
			c.next++
		} else {
			c.others++
		}
		c.last = n
		c.told(n)
	case tagSeconds, tagMicros:
		t.columns[n].told(numberAt(b))
	case tagID:
		t.columns[n].told(binary.BigEndian.Uint64(b[1:]))
	case tagString:
		text := b[1 : len(b)-len(rest)]
		if b[0] == tagString {
			text, _, _ = takeBytes(text)
		}
		t.countWords(n, text)
	case tagArray:
		count, b, _ := takeNumber(b[1:])
		elements := t.child(childOf{n, ""})
		for range count {
			b, _ = t.value(elements, b, depth+1)
		}
	case tagObject, tagOpen:
		m, _ := takeMembers(tag, b[1:], t.all)
		for m.next() {
			column := columnOther
			if tag == tagObject {
				column = t.child(childOf{n, m.key})
			}
			m.rest, _ = t.value(column, m.rest, depth+1)
		}
	}
	return rest, true
}
