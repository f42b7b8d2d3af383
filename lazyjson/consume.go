package lazyjson

// The functions of this file are the grammar. They hold no state: each takes
// bytes and the position at which something shall begin, and returns the
// position behind it. A reason that is not empty says why it is not there; the
// position is then that of the byte at fault, at most len(b).

// skipSpace returns the position of the first byte from i on that is no white
// space (RFC 8259 section 2).
func skipSpace(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

// trimSpace returns the length of b without the white space at its end.
func trimSpace(b []byte) int {
	end := len(b)
	for end > 0 && isSpace(b[end-1]) {
		end--
	}
	return end
}

func isSpace(c byte) bool {
	const set uint64 = 1<<' ' | 1<<'\t' | 1<<'\n' | 1<<'\r'
	return c <= ' ' && set>>c&1 != 0
}

// consumeString takes the string whose opening quote is b[i]; end is behind the
// closing one.
func consumeString(b []byte, i int) (end int, escaped bool, reason string) {
	for i++; ; {
		if len(b)-i >= 8 {
			marks := stops(load(b, i))
			if marks == 0 {
				i += 8
				continue
			}
			i += lowest(marks)
		} else if i >= len(b) {
			return len(b), escaped, reasonEnd
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1, escaped, ""
		case c == '\\':
			escaped = true
			if i, reason = consumeEscape(b, i); reason != "" {
				return i, escaped, reason
			}
		case c < ' ':
			return i, escaped, "control character in a string"
		default:
			i++
		}
	}
}

// consumeEscape takes the escape whose backslash is b[i] (RFC 8259 section 7).
func consumeEscape(b []byte, i int) (end int, reason string) {
	if i++; i >= len(b) {
		return len(b), reasonEnd
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1, ""
	case 'u':
		for end = i + 1; end < i+5; end++ {
			if end >= len(b) {
				return len(b), reasonEnd
			}
			if _, ok := hexDigit(b[end]); !ok {
				return end, "no hexadecimal digit in an escape"
			}
		}
		return end, ""
	}
	return i, "unknown escape"
}

func hexDigit(c byte) (rune, bool) {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0'), true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return rune(c|0x20-'a') + 10, true
	}
	return 0, false
}

// consumeNumber takes the number that begins at b[i] (RFC 8259 section 6).
func consumeNumber(b []byte, i int) (end int, integer bool, reason string) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch digits := skipDigits(b, i); {
	case digits == i:
		return i, false, noDigit(b, i)
	case b[i] == '0':
		i++ // nothing but 0 begins with 0; what follows is not of this number
	default:
		i = digits
	}
	integer = true
	if i < len(b) && b[i] == '.' {
		integer = false
		digits := skipDigits(b, i+1)
		if digits == i+1 {
			return digits, false, noDigit(b, digits)
		}
		i = digits
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		integer = false
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		digits := skipDigits(b, i)
		if digits == i {
			return i, false, noDigit(b, i)
		}
		i = digits
	}
	return i, integer, ""
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

func noDigit(b []byte, i int) (reason string) {
	if i >= len(b) {
		return reasonEnd
	}
	return "no digit in a number"
}

// consumeLiteral takes the word (true, false or null) whose first byte is known
// to be b[i].
func consumeLiteral(b []byte, i int, word string) (end int, reason string) {
	if len(b)-i >= len(word) && string(b[i:i+len(word)]) == word {
		return i + len(word), ""
	}
	for k := range len(word) {
		if i+k >= len(b) {
			break
		}
		if b[i+k] != word[k] {
			return i + k, "unknown word"
		}
	}
	return len(b), reasonEnd
}

// consumeScalar takes the string, number, true, false or null that begins at
// b[i].
func consumeScalar(b []byte, i int) (end int, reason string) {
	if i >= len(b) {
		return len(b), reasonEnd
	}
	switch c := b[i]; c {
	case '"':
		end, _, reason = consumeString(b, i)
	case 't':
		end, reason = consumeLiteral(b, i, "true")
	case 'f':
		end, reason = consumeLiteral(b, i, "false")
	case 'n':
		end, reason = consumeLiteral(b, i, "null")
	default:
		if c != '-' && c-'0' > 9 {
			return i, reasonValue
		}
		end, _, reason = consumeNumber(b, i)
	}
	return end, reason
}

// consumeValue takes the value that begins at b[i]. Of an array or object it
// finds the end only, by its brackets.
func consumeValue(b []byte, i int) (end int, reason string) {
	if i < len(b) && (b[i] == '{' || b[i] == '[') {
		if next, empty := consumeOpen(b, i); empty { // so many are that a block for each is too much
			return next, ""
		}
		return skipContainer(b, i)
	}
	return consumeScalar(b, i)
}

// consumeOpen takes the bracket b[i] that opens an array or object, and white
// space: next is where the first item begins or, if there is none, behind the
// closing bracket.
func consumeOpen(b []byte, i int) (next int, empty bool) {
	next = skipSpace(b, i+1)
	if next < len(b) && b[next] == closing(b[i]) {
		return next + 1, true
	}
	return next, false
}

// consumeNext takes what stands behind an item of an array or object that
// closer ends: next is where the next item begins or, after the last, behind
// the closing bracket.
func consumeNext(b []byte, i int, closer byte) (next int, last bool, reason string) {
	i = skipSpace(b, i)
	switch {
	case i >= len(b):
		return len(b), false, reasonEnd
	case b[i] == ',':
		return skipSpace(b, i+1), false, ""
	case b[i] == closer:
		return i + 1, true, ""
	}
	return i, false, "no comma and no closing bracket"
}

// consumeKey takes a key that shall begin at b[i], the colon and white space.
// The key lies in b[i+1:end-1]; value is where its value begins.
func consumeKey(b []byte, i int) (end int, escaped bool, value int, reason string) {
	if i >= len(b) {
		return len(b), false, len(b), reasonEnd
	}
	if b[i] != '"' {
		return i, false, i, "no key"
	}
	end, escaped, reason = consumeString(b, i)
	if reason != "" {
		return end, escaped, end, reason
	}
	value = skipSpace(b, end)
	if value >= len(b) {
		return len(b), escaped, len(b), reasonEnd
	}
	if b[value] != ':' {
		return value, escaped, value, "no colon behind a key"
	}
	return end, escaped, skipSpace(b, value+1), ""
}

// closing returns the bracket that closes what opener ('[' or '{') opens: in
// ASCII, two further on.
func closing(opener byte) byte {
	return opener + 2
}
