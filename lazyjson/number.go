package lazyjson

import (
	"math"
	"math/bits"
	"strconv"
)

// Reasons why a number is not the integer that it should be.
const (
	reasonInteger = "no integer"
	reasonRange   = "number out of range"
)

// An integer is a number without fraction and exponent. −0 is one.
type integer struct {
	negative  bool
	magnitude uint64
}

// consumeInteger takes the integer that begins at b[i]: with a magnitude beyond
// 64 bits it is out of range.
func consumeInteger(b []byte, i int) (n integer, end int, reason string) {
	if i < len(b) && b[i] != '-' && b[i]-'0' > 9 {
		return n, i, reasonInteger
	}
	end, whole, reason := consumeNumber(b, i)
	if reason != "" {
		return n, end, reason
	}
	if !whole {
		return n, i, reasonInteger
	}
	digits := b[i:end]
	if digits[0] == '-' {
		n.negative = true
		digits = digits[1:]
	}
	var ok bool
	if n.magnitude, ok = parseDigits(digits); !ok {
		return n, i, reasonRange
	}
	return n, end, ""
}

// parseDigits returns the value of b, which is all digits. It reports false if
// that is beyond 64 bits.
func parseDigits(b []byte) (value uint64, ok bool) {
	for _, c := range b {
		hi, lo := bits.Mul64(value, 10)
		sum, carry := bits.Add64(lo, uint64(c-'0'), 0)
		if hi|carry != 0 {
			return 0, false
		}
		value = sum
	}
	return value, true
}

// Int returns the value as a signed integer. It has to be a number without
// fraction and exponent that fits.
func (v Value) Int() (int64, error) {
	n, err := v.integer("int64")
	if err != nil {
		return 0, err
	}
	if n.negative {
		if n.magnitude > 1<<63 {
			return 0, v.typeError("int64")
		}
		return int64(-n.magnitude), nil
	}
	if n.magnitude > math.MaxInt64 {
		return 0, v.typeError("int64")
	}
	return int64(n.magnitude), nil
}

// Uint returns the value as an unsigned integer. It has to be a number without
// sign, fraction and exponent that fits.
func (v Value) Uint() (uint64, error) {
	n, err := v.integer("uint64")
	if err != nil {
		return 0, err
	}
	if n.negative {
		return 0, v.typeError("uint64")
	}
	return n.magnitude, nil
}

// integer returns the value, which is asked for as want.
func (v Value) integer(want string) (integer, error) {
	if err := v.scalar(KindNumber, want); err != nil {
		return integer{}, err
	}
	n, _, reason := consumeInteger(v.raw, 0)
	if reason != "" {
		return integer{}, v.typeError(want)
	}
	return n, nil
}

// Float returns the value as the nearest float64. It has to be a number within
// the range of one. A number of more than 32 bytes costs an allocation.
func (v Value) Float() (float64, error) {
	if err := v.scalar(KindNumber, "float64"); err != nil {
		return 0, err
	}
	f, err := strconv.ParseFloat(string(v.raw), 64)
	if err != nil { // out of range: the grammar of JSON is part of that of ParseFloat
		return 0, v.typeError("float64")
	}
	return f, nil
}

// Bool returns the value, which has to be true or false.
func (v Value) Bool() (bool, error) {
	if err := v.scalar(KindBool, "bool"); err != nil {
		return false, err
	}
	return v.raw[0] == 't', nil
}

// Snowflake returns the value as an id (Discord: API Reference, Snowflakes): a
// string of 1 to 20 decimal digits, as Discord writes ids, or a number that
// Uint takes; either way it has to fit.
func (v Value) Snowflake() (uint64, error) {
	switch v.Kind() {
	case KindString:
		return v.digits()
	case KindNumber:
		n, err := v.integer("snowflake")
		if err != nil {
			return 0, err
		}
		if n.negative {
			return 0, v.typeError("snowflake")
		}
		return n.magnitude, nil
	}
	return 0, v.wrongKind("snowflake")
}

// digits returns the value of a string of digits.
func (v Value) digits() (uint64, error) {
	if err := v.scalar(KindString, "snowflake"); err != nil {
		return 0, err
	}
	const most = len("18446744073709551615")
	text := v.raw[1 : len(v.raw)-1]
	var resolved [most * len(`\u0031`)]byte
	if !allDigits(text) && len(text) <= len(resolved) {
		text = appendText(resolved[:0], text)
	}
	if len(text) == 0 || len(text) > most || !allDigits(text) {
		return 0, v.typeError("snowflake")
	}
	id, ok := parseDigits(text)
	if !ok {
		return 0, v.typeError("snowflake")
	}
	return id, nil
}

func allDigits(b []byte) bool {
	return skipDigits(b, 0) == len(b)
}
