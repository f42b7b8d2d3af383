package lazyjson

import "iter"

// Elements iterates over an array; over nothing if v is no array. If the array
// cannot be read to its end, the last element that is yielded is a missing one,
// and its Err tells why. A nested array or object is yielded as soon as its end
// is found.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) { v.elements(yield) }
}

// Members iterates over an object, its keys (each a string) and values; over
// nothing if v is no object. Repeated keys come repeatedly. If the object
// cannot be read to its end, the last pair that is yielded is a missing key and
// a missing value, and their Err tells why.
func (v Value) Members() iter.Seq2[Value, Value] {
	return func(yield func(key, value Value) bool) { v.members(yield) }
}

func (v Value) elements(yield func(Value) bool) {
	if v.Kind() != KindArray {
		return
	}
	i, last := consumeOpen(v.raw, 0)
	for !last {
		element := v.child(i)
		if !yield(element) || element.err != nil {
			return
		}
		var reason string
		if i, last, reason = consumeNext(v.raw, i+len(element.raw), ']'); reason != "" {
			yield(syntaxError(v.off+i, reason))
			return
		}
	}
	if i < len(v.raw) {
		yield(syntaxError(v.off+skipSpace(v.raw, i), reasonTrailing))
	}
}

func (v Value) members(yield func(key, value Value) bool) {
	if v.Kind() != KindObject {
		return
	}
	i, last := consumeOpen(v.raw, 0)
	for !last {
		end, _, start, reason := consumeKey(v.raw, i)
		if reason != "" {
			bad := syntaxError(v.off+end, reason)
			yield(bad, bad)
			return
		}
		key, value := valueAt(v.raw[:end], i, v.off), v.child(start)
		if value.err != nil {
			key = value
		}
		if !yield(key, value) || value.err != nil {
			return
		}
		if i, last, reason = consumeNext(v.raw, start+len(value.raw), '}'); reason != "" {
			bad := syntaxError(v.off+i, reason)
			yield(bad, bad)
			return
		}
	}
	if i < len(v.raw) {
		bad := syntaxError(v.off+skipSpace(v.raw, i), reasonTrailing)
		yield(bad, bad)
	}
}

// Len returns the number of elements of an array, or of members of an object.
func (v Value) Len() (int, error) {
	n := 0
	switch v.Kind() {
	case KindArray:
		for element := range v.Elements() {
			if element.err != nil {
				return 0, element.err
			}
			n++
		}
	case KindObject:
		for key := range v.Members() {
			if key.err != nil {
				return 0, key.err
			}
			n++
		}
	default:
		return 0, v.wrongKind("array or object")
	}
	return n, nil
}
