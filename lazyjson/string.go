package lazyjson

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// AppendString appends the text of a string to dst, its escapes resolved, and
// returns the extended slice. What is no UTF-8, and surrogates without their
// half, become U+FFFD, as in encoding/json: the text is valid UTF-8. On an
// error dst is returned as it was.
func (v Value) AppendString(dst []byte) ([]byte, error) {
	if err := v.scalar(KindString, "string"); err != nil {
		return dst, err
	}
	return appendText(dst, v.raw[1:len(v.raw)-1]), nil
}

// EqualString reports whether the value is a string whose text is s. Bytes that
// are no UTF-8 equal only themselves.
func (v Value) EqualString(s string) bool {
	if v.Kind() != KindString || v.scalar(KindString, "string") != nil {
		return false
	}
	text := v.raw[1 : len(v.raw)-1]
	return equalText(text, bytes.IndexByte(text, '\\') >= 0, s)
}

// appendText appends what stands between the quotes of a string.
func appendText(dst, text []byte) []byte {
	for len(text) > 0 {
		run := bytes.IndexByte(text, '\\')
		if run < 0 {
			run = len(text)
		}
		dst = appendUTF8(dst, text[:run])
		if text = text[run:]; len(text) > 0 {
			r, n := decodeEscape(text)
			dst = utf8.AppendRune(dst, r)
			text = text[n:]
		}
	}
	return dst
}

// appendUTF8 appends b, with U+FFFD for each byte that is no UTF-8.
func appendUTF8(dst, b []byte) []byte {
	if utf8.Valid(b) {
		return append(dst, b...)
	}
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		dst = utf8.AppendRune(dst, r)
		b = b[n:]
	}
	return dst
}

// equalText reports whether what stands between the quotes of a string says s.
func equalText(text []byte, escaped bool, s string) bool {
	if !escaped {
		return string(text) == s
	}
	for len(text) > 0 {
		if text[0] != '\\' {
			if len(s) == 0 || s[0] != text[0] {
				return false
			}
			text, s = text[1:], s[1:]
			continue
		}
		r, n := decodeEscape(text)
		var utf [utf8.UTFMax]byte
		said := utf8.AppendRune(utf[:0], r)
		if len(s) < len(said) || s[:len(said)] != string(said) {
			return false
		}
		text, s = text[n:], s[len(said):]
	}
	return s == ""
}

// decodeEscape returns what the escape at the front of text says, and its
// length: two escapes if they are the halves of a surrogate pair. consumeString
// has taken text before, so an escape is complete.
func decodeEscape(text []byte) (r rune, n int) {
	switch c := text[1]; c {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		r = decodeHex(text)
		if !utf16.IsSurrogate(r) {
			return r, 6
		}
		if len(text) >= 12 && text[6] == '\\' && text[7] == 'u' {
			if pair := utf16.DecodeRune(r, decodeHex(text[6:])); pair != utf8.RuneError {
				return pair, 12
			}
		}
		return utf8.RuneError, 6
	default: // quote, backslash, slash
		return rune(c), 2
	}
}

// decodeHex returns the number in text, which begins with \u and four
// hexadecimal digits.
func decodeHex(text []byte) (r rune) {
	for _, c := range text[2:6] {
		digit, _ := hexDigit(c)
		r = r<<4 | digit
	}
	return r
}
