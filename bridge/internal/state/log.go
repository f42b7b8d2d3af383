package state

import "slices"

// An op is what an event does to a group's rows. In a log, an op stands in front of a row.
type op byte

const (
	opPut      op = iota // the row takes the place of those with its key, or comes last
	opDelete             // rows with the key go
	opMerge              // rows with the key are merged with this one, if there are any
	opUpsert             // likewise; if there are none, it comes last
	opReplace            // what the row holds, which are rows, takes the place of all rows of the list
	opOrphan             // rows go whose parent_id is the key
	opDropRole           // the key leaves the roles of all rows
	numOps
)

// appendOp appends an op to a log. Those in front that it makes needless go. The bytes of log are
// never changed, so that whoever holds it can go on reading.
func appendOp(log []byte, o op, l list, key uint64, row []byte) []byte {
	if o == opPut || o == opDelete || o == opReplace {
		log = forget(log, o, l, key)
	}
	if room := len(row) + 16; cap(log)-len(log) < room {
		log = append(make([]byte, 0, len(log)+len(log)/8+room), log...) // append would waste more
	}
	return appendRow(append(log, byte(o)), l, key, row)
}

// forget returns a log without what an op makes needless.
func forget(log []byte, by op, l list, key uint64) []byte {
	less, copied := log, false
	for at := 0; at < len(log); {
		of, k, _, rest, ok := takeRow(log[at+1:])
		if !ok {
			return log
		}
		end := len(log) - len(rest)
		switch needless := of == l && (by == opReplace || k == key && !op(log[at]).all()); {
		case needless && !copied:
			less = make([]byte, at, len(log)+64) // it will grow by about what it loses
			copied = copy(less, log) == at
		case !needless && copied:
			less = append(less, log[at:end]...)
		}
		at = end
	}
	return less
}

// A workshop applies logs to rows. It keeps its buffers from one to the next.
type workshop struct {
	shapes *shapes
	guild  uint64
	row    []byte
	spare  []byte // rows
}

// apply applies a log to rows, which it may change, and returns them.
func (w *workshop) apply(rows, log []byte) ([]byte, bool) {
	for len(log) > 0 {
		l, key, row, rest, ok := takeRow(log[1:])
		if !ok || op(log[0]) >= numOps {
			return rows, false
		}
		if rows, ok = w.do(rows, op(log[0]), l, key, row); !ok {
			return rows, false
		}
		log = rest
	}
	return rows, true
}

// do carries one op out.
func (w *workshop) do(rows []byte, o op, l list, key uint64, row []byte) ([]byte, bool) {
	if o.all() {
		return w.sweep(rows, o, l, key, row)
	}
	found := false
	for at := 0; at < len(rows); {
		of, k, old, rest, ok := takeRow(rows[at:])
		if !ok {
			return rows, false
		}
		end := len(rows) - len(rest)
		if k != key || of != l {
			at = end
			continue
		}
		now, keep := row, o == opPut && !found
		if o == opMerge || o == opUpsert {
			keep = true
			if w.row, ok = appendMerged(w.row[:0], old, row, w.shapes); !ok {
				return rows, false
			}
			now = w.row
		}
		found = true
		var room [512]byte
		with := room[:0]
		if keep {
			with = appendRow(with, l, k, now)
		}
		rows = slices.Replace(rows, at, end, with...)
		at += len(with)
	}
	if !found && (o == opPut || o == opUpsert) {
		rows = appendRow(rows, l, key, row)
	}
	return rows, true
}

// sweep carries an op out that is about all rows of its list.
func (w *workshop) sweep(rows []byte, o op, l list, key uint64, row []byte) ([]byte, bool) {
	all := w.shapes.all()
	left := w.spare[:0]
	for b := rows; len(b) > 0; {
		of, k, old, rest, ok := takeRow(b)
		switch {
		case !ok:
			return rows, false
		case of != l || o == opOrphan && !isID(field(old, `"parent_id"`, all), key, k, w.guild):
			left = append(left, b[:len(b)-len(rest)]...)
		case o == opDropRole:
			now, ok := w.dropRole(old, key, k)
			if !ok {
				return rows, false
			}
			left = appendRow(left, l, k, now)
		}
		b = rest
	}
	if o == opReplace {
		left = append(left, row...)
	}
	w.spare = rows
	return left, true
}

// all reports whether an op is about all rows of its list.
func (o op) all() bool { return o == opReplace || o == opOrphan || o == opDropRole }

// dropRole takes a role out of a member's roles.
func (w *workshop) dropRole(row []byte, role, key uint64) ([]byte, bool) {
	all := w.shapes.all()
	value := field(row, `"roles"`, all)
	if len(value) == 0 || value[0] != tagArray {
		return row, true
	}
	n, b, ok := takeNumber(value[1:])
	var kept []byte
	left := n
	for range n {
		if !ok {
			return row, false
		}
		element := b
		if b, ok = skip(b, all, 1); ok && isID(element, role, key, w.guild) {
			left--
		} else if ok {
			kept = append(kept, element[:len(element)-len(b)]...)
		}
	}
	if !ok || left == n {
		return row, ok
	}
	before := row[:len(row)-len(value)]
	e := encoder{out: append(w.row[:0], before...)}
	if left == 0 {
		e.out = append(e.out, tagNoElements)
	} else {
		e.out = append(e.out, tagArray, 0)
		e.insert(len(e.out)-1, 1, left, nil)
	}
	w.row = append(append(e.out, kept...), b...)
	return w.row, true
}
