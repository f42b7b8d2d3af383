package inflate

import (
	"encoding/binary"
	"hash/adler32"
	"math"
)

// Lengths of what surrounds the blocks of a stream (RFC 1950 section 2.2).
const (
	headerSize   = 2
	checksumSize = 4
)

// A Decoder has what decoding a message needs and nothing that outlasts one:
// tables, and the memory of the output. One serves any number of streams, and
// is used by one goroutine at a time. The zero value is ready.
type Decoder struct {
	src  []byte // the message and padding behind it
	end  int    // of the message in src
	last int    // pos behind which no bit of the message is unread
	in   bitReader

	out   []byte // the output and room behind it
	size  int    // of the output
	limit int
	past  *history // what was put out before

	final   bool // the last block was the stream's last
	flushed bool // the last block was an empty stored one

	// cold is set for a small message of another stream than the message
	// before, whose window has probably left the processor's cache.
	cold   bool
	recent *history

	input, output scratch

	pre         [preSize]entry
	dynamic     codes
	lits, dists alphabet
	batch       batch
}

// Decode decodes a message of s: src has all its bytes so far, from the first
// one on. See the package documentation for what makes a message whole.
//
// A whole message is done. Its output, at most limit bytes, is borrowed: it
// is valid until the next call of a method of d, and not to be written. It
// is empty (and no event) if the message only flushed.
//
// A message that is not whole is not done, without an error, and s is as it
// was before: the caller keeps the bytes, appends those of the next part,
// and calls again with all of them.
//
// The errors are [*CorruptError] with an offset in src, [ErrTooLarge],
// [ErrEnded] and [ErrSplit]. All of them leave s as it was, but without a use
// other than Reset: what follows cannot be decoded without what failed.
//
// Decode reads src up to its capacity, or copies it if fewer than 32 bytes
// lie between its length and its capacity. It keeps no reference to it.
func (d *Decoder) Decode(s *Stream, src []byte, limit int) (out []byte, done bool, err error) {
	if s.phase == atEnd && len(src) > 0 {
		return nil, false, ErrEnded
	}
	// Only a first part is worth a try without the marker: it shows whether
	// the stream ends or is corrupt.
	if len(src) == 0 || s.tries > 0 && !hasMarker(src) {
		return nil, false, nil
	}
	if s.tries >= maxTries {
		return nil, false, ErrSplit
	}
	d.start(src, limit, &s.history)
	v := d.message(s.phase == atHeader)
	out, err = d.finish(v)
	if v == truncated {
		s.tries++
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	s.history.append(out)
	s.tries = 0
	s.phase = atBlock
	if d.final {
		s.phase = atEnd
	}
	return out, true, nil
}

// DecodeWhole decodes a whole zlib stream (RFC 1950), as a payload of
// Discord's payload compression is, and checks its Adler-32. Its output, at
// most limit bytes, is borrowed as that of Decode. The errors are
// [*CorruptError] with an offset in src, [ErrTooLarge], [ErrTruncated] and
// [ErrEnded]. What Decode says about src holds here too.
func (d *Decoder) DecodeWhole(src []byte, limit int) (out []byte, err error) {
	d.start(src, limit, &noHistory)
	v := d.message(true)
	if v == blockEnd && !d.final {
		v = truncated
	}
	if v == blockEnd && adler32.Checksum(d.out[:d.size]) != binary.BigEndian.Uint32(src[len(src)-checksumSize:]) {
		v = badChecksum
	}
	return d.finish(v)
}

// noHistory is that of a stream which has none; it is never written.
var noHistory history

// start makes d ready for a message.
func (d *Decoder) start(src []byte, limit int, past *history) {
	d.end = len(src)
	d.last = d.end + slack
	if cap(src)-len(src) >= padding {
		d.src = src[:len(src)+padding]
	} else {
		d.src = d.input.take(len(src)+padding, len(src)+padding)[:len(src)+padding]
		copy(d.src, src)
	}
	d.in = bitReader{}
	d.limit = min(max(limit, 0), math.MaxInt-room)
	d.out = d.output.take(1, 1)
	d.size = 0
	d.past = past
	d.cold = past != d.recent && len(src) <= coldMessage
	d.recent = past
}

// message decodes all of src. It returns blockEnd for a whole message.
func (d *Decoder) message(header bool) verdict {
	if header {
		if d.end < headerSize {
			return truncated
		}
		if v := zlibHeader(d.src); v != more {
			return v
		}
		d.in.pos = headerSize
	}
	for {
		if v := d.block(); v != blockEnd {
			return v
		}
		if d.final {
			d.in = bitReader{pos: d.in.align() + checksumSize}
			switch {
			case d.in.pos > d.end:
				return truncated
			case d.in.pos < d.end:
				return ended
			}
			return blockEnd
		}
		if d.flushed && d.in.pos == d.end {
			return blockEnd
		}
	}
}

// finish returns the output or the error that v stands for, and lets go of
// what start was given.
func (d *Decoder) finish(v verdict) ([]byte, error) {
	out := d.out[:d.size:d.size]
	d.input.done(d.end)
	d.output.done(d.size)
	d.src, d.out, d.past = nil, nil, nil
	if v != blockEnd {
		d.input.shrink()
		d.output.shrink()
		return nil, v.err(max(d.in.read()-1, 0) / 8)
	}
	return out, nil
}

// reserve makes room in out for n more bytes, and room behind them. It
// returns false if the limit allows no more.
func (d *Decoder) reserve(n int) bool {
	if n > d.limit-d.size {
		return false
	}
	if n += d.size + room; n > len(d.out) {
		old := d.out[:d.size]
		d.out = d.output.take(n, d.limit+room)
		copy(d.out, old)
	}
	return true
}
