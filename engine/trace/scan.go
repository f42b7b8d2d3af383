package trace

import (
	"encoding/binary"
	"math/bits"
)

// scanner goes through the tokens of valid JSON. It tells of each value the class of its key; the elements
// of an array have the class of the array's key.
type scanner struct {
	b        []byte
	classify func(key []byte, depth int) class

	i      int
	levels []level // brackets that are open
	class  class   // of the value that comes next, if that is not an object's key

	// The token that next found.
	kind       byte // '{', '}', '[', ']', '"', '0' for a number, 't', 'f', 'n'
	start, end int  // of a string: between the quotes
	key        bool // the string is a key
	wantKey    bool
}

// level is an open bracket.
type level struct {
	object bool
	class  class // of an array's elements
}

// class is what a key says of its value.
type class uint8

// reset begins anew with b, which must be valid.
func (s *scanner) reset(b []byte) {
	*s = scanner{b: b, classify: s.classify, levels: s.levels[:0]}
}

// next finds the next token.
func (s *scanner) next() bool {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\n', '\r', ':':
			s.i++
		case ',':
			s.i++
			top := s.levels[len(s.levels)-1]
			s.wantKey, s.class = top.object, top.class
		case '{', '[':
			s.kind, s.key = c, false
			s.start, s.end = s.i, s.i+1
			s.i++
			s.wantKey = c == '{'
			if s.wantKey {
				s.class = 0
			}
			s.levels = append(s.levels, level{s.wantKey, s.class})
			return true
		case '}', ']':
			s.kind, s.key, s.wantKey = c, false, false
			s.start, s.end = s.i, s.i+1
			s.i++
			s.levels = s.levels[:len(s.levels)-1]
			return true
		case '"':
			s.string()
			return true
		default:
			s.scalar(c)
			return true
		}
	}
	return false
}

func (s *scanner) string() {
	s.kind, s.key, s.wantKey = '"', s.wantKey, false
	s.start = s.i + 1
	for s.end = s.start; ; {
		s.end += plain(s.b[s.end:])
		if s.b[s.end] == '"' {
			break
		}
		s.end += 2 // an escape
	}
	s.i = s.end + 1
	if s.key {
		s.class = s.classify(s.b[s.start:s.end], len(s.levels))
	}
}

func (s *scanner) scalar(c byte) {
	s.kind, s.key = c, false
	if c == '-' || c-'0' <= 9 {
		s.kind = '0'
	}
	s.start = s.i
	for s.i < len(s.b) && !ends(s.b[s.i]) {
		s.i++
	}
	s.end = s.i
}

// plain returns how many bytes of b stand before its first quote or backslash, of which there is one.
func plain(b []byte) (n int) {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; len(b)-n >= 8; n += 8 {
		w := binary.LittleEndian.Uint64(b[n:])
		quote, slash := w^ones*'"', w^ones*'\\'
		// Above the first byte that is one, further bits may be set too.
		if found := ((quote-ones)&^quote | (slash-ones)&^slash) & highs; found != 0 {
			return n + bits.TrailingZeros64(found)/8
		}
	}
	for b[n] != '"' && b[n] != '\\' {
		n++
	}
	return n
}

// ends reports whether c cannot be part of a number or a word.
func ends(c byte) bool {
	switch c {
	case ' ', '\t', '\n', '\r', ',', ']', '}':
		return true
	}
	return false
}

// text returns the bytes of the token; of a string those between the quotes.
func (s *scanner) text() []byte { return s.b[s.start:s.end] }
