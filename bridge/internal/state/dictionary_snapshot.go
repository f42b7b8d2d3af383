package state

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/sluice-go/sluice/lazyjson"
)

// taught is what a snapshot holds of a dictionary: the samples of its model, and the shapes.
type taught struct {
	samples []byte // compressed; none: there is no model yet
	shapes  []string
}

// appendSnapshot appends what the dictionary has learned. What was compressed before needs no more.
func (d *Dictionary) appendSnapshot(dst []byte) []byte {
	var plain []byte
	if l := d.learned.Load(); l != nil {
		dst = appendBytes(dst, l.samples)
	} else {
		dst = appendBytes(dst, nil)
	}
	all := d.shapes.all()
	plain = binary.AppendUvarint(plain, uint64(len(all)))
	for _, shape := range all {
		plain = appendBytes(plain, []byte(shape.id))
	}
	return appendBytes(dst, zstdCodec().encoder.EncodeAll(plain, nil))
}

// dictionary reads what appendSnapshot appended.
func (c *cursor) dictionary() (t taught, err error) {
	t.samples = c.copy()
	plain, err := zstdCodec().decoder.DecodeAll(c.bytes(), nil)
	if err != nil {
		return t, ErrSnapshot
	}
	in := cursor{rest: plain}
	seen := make(map[string]bool)
	for range in.number() {
		id := in.bytes()
		if in.bad || len(t.shapes) == maxShapes || !areKeys(id) || seen[string(id)] {
			return t, ErrSnapshot
		}
		seen[string(id)] = true
		t.shapes = append(t.shapes, string(id))
	}
	if in.bad || len(in.rest) > 0 {
		return t, ErrSnapshot
	}
	return t, nil
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
func (t taught) dictionary() (*Dictionary, error) {
	d := NewDictionary()
	_, err := d.adopt(t)
	return d, err
}

// adopt learns what a snapshot holds. It reports false, and learns nothing, if the dictionary
// has learned something else before: what the snapshot says cannot be read with it.
func (d *Dictionary) adopt(t taught) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	has := d.learned.Load()
	if has != nil && t.samples != nil && !bytes.Equal(has.samples, t.samples) {
		return false, nil
	}
	if !d.shapes.adopt(t.shapes) {
		return false, nil
	}
	if has == nil && t.samples != nil {
		samples, err := zstdCodec().decoder.DecodeAll(t.samples, nil)
		if err != nil {
			return false, ErrSnapshot
		}
		d.learned.Store(&learned{train(samples, d.shapes.all()), t.samples})
		d.samples = nil
	}
	return true, nil
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
		list = append(list, newShape(id))
	}
	s.list.Store(&list)
	return true
}
