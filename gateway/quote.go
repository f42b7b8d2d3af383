package gateway

import (
	"strconv"
	"unicode/utf8"
)

// appendQuoted appends s as a JSON string (RFC 8259, section 7): quotes, backslashes and control
// characters escaped, and each byte that is not part of valid UTF-8 replaced by U+FFFD, since a
// text frame may hold none.
func appendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0 // s[start:i] needs no change and is not yet appended
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			if _, size = utf8.DecodeRuneInString(s[i:]); size > 1 {
				i += size
				continue
			}
		}
		dst = append(dst, s[start:i]...)
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, "\uFFFD"...)
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

// appendID appends a snowflake as Discord wants it: a string, because JSON numbers of many
// languages hold 53 bits only.
func appendID(dst []byte, id uint64) []byte {
	dst = append(dst, '"')
	dst = strconv.AppendUint(dst, id, 10)
	return append(dst, '"')
}

// appendIDs appends an array of snowflakes.
func appendIDs(dst []byte, ids []uint64) []byte {
	dst = append(dst, '[')
	for i, id := range ids {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendID(dst, id)
	}
	return append(dst, ']')
}
