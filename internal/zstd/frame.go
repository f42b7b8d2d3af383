package zstd

import (
	"encoding/binary"
	"math"
)

const (
	frameMagic    = 0xfd2fb528 // RFC 8878 section 3.1.1
	skippable     = 0x184d2a50 // and 15 more (3.1.2)
	magicSize     = 4
	skippableSize = 8 // of a skippable frame's header
	checksumSize  = 4
)

// A frame is what its header says (RFC 8878 section 3.1.1.1).
type frame struct {
	window   int    // Window_Size
	checksum bool   // a Content_Checksum follows the last block
	sized    bool   // it has a Frame_Content_Size
	left     uint64 // of that, what is not yet put out
}

// blockMax is Block_Maximum_Size (RFC 8878 section 3.1.1.2.4).
func (f *frame) blockMax() int { return min(f.window, maxBlock) }

// skippableFrame returns the size of the skippable frame that begins at src, 0 if
// another frame does (RFC 8878 section 3.1.2). It is refused if its content is over
// the limit of the output: until it is whole, someone has to keep it.
func skippableFrame(src []byte, limit int) (size int, v verdict) {
	if len(src) < magicSize {
		begun := uint64(1)<<(8*len(src)) - 1
		if m := littleEndian(src); m != frameMagic&begun && m&^15 != skippable&begun {
			return 0, badMagic
		}
		return 0, truncated
	}
	switch m := binary.LittleEndian.Uint32(src); {
	case m == frameMagic:
		return 0, ok
	case m&^15 != skippable:
		return 0, badMagic
	case len(src) < skippableSize:
		return 0, truncated
	}
	content := binary.LittleEndian.Uint32(src[magicSize:])
	if uint64(content) > uint64(limit) {
		return 0, tooLarge
	}
	if int(content) > len(src)-skippableSize {
		return 0, truncated
	}
	return skippableSize + int(content), ok
}

// parseFrame reads the header of the frame that begins at src (RFC 8878 section
// 3.1.1.1), and returns its size. If the window is too wide, f has its size in
// left.
func parseFrame(src []byte, maxWindow int) (f frame, size int, v verdict) {
	if len(src) <= magicSize {
		return f, 0, truncated
	}
	descriptor := src[magicSize]
	if descriptor>>3&1 == 1 {
		return f, 0, badFrame
	}
	single := descriptor>>5&1 == 1
	f.checksum = descriptor>>2&1 == 1
	windowField := 1
	if single {
		windowField = 0
	}
	dictionaryField := [...]int{0, 1, 2, 4}[descriptor&3]
	sizeField := [...]int{0, 2, 4, 8}[descriptor>>6]
	if single && sizeField == 0 {
		sizeField = 1
	}
	fields := src[magicSize+1:]
	if len(fields) < windowField+dictionaryField+sizeField {
		return f, 0, truncated
	}
	size = magicSize + 1 + windowField + dictionaryField + sizeField

	window := uint64(0)
	if !single {
		base := uint64(1) << (10 + fields[0]>>3)
		window = base + base/8*uint64(fields[0]&7)
	}
	fields = fields[windowField:]
	if littleEndian(fields[:dictionaryField]) != 0 {
		return f, 0, dictionary
	}
	if sizeField > 0 {
		f.sized = true
		f.left = littleEndian(fields[dictionaryField:][:sizeField])
		if sizeField == 2 {
			f.left += 256
		}
	}
	if single {
		window = f.left
	}
	if window > uint64(maxWindow) {
		f.left = window
		return f, 0, wideWindow
	}
	f.window = int(window)
	return f, size, ok
}

// littleEndian is the number in b.
func littleEndian(b []byte) (n uint64) {
	for i, c := range b {
		n |= uint64(c) << (8 * i)
	}
	return n
}

// windowLimit is a MaxWindow, or the default for it, or what offsets can reach.
func windowLimit(maxWindow int) int {
	if maxWindow <= 0 {
		return DefaultMaxWindow
	}
	return min(maxWindow, math.MaxInt32)
}

// nextFrame passes a skippable frame, or begins a frame.
func (d *Decoder) nextFrame() verdict {
	src := d.src[d.pos:]
	size, v := skippableFrame(src, d.limit)
	if v == ok && size == 0 {
		var f frame
		if f, size, v = parseFrame(src, windowLimit(d.MaxWindow)); v == ok {
			d.beginFrame(f)
		}
	}
	d.pos += size
	return v
}

// beginFrame makes the stream one of a frame that begins behind the output.
func (d *Decoder) beginFrame(f frame) {
	s := d.stream
	s.frame = f
	s.phase = atBlock
	s.history.reset(f.window)
	s.forget()
	d.base = d.size
}

// endFrame ends the frame with the output, and skips the checksum: it cannot
// be compared without hashing all of a stream, which does not end.
func (d *Decoder) endFrame() verdict {
	s := d.stream
	if s.frame.sized && s.frame.left > 0 {
		return badContentSize
	}
	if s.frame.checksum {
		if len(d.src)-d.pos < checksumSize {
			return truncated
		}
		d.pos += checksumSize
	}
	s.phase = atFrame
	return ok
}
