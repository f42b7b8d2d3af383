package inflate

import (
	"errors"
	"strconv"
)

var (
	// ErrTooLarge is returned for output over the limit.
	ErrTooLarge = errors.New("inflate: output over the limit")

	// ErrTruncated is returned by [Decoder.DecodeWhole] for a stream that
	// goes on behind the bytes that were given.
	ErrTruncated = errors.New("inflate: stream is truncated")

	// ErrEnded is returned for bytes behind the end of a stream, which is a
	// final block and its checksum.
	ErrEnded = errors.New("inflate: data behind the end of the stream")

	// ErrSplit is returned for a message that looked complete maxTries
	// times and was not: the end marker by chance occurs once in 2³² bytes.
	ErrSplit = errors.New("inflate: message is split too often")
)

// A CorruptError says that the bytes are no zlib stream.
type CorruptError struct {
	// Offset counts the bytes of the message, or of the whole stream, up to
	// the one in which reading stopped.
	Offset int64
	// Reason names what is wrong.
	Reason string
}

// Error names the reason and the offset.
func (e *CorruptError) Error() string {
	return "inflate: " + e.Reason + " at byte " + strconv.FormatInt(e.Offset, 10)
}

// A verdict is what a step of decoding comes to. Those that are no
// corruption come first.
type verdict uint8

const (
	more      verdict = iota // the block goes on
	blockEnd                 // the block is complete
	truncated                // the message ends in the middle
	tooLarge                 // the output is over the limit
	ended                    // bytes behind the end of the stream

	badMethod
	badWindow
	badHeader
	badDictionary
	badBlock
	badStored
	badCounts
	badLengthCode
	badRepeat
	badLiteralCode
	badDistanceCode
	noEndOfBlock
	badSymbol
	badDistance
	farDistance
	badChecksum
)

var reasons = [...]string{
	badMethod:       "compression method is not deflate",
	badWindow:       "window is larger than 32 KiB",
	badHeader:       "header check does not match",
	badDictionary:   "preset dictionary is not supported",
	badBlock:        "reserved block type",
	badStored:       "stored block length and its complement differ",
	badCounts:       "too many literal/length or distance codes",
	badLengthCode:   "code length code is over-subscribed or incomplete",
	badRepeat:       "code length repeat without a length or over the end",
	badLiteralCode:  "literal/length code is over-subscribed or incomplete",
	badDistanceCode: "distance code is over-subscribed or incomplete",
	noEndOfBlock:    "end-of-block code is missing",
	badSymbol:       "unused literal/length code",
	badDistance:     "unused distance code",
	farDistance:     "distance reaches behind the start of the stream",
	badChecksum:     "Adler-32 checksum does not match",
}

// err returns the error that v stands for, at the given offset.
func (v verdict) err(offset int64) error {
	switch v {
	case more, blockEnd:
		return nil
	case truncated:
		return ErrTruncated
	case tooLarge:
		return ErrTooLarge
	case ended:
		return ErrEnded
	}
	return &CorruptError{Offset: offset, Reason: reasons[v]}
}
