package zstd

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

// literalsSection decodes the literals section (RFC 8878 section 3.1.1.3.1)
// of the block that ends at end.
func (d *Decoder) literalsSection(end int) verdict {
	src, pos := d.src[:end], d.pos
	if pos >= end {
		return badLiteralsHeader
	}
	kind, format := src[pos]&3, src[pos]>>2&3
	header := literalsHeaderSizes[kind>>1][format]
	if end-pos < header {
		return badLiteralsHeader
	}
	var fields uint64
	for i, b := range src[pos : pos+header] {
		fields |= uint64(b) << (8 * i)
	}
	d.pos += header

	if kind <= rleLiterals {
		size := int(fields >> 4)
		if format&1 == 0 {
			size = int(fields >> 3)
		}
		if size > d.blockMax {
			return badLiteralsSize
		}
		if kind == rleLiterals {
			return d.rleLiterals(size, end)
		}
		return d.rawLiterals(size, end)
	}

	width := literalsSizeWidths[format]
	size := int(fields >> 4 & (1<<width - 1))
	compressed := int(fields >> (4 + width) & (1<<width - 1))
	if size > d.blockMax {
		return badLiteralsSize
	}
	if compressed > end-d.pos {
		return truncatedLiterals
	}
	end = d.pos + compressed
	if v := d.tree(kind == compressedLiterals, end); v != ok {
		return v
	}
	d.literals = d.literalsMemory()
	d.literalsSize = size
	b := d.bitStream(d.pos, end)
	v := badLiteralsSize
	if format == 0 {
		v = d.oneStream(b, d.literals[:size])
	} else if size >= minFourStreams {
		v = d.fourStreams(b, d.literals[:size])
	}
	if v == ok {
		d.pos = end
	}
	return v
}

// rawLiterals takes literals as they are (RFC 8878 section 3.1.1.3.1.2):
// where they lie, if enough bytes follow them in the message.
func (d *Decoder) rawLiterals(size, end int) verdict {
	if size > end-d.pos {
		return truncatedLiterals
	}
	d.literalsSize = size
	if len(d.src)-d.pos-size >= room {
		d.literals = d.src[d.pos : d.pos+size+room]
	} else {
		d.literals = d.literalsMemory()
		copy(d.literals, d.src[d.pos:d.pos+size])
	}
	d.pos += size
	return ok
}

// rleLiterals repeats a literal (RFC 8878 section 3.1.1.3.1.3).
func (d *Decoder) rleLiterals(size, end int) verdict {
	if d.pos >= end {
		return truncatedLiterals
	}
	d.literals = d.literalsMemory()
	d.literalsSize = size
	fill(d.literals[:size], d.src[d.pos])
	d.pos++
	return ok
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
// before it.
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
