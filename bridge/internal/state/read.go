package state

import "encoding/binary"

// The functions of this file take values of rows apart. Each returns what lies behind what it
// took, and reports false where the bytes are no rows: they may come from a file. None of them
// panics or reads beyond its bytes.

// takeNumber takes a varint.
func takeNumber(b []byte) (n uint64, rest []byte, ok bool) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), b[1:], true
	}
	n, size := binary.Uvarint(b)
	if size <= 0 {
		return 0, nil, false
	}
	return n, b[size:], true
}

// takeBytes takes a length and so many bytes.
func takeBytes(b []byte) (taken, rest []byte, ok bool) {
	n, b, ok := takeNumber(b)
	if !ok || n > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:n:n], b[n:], true
}

// skip returns what lies behind the value that b begins with.
func skip(b []byte, all []shape, depth int) (rest []byte, ok bool) {
	if rest, ok = skipScalar(b); !ok || depth > deepest {
		return nil, false
	}
	switch tag := b[0]; tag {
	case tagIf:
		return skip(rest, all, depth+1)
	case tagArray:
		n, b, ok := takeNumber(b[1:])
		for range n {
			if !ok {
				return nil, false
			}
			b, ok = skip(b, all, depth+1)
		}
		return b, ok
	case tagObject, tagOpen:
		m, ok := takeMembers(tag, b[1:], all)
		for ok && m.next() {
			m.rest, ok = skip(m.rest, all, depth+1)
		}
		return m.rest, ok
	}
	return rest, true
}

// skipScalar is skip for values that hold no others. Of one that does, it returns what lies behind
// the tag.
func skipScalar(b []byte) (rest []byte, ok bool) {
	if len(b) == 0 {
		return nil, false
	}
	tag := b[0]
	b = b[1:]
	n := 0
	switch {
	case tag >= tagSmall:
		return b, true
	case tag >= tagShort:
		n = int(tag - tagShort)
	default:
		switch tag {
		case tagNull, tagFalse, tagTrue, tagNoMembers, tagNoElements, tagOwn, tagGuild, tagCount, tagGone,
			tagIf, tagArray, tagObject, tagOpen:
		case tagUint, tagDigits, tagSeconds, tagMicros, tagAdd:
			_, b, ok = takeNumber(b)
			return b, ok
		case tagNumber, tagString:
			_, b, ok = takeBytes(b)
			return b, ok
		case tagID:
			n = 8
		case tagHash, tagAnimated:
			n = 16
		case tagList, tagListOrNull:
			n = 1
		default:
			return nil, false
		}
	}
	if n > len(b) {
		return nil, false
	}
	return b[n:], true
}

// members goes over those of an object.
type members struct {
	rest []byte // behind the key that next has taken its value begins, and the user moves rest behind it
	key  string // in quotes

	keys []string
	open []byte // keys that are not taken yet, of an object without a shape
}

// takeMembers begins with an object behind its tag.
func takeMembers(tag byte, b []byte, all []shape) (m members, ok bool) {
	if tag == tagOpen {
		m.open, m.rest, ok = takeBytes(b)
		return m, ok
	}
	if tag == tagNoMembers {
		return members{rest: b}, true
	}
	if tag != tagObject || len(b) < 2 {
		return m, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if n >= len(all) {
		return m, false
	}
	return members{rest: b[2:], keys: all[n].keys}, true
}

// next takes the next key. It reports false if there is none.
func (m *members) next() bool {
	switch {
	case len(m.keys) > 0:
		m.key, m.keys = m.keys[0], m.keys[1:]
	case len(m.open) > 0:
		end := keyEnd(m.open)
		m.key, m.open = string(m.open[:end]), m.open[end:]
	default:
		return false
	}
	return true
}

// field returns the value of a row's field, with what lies behind it; nil if there is none. The
// key is in quotes.
func field(row []byte, key string, all []shape) []byte {
	if len(row) == 0 {
		return nil
	}
	m, ok := takeMembers(row[0], row[1:], all)
	for ok && m.next() {
		if m.key == key {
			return m.rest
		}
		m.rest, ok = skip(m.rest, all, 0)
	}
	return nil
}

// isID reports whether the value that b begins with is the id, as a string.
func isID(b []byte, id, own, guild uint64) bool {
	if len(b) == 0 || id == 0 {
		return false
	}
	switch b[0] {
	case tagID:
		return len(b) > 8 && binary.BigEndian.Uint64(b[1:]) == id
	case tagDigits:
		n, _, ok := takeNumber(b[1:])
		return ok && n == id
	case tagOwn:
		return own == id
	case tagGuild:
		return guild == id
	}
	return false
}
