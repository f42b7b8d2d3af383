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

// frameHeader reads the header of a frame, or skips a skippable frame.
func (d *Decoder) frameHeader() verdict {
	src := d.src[d.pos:]
	if len(src) < magicSize {
		return truncatedFrame
	}
	magic := binary.LittleEndian.Uint32(src)
	if magic&^15 == skippable {
		if len(src) < skippableSize {
			return truncatedFrame
		}
		size := binary.LittleEndian.Uint32(src[magicSize:])
		if uint64(size) > uint64(len(src)-skippableSize) {
			return truncatedFrame
		}
		d.pos += skippableSize + int(size)
		return ok
	}
	if magic != frameMagic {
		return badMagic
	}
	if len(src) <= magicSize {
		return truncatedFrame
	}

	descriptor := src[magicSize]
	single := descriptor>>5&1 == 1
	f := frame{checksum: descriptor>>2&1 == 1}
	if descriptor>>3&1 == 1 {
		return badFrame
	}
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
		return truncatedFrame
	}
	d.pos += magicSize + 1 + windowField + dictionaryField + sizeField

	window := uint64(0)
	if !single {
		base := uint64(1) << (10 + fields[0]>>3)
		window = base + base/8*uint64(fields[0]&7)
	}
	fields = fields[windowField:]
	if littleEndian(fields[:dictionaryField]) != 0 {
		return dictionary
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
	if window > uint64(d.maxWindow()) {
		return wideWindow
	}
	f.window = int(window)
	d.beginFrame(f)
	return ok
}

// littleEndian is the number in b.
func littleEndian(b []byte) (n uint64) {
	for i, c := range b {
		n |= uint64(c) << (8 * i)
	}
	return n
}

// maxWindow is MaxWindow, or the default, or what offsets can reach.
func (d *Decoder) maxWindow() int {
	switch {
	case d.MaxWindow <= 0:
		return DefaultMaxWindow
	case d.MaxWindow > math.MaxInt32:
		return math.MaxInt32
	}
	return d.MaxWindow
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
			return truncatedFrame
		}
		d.pos += checksumSize
	}
	s.phase = atFrame
	return ok
}
