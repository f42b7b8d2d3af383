package trace

import (
	"errors"
	"strconv"
)

// A FormatError tells that a file is no trace, is damaged, or is of another version.
type FormatError struct {
	File   string // its path, "" where it has none
	Offset int64  // of what is wrong, in bytes from the file's beginning
	Reason string // what is wrong
	Remedy string // what helps
	Newer  bool   // nothing is wrong, but that the format is newer than this package

	err error // of the library that found the damage
}

// Error names the file, the offset, what is wrong and what helps.
func (e *FormatError) Error() string {
	file := e.File
	if file == "" {
		file = "the trace"
	}
	text := "trace: " + file + ": offset " + itoa(e.Offset) + ": " + e.Reason
	if e.Remedy != "" {
		text += "; " + e.Remedy
	}
	return text
}

// Unwrap returns what a library found, nil for what this package found.
func (e *FormatError) Unwrap() error { return e.err }

// ErrClosed is the error of writing to a [Writer] that is closed.
var ErrClosed = errors.New("trace: the file is closed")

// What helps against damage.
const (
	remedyRepair = "`sluice trace repair` keeps every block that is whole"
	remedyCopy   = "it cannot be repaired; take another copy"
)

func damage(offset int64, reason, remedy string) *FormatError {
	return &FormatError{Offset: offset, Reason: reason, Remedy: remedy}
}

// in returns the error with the file's name; nil for nil.
func (e *FormatError) in(file string) error {
	if e == nil {
		return nil
	}
	e.File = file
	return e
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
