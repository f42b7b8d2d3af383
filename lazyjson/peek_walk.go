package lazyjson

import (
	"math"
	"unicode/utf8"
)

// envelopeKey is a bit for each key of the envelope.
type envelopeKey uint8

const (
	keyOther envelopeKey = 0
	keyType  envelopeKey = 1 << iota
	keySeq
	keyOp
	keyData
)

// keyOf tells which key text is, which stands between quotes.
func keyOf(text []byte, escaped bool) envelopeKey {
	const longest = len(`\u006f\u0070`)
	var resolved [longest * utf8.UTFMax]byte
	if escaped {
		if len(text) > longest {
			return keyOther
		}
		text = appendText(resolved[:0], text)
	}
	switch string(text) {
	case "t":
		return keyType
	case "s":
		return keySeq
	case "op":
		return keyOp
	case "d":
		return keyData
	}
	return keyOther
}

// peekWalk is Peek for every order of keys. It takes each member of the payload
// and its end.
func peekWalk(b []byte) (Envelope, error) {
	e := Envelope{Op: -1, Seq: -1}
	end, reason := walkEnvelope(b, &e)
	if reason != "" {
		return Envelope{Op: -1, Seq: -1}, &SyntaxError{Offset: int64(end), Reason: reason}
	}
	return e, nil
}

// walkEnvelope fills e with what b holds. A reason says why b is no payload,
// and end which byte does.
func walkEnvelope(b []byte, e *Envelope) (end int, reason string) {
	i := skipSpace(b, 0)
	if i >= len(b) {
		return len(b), reasonEnd
	}
	if b[i] != '{' {
		return i, "payload is no object"
	}
	var seen envelopeKey
	i, last := consumeOpen(b, i)
	for !last {
		keyEnd, escaped, value, reason := consumeKey(b, i)
		if reason != "" {
			return keyEnd, reason
		}
		key := keyOf(b[i+1:keyEnd-1], escaped)
		if seen&key != 0 {
			return i, "key of the envelope comes twice"
		}
		seen |= key
		if i, reason = e.consumeMember(b, value, key); reason != "" {
			return i, reason
		}
		if i, last, reason = consumeNext(b, i, '}'); reason != "" {
			return i, reason
		}
	}
	if seen&keyOp == 0 {
		return i, "payload without op"
	}
	if i = skipSpace(b, i); i < len(b) {
		return i, reasonTrailing
	}
	return i, ""
}

// consumeMember takes the value of key that begins at b[i] into the envelope.
func (e *Envelope) consumeMember(b []byte, i int, key envelopeKey) (end int, reason string) {
	isNull := i < len(b) && b[i] == 'n'
	switch {
	case key == keyType && !isNull:
		if i < len(b) && b[i] != '"' {
			return i, "t is no string"
		}
		end, escaped, reason := consumeString(b, i)
		if reason == "" {
			e.TypeStart, e.TypeEnd, e.TypeEscaped = i+1, end-1, escaped
		}
		return end, reason
	case key == keySeq && !isNull:
		e.Seq, end, reason = consumeCount(b, i)
		return end, reason
	case key == keyOp:
		e.Op, end, reason = consumeCount(b, i)
		return end, reason
	case key == keyData:
		end, reason = consumeValue(b, i)
		e.DataStart, e.DataEnd = i, end
		return end, reason
	}
	return consumeValue(b, i)
}

// consumeCount takes the integer from 0 on that begins at b[i].
func consumeCount(b []byte, i int) (value int64, end int, reason string) {
	number, end, reason := consumeInteger(b, i)
	switch {
	case reason != "":
		return -1, end, reason
	case number.negative && number.magnitude != 0:
		return -1, i, "negative number"
	case number.magnitude > math.MaxInt64:
		return -1, i, reasonRange
	}
	return int64(number.magnitude), end, ""
}
