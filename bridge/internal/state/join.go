package state

import "encoding/binary"

// join appends the rows that were split. It reports false where streams are damaged.
func (s *streams) join(dst []byte, all []shape) (rows []byte, ok bool) {
	for len(s.parts[partTags]) > 0 {
		l := s.parts[partTags][0]
		s.parts[partTags] = s.parts[partTags][1:]
		if s.row, ok = s.joinValue(s.row[:0], all, deepest); !ok || s.row[0] != tagID || l >= byte(numLists) {
			return dst, false
		}
		key := binary.BigEndian.Uint64(s.row[1:])
		if s.row, ok = s.joinValue(s.row[:0], all, 0); !ok {
			return dst, false
		}
		dst = appendRow(dst, list(l), key, s.row)
	}
	return dst, true
}

// take takes n bytes of a part.
func (s *streams) take(part int, n uint64) (b []byte, ok bool) {
	if n > uint64(len(s.parts[part])) {
		return nil, false
	}
	b, s.parts[part] = s.parts[part][:n], s.parts[part][n:]
	return b, true
}

// number takes a number of a part.
func (s *streams) takeNumber(part int) (n uint64, ok bool) {
	n, rest, ok := takeNumber(s.parts[part])
	s.parts[part] = rest
	return n, ok
}

func (s *streams) takeText() ([]byte, bool) {
	n, ok := s.takeNumber(partLengths)
	if !ok {
		return nil, false
	}
	return s.take(partTexts, n)
}

// joinValue appends the next value. Strings and numbers need not have the tags that an encoder gives
// them; those of split have.
func (s *streams) joinValue(dst []byte, all []shape, depth int) (_ []byte, ok bool) {
	tags, ok := s.take(partTags, 1)
	if !ok || depth > deepest {
		return dst, false
	}
	switch tag := tags[0]; tag {
	case tagSmall:
		n, ok := s.takeNumber(partNumbers)
		return append(dst, tagSmall|byte(n)), ok && n < 1<<7
	case tagShort:
		text, ok := s.takeText()
		return append(append(dst, tagShort|byte(len(text))), text...), ok && len(text) < 1<<6
	case tagID:
		return s.joinID(dst)
	case tagRef:
		place, ok := s.takeNumber(partRefs)
		if !ok || place >= uint64(len(s.list)) {
			return dst, false
		}
		return binary.BigEndian.AppendUint64(append(dst, tagID), s.list[place]), true
	case tagNumber, tagString:
		text, ok := s.takeText()
		return append(binary.AppendUvarint(append(dst, tag), uint64(len(text))), text...), ok
	case tagHash, tagAnimated:
		hash, ok := s.take(partRandom, 16)
		return append(append(dst, tag), hash...), ok
	case tagList, tagListOrNull:
		l, ok := s.take(partTags, 1)
		return append(append(dst, tag), l...), ok
	case tagUint, tagDigits, tagSeconds, tagMicros:
		n, ok := s.takeNumber(partNumbers)
		return binary.AppendUvarint(append(dst, tag), n), ok
	case tagUint | tagWide, tagDigits | tagWide, tagSeconds | tagWide, tagMicros | tagWide:
		n, ok := s.takeNumber(partNumbers)
		low, whole := s.take(partRandom, 4)
		if !ok || !whole {
			return dst, false
		}
		return binary.AppendUvarint(append(dst, tag&^tagWide), n<<32|uint64(binary.BigEndian.Uint32(low))), true
	case tagNull, tagFalse, tagTrue, tagNoMembers, tagNoElements, tagOwn, tagGuild, tagCount:
		return append(dst, tag), true
	case tagArray:
		n, ok := s.takeNumber(partLengths)
		dst = binary.AppendUvarint(append(dst, tag), n)
		for range n {
			if !ok {
				return dst, false
			}
			dst, ok = s.joinValue(dst, all, depth+1)
		}
		return dst, ok
	case tagObject, tagOpen:
		return s.joinObject(dst, tag, all, depth)
	}
	return dst, false
}

func (s *streams) joinID(dst []byte) ([]byte, bool) {
	high, ok := s.take(partHigh, 1)
	low, whole := s.take(partRandom, 7)
	if !ok || !whole {
		return dst, false
	}
	dst = append(append(append(dst, tagID), high...), low...)
	s.list = append(s.list, binary.BigEndian.Uint64(dst[len(dst)-8:]))
	return dst, true
}

func (s *streams) joinObject(dst []byte, tag byte, all []shape, depth int) (_ []byte, ok bool) {
	dst = append(dst, tag)
	var m members
	if tag == tagObject {
		number, ok := s.take(partTags, 2)
		if !ok {
			return dst, false
		}
		dst = append(dst, number...)
		m, ok = takeMembers(tag, number, all)
		if !ok {
			return dst, false
		}
	} else {
		keys, ok := s.takeText()
		if !ok {
			return dst, false
		}
		dst = append(binary.AppendUvarint(dst, uint64(len(keys))), keys...)
		m.open = keys
	}
	for ok = true; ok && m.next(); {
		dst, ok = s.joinValue(dst, all, depth+1)
	}
	return dst, ok
}
