package lazyjson

import (
	"errors"
	"strconv"
)

// ErrMissing is the error of a [Value] that is not there: its path leads to no
// value in a document that is otherwise in order as far as it was read.
var ErrMissing = errors.New("lazyjson: no such value")

// A SyntaxError tells that bytes are no JSON, or no envelope of a gateway
// payload.
type SyntaxError struct {
	Offset int64  // of the byte that is wrong, counted from the start of what Peek, Check or ValueOf was given
	Reason string // what is wrong with it
}

// Error names the reason and the offset.
func (e *SyntaxError) Error() string {
	return "lazyjson: " + e.Reason + " at offset " + strconv.FormatInt(e.Offset, 10)
}

// Truncated reports whether nothing is wrong but that the bytes end too early: they
// may be the start of a valid document, as far as they were read.
func (e *SyntaxError) Truncated() bool {
	return e.Reason == reasonEnd
}

// A TypeError tells that a value is there, and is not what it was asked for: a
// string as a bool, 1.5 or 1e3 as an int64, 300 digits as a float64.
type TypeError struct {
	Offset int64  // of the value, counted from the start of what ValueOf was given
	Kind   Kind   // what the value is
	Want   string // what it was asked for: "string", "bool", "int64", "uint64", "float64", "snowflake" or "array or object"
}

// Error names what the value is, its offset, and what it was asked for.
func (e *TypeError) Error() string {
	return "lazyjson: " + e.Kind.String() + " at offset " + strconv.FormatInt(e.Offset, 10) + " is no " + e.Want
}

// Reasons that are given in more than one place.
const (
	reasonEnd      = "unexpected end"
	reasonTrailing = "data behind the end"
	reasonValue    = "no value"
)
