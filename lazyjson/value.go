package lazyjson

// A Kind is what a value is.
type Kind uint8

// The kinds of values (RFC 8259, section 3).
const (
	KindMissing Kind = iota // there is no value
	KindNull
	KindBool
	KindNumber
	KindString
	KindArray
	KindObject
)

var kindNames = [...]string{"missing value", "null", "bool", "number", "string", "array", "object"}

// String returns the kind in words.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown kind"
}

// A Value is a value in a document that has not been read yet. It is a slice of
// the document, so it lives as long as those bytes do, and is borrowed if they
// are. Copying it is cheap; it is safe for use by several goroutines as long as
// nobody writes to the bytes. The zero Value is missing.
//
// A Value is lazy: looking it up reads what lies in front of it and finds its
// end, and judges nothing else. Its first byte says what it is to be; the
// accessor that reads it tells whether it is that. So a broken document is
// noticed where it is read, or not at all. Check reads everything.
//
// If there is no value, Exists reports false and every accessor returns why:
// ErrMissing, or a *SyntaxError for a document that cannot be read up to there.
// An accessor of another kind returns a *TypeError. Nothing is allocated but
// these two.
type Value struct {
	raw []byte // without white space around it; not empty if there is a value
	off int    // of raw in the document
	err error  // why there is no value; nil: ErrMissing
}

// ValueOf returns the value that b holds, with white space around it or none.
// It reads no further than its first byte.
func ValueOf(b []byte) Value {
	i := skipSpace(b, 0)
	return valueAt(b[:trimSpace(b)], i, 0)
}

// valueAt returns the value that is b from i on; b lies off bytes behind the
// start of the document.
func valueAt(b []byte, i, off int) Value {
	if i >= len(b) {
		return syntaxError(off+len(b), reasonEnd)
	}
	if kinds[b[i]] == KindMissing {
		return syntaxError(off+i, reasonValue)
	}
	return Value{raw: b[i:len(b):len(b)], off: off + i}
}

func syntaxError(off int, reason string) Value {
	return Value{err: &SyntaxError{Offset: int64(off), Reason: reason}}
}

// kinds tells by its first byte what a value is.
var kinds = [256]Kind{
	'n': KindNull, 't': KindBool, 'f': KindBool, '"': KindString, '[': KindArray, '{': KindObject,
	'-': KindNumber, '0': KindNumber, '1': KindNumber, '2': KindNumber, '3': KindNumber, '4': KindNumber,
	'5': KindNumber, '6': KindNumber, '7': KindNumber, '8': KindNumber, '9': KindNumber,
}

// Exists reports whether there is a value. null is one.
func (v Value) Exists() bool {
	return len(v.raw) > 0
}

// Err returns nil if there is a value; otherwise why there is none.
func (v Value) Err() error {
	switch {
	case len(v.raw) > 0:
		return nil
	case v.err != nil:
		return v.err
	}
	return ErrMissing
}

// Kind returns what the value is, by its first byte; KindMissing if there is
// none.
func (v Value) Kind() Kind {
	if len(v.raw) == 0 {
		return KindMissing
	}
	return kinds[v.raw[0]]
}

// IsNull reports whether the value is null. A value that is not there is not.
func (v Value) IsNull() bool {
	return string(v.raw) == "null"
}

// Raw returns the bytes of the value as they stand in the document, a slice of
// it, without white space around them; nil if there is none. They are not
// checked.
func (v Value) Raw() []byte {
	return v.raw
}

// Get returns the value that path leads to, from object to object by their
// keys; without a path v itself. Where a key is repeated, its first value
// counts. Keys are compared by what they say: an escape equals the character.
// Get needs one pass over what lies in front of the value, and no more than its
// length for the value itself.
//
// The value is missing if a key is not there, or if something on the path is no
// object.
func (v Value) Get(path ...string) Value {
	if len(path) == 0 || len(v.raw) == 0 {
		return v
	}
	i := 0
	for _, key := range path {
		if v.raw[i] != '{' {
			return Value{}
		}
		next, found, reason := findMember(v.raw, i, key)
		if reason != "" {
			return syntaxError(v.off+next, reason)
		}
		if !found {
			return Value{}
		}
		i = next
	}
	return v.child(i)
}

// Index returns element i of an array, counted from 0. The value is missing if
// there are fewer, or if v is no array.
func (v Value) Index(i int) Value {
	if v.Kind() != KindArray {
		return Value{err: v.err}
	}
	n := 0
	for element := range v.Elements() {
		if n == i || element.err != nil {
			return element
		}
		n++
	}
	return Value{}
}

// child returns the value that begins at v.raw[i].
func (v Value) child(i int) Value {
	end, reason := consumeValue(v.raw, i)
	if reason != "" {
		return syntaxError(v.off+end, reason)
	}
	return valueAt(v.raw[:end], i, v.off)
}

// findMember returns where the value of the first member called key begins in
// the object that begins at b[i]. It is less than len(b) if found.
func findMember(b []byte, i int, key string) (value int, found bool, reason string) {
	i, last := consumeOpen(b, i)
	for !last {
		end, escaped, value, reason := consumeKey(b, i)
		if reason != "" {
			return end, false, reason
		}
		if equalText(b[i+1:end-1], escaped, key) {
			if value >= len(b) {
				return len(b), false, reasonEnd
			}
			return value, true, ""
		}
		if i, reason = consumeValue(b, value); reason != "" {
			return i, false, reason
		}
		if i, last, reason = consumeNext(b, i, '}'); reason != "" {
			return i, false, reason
		}
	}
	return i, false, ""
}

// scalar checks that the value is of a kind that is no container, asked for as
// want, and all of it.
func (v Value) scalar(kind Kind, want string) error {
	if v.Kind() != kind {
		return v.wrongKind(want)
	}
	end, reason := consumeScalar(v.raw, 0)
	if reason == "" && end < len(v.raw) {
		reason = reasonTrailing
	}
	if reason != "" {
		return &SyntaxError{Offset: int64(v.off + end), Reason: reason}
	}
	return nil
}

// wrongKind returns the error of a value that is missing or not what it was
// asked for.
func (v Value) wrongKind(want string) error {
	if err := v.Err(); err != nil {
		return err
	}
	return v.typeError(want)
}

func (v Value) typeError(want string) error {
	return &TypeError{Offset: int64(v.off), Kind: v.Kind(), Want: want}
}
