package zstd

import "math"

// DefaultMaxWindow is the MaxWindow of a decoder where none is given: 8 MiB,
// which RFC 8878 section 3.1.1.1.2 recommends to support.
const DefaultMaxWindow = 8 << 20

// A Decoder has what decoding a message needs and nothing that outlasts one:
// the memory of the output, and tables, with tags that tell whose they are.
// One serves any number of streams, and is used by one goroutine at a time.
// The zero value is ready.
type Decoder struct {
	// MaxWindow is the largest window of a frame, in bytes, that is decoded:
	// as much memory as a stream can need. 0 stands for DefaultMaxWindow.
	MaxWindow int

	stream *Stream
	src    []byte // the message
	pos    int    // in src, of the part to decode next

	out      []byte // the output and room behind it
	size     int    // of the output
	base     int    // where the output of the stream's frame begins in out
	limit    int
	blockMax int // Block_Maximum_Size of the frame

	literals       []byte // of the block that are left, and room bytes behind them
	literalsBuffer []byte
	codeBits       int // of codeTable
	reader         sequenceReader
	sequences      [chunk]sequence
	places         [chunk]uint32 // of matches to prefetch

	lastTag   uint64
	treeTag   uint64
	codeTable codeTable
	tables    [sequenceCodes]table

	distribution distribution
	weightTable  stateTable
	weights      weights

	output  scratch
	fronted []byte // a bit stream from a message's first bytes
}

// Decode decodes a message of s: src has all its bytes so far, from the first
// one on. See the package documentation for what makes a message whole.
//
// A whole message is done. Its output, at most limit bytes, is borrowed: it is
// valid until the next call of a method of d, and not to be written. It is empty
// (and no event) if the message has no block, or only empty ones. No more memory
// is taken for it than its blocks can hold, or the limit and a block; a decoder has
// 256 KiB in any case.
//
// A message that is not whole is not done, without an error, and nothing of it is
// decoded: the caller keeps the bytes, appends those of the next part, and calls
// again with all of them.
//
// The errors are [*CorruptError] with an offset in src, [ErrTooLarge],
// [*WindowError], [ErrDictionary] and, for what follows one of them, [ErrFailed]:
// a stream that had an error is without a use other than Reset, unless bytes of it are
// forgotten ([Stream.Forgotten]), when it is as it was. Decode keeps no reference to src.
func (d *Decoder) Decode(s *Stream, src []byte, limit int) (out []byte, done bool, err error) {
	if !s.Forgotten() {
		return d.decode(s, src, limit)
	}
	before := *s
	if out, done, err = d.decode(s, src, limit); err != nil {
		*s = before
	}
	return out, done, err
}

// decode is Decode for a stream that remembers everything.
func (d *Decoder) decode(s *Stream, src []byte, limit int) (out []byte, done bool, err error) {
	if s.phase == atFailure {
		return nil, false, ErrFailed
	}
	limit = outputLimit(limit)
	maxWindow := windowLimit(d.MaxWindow)
	s.ahead.begin(s.phase, s.frame)
	v := s.ahead.run(src, maxWindow, limit)
	if v == truncated {
		return nil, false, nil
	}
	if v == tooLarge {
		s.phase = atFailure
		return nil, false, ErrTooLarge
	}
	// What is wrong with a header comes behind what is wrong before it.
	d.start(s, src, limit)
	v = ok
	for v == ok && d.pos < len(d.src) {
		if s.phase == atFrame {
			v = d.nextFrame()
		} else {
			v = d.block()
		}
	}
	out = d.out[:d.size:d.size]
	s.ahead = scan{}
	if v != ok {
		s.phase = atFailure
		err = v.err(src, d.pos, maxWindow)
		d.size = 0
		d.finish()
		d.output.shrink()
		return nil, false, err
	}
	if s.phase == atBlock {
		s.history.append(out[d.base:], s.frame.window)
	}
	d.finish()
	return out, true, nil
}

// outputLimit is a limit such that it and a block can be counted in an int.
func outputLimit(limit int) int { return min(max(limit, 0), math.MaxInt-maxBlock-room) }

// start makes d ready for a message that was scanned.
func (d *Decoder) start(s *Stream, src []byte, limit int) {
	d.stream = s
	d.src = src
	d.pos = 0
	d.limit = limit
	d.out = d.output.take(smallScratch)
	d.size = 0
	d.base = 0
}

// makeRoom makes room in the output for a block of at most size bytes. What all
// blocks of a message can hold is far more than most of them do: memory for that is
// taken only when the output has come to the end of what there is.
func (d *Decoder) makeRoom(size int) {
	if len(d.out)-d.size < size+room {
		before := d.out[:d.size]
		d.out = d.output.take(d.stream.ahead.most + room)
		copy(d.out, before)
	}
}

// finish lets go of what start was given.
func (d *Decoder) finish() {
	d.output.done(d.size)
	d.stream, d.src, d.out, d.literals = nil, nil, nil, nil
	d.reader.in.b = nil
}
