package state

import "sync"

// A coder turns the rows of a group into bits, and back. Each of its methods does both: it is given what
// is to be encoded, and returns what it has encoded or decoded.
type coder struct {
	ranger
	m     *statistics
	all   []shape
	guild uint64
	refs  []ref
	rows  []byte // what has been decoded
	spare []byte
	bad   bool // what is being coded makes no sense

	priors  priors
	fresh   []uint32 // of priors.columns, the round in which they were taken from the model
	round   uint32
	members map[[2]int][]int // columns of an object's members, by its own and its shape
	latest  []shaped         // those that each column had last

	key        uint64 // of the row
	first      int    // 1: what is coded is in the first element of an array, the innermost one
	kind       int    // of the object that what is coded is in
	lastNumber uint64
	seen       map[uint64]place       // where they stand, for encoding
	ids        [numLists + 1][]uint64 // those that were there before: the keys of each list, and others

	lists [numLists][]rowAt // the rows
}

// shaped is the columns of an object's members, if it has the shape of that number.
type shaped struct {
	shape   int
	columns []int
}

type rowAt struct {
	key uint64
	row []byte
}

var coders = sync.Pool{New: func() any {
	return &coder{seen: make(map[uint64]place), members: make(map[[2]int][]int)}
}}

// start begins with a group.
func (c *coder) start(m *statistics, all []shape, guild uint64, refs []ref) {
	if c.m != m {
		c.m = m
		if !c.training {
			c.priors.columns = make([]column, len(m.tables))
		}
		c.fresh, c.round = make([]uint32, len(m.tables)), 0
		c.latest = make([]shaped, len(m.tables))
		clear(c.members)
	}
	if c.round++; c.round == 0 {
		clear(c.fresh)
		c.round = 1
	}
	if !c.training {
		c.priors.ids, c.priors.lists = m.prior.ids, m.prior.lists
	}
	c.all, c.guild, c.refs, c.bad = all, guild, refs, false
	c.key, c.lastNumber, c.first, c.kind = 0, 0, 0, 0
}

// column returns a column as it is in this group.
func (c *coder) column(n int) *column {
	col := &c.priors.columns[n]
	if c.fresh[n] != c.round {
		c.fresh[n] = c.round
		if c.training {
			col.restart()
		} else {
			*col = c.m.prior.columns[n]
		}
	}
	return col
}

// encodeRows encodes rows, by lists.
func (c *coder) encodeRows(rows []byte) {
	for i := range c.lists {
		c.lists[i] = c.lists[i][:0]
	}
	for len(rows) > 0 {
		l, key, row, rest, ok := takeRow(rows)
		if !ok {
			c.bad = true
			return
		}
		c.lists[l] = append(c.lists[l], rowAt{key, row})
		rows = rest
	}
	c.codeRows()
}

// codeKeys codes the keys of all rows, which what the rows say refers to.
func (c *coder) codeKeys() {
	clear(c.seen)
	for i := range c.ids {
		c.ids[i] = c.ids[i][:0]
	}
	c.learnID(c.guild, int(numLists))
	c.learnID(0, int(numLists)) // the key of heads
	for _, r := range c.refs {
		c.learnID(r.key, int(r.list))
	}
	for l := range c.lists {
		n := int(c.count(uint64(len(c.lists[l])), &c.priors.lists[l], &c.m.tables[columnKeys+l].octaves))
		if c.decoding {
			c.lists[l] = c.lists[l][:0]
		}
		for i := 0; i < n && !c.bad; i++ {
			var key uint64
			if !c.decoding {
				key = c.lists[l][i].key
			}
			key = c.id(columnKeys+l, key, l)
			if c.decoding {
				c.lists[l] = append(c.lists[l], rowAt{key: key})
			}
			c.check(len(c.lists[l]) * 16)
		}
	}
}

// codeRows codes first the keys, and then the rows.
func (c *coder) codeRows() {
	c.codeKeys()
	for l := range c.lists {
		for i := 0; i < len(c.lists[l]) && !c.bad; i++ {
			r := c.lists[l][i]
			c.key = r.key
			start := len(c.rows)
			rest := c.value(columnRows+l, r.row, 0)
			c.bad = c.bad || len(rest) > 0
			if c.decoding {
				row := c.rows[start:]
				c.spare = append(c.spare[:0], row...)
				c.rows = appendRow(c.rows[:start], list(l), r.key, c.spare)
			}
		}
	}
}

// check has the coder stop where damaged bits make too much.
func (c *coder) check(more int) {
	c.bad = c.bad || c.over() || len(c.rows)+more > maxRows
}
