package state

import (
	"cmp"
	"encoding/binary"
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
}

type counted struct {
	whole, heads map[string]int
	last         uint64
	next, others int // numbers that were one more than the last one, and others
}

// train makes a model of samples: the same one of the same samples. Those that make no sense are left out.
func train(samples []byte, all []shape) *statistics {
	t := &trainer{all: all, children: make(map[childOf]int), words: make(map[string]int)}
	for range firstColumn {
		t.add()
	}
	eachSample(samples, func(_ uint64, rows []byte) {
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
	m := &statistics{children: t.children, texts: newTexts(t.best())}
	for _, c := range t.columns {
		table := newTable(c.whole, c.heads)
		table.counts = c.next > c.others
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
	m.prior = c.priors
	for i := range m.prior.columns {
		m.prior.columns[i].restart()
	}
	return m
}

func (t *trainer) add() int {
	t.columns = append(t.columns, counted{whole: make(map[string]int), heads: make(map[string]int)})
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
			c.whole[string(b[:size])]++
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
	case tagString:
		text := b[1 : len(b)-len(rest)]
		if b[0] == tagString {
			text, _, _ = takeBytes(text)
		}
		for separator := 1; separator > 0; {
			var word []byte
			word, separator, text = cutWord(text)
			t.words[string(word)]++
		}
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

// best returns the words that are worth a number.
func (t *trainer) best() (words []string) {
	for word, n := range t.words {
		if n >= minCount && len(word) < maxEntry {
			words = append(words, word)
		}
	}
	slices.SortFunc(words, func(a, b string) int {
		return cmp.Or(cmp.Compare(t.words[b], t.words[a]), cmp.Compare(a, b))
	})
	return words[:min(len(words), maxWords)]
}
