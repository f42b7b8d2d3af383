package state

import (
	"cmp"
	"maps"
	"slices"
	"unsafe"
)

// Statistics are what a bot's first guilds tell of all: which fields there are, what they say most often, and
// which words texts are made of. They never change once they are made.
type statistics struct {
	tables   []table // of the columns
	children map[childOf]int
	prior    priors

	increments octaves // of ids
	texts      *texts
}

// A column is a field of rows, wherever it stands in them, or the elements of an array in one. Column 0 stands
// for all that the model does not know; the next ones are the rows of each list, and then the keys of rows.
const (
	columnOther = iota
	columnRows
	columnKeys  = columnRows + int(numLists)
	firstColumn = columnKeys + int(numLists)
	maxColumns  = 2048
)

// A childOf is a column in a column: a member of an object, by its key in quotes, or "" for elements.
type childOf struct {
	column int
	key    string
}

// A table is what a column says most often: whole values, and heads of values whose content follows. The
// first one is the most common. Number 0 stands for none of them.
type table struct {
	entries      []entry
	whole, heads map[string]int // their numbers, from 1
	deep         bool           // some whole ones are arrays or objects
	newest       uint64         // times and ids are told by how much older they are than this one; 0: than the last one
	usage        int            // of words

	octaves octaves // of its numbers
}

type entry struct {
	bytes string // of a row
	whole bool
}

const (
	tableSize  = 64
	maxHeads   = 14 // of a table's entries
	minCount   = 4  // how often a whole value was said
	minSamples = 2  // and in how many: ids of one guild are of no use to others
	maxEntry   = 48 // its bytes
)

// priors are the probabilities with which the coding of each group begins.
type priors struct {
	columns []column
	ids     idBits
	lists   [numLists]numberBits // how many rows there are
}

// A column's probabilities, and what it has said last.
type column struct {
	common [kinds][2]prob // whether it is the most common value, by whether the last one was
	other  [kinds][tableSize]prob
	number numberBits
	mode   [2][8]prob // by whether it is in the first element of an array
	class  [16]prob
	ahead  [maxAhead]prob

	wasCommon int
	last      uint64 // number
	lastID    place  // id
	lastNew   uint64 // id that was not there before
}

// kinds is how many kinds of objects the symbols of their members are told apart by: of the two most common shapes, of
// others, and of those that the table does not have.
const kinds = 4

// A place is where an id stands among those that were there before: class and index.
type place struct{ class, index int }

type numberBits struct {
	round, negative prob
	length          [64]prob
}

type idBits struct {
	worker, process [32]prob
	increment       numberBits
}

// Octaves are, for numbers of each length, trees of the bits behind the first one.
type octaves [64][1 << octaveBits]prob

const octaveBits = 3

func (o *octaves) reset() {
	for i := range o {
		evenlyAll(o[i][:])
	}
}

func evenlyAll(p []prob) {
	for i := range p {
		p[i] = evenly
	}
}

func (n *numberBits) reset() {
	n.round, n.negative = evenly, evenly
	evenlyAll(n.length[:])
}

func (c *column) reset() {
	*c = column{}
	for kind := range kinds {
		evenlyAll(c.common[kind][:])
		evenlyAll(c.other[kind][:])
	}
	evenlyAll(c.mode[0][:])
	evenlyAll(c.mode[1][:])
	evenlyAll(c.class[:])
	evenlyAll(c.ahead[:])
	c.number.reset()
}

func newPriors(columns int) priors {
	p := priors{columns: make([]column, columns)}
	for i := range p.columns {
		p.columns[i].reset()
	}
	evenlyAll(p.ids.worker[:])
	evenlyAll(p.ids.process[:])
	p.ids.increment.reset()
	for i := range p.lists {
		p.lists[i].reset()
	}
	return p
}

// restart forgets what the column has said.
func (c *column) restart() {
	c.wasCommon, c.last, c.lastID, c.lastNew = 0, 0, place{}, 0
}

// child returns a column in a column.
func (m *statistics) child(column int, key string) int { return m.children[childOf{column, key}] }

// headOf returns the head of a value: what is known before its content. Numbers of both kinds, and strings of
// both, have the same one.
func headOf(value []byte) (head [3]byte, n int) {
	tag := value[0]
	switch {
	case tag >= tagSmall:
		tag = tagUint
	case tag >= tagShort:
		tag = tagString
	case tag == tagObject:
		return [3]byte(value[:3]), 3
	}
	return [3]byte{tag}, 1
}

// newTable makes a table of what a column has said so often, whole and by heads.
func newTable(whole map[string]said, heads map[string]int, counts bool) table {
	type candidate struct {
		entry
		count int
	}
	best := func(counts map[string]int, whole bool, least, most int) (list []candidate) {
		for bytes, n := range counts {
			if n >= least {
				list = append(list, candidate{entry{bytes, whole}, n})
			}
		}
		slices.SortFunc(list, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.bytes, b.bytes))
		})
		return list[:min(len(list), most)]
	}
	often := make(map[string]int)
	for bytes, s := range whole {
		if s.samples >= minSamples && !(counts && isNumber(bytes[0])) {
			often[bytes] = s.count
		}
	}
	all := best(often, true, minCount, tableSize-1-maxHeads)
	left := maps.Clone(heads)
	for _, c := range all {
		head, n := headOf([]byte(c.bytes))
		left[string(head[:n])] -= c.count
	}
	all = append(all, best(left, false, 1, maxHeads)...)
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(b.count, a.count) })
	t := table{whole: make(map[string]int), heads: make(map[string]int)}
	for i, c := range all {
		t.entries = append(t.entries, c.entry)
		if !c.whole {
			t.heads[c.bytes] = i + 1
			continue
		}
		t.whole[c.bytes] = i + 1
		t.deep = t.deep || c.bytes[0] == tagArray || c.bytes[0] == tagObject
	}
	return t
}

// bytes is what the model takes, about.
func (m *statistics) bytes() int64 {
	n := len(m.prior.columns)*int(unsafe.Sizeof(column{})) + len(m.tables)*int(unsafe.Sizeof(table{}))
	for _, t := range m.tables {
		n += len(t.entries) * 96
	}
	for _, word := range m.texts.words {
		n += len(word) + 64
	}
	n += len(m.texts.usage) * (int(unsafe.Sizeof(usage{})+unsafe.Sizeof(shares{})) + 2*len(m.texts.words))
	return int64(n + 2*(len(m.texts.one)+len(m.texts.three)) + len(m.children)*96)
}
