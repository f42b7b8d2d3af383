package state

import "encoding/binary"

// value codes the value of a column, with which b begins where it is encoded, and returns what of b lies
// behind it. What is decoded is appended to c.rows.
func (c *coder) value(n int, b []byte, depth int) (rest []byte) {
	if c.check(0); c.bad || depth > deepest {
		c.bad = true
		return nil
	}
	t := &c.m.tables[n]
	symbol := 0
	var head [3]byte
	size := 1
	if !c.decoding {
		ok := false
		if rest, ok = skipScalar(b); !ok || b[0] == tagObject && len(b) < 3 {
			c.bad = true
			return nil
		}
		head, size = headOf(b)
		deep := head[0] == tagArray || head[0] == tagObject || head[0] == tagOpen
		if whole := rest; !deep || t.deep {
			if deep {
				if whole, ok = skip(b, c.all, depth); !ok {
					c.bad = true
					return nil
				}
			}
			if symbol = t.whole[string(b[:len(b)-len(whole)])]; symbol > 0 {
				rest = whole
			}
		}
		if symbol == 0 {
			symbol = t.heads[string(head[:size])]
		}
	}
	col := c.column(n)
	symbol = c.symbol(col, symbol)
	switch {
	case symbol > len(t.entries):
		c.bad = true
		return nil
	case symbol == 0:
		head[0] = byte(c.random(uint64(head[0]), 8))
		if size = 1; head[0] == tagObject {
			head[1] = byte(c.random(uint64(head[1]), 8))
			head[2] = byte(c.random(uint64(head[2]), 8))
			size = 3
		}
	case t.entries[symbol-1].whole:
		if c.decoding {
			c.rows = append(c.rows, t.entries[symbol-1].bytes...)
		}
		return rest
	default:
		size = copy(head[:], t.entries[symbol-1].bytes)
	}
	outer := c.kind
	if head[0] == tagObject {
		c.kind = min(symbol, kinds-1)
	}
	rest = c.content(n, col, head[:size], b, rest, depth)
	c.kind = outer
	return rest
}

// numberAt returns the number that is a value.
func numberAt(b []byte) uint64 {
	if b[0] >= tagSmall {
		return uint64(b[0] - tagSmall)
	}
	n, _, _ := takeNumber(b[1:])
	return n
}

// isNumber reports whether a value with that tag is a number that numberAt returns.
func isNumber(tag byte) bool { return tag >= tagSmall || tag == tagUint }

// symbol codes a number of a column's table.
func (c *coder) symbol(col *column, symbol int) int {
	is := 1
	if symbol == 1 {
		is = 0
	}
	if c.bit(&col.common[c.kind][col.wasCommon], is) == 0 {
		col.wasCommon = 1
		return 1
	}
	col.wasCommon = 0
	return c.tree(col.other[c.kind][:], symbol)
}

// content codes what is behind a head. rest lies behind the value that b begins with, or, if that is an array
// or an object, behind its tag.
func (c *coder) content(n int, col *column, head, b, rest []byte, depth int) []byte {
	switch tag := head[0]; tag {
	case tagNull, tagFalse, tagTrue, tagNoMembers, tagNoElements, tagOwn, tagGuild, tagCount:
		c.rows = append(c.rows, tag)
	case tagUint, tagDigits, tagSeconds, tagMicros:
		c.numberOf(col, &c.m.tables[n], tag, b)
	case tagID:
		var id uint64
		if !c.decoding {
			id = binary.BigEndian.Uint64(b[1:])
		}
		c.rows = binary.BigEndian.AppendUint64(append(c.rows, tagID), c.id(n, id, -1))
	case tagHash, tagAnimated:
		c.rows = append(c.rows, tag)
		for i := range 2 {
			var half uint64
			if !c.decoding {
				half = binary.BigEndian.Uint64(b[1+8*i:])
			}
			c.rows = binary.BigEndian.AppendUint64(c.rows, c.random(half, 64))
		}
	case tagList, tagListOrNull:
		var l byte
		if !c.decoding {
			l = b[1]
		}
		c.rows = append(c.rows, tag, byte(c.random(uint64(l), 8)))
	case tagString, tagNumber:
		c.textOf(c.m.tables[n].usage, tag, b)
	case tagArray:
		rest = c.array(n, col, rest, depth)
	case tagObject, tagOpen:
		rest = c.object(n, head, rest, depth)
	default: // also what only patches have
		c.bad = true
	}
	if !c.decoding {
		c.rows = c.rows[:0]
	}
	return rest
}

// textOf codes a string, or a number that is kept as its text.
func (c *coder) textOf(usage int, tag byte, b []byte) {
	var text []byte
	if !c.decoding {
		if b[0] >= tagShort {
			text = b[1 : 1+b[0]-tagShort]
		} else {
			text, _, _ = takeBytes(b[1:])
		}
	}
	start := len(c.rows)
	c.text(usage, text)
	if !c.decoding {
		return
	}
	c.spare = append(c.spare[:0], c.rows[start:]...)
	c.rows = c.rows[:start]
	if tag == tagString && len(c.spare) < 1<<6 {
		c.rows = append(c.rows, tagShort|byte(len(c.spare)))
	} else {
		c.rows = binary.AppendUvarint(append(c.rows, tag), uint64(len(c.spare)))
	}
	c.rows = append(c.rows, c.spare...)
}

func (c *coder) array(n int, col *column, b []byte, depth int) (rest []byte) {
	var count uint64
	if !c.decoding {
		ok := false
		if count, b, ok = takeNumber(b); !ok {
			c.bad = true
			return nil
		}
	}
	elements := c.m.child(n, "")
	count = c.count(count, &col.number, &c.m.tables[n].octaves)
	c.rows = binary.AppendUvarint(append(c.rows, tagArray), count)
	outer := c.first
	c.first = 1
	for range count {
		if c.bad {
			return nil
		}
		b = c.value(elements, b, depth+1)
		c.first = 0
	}
	c.first = outer
	return b
}

func (c *coder) object(n int, head, b []byte, depth int) (rest []byte) {
	m := members{rest: b}
	var columns []int
	c.rows = append(c.rows, head...)
	if head[0] == tagObject {
		shape := int(head[1])<<8 | int(head[2])
		if shape >= len(c.all) {
			c.bad = true
			return nil
		}
		if !c.decoding {
			m.rest = b[2:]
		}
		m.keys = c.all[shape].keys
		columns = c.membersOf(n, shape)
	} else {
		start := len(c.rows)
		if !c.decoding {
			ok := false
			if m.open, m.rest, ok = takeBytes(b); !ok {
				c.bad = true
				return nil
			}
		}
		c.text(0, m.open)
		if c.decoding {
			m.open = append([]byte(nil), c.rows[start:]...)
			c.rows = append(binary.AppendUvarint(c.rows[:start], uint64(len(m.open))), m.open...)
		}
	}
	for i := 0; !c.bad && m.next(); i++ {
		column := columnOther
		if columns != nil {
			column = columns[i]
		}
		m.rest = c.value(column, m.rest, depth+1)
	}
	return m.rest
}

// membersOf returns the columns of an object's members.
func (c *coder) membersOf(n, shape int) []int {
	if latest := &c.latest[n]; latest.shape == shape && latest.columns != nil {
		return latest.columns
	}
	columns, ok := c.members[[2]int{n, shape}]
	if !ok {
		for _, key := range c.all[shape].keys {
			columns = append(columns, c.m.child(n, key))
		}
		c.members[[2]int{n, shape}] = columns
	}
	c.latest[n] = shaped{shape, columns}
	return columns
}
