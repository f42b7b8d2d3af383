package state

import (
	"encoding/binary"
	"sync"
)

// streams are rows with what is alike lying together, as it compresses best: what follows
// one tag has little to do with what follows the next. An id is written once, and referred to by its
// place among the ids from then on.
//
// What is random, which is the lower parts of ids and hashes, is not compressed at all.
type streams struct {
	parts  [numParts][]byte
	ids    map[uint64]uint64 // their places
	list   []uint64          // the ids by their places
	row    []byte            // scratch
	packed []byte            // likewise
}

// The parts of streams. All but random are compressed, one behind the other.
const (
	partTags = iota
	partHigh // of ids, the first byte
	partRefs
	partNumbers
	partLengths
	partTexts
	partRandom
	numParts
)

// tagRef stands for an id that was there before. Tags of this kind are in streams alone.
const (
	tagRef  = 0x20
	tagWide = 0x20 // with the tag of a number: its lower half is random
)

var streamPool = sync.Pool{New: func() any { return &streams{ids: make(map[uint64]uint64)} }}

func (s *streams) reset() {
	for i := range s.parts {
		s.parts[i] = s.parts[i][:0]
	}
	clear(s.ids)
	s.list = s.list[:0]
}

func (s *streams) tag(tags ...byte) { s.parts[partTags] = append(s.parts[partTags], tags...) }

func (s *streams) put(part int, n uint64) {
	s.parts[part] = binary.AppendUvarint(s.parts[part], n)
}

// split appends rows. It reports false if they are none.
func (s *streams) split(rows []byte, all []shape) bool {
	for len(rows) > 0 {
		l, key, row, rest, ok := takeRow(rows)
		if !ok {
			return false
		}
		s.tag(byte(l))
		s.id(key)
		if rest, ok := s.value(row, all, 0); !ok || len(rest) > 0 {
			return false
		}
		rows = rest
	}
	return true
}

func (s *streams) id(id uint64) {
	if place, ok := s.ids[id]; ok {
		s.tag(tagRef)
		s.put(partRefs, place)
		return
	}
	s.ids[id] = uint64(len(s.ids))
	s.tag(tagID)
	s.parts[partHigh] = append(s.parts[partHigh], byte(id>>56))
	var room [8]byte
	binary.BigEndian.PutUint64(room[:], id)
	s.parts[partRandom] = append(s.parts[partRandom], room[1:]...)
}

func (s *streams) text(text []byte) {
	s.put(partLengths, uint64(len(text)))
	s.parts[partTexts] = append(s.parts[partTexts], text...)
}

// value appends the value that b begins with.
func (s *streams) value(b []byte, all []shape, depth int) (rest []byte, ok bool) {
	if rest, ok = skipScalar(b); !ok || depth > deepest {
		return nil, false
	}
	tag, b := b[0], b[1:]
	switch {
	case tag >= tagSmall:
		s.tag(tagSmall)
		s.put(partNumbers, uint64(tag-tagSmall))
		return b, true
	case tag >= tagShort:
		s.tag(tagShort)
		s.text(b[:len(b)-len(rest)])
		return rest, true
	}
	switch tag {
	case tagID:
		s.id(binary.BigEndian.Uint64(b))
		return rest, true
	case tagGone, tagAdd, tagIf: // of patches, not of rows
		return nil, false
	case tagArray:
		n, b, ok := takeNumber(b)
		s.tag(tagArray)
		s.put(partLengths, n)
		for range n {
			if !ok {
				return nil, false
			}
			b, ok = s.value(b, all, depth+1)
		}
		return b, ok
	case tagObject, tagOpen:
		m, ok := takeMembers(tag, b, all)
		if s.tag(tag); tag == tagObject && ok {
			s.tag(b[:2]...)
		} else if ok {
			s.text(m.open)
		}
		for ok && m.next() {
			m.rest, ok = s.value(m.rest, all, depth+1)
		}
		return m.rest, ok
	}
	s.tag(tag)
	switch tag {
	case tagUint, tagDigits, tagSeconds, tagMicros:
		s.number(tag, b)
	case tagNumber, tagString:
		text, _, _ := takeBytes(b)
		s.text(text)
	case tagHash, tagAnimated:
		s.parts[partRandom] = append(s.parts[partRandom], b[:16]...)
	case tagList, tagListOrNull:
		s.tag(b[0])
	}
	return rest, true
}

// number appends what is behind the tag of a number.
func (s *streams) number(tag byte, b []byte) {
	n, _, _ := takeNumber(b)
	if n < 1<<32 {
		s.put(partNumbers, n)
		return
	}
	s.parts[partTags][len(s.parts[partTags])-1] = tag | tagWide
	s.put(partNumbers, n>>32)
	s.parts[partRandom] = binary.BigEndian.AppendUint32(s.parts[partRandom], uint32(n))
}
