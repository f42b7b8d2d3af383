package state

import (
	"encoding/hex"
	"strconv"
	"time"
)

// The strings that rows hold as numbers. Each is taken only if the number makes the same
// string again.

// digits returns the number that s is the shortest text of.
func digits(s []byte) (n uint64, ok bool) {
	if len(s) == 0 || len(s) > 20 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	for _, c := range s {
		if c-'0' > 9 {
			return 0, false
		}
	}
	if len(s) == 20 {
		n, err := strconv.ParseUint(string(s), 10, 64)
		return n, err == nil
	}
	for _, c := range s {
		n = n*10 + uint64(c-'0')
	}
	return n, true
}

// parseHash returns the hash that s names an image by.
func parseHash(s []byte) (tag byte, hash [16]byte, ok bool) {
	tag = tagHash
	if len(s) == 34 && s[0] == 'a' && s[1] == '_' {
		tag, s = tagAnimated, s[2:]
	}
	if len(s) != 32 {
		return 0, hash, false
	}
	for i, c := range s {
		var digit byte
		switch {
		case '0' <= c && c <= '9':
			digit = c - '0'
		case 'a' <= c && c <= 'f':
			digit = c - 'a' + 10
		default:
			return 0, hash, false
		}
		hash[i/2] = hash[i/2]<<4 | digit
	}
	return tag, hash, true
}

func appendHash(dst []byte, tag byte, hash []byte) []byte {
	dst = append(dst, '"')
	if tag == tagAnimated {
		dst = append(dst, "a_"...)
	}
	return append(hex.AppendEncode(dst, hash), '"')
}

// The two ways in which the gateway writes timestamps.
const (
	layoutSeconds = "2006-01-02T15:04:05+00:00"
	layoutMicros  = "2006-01-02T15:04:05.000000+00:00"
)

// parseTime returns the time that s tells, not before 1970.
func parseTime(s []byte) (tag byte, at uint64, ok bool) {
	if len(s) != len(layoutSeconds) && len(s) != len(layoutMicros) || s[4] != '-' || s[10] != 'T' {
		return 0, 0, false
	}
	number := func(from, to int) (n int) {
		for _, c := range s[from:to] {
			n = n*10 + int(c-'0') // nonsense makes another string than s
		}
		return n
	}
	t := time.Date(number(0, 4), time.Month(number(5, 7)), number(8, 10), number(11, 13), number(14, 16), number(17, 19), 0, time.UTC)
	seconds := t.Unix()
	if seconds < 0 || seconds > 1<<38 {
		return 0, 0, false
	}
	tag, at = tagSeconds, uint64(seconds)
	if len(s) == len(layoutMicros) {
		tag, at = tagMicros, at*1e6+uint64(number(20, 26))%1e6
	}
	var room [40]byte
	if again := appendTime(room[:0], tag, at); string(again[1:len(again)-1]) != string(s) {
		return 0, 0, false
	}
	return tag, at, true
}

func appendTime(dst []byte, tag byte, at uint64) []byte {
	seconds, micros := at, uint64(0)
	if tag == tagMicros {
		seconds, micros = at/1e6, at%1e6
	}
	dst = time.Unix(int64(min(seconds, 1<<38)), 0).UTC().AppendFormat(append(dst, '"'), time.RFC3339) // the layout that is fast
	dst = dst[:len(dst)-1]                                                                            // the Z
	if tag == tagMicros {
		dst = append(dst, '.')
		for unit := uint64(100_000); unit > 0; unit /= 10 {
			dst = append(dst, byte('0'+micros/unit%10))
		}
	}
	return append(dst, `+00:00"`...)
}
