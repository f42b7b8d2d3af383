package state

import (
	"fmt"

	"github.com/sluice-go/sluice/lazyjson"
)

// takeApart takes a guild apart that GUILD_CREATE or GUILD_UPDATE carries. It returns the head, borrowed,
// whose lists are marks, and has each list taken.
func (s *scratch) takeApart(v lazyjson.Value, take func(l list, elements lazyjson.Value) error) ([]byte, error) {
	e := &s.encoder
	e.key, e.out = 0, e.out[:0]
	err := e.object(v, 0, func(name []byte, value lazyjson.Value) (bool, error) {
		if string(name) == "member_count" {
			if _, ok := countOf(value); ok {
				e.out = append(e.out, tagCount)
				return true, nil
			}
			return false, nil
		}
		l, ok := listNamed(name)
		if !ok {
			return false, nil
		}
		switch value.Kind() {
		case lazyjson.KindNull:
			e.out = append(e.out, tagListOrNull, byte(l))
		case lazyjson.KindArray:
			e.out = append(e.out, tagList, byte(l))
		default:
			return false, noArray(lists[l].name, value)
		}
		return true, take(l, value)
	})
	return e.out, err
}

// appendList appends the rows of a list's elements, of those that are wanted; nil for all.
func (s *scratch) appendList(dst []byte, l list, v lazyjson.Value, wanted func(l list, key uint64) bool) ([]byte, error) {
	for e := range v.Elements() {
		key := l.keyOf(e)
		if wanted != nil && e.Exists() && !wanted(l, key) {
			continue
		}
		s.patch.key, s.patch.out = key, s.patch.out[:0]
		if err := s.patch.value(e, 1); err != nil {
			return dst, err
		}
		dst = appendRow(dst, l, key, s.patch.out)
	}
	return dst, nil
}

// countOf returns a member_count.
func countOf(v lazyjson.Value) (int64, bool) {
	n, err := v.Uint()
	return int64(n), err == nil && n < 1<<62
}

// without encodes an object as the row with that key, without the named fields.
func (e *encoder) without(v lazyjson.Value, key uint64, names ...string) ([]byte, error) {
	if v.Kind() != lazyjson.KindObject {
		if err := v.Err(); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("an object is missing: there is a %s", v.Kind())
	}
	e.key, e.out, e.keys = key, e.out[:0], e.keys[:0]
	err := e.object(v, 0, func(name []byte, value lazyjson.Value) (bool, error) {
		for _, n := range names {
			if string(name) == n {
				return true, value.Err()
			}
		}
		return false, nil
	})
	return e.out, err
}
