package state

import "encoding/binary"

// appendMerged appends a row merged with a patch: the fields of patch replace those of row,
// and others come behind them. Values with the tags tagGone, tagAdd and tagIf are carried out.
// Both are objects; if row is none, it is appended as it is.
func appendMerged(dst, row, patch []byte, s *shapes) ([]byte, bool) {
	all := s.all()
	if len(row) == 0 || len(patch) == 0 {
		return dst, false
	}
	m, ok := takeMembers(row[0], row[1:], all)
	if !ok {
		return append(dst, row...), true
	}
	e := encoder{out: dst, shapes: s}
	object := e.begin()
	for ok && m.next() {
		value := m.rest
		if m.rest, ok = skip(m.rest, all, 1); !ok {
			break
		}
		value = value[:len(value)-len(m.rest)]
		if by := field(patch, m.key, all); by != nil {
			if value, ok = change(value, by, all); value == nil {
				continue
			}
		}
		e.keys = append(e.keys, m.key...)
		e.out = append(e.out, value...)
	}
	if !ok {
		return dst, false
	}
	if m, ok = takeMembers(patch[0], patch[1:], all); !ok {
		return dst, false
	}
	for m.next() {
		value := m.rest
		if m.rest, ok = skip(m.rest, all, 1); !ok {
			return dst, false
		}
		if tag := value[0]; tag == tagGone || tag == tagAdd || tag == tagIf || field(row, m.key, all) != nil {
			continue
		}
		e.keys = append(e.keys, m.key...)
		e.out = append(e.out, value[:len(value)-len(m.rest)]...)
	}
	e.end(object)
	return e.out, true
}

// change returns a field's new value; nil if it goes. by may have more behind it.
func change(value, by []byte, all []shape) ([]byte, bool) {
	if len(by) == 0 {
		return nil, false
	}
	switch by[0] {
	case tagGone:
		return nil, true
	case tagAdd:
		delta, n := binary.Varint(by[1:])
		if n <= 0 {
			return nil, false
		}
		return added(value, delta), true
	case tagIf:
		by = by[1:]
	}
	rest, ok := skip(by, all, 1)
	if !ok {
		return nil, false
	}
	return by[:len(by)-len(rest)], true
}

// added returns a value with delta added, not below 0, if it is such a number.
func added(value []byte, delta int64) []byte {
	var n uint64
	switch tag := value[0]; {
	case tag >= tagSmall:
		n = uint64(tag - tagSmall)
	case tag == tagUint:
		n, _, _ = takeNumber(value[1:])
	default:
		return value
	}
	if n >= 1<<62 {
		return value
	}
	var e encoder
	e.uint(uint64(max(int64(n)+delta, 0)))
	return e.out
}
