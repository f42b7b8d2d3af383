package zstd

import (
	"errors"
	"strconv"
)

var (
	// ErrTooLarge is returned for output over the limit.
	ErrTooLarge = errors.New("zstd: output over the limit")

	// ErrDictionary is returned for a frame that asks for a dictionary.
	ErrDictionary = errors.New("zstd: dictionaries are not supported")

	// ErrFailed is returned for a message behind one that could not be
	// decoded.
	ErrFailed = errors.New("zstd: stream failed before and was not reset")
)

// A CorruptError says that the bytes are no Zstandard data.
type CorruptError struct {
	// Offset counts the bytes of the message up to the part that is wrong:
	// a header, a table's description, or a bit stream.
	Offset int64
	// Section is that of RFC 8878 which the bytes do not follow.
	Section string
	// Reason names what is wrong.
	Reason string
}

// Error names the reason, the offset and the section.
func (e *CorruptError) Error() string {
	return "zstd: " + e.Reason + " at byte " + strconv.FormatInt(e.Offset, 10) + " (RFC 8878 section " + e.Section + ")"
}

// A WindowError is returned for a frame whose window is larger than the decoder's
// MaxWindow.
type WindowError struct {
	Window uint64 // the frame's, in bytes
	Limit  int    // in bytes
}

// Error names both.
func (e *WindowError) Error() string {
	return "zstd: window of " + strconv.FormatUint(e.Window, 10) + " bytes is over the limit of " + strconv.Itoa(e.Limit)
}

// A verdict is what a step of decoding comes to. Those that are no
// corruption come first.
type verdict uint8

const (
	ok        verdict = iota
	truncated         // the message goes on
	tooLarge
	wideWindow
	dictionary

	badMagic
	badFrame
	badContentSize
	badBlock
	badBlockSize
	badLiteralsHeader
	badLiteralsSize
	truncatedLiterals
	badStreamSizes
	badLiteralsStream
	noTree
	badTreeHeader
	badWeights
	badWeightsStream
	badWeightsSum
	badSequencesHeader
	badModes
	badSymbol
	noTable
	badTable
	badSequencesStream
	badLengths
	badOffset
)

var faults = [...]struct{ section, reason string }{
	badMagic:           {"3.1.1", "magic number of no frame"},
	badFrame:           {"3.1.1.1.1", "reserved bit of the frame header is set"},
	badContentSize:     {"3.1.1.1.4", "frame has not the size that it announced"},
	badBlock:           {"3.1.1.2.2", "reserved block type"},
	badBlockSize:       {"3.1.1.2.4", "block is over the maximum size"},
	badLiteralsHeader:  {"3.1.1.3.1.1", "block ends inside the literals section header"},
	badLiteralsSize:    {"3.1.1.3.1.1", "literals are over the maximum block size"},
	truncatedLiterals:  {"3.1.1.3.1", "block ends inside the literals section"},
	badStreamSizes:     {"3.1.1.3.1.6", "sizes of the four literals streams are impossible"},
	badLiteralsStream:  {"4.2.2", "literals stream is not used up exactly"},
	noTree:             {"3.1.1.3.1.1", "treeless literals without a tree before"},
	badTreeHeader:      {"4.2.1.1", "literals section ends inside the tree description"},
	badWeights:         {"4.2.1.2", "weights have no valid table"},
	badWeightsStream:   {"4.2.1.2", "stream of weights is invalid"},
	badWeightsSum:      {"4.2.1.3", "weights make no complete code of 11 bits at most"},
	badSequencesHeader: {"3.1.1.3.2.1", "sequences section header is incomplete, or followed by more than it announces"},
	badModes:           {"3.1.1.3.2.1", "reserved bits of the compression modes are set"},
	badSymbol:          {"3.1.1.3.2.1.1", "code is over the maximum"},
	noTable:            {"3.1.1.3.2.1", "table is repeated without one before"},
	badTable:           {"4.1.1", "table description is invalid"},
	badSequencesStream: {"3.1.1.3.2.1.2", "sequences stream is not used up exactly"},
	badLengths:         {"3.1.1.4", "sequences need more literals than there are, or more output than a block may have"},
	badOffset:          {"3.1.1.5", "offset is zero or reaches behind the window or the start of the frame"},
}

// err returns the error that v stands for, at the given place of a message.
func (v verdict) err(src []byte, pos, maxWindow int) error {
	switch v {
	case ok, truncated:
		return nil
	case tooLarge:
		return ErrTooLarge
	case wideWindow:
		f, _, _ := parseFrame(src[pos:], maxWindow)
		return &WindowError{Window: f.left, Limit: maxWindow}
	case dictionary:
		return ErrDictionary
	}
	return &CorruptError{Offset: int64(pos), Section: faults[v].section, Reason: faults[v].reason}
}
