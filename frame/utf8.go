package frame

import "unicode/utf8"

// utf8State checks a text that arrives in pieces (RFC 6455, section 8.1),
// looks at each byte once and refuses a text at the first byte that no valid
// one could have there. The zero value is ready for a new text.
type utf8State struct {
	tail [utf8.UTFMax]byte // start of a sequence whose end has not arrived
	n    int               // bytes in tail
}

// write checks the next piece of the text and reports whether all of it can
// still become valid.
func (u *utf8State) write(p []byte) bool {
	for u.n > 0 {
		if len(p) == 0 {
			return true
		}
		u.tail[u.n] = p[0]
		u.n++
		p = p[1:]
		// A sequence that can no longer become valid is full, too.
		if seq := u.tail[:u.n]; utf8.FullRune(seq) {
			if !utf8.Valid(seq) {
				return false
			}
			u.n = 0
		}
	}
	whole := len(p) - unfinished(p)
	u.n = copy(u.tail[:], p[whole:])
	return utf8.Valid(p[:whole])
}

// done reports whether the text may end here.
func (u *utf8State) done() bool { return u.n == 0 }

// unfinished returns how many bytes at the end of p, at most 3, are the start
// of a sequence that more bytes could make valid.
func unfinished(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		if seq := p[len(p)-n:]; utf8.RuneStart(seq[0]) {
			if utf8.FullRune(seq) {
				return 0
			}
			return n
		}
	}
	return 0
}
