package trace

import (
	"bytes"
	"unicode/utf8"
)

// minHash is how long a run of mixed letters and digits must be to pass for a hash or a token.
const minHash = 12

// text replaces what stands between the quotes of a string, in place.
func (r *Redactor) text(b []byte) {
	if len(b) == 0 || countDigits(b) == len(b) && r.flake(b) || r.date(b) {
		return
	}
	old := append(r.spare[:0], b...)
	r.spare = old
	if bytes.Contains(b, []byte("://")) {
		r.url(b, old)
	} else {
		seed := random(r.key.sum(tagText, old))
		r.draw(b, &seed)
	}
	change(b, old)
}

// url replaces a text with a URL part by part, so that hosts and paths that recur do so afterwards.
func (r *Redactor) url(b, old []byte) {
	for start := 0; start < len(b); {
		end := start
		for end < len(b) && b[end] != '/' && b[end] != ' ' && b[end] != '\\' {
			end++
		}
		if end == start {
			end = start + 1
			if b[start] == '\\' { // an escape belongs to nothing
				end = start + escapeLength(b[start:])
				seed := random(r.key.sum(tagPart, old[start:end]))
				r.draw(b[start:end], &seed)
			}
		} else {
			seed := random(r.key.sum(tagPart, old[start:end]))
			r.draw(b[start:end], &seed)
		}
		start = end
	}
}

// draw replaces what b says by characters of the same kinds. It may leave some as they are.
func (r *Redactor) draw(b []byte, seed *random) {
	for i := 0; i < len(b); {
		switch c := b[i]; {
		case c == '\\':
			n := escapeLength(b[i:])
			if n == 6 {
				drawEscape(b[i+2:i+6], seed)
			}
			i += n
		case isAlnum(c) || c >= utf8.RuneSelf:
			n := wordLength(b[i:])
			r.word(b[i:i+n], seed)
			i += n
		default:
			i++
		}
	}
}

// word replaces a run of letters and digits.
func (r *Redactor) word(b []byte, seed *random) {
	digits := countDigits(b)
	if digits == len(b) && r.flake(b) {
		return
	}
	if len(b) >= minHash && isMixed(b) {
		drawHash(b, seed)
		return
	}
	for i := 0; i < len(b); {
		if b[i]-'0' <= 9 {
			b[i] = '0' + byte(seed.below(10))
			i++
			continue
		}
		n, letters := lettersLength(b[i:])
		drawLetters(b[i:i+n], letters, seed)
		i += n
	}
}

// drawHash replaces every character by a random one of its kind; of hexadecimal digits, by such digits.
func drawHash(b []byte, seed *random) {
	span := uint64(6)
	for _, c := range b {
		if c-'0' > 9 && c|0x20 > 'f' {
			span = 26
		}
	}
	var draw uint64
	for i, c := range b {
		if i%4 == 0 {
			draw = seed.next()
		}
		part := draw & 0xffff
		draw >>= 16
		switch {
		case c-'0' <= 9:
			b[i] = '0' + byte(part*10>>16)
		case c >= 'a':
			b[i] = 'a' + byte(part*span>>16)
		default:
			b[i] = 'A' + byte(part*span>>16)
		}
	}
}

// drawLetters writes words over a run of letters, each in the script of the letter that was there.
func drawLetters(b []byte, letters int, seed *random) {
	word := ""
	for i := 0; i < len(b); letters-- {
		if word == "" {
			word = lexicon.word(seed, min(letters, maxWord))
		}
		letter := word[0]
		word = word[1:]
		i += putLetter(b[i:], letter, seed)
	}
}

// putLetter writes a letter over the character that b begins with, in as many bytes, which it returns. Of a
// character of two or three bytes the first one is always another, of one with four the second.
func putLetter(b []byte, letter byte, seed *random) int {
	c := b[0]
	if c < utf8.RuneSelf {
		b[0] = letter
		if c < 'a' {
			b[0] = letter - 'a' + 'A'
		}
		return 1
	}
	_, n := utf8.DecodeRune(b)
	k := letter - 'a'
	switch n {
	case 2:
		// Cyrillic or Greek: both have letters at 26 places from 0x90 on.
		if b[0] = 0xce; c == 0xce {
			b[0] = 0xd0
		}
		b[1] = 0x91 + k
	case 3:
		// Hangul or Chinese.
		if b[0] = 0xeb; c == 0xeb {
			b[0] = 0xe5
		}
		b[1], b[2] = 0x80+byte(seed.below(4)), 0x80+k
	case 4:
		// Cuneiform or hieroglyphs.
		second := byte(0x92)
		if b[1] == second {
			second = 0x93
		}
		b[0], b[1], b[2], b[3] = 0xf0, second, 0x80+byte(seed.below(4)), 0x80+k
	default: // no UTF-8
		b[0] = '?'
	}
	return n
}

// drawEscape replaces the four digits of a \u escape. A surrogate stays one of its half. The first digit is
// always another one than before, or the same in the other case.
func drawEscape(d []byte, seed *random) {
	const hex = "0123456789abcdef"
	first, second := d[0], d[1]|0x20
	last := d[3]
	for i := 1; i < 4; i++ {
		d[i] = hex[seed.below(16)]
	}
	switch {
	case first|0x20 == 'd' && (second == '8'|0x20 || second == '9'|0x20 || second == 'a' || second == 'b'):
		d[0], d[1] = first^0x20, "89ab"[seed.below(4)]
	case first|0x20 == 'd' && second >= 'c' && second <= 'f':
		d[0], d[1] = first^0x20, "cdef"[seed.below(4)]
	case first|0x20 == 'b':
		d[0], d[1] = 'a', '0'
	default:
		d[0] = 'b'
	}
	if d[3] == last {
		d[3] = hex[(bytes.IndexByte([]byte(hex), last|0x20)+1)%16]
	}
}

// change alters characters of b, which replaced those of old, until no run of five is left where it was.
func change(b, old []byte) {
	if !mayRun(b, old) {
		return
	}
	same, where, escape := 0, -1, false // where is the last byte that may be altered; escape: it is that of an escape
	for i, fixed, letter := 0, 0, false; i < len(b); i++ {
		switch c := b[i]; {
		case letter:
			where, escape, letter = i, true, false
		case fixed > 0:
			fixed--
		case c == '\\' && escapeLength(b[i:]) == 6:
			fixed = 5
		case c == '\\':
			letter = true
		case c < utf8.RuneSelf:
			where, escape = i, false
		}
		if b[i] != old[i] {
			same = 0
			continue
		}
		if same++; same >= 5 && where > i-5 {
			b[where] = another(b[where], escape)
			same = i - where
		}
	}
}

// mayRun reports whether a run of five may stand in both where it stood: it holds a byte at every fifth place.
func mayRun(b, old []byte) bool {
	for i := 4; i < len(b); i += 5 {
		if b[i] == old[i] {
			return true
		}
	}
	return false
}

// another returns a different character of the same kind as c, which stands alone or is that of an escape.
func another(c byte, escape bool) byte {
	const (
		marks   = ".,;:-_~!?*"
		escapes = `ntrfb`
	)
	switch {
	case escape && bytes.IndexByte([]byte(escapes), c) >= 0:
		return escapes[(bytes.IndexByte([]byte(escapes), c)+1)%len(escapes)]
	case escape && c == '/':
		return '\\'
	case escape:
		return '/'
	case c-'0' <= 9:
		return '0' + (c-'0'+3)%10
	case c >= 'a' && c <= 'z':
		return 'a' + (c-'a'+7)%26
	case c >= 'A' && c <= 'Z':
		return 'A' + (c-'A'+7)%26
	}
	return marks[(bytes.IndexByte([]byte(marks), c)+1)%len(marks)]
}

// escapeLength returns the length of the escape that b begins with.
func escapeLength(b []byte) int {
	if len(b) >= 6 && b[1] == 'u' {
		return 6
	}
	return min(2, len(b))
}

func isAlnum(c byte) bool { return c-'0' <= 9 || c|0x20-'a' <= 'z'-'a' }

// wordLength returns the length of the run of letters and digits that b begins with; one of ASCII ends where
// other letters begin, and the other way round.
func wordLength(b []byte) int {
	i := 0
	if b[0] >= utf8.RuneSelf {
		for i < len(b) && b[i] >= utf8.RuneSelf {
			i++
		}
		return i
	}
	for i < len(b) && isAlnum(b[i]) {
		i++
	}
	return i
}

// lettersLength returns the length of the run without digits that b begins with, in bytes and in letters.
func lettersLength(b []byte) (n, letters int) {
	for n < len(b) && b[n]-'0' > 9 {
		_, size := utf8.DecodeRune(b[n:])
		n += size
		letters++
	}
	return n, letters
}

// isMixed reports whether a run of ASCII has both letters and digits.
func isMixed(b []byte) bool {
	digit, letter := false, false
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
		digit = digit || c-'0' <= 9
		letter = letter || c-'0' > 9
	}
	return digit && letter
}
