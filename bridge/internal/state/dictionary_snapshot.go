package state

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/sluice-go/sluice/lazyjson"
)

// learned is what a snapshot holds of a dictionary: in one zstd frame, the content of the zstd dictionary
// and the shapes.
type learned struct {
	content []byte // nil: there was none yet
	shapes  []string
}

// appendSnapshot appends what the dictionary has learned. What was compressed before needs no more.
func (d *Dictionary) appendSnapshot(dst []byte) []byte {
	plain := appendBytes(nil, d.codec.Load().content)
	all := d.shapes.all()
	plain = binary.AppendUvarint(plain, uint64(len(all)))
	for _, shape := range all {
		plain = appendBytes(plain, []byte(shape.id))
	}
	return appendBytes(dst, newCodec(nil).encoder.EncodeAll(plain, nil))
}

// dictionary reads what appendSnapshot appended.
func (c *cursor) dictionary() (l learned, err error) {
	plain, err := newCodec(nil).decoder.DecodeAll(c.bytes(), nil)
	if err != nil {
		return l, ErrSnapshot
	}
	in := cursor{rest: plain}
	l.content = in.copy()
	seen := make(map[string]bool)
	for range in.number() {
		id := in.bytes()
		if in.bad || len(l.shapes) == maxShapes || !areKeys(id) || seen[string(id)] {
			return l, ErrSnapshot
		}
		seen[string(id)] = true
		l.shapes = append(l.shapes, string(id))
	}
	if in.bad || len(in.rest) > 0 || len(l.content) > dictionarySize {
		return l, ErrSnapshot
	}
	return l, nil
}

// areKeys reports whether b is the keys of a shape.
func areKeys(b []byte) bool {
	if len(b) == 0 || len(b) > maxShapeLen {
		return false
	}
	for _, key := range splitKeys(b) {
		if key[0] != '"' || !lazyjson.Valid([]byte(key)) {
			return false
		}
	}
	return true
}

// dictionary returns a dictionary that has learned that, and no more.
func (l learned) dictionary() *Dictionary {
	d := NewDictionary()
	d.adopt(l)
	return d
}

// adopt learns what a snapshot holds. It reports false, and learns nothing, if the dictionary
// has learned something else before: what the snapshot says cannot be read with it.
func (d *Dictionary) adopt(l learned) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	has := d.codec.Load().content
	if has != nil && l.content != nil && !bytes.Equal(has, l.content) {
		return false
	}
	if !d.shapes.adopt(l.shapes) {
		return false
	}
	if has == nil && l.content != nil {
		d.codec.Store(newCodec(l.content))
		d.samples = nil
	}
	return true
}

// adopt makes those the first shapes, which they may be already, some or all. It reports false if
// others have their numbers.
func (s *shapes) adopt(ids []string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Clone(s.all())
	for i, id := range ids {
		if known, ok := s.ids[id]; i < len(list) && list[i].id != id || ok && known != i {
			return false
		}
	}
	for _, id := range ids[min(len(list), len(ids)):] {
		s.ids[id] = len(list)
		list = append(list, shape{id, splitKeys([]byte(id))})
	}
	s.list.Store(&list)
	return true
}
