package lazyjson

// An Envelope is what Peek found around d. Its positions index the bytes that
// Peek was given.
//
// Of an Envelope that Peek returned without an error this holds:
//
//   - Op ≥ 0 and Seq ≥ −1.
//   - TypeStart = TypeEnd = 0, or 0 < TypeStart ≤ TypeEnd < len(b) and the
//     bytes in front of TypeStart and at TypeEnd are quotes. With TypeEscaped,
//     TypeStart < TypeEnd.
//   - DataStart = DataEnd = 0, or 0 < DataStart < DataEnd < len(b) and neither
//     the first nor the last byte of b[DataStart:DataEnd] is white space.
type Envelope struct {
	Op  int64 // the opcode
	Seq int64 // s; −1: null or absent

	TypeStart, TypeEnd int  // t, between the quotes; both 0: null or absent
	TypeEscaped        bool // t is written with escapes: AppendType tells what it says

	DataStart, DataEnd int // d, as it stands; both 0: absent. A d that is null is not absent.
}

// Type returns t as it stands in b, the bytes that Peek was given: a slice of
// b, nil if t is null or absent. If TypeEscaped is set it may hold escapes.
func (e Envelope) Type(b []byte) []byte {
	if e.TypeEnd == 0 {
		return nil
	}
	return b[e.TypeStart:e.TypeEnd:e.TypeEnd]
}

// AppendType appends t to dst, its escapes resolved, and returns the extended
// slice.
func (e Envelope) AppendType(dst, b []byte) []byte {
	return appendText(dst, e.Type(b))
}

// Data returns d as it stands in b, the bytes that Peek was given: a slice of
// b, nil if d is absent.
func (e Envelope) Data(b []byte) []byte {
	if e.DataEnd == 0 {
		return nil
	}
	return b[e.DataStart:e.DataEnd:e.DataEnd]
}

// Peek reads the envelope of a gateway payload (Discord: Gateway Events,
// Payload Structure): op, s, t, and where d lies. It allocates nothing unless
// it returns an error, always a *SyntaxError, with Op and Seq −1.
//
// The keys come in any order, with white space and escapes as RFC 8259 allows
// them, and unknown keys are skipped. op has to be there. op and s are integers
// that are not negative (1.0 and 1e3 are none); op and s fit an int64; s
// may be null, and so may t, otherwise a string. A key of the envelope that
// comes twice is an error. Keys differ by case: T is unknown, not t.
//
// Peek judges the envelope, not what it holds: of d and of unknown keys it
// finds the ends of arrays and objects by quotes and brackets. So d ends where
// its own bracket closes, and whatever follows the payload, such as a second
// one, is an error. A d that is no JSON passes; Check finds out.
//
// Discord writes {"t":…,"s":…,"op":…,"d":…} without white space and d last. For
// that order there is a short cut to d. The walk over d itself cannot be cut
// short: keys that follow it, or a second payload, show nowhere but in the depth
// of the brackets. It passes 15 bytes a nanosecond and more where the processor
// has AVX2, and two or three elsewhere.
//
// For every valid document in which no key of the envelope is repeated or
// differs by case alone, Peek agrees with encoding/json on a struct with these
// four fields, except that it refuses a payload without op and negative
// numbers.
func Peek(b []byte) (Envelope, error) {
	if e, ok := peekOrdered(b); ok {
		return e, nil
	}
	return peekWalk(b)
}

// peekOrdered is Peek for Discord's order. It reports false for anything else,
// be it right or wrong: peekWalk judges.
func peekOrdered(b []byte) (e Envelope, ok bool) {
	e.Seq = -1
	if len(b) < len(`{"t":null,"s":null,"op":0,"d":{}}`) {
		return e, false
	}

	var i int
	switch {
	case string(b[:6]) == `{"t":"`:
		e.TypeStart = 6
		for i = 6; ; i += 8 {
			if len(b)-i < 8 {
				return e, false
			}
			if marks := stops(load(b, i)); marks != 0 {
				i += lowest(marks)
				break
			}
		}
		if b[i] != '"' {
			return e, false
		}
		e.TypeEnd = i
		i++
	case string(b[:9]) == `{"t":null`:
		i = 9
	default:
		return e, false
	}

	// 16 bytes hold any of the two next keys, and the eight that leadingDigits
	// looks at.
	if len(b)-i < 16 || string(b[i:i+5]) != `,"s":` {
		return e, false
	}
	i += 5
	switch seq, n := leadingDigits(load(b, i)); {
	case n == 0:
		if string(b[i:i+4]) != "null" {
			return e, false
		}
		i += 4
	case n > 1 && b[i] == '0':
		return e, false
	case n < 8:
		e.Seq = int64(seq)
		i += n
	default: // up to 15 digits: longer than any session lasts
		i += 8
		if len(b)-i < 8 {
			return e, false
		}
		more, n := leadingDigits(load(b, i))
		if n == 8 {
			return e, false
		}
		e.Seq = int64(seq*powers10[n] + more)
		i += n
	}

	if len(b)-i < 16 || string(b[i:i+6]) != `,"op":` {
		return e, false
	}
	i += 6
	op, digits := leadingDigits(load(b, i))
	if digits == 0 || digits > 2 || digits == 2 && b[i] == '0' {
		return e, false
	}
	e.Op = int64(op)
	i += digits

	if len(b)-i < 8 || string(b[i:i+5]) != `,"d":` {
		return e, false
	}
	i += 5
	if b[i] != '{' && b[i] != '[' {
		return e, false
	}
	e.DataStart = i
	end, reason := skipContainer(b, i)
	if reason != "" {
		return e, false
	}
	e.DataEnd = end
	end = skipSpace(b, end)
	return e, end < len(b) && b[end] == '}' && skipSpace(b, end+1) == len(b)
}

var powers10 = [8]uint64{1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000}
