package zstd

import "encoding/binary"

// Kinds of a literals section (RFC 8878 section 3.1.1.3.1.1).
const (
	rawLiterals = iota
	rleLiterals
	compressedLiterals
	treelessLiterals
)

// By Size_Format: the size of the header, of raw and RLE literals and of the
// others, and the bits of a size in that of the others.
var (
	literalsHeaderSizes = [2][4]int{{1, 2, 1, 3}, {3, 3, 4, 5}}
	literalsSizeWidths  = [4]int{10, 10, 14, 18}
)

// minFourStreams is the least size of literals in four streams: with fewer,
// the three of equal size would be all, or more.
const minFourStreams = 6

// A literalsSection is what the header of a literals section says.
type literalsSection struct {
	kind       byte
	four       bool // four streams
	size       int  // of the literals
	start, end int  // of the content, in the message
}

// literalsHeader reads the header of the literals section (RFC 8878 section
// 3.1.1.3.1.1) of the block that ends at end.
func (d *Decoder) literalsHeader(end int) (s literalsSection, v verdict) {
	src, pos := d.src[:end], d.pos
	if pos >= end {
		return s, badLiteralsHeader
	}
	kind, format := src[pos]&3, src[pos]>>2&3
	header := literalsHeaderSizes[kind>>1][format]
	if end-pos < header {
		return s, badLiteralsHeader
	}
	var fields uint64
	if end-pos >= 8 {
		fields = binary.LittleEndian.Uint64(src[pos:]) & (1<<(8*header) - 1)
	} else {
		fields = littleEndian(src[pos : pos+header])
	}
	d.pos += header

	s.kind = kind
	content := 1
	if kind <= rleLiterals {
		s.size = int(fields >> 4)
		if format&1 == 0 {
			s.size = int(fields >> 3)
		}
		if kind == rawLiterals {
			content = s.size
		}
	} else {
		width := literalsSizeWidths[format]
		s.size = int(fields >> 4 & (1<<width - 1))
		content = int(fields >> (4 + width) & (1<<width - 1))
		s.four = format != 0
	}
	if s.size > d.blockMax || s.four && s.size < minFourStreams {
		return s, badLiteralsSize
	}
	if content > end-d.pos {
		return s, truncatedLiterals
	}
	s.start = d.pos
	s.end = s.start + content
	return s, ok
}

// decodeLiterals decodes the content of a literals section (RFC 8878 sections
// 3.1.1.3.1.2 to 3.1.1.3.1.6). Raw literals stay where they lie, if enough
// bytes follow them in the message.
func (d *Decoder) decodeLiterals(s literalsSection) verdict {
	d.pos = s.start
	if s.kind == rawLiterals && len(d.src)-s.end >= room {
		d.literals = d.src[s.start : s.end+room]
		return ok
	}
	d.literals = d.literalsMemory()
	dst := d.literals[:s.size]
	switch s.kind {
	case rawLiterals:
		copy(dst, d.src[s.start:s.end])
		return ok
	case rleLiterals:
		fill(dst, d.src[s.start])
		return ok
	}
	if v := d.tree(s.kind == compressedLiterals, s.end); v != ok {
		return v
	}
	b := d.bitStream(d.pos, s.end)
	if s.four {
		return d.fourStreams(b, dst)
	}
	return d.oneStream(b, dst)
}

// fill sets all of b to c.
func fill(b []byte, c byte) {
	n := min(len(b), 16)
	for i := range b[:n] {
		b[i] = c
	}
	for n < len(b) { // twice as much each time
		n += copy(b[n:], b[:n])
	}
}

// literalsMemory is the decoder's own, for a block of any size.
func (d *Decoder) literalsMemory() []byte {
	if d.literalsBuffer == nil {
		d.literalsBuffer = make([]byte, maxBlock+room)
	}
	return d.literalsBuffer
}

// tree makes the literals' table that of the block: a new one, whose
// description is at pos, or the stream's last.
func (d *Decoder) tree(fresh bool, end int) verdict {
	t := &d.stream.tree
	if fresh {
		t.size = uint8(copy(t.data[front:front+maxTreeSize], d.src[d.pos:end]))
		t.tag = d.newTag()
	} else if t.tag == 0 {
		return noTree
	}
	if d.treeTag == t.tag {
		return ok
	}
	d.treeTag = 0
	used, v := d.parseTree(t.data[:], int(t.size))
	if v != ok {
		return v
	}
	d.treeTag = t.tag
	if fresh {
		d.pos += used
	}
	return ok
}

// bitStream is the part of the message from start to end, with front bytes
// before it. One of a block's is so near to the message's start that these
// have to be put there: sequences whose block has literals in bit streams
// begin behind front bytes.
func (d *Decoder) bitStream(start, end int) []byte {
	if start >= front {
		return d.src[start-front : end]
	}
	if d.fronted == nil {
		d.fronted = make([]byte, front+maxBlock)
	}
	n := copy(d.fronted[front:], d.src[start:end])
	return d.fronted[:front+n]
}
