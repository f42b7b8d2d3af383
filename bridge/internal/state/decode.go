package state

import (
	"encoding/binary"
	"strconv"
)

// A decoder turns values of rows into JSON again.
type decoder struct {
	shapes []shape
	guild  uint64
	count  int64
	key    uint64 // of the row
	lists  *index // of the guild whose head this is; nil: no head
}

// value appends the value that b begins with, and returns what lies behind it.
func (d *decoder) value(dst, b []byte, depth int) (_, rest []byte, ok bool) {
	if len(b) == 0 || depth > deepest {
		return dst, nil, false
	}
	tag := b[0]
	b = b[1:]
	if tag >= tagSmall {
		return strconv.AppendUint(dst, uint64(tag-tagSmall), 10), b, true
	}
	if tag >= tagShort {
		n := int(tag - tagShort)
		if n > len(b) {
			return dst, nil, false
		}
		return appendQuoted(dst, b[:n]), b[n:], true
	}
	switch tag {
	case tagNull:
		return append(dst, "null"...), b, true
	case tagFalse:
		return append(dst, "false"...), b, true
	case tagTrue:
		return append(dst, "true"...), b, true
	case tagNoMembers:
		return append(dst, "{}"...), b, true
	case tagNoElements:
		return append(dst, "[]"...), b, true
	case tagObject, tagOpen:
		return d.object(dst, tag, b, depth)
	case tagArray:
		return d.array(dst, b, depth)
	case tagOwn:
		return appendID(dst, d.key), b, true
	case tagGuild:
		return appendID(dst, d.guild), b, true
	case tagCount:
		return strconv.AppendInt(dst, d.count, 10), b, true
	case tagList, tagListOrNull:
		if d.lists == nil || depth != 1 || len(b) == 0 {
			return dst, nil, false
		}
		dst, ok = d.list(dst, list(b[0]), tag == tagListOrNull)
		return dst, b[1:], ok
	}
	return appendScalar(dst, tag, b)
}

// appendScalar appends the value with that tag, one that needs to know nothing of its row.
func appendScalar(dst []byte, tag byte, b []byte) (_, rest []byte, ok bool) {
	switch tag {
	case tagID:
		if len(b) < 8 {
			return dst, nil, false
		}
		return appendID(dst, binary.BigEndian.Uint64(b)), b[8:], true
	case tagHash, tagAnimated:
		if len(b) < 16 {
			return dst, nil, false
		}
		return appendHash(dst, tag, b[:16]), b[16:], true
	case tagNumber, tagString:
		text, b, ok := takeBytes(b)
		if tag == tagString {
			return appendQuoted(dst, text), b, ok
		}
		return append(dst, text...), b, ok
	}
	n, b, ok := takeNumber(b)
	switch tag {
	case tagUint:
		dst = strconv.AppendUint(dst, n, 10)
	case tagDigits:
		dst = appendID(dst, n)
	case tagSeconds, tagMicros:
		dst = appendTime(dst, tag, n)
	default:
		ok = false
	}
	return dst, b, ok
}

func (d *decoder) object(dst []byte, tag byte, b []byte, depth int) (_, rest []byte, ok bool) {
	m, ok := takeMembers(tag, b, d.shapes)
	if ok && tag == tagObject {
		shape := &d.shapes[binary.BigEndian.Uint16(b)]
		b = b[2:]
		for _, key := range shape.json {
			dst = append(dst, key...)
			if dst, b, ok = d.value(dst, b, depth+1); !ok {
				return dst, nil, false
			}
		}
		return append(dst, '}'), b, true
	}
	separator := byte('{')
	for ok && m.next() {
		dst = append(dst, separator)
		dst = append(append(dst, m.key...), ':')
		dst, m.rest, ok = d.value(dst, m.rest, depth+1)
		separator = ','
	}
	if separator == '{' {
		dst = append(dst, separator)
	}
	return append(dst, '}'), m.rest, ok
}

func (d *decoder) array(dst, b []byte, depth int) (_, rest []byte, ok bool) {
	n, b, ok := takeNumber(b)
	if !ok || n > uint64(len(b)) {
		return dst, nil, false
	}
	separator := byte('[')
	for range n {
		dst = append(dst, separator)
		if dst, b, ok = d.value(dst, b, depth+1); !ok {
			return dst, nil, false
		}
		separator = ','
	}
	if separator == '[' {
		dst = append(dst, separator)
	}
	return append(dst, ']'), b, true
}

// appendID appends an id as Discord writes it.
func appendID(dst []byte, id uint64) []byte {
	return append(strconv.AppendUint(append(dst, '"'), id, 10), '"')
}

// appendQuoted appends a string by what stands between its quotes.
func appendQuoted(dst, text []byte) []byte {
	return append(append(append(dst, '"'), text...), '"')
}
