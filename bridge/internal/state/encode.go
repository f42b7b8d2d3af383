package state

import (
	"encoding/binary"
	"encoding/json"
	"unicode/utf8"

	"github.com/sluice-go/sluice/lazyjson"
)

// An encoder turns JSON into values of rows.
type encoder struct {
	shapes *shapes
	guild  uint64 // its id
	key    uint64 // of the row; 0: it has none
	out    []byte
	keys   []byte // of the objects that are being written, the innermost last
}

// value appends v.
func (e *encoder) value(v lazyjson.Value, depth int) error {
	switch v.Kind() {
	case lazyjson.KindNull:
		e.out = append(e.out, tagNull)
	case lazyjson.KindBool:
		tag := byte(tagFalse)
		if v.Raw()[0] == 't' {
			tag = tagTrue
		}
		e.out = append(e.out, tag)
	case lazyjson.KindNumber:
		e.number(v.Raw())
	case lazyjson.KindString:
		raw := v.Raw()
		e.text(raw[1 : len(raw)-1])
	case lazyjson.KindArray:
		return e.array(v, depth)
	case lazyjson.KindObject:
		return e.object(v, depth, nil)
	default:
		return v.Err()
	}
	return nil
}

// array appends v, with the number of elements in front, which is known last.
func (e *encoder) array(v lazyjson.Value, depth int) error {
	if depth >= maxDepth {
		return errDeep
	}
	start, n := len(e.out), 0
	e.out = append(e.out, tagArray, 0)
	for element := range v.Elements() {
		if err := e.value(element, depth+1); err != nil {
			return err
		}
		n++
	}
	if n == 0 {
		e.out = append(e.out[:start], tagNoElements)
		return nil
	}
	e.insert(start+1, 1, uint64(n), nil)
	return nil
}

// object appends v. Where member reports true for one of its members, it has appended a
// value, or it has left that out if it appended nothing.
func (e *encoder) object(v lazyjson.Value, depth int, member func(key []byte, value lazyjson.Value) (bool, error)) error {
	if depth >= maxDepth {
		return errDeep
	}
	object := e.begin()
	for key, value := range v.Members() {
		if err := key.Err(); err != nil {
			return err
		}
		before := e.name(key)
		mark := len(e.out)
		done := false
		if member != nil {
			var err error
			name := e.keys[before+1 : len(e.keys)-1]
			if done, err = member(name, value); err != nil {
				return err
			}
		}
		if !done {
			if err := e.value(value, depth+1); err != nil {
				return err
			}
		} else if len(e.out) == mark {
			e.keys = e.keys[:before]
		}
	}
	e.end(object)
	return nil
}

// An opened object is one whose members are being written.
type opened struct{ out, keys int }

func (e *encoder) begin() opened {
	object := opened{len(e.out), len(e.keys)}
	e.out = append(e.out, tagObject, 0, 0)
	return object
}

// name takes a key, whose value is appended next, and returns where it begins in e.keys. Keys that
// say the same are then the same bytes.
func (e *encoder) name(key lazyjson.Value) int {
	start := len(e.keys)
	raw := key.Raw()
	if plain(raw) {
		e.keys = append(e.keys, raw...)
		return start
	}
	text, _ := key.AppendString(nil)
	quoted, _ := json.Marshal(string(text)) // of a string: it cannot fail
	e.keys = append(e.keys, quoted...)
	return start
}

// field is name for a key that is known to be plain.
func (e *encoder) field(name string) {
	e.keys = append(append(append(e.keys, '"'), name...), '"')
}

// plain reports whether b is UTF-8 and has no escapes.
func plain(b []byte) bool {
	for _, c := range b {
		if c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// end ends an object, whose shape is known now.
func (e *encoder) end(object opened) {
	keys := e.keys[object.keys:]
	if len(keys) == 0 {
		e.out = append(e.out[:object.out], tagNoMembers)
	} else if n, ok := e.shapes.number(keys); ok {
		binary.BigEndian.PutUint16(e.out[object.out+1:], uint16(n))
	} else {
		e.out[object.out] = tagOpen
		e.insert(object.out+1, 2, uint64(len(keys)), keys)
	}
	e.keys = e.keys[:object.keys]
}

// insert puts a number and text in the place of n bytes at e.out[at].
func (e *encoder) insert(at, n int, number uint64, text []byte) {
	var room [binary.MaxVarintLen64]byte
	varint := binary.AppendUvarint(room[:0], number)
	end := len(e.out)
	for range len(varint) + len(text) - n {
		e.out = append(e.out, 0)
	}
	copy(e.out[at+len(varint)+len(text):], e.out[at+n:end])
	copy(e.out[at:], varint)
	copy(e.out[at+len(varint):], text)
}

// number appends a number by its text.
func (e *encoder) number(text []byte) {
	if n, ok := digits(text); ok {
		e.uint(n)
		return
	}
	e.out = append(e.out, tagNumber)
	e.out = binary.AppendUvarint(e.out, uint64(len(text)))
	e.out = append(e.out, text...)
}

func (e *encoder) uint(n uint64) {
	if n < 1<<7 {
		e.out = append(e.out, tagSmall|byte(n))
		return
	}
	e.out = binary.AppendUvarint(append(e.out, tagUint), n)
}

// text appends a string that says what stands between its quotes.
func (e *encoder) text(s []byte) {
	if n, ok := digits(s); ok {
		e.digits(n)
		return
	}
	if tag, hash, ok := parseHash(s); ok {
		e.out = append(append(e.out, tag), hash[:]...)
		return
	}
	if tag, at, ok := parseTime(s); ok {
		e.out = binary.AppendUvarint(append(e.out, tag), at)
		return
	}
	if len(s) < 1<<6 {
		e.out = append(e.out, tagShort|byte(len(s)))
	} else {
		e.out = binary.AppendUvarint(append(e.out, tagString), uint64(len(s)))
	}
	e.out = append(e.out, s...)
}

// digits appends a string that is a number.
func (e *encoder) digits(n uint64) {
	switch {
	case n == e.key && n != 0:
		e.out = append(e.out, tagOwn)
	case n == e.guild && n != 0:
		e.out = append(e.out, tagGuild)
	case n < 1<<35: // five bytes at most: permissions, and no ids
		e.out = binary.AppendUvarint(append(e.out, tagDigits), n)
	default:
		e.out = binary.BigEndian.AppendUint64(append(e.out, tagID), n)
	}
}
