package state

import (
	"bytes"
	"hash/maphash"
	"slices"
	"unsafe"

	"github.com/sluice-go/sluice/lazyjson"
)

// Some events carry a list as a whole, tens of kilobytes of it, though one element has changed. Of lists
// that came so, a shard keeps digests: a hash of each element's JSON. When such a list comes again, only the
// elements whose hash is another one are decoded.

const (
	maxDigests = 128 << 10 // bytes of a shard's digests
	maxDigest  = 16 << 10  // bytes of one
	maxDiffers = 64        // elements: a list in which more differ is taken anew
)

// A digest tells what a list is now: what an event has carried, and no other event has changed since.
type digest struct {
	guild    *guild
	list     list
	elements []element
}

// An element is known by its key, which no other one of its list has, and by size and hash of its JSON. The seed is
// secret, so that two that differ have the same hash by accident alone, once in 2⁶⁴ times.
type element struct {
	key, sum uint64
	size     uint32
}

const elementSize = int(unsafe.Sizeof(element{}))

var digestSeed = maphash.MakeSeed()

// takeWhole takes a list that an event carries as a whole.
func (s *Shard) takeWhole(g *guild, l list, v lazyjson.Value) error {
	if v.Kind() != lazyjson.KindArray {
		return noArray(lists[l].name, v)
	}
	ops, from := len(s.ops), len(s.elements)
	if i := slices.IndexFunc(s.digests, func(d digest) bool { return d.guild == g && d.list == l }); i >= 0 && !s.changed[l] {
		if ok, err := s.takeDiffering(s.digests[i], v); err != nil || ok {
			return err
		}
		s.ops, s.elements = s.ops[:ops], s.elements[:from]
	}
	s.came = slices.DeleteFunc(s.came, func(d digest) bool { return d.list == l }) // the event has the list twice
	rows := s.rows[0][:0]
	for e := range v.Elements() {
		key := l.keyOf(e)
		row, err := s.patch.without(e, key)
		if err != nil {
			return err
		}
		rows = appendRow(rows, l, key, row)
		s.elements = append(s.elements, element{key, sumOf(e.Raw()), uint32(len(e.Raw()))})
	}
	s.rows[0] = rows
	s.op(opReplace, l, 0, rows)
	if all := s.elements[from:]; len(all)*elementSize <= maxDigest && haveKeys(all) {
		s.came = append(s.came, digest{g, l, all})
	}
	return nil
}

// takeDiffering takes what differs from a digest. It reports false if the list has to be taken anew: too much
// differs, or elements are not where ops would leave them.
func (s *Shard) takeDiffering(d digest, v lazyjson.Value) (bool, error) {
	known := d.elements
	from, at, differ := len(s.elements), 0, 0
	keep := func(i int) { // those in front of it are gone
		for ; at < i; at++ {
			s.op(opDelete, d.list, known[at].key, nil)
			differ++
		}
		if i < len(known) {
			s.elements = append(s.elements, known[i])
			at++
		}
	}

	// As long as elements are those that are known, or one is gone, they need not be looked for.
	left, comma := v.Raw()[1:], false
	for at < len(known) {
		i := at
		if !known[i].begins(left) {
			i++
		}
		if i == len(known) || !known[i].begins(left) {
			break
		}
		keep(i)
		left = left[known[i].size:]
		if comma = left[0] == ','; !comma {
			break
		}
		left = left[1:]
	}
	if comma && bytes.HasPrefix(bytes.TrimLeft(left, " \t\r\n"), []byte{']'}) {
		return false, nil // nothing is behind a comma: to take the list anew finds the error
	}
	s.list = append(append(s.list[:0], '['), left...)

	for e := range lazyjson.ValueOf(s.list).Elements() {
		sum, same := sumOf(e.Raw()), at
		for same < len(known) && known[same].sum != sum {
			same++
		}
		if same < len(known) {
			keep(same)
		} else {
			key := d.list.keyOf(e)
			if at < len(known) && known[at].key == key {
				at++ // it has changed
			} else if key == 0 || hasKey(known, key) || hasKey(s.elements[from:], key) {
				return false, nil
			} else {
				keep(len(known)) // what is new comes last
			}
			row, err := s.patch.without(e, key)
			if err != nil {
				return false, err
			}
			s.op(opPut, d.list, key, row)
			s.elements = append(s.elements, element{key, sum, uint32(len(e.Raw()))})
			differ++
		}
		if differ > maxDiffers {
			return false, nil
		}
	}
	if keep(len(known)); differ > 0 {
		s.came = append(s.came, digest{d.guild, d.list, s.elements[from:]})
	}
	return true, nil
}

func sumOf(json []byte) uint64 { return maphash.Bytes(digestSeed, json) }

// begins reports whether what is left of an array begins with the element.
func (e *element) begins(left []byte) bool {
	n := int(e.size)
	return n < len(left) && (left[n] == ',' || left[n] == ']') && sumOf(left[:n]) == e.sum
}

func hasKey(elements []element, key uint64) bool {
	return slices.ContainsFunc(elements, func(e element) bool { return e.key == key })
}

// haveKeys reports whether each element has a key of its own.
func haveKeys(elements []element) bool {
	seen := make(map[uint64]bool, len(elements))
	for _, e := range elements {
		seen[e.key] = true
	}
	return len(seen) == len(elements) && !seen[0]
}

// keepDigests keeps the digests of the lists that an event has carried, and drops those of others that it
// changed.
func (s *Shard) keepDigests(g *guild) {
	s.dropDigests(func(d digest) bool { return d.guild == g && s.changed[d.list] })
	for _, d := range s.came {
		d.elements = slices.Clone(d.elements)
		s.digests = slices.Insert(s.digests, 0, d)
	}
	total := 0
	s.dropDigests(func(d digest) bool {
		total += len(d.elements) * elementSize
		return total > maxDigests
	})
}

func (s *Shard) dropDigests(which func(d digest) bool) {
	s.digests = slices.DeleteFunc(s.digests, which)
}
