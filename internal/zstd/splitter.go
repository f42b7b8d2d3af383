package zstd

import (
	"iter"
	"math"
)

// A Splitter takes the messages of a stream apart, for a decoder that is given the
// bytes of frames. What it refuses, and where a message ends, are the same as for
// [Decoder.Decode]. It belongs to one stream. The zero value is ready.
type Splitter struct {
	// MaxWindow is as in a Decoder.
	MaxWindow int

	phase phase // in front of the message
	frame frame
	ahead scan
}

// A Piece is what a message has of one frame.
type Piece struct {
	Bytes   []byte // a slice of the message, without empty blocks at its end
	Begins  bool   // with the header of the frame
	Content bool   // with blocks that are not empty
	Ends    bool   // with the frame's last block, and its checksum if it has one
}

// Whole reports whether a message is whole, which src has all bytes of so far, from
// the first one on. The errors are those of Decode for what the headers of frames
// and blocks say; the output has to be at most limit bytes as far as these tell.
func (p *Splitter) Whole(src []byte, limit int) (whole bool, err error) {
	if p.phase == atFailure {
		return false, ErrFailed
	}
	p.ahead.begin(p.phase, p.frame)
	maxWindow := windowLimit(p.MaxWindow)
	v := p.ahead.run(src, maxWindow, outputLimit(limit))
	if v == ok || v == truncated {
		return v == ok, nil
	}
	p.phase = atFailure
	return false, v.err(src, p.ahead.pos, maxWindow)
}

// Pieces iterates over a message for which Whole has reported true, without its
// skippable frames, and goes on to the next message. It has to be used to its end.
func (p *Splitter) Pieces(src []byte) iter.Seq[Piece] {
	return func(yield func(Piece) bool) {
		c := scan{phase: p.phase, frame: p.frame}
		start, end := 0, 0
		var piece Piece
		for c.pos < len(src) {
			at := c.pos
			_, read := c.step(src, windowLimit(p.MaxWindow), math.MaxInt)
			switch read {
			case frameHeader:
				start, end, piece = at, c.pos, Piece{Begins: true}
			case fullBlock:
				if src[at]>>1&3 != compressedBlock || !holdsNothing(src[at+blockHeaderSize:c.pos]) {
					end, piece.Content = c.pos, true
				}
			case lastBlock:
				piece.Bytes, piece.Ends = src[start:c.pos], true
				if !yield(piece) {
					return
				}
			}
		}
		p.phase, p.frame, p.ahead = c.phase, c.frame, scan{}
		if c.phase == atBlock {
			piece.Bytes = src[start:end]
			yield(piece)
		}
	}
}

// holdsNothing reports whether the content of a compressed block is no literals and
// no sequences (RFC 8878 sections 3.1.1.3.1.1 and 3.1.1.3.2.1). It leaves no trace in
// what follows.
func holdsNothing(b []byte) bool {
	if len(b) == 0 || b[0]&3 > rleLiterals {
		return false
	}
	kind, format := b[0]&3, b[0]>>2&3
	n, sizeBit := literalsHeaderSizes[0][format], 3
	if format&1 != 0 {
		sizeBit = 4
	}
	if len(b) <= n || littleEndian(b[:n])>>sizeBit != 0 {
		return false
	}
	b = b[n:]
	if kind == rleLiterals {
		b = b[1:]
	}
	return len(b) == 1 && b[0] == 0
}
