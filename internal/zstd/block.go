package zstd

// Block types (RFC 8878 section 3.1.1.2.2).
const (
	rawBlock = iota
	rleBlock
	compressedBlock
)

const (
	blockHeaderSize = 3
	maxBlock        = 128 << 10 // Block_Maximum_Size, unless the window is smaller
)

// A block is what its header says (RFC 8878 section 3.1.1.2).
type block struct {
	last   bool
	kind   int
	size   int // Block_Size
	stored int // bytes that follow the header
}

// parseBlock reads the header of the block that begins at src.
func parseBlock(src []byte, blockMax int) (b block, v verdict) {
	if len(src) < blockHeaderSize {
		return b, truncated
	}
	header := int(src[0]) | int(src[1])<<8 | int(src[2])<<16
	b = block{last: header&1 == 1, kind: header >> 1 & 3, size: header >> 3}
	b.stored = b.size
	switch {
	case b.size > blockMax:
		return b, badBlockSize
	case b.kind > compressedBlock:
		return b, badBlock
	case b.kind == rleBlock:
		b.stored = 1
	}
	return b, ok
}

// block decodes a block, and ends the frame behind its last one.
func (d *Decoder) block() verdict {
	s := d.stream
	d.blockMax = s.frame.blockMax()
	src := d.src[d.pos:]
	b, v := parseBlock(src, d.blockMax)
	if v != ok {
		return v
	}
	if src = src[blockHeaderSize:]; len(src) < b.stored {
		return truncated
	}
	d.pos += blockHeaderSize

	before := d.size
	switch b.kind {
	case rawBlock:
		d.makeRoom(b.size)
		d.size += copy(d.out[d.size:], src[:b.size])
		d.pos += b.size
	case rleBlock:
		d.makeRoom(b.size)
		fill(d.out[d.size:][:b.size], src[0])
		d.size += b.size
		d.pos++
	case compressedBlock:
		d.makeRoom(d.blockMax)
		if v := d.compressed(d.pos + b.size); v != ok {
			return v
		}
	}
	if d.size > d.limit {
		return tooLarge
	}
	if s.frame.sized {
		n := uint64(d.size - before)
		if n > s.frame.left {
			return badContentSize
		}
		s.frame.left -= n
	}
	if b.last {
		return d.endFrame()
	}
	return ok
}

// compressed decodes a compressed block (RFC 8878 section 3.1.1.2.3) that
// ends at end.
//
// Where another stream was decoded since this one's last tree, the first sequences are
// read before the literals are decoded: their matches are likely to lie in memory that is
// in no cache, which comes meanwhile.
func (d *Decoder) compressed(end int) verdict {
	literals, v := d.literalsHeader(end)
	if v != ok {
		return v
	}
	d.pos = literals.end
	if v := d.sequencesSection(end, literals.size); v != ok {
		return v
	}
	var sequences []sequence
	cold := d.stream.tree.tag != d.treeTag
	if cold {
		if sequences, v = d.nextSequences(); v != ok {
			return v
		}
		d.prefetch(sequences)
	}
	stream := d.pos
	if v := d.decodeLiterals(literals); v != ok {
		return v
	}
	d.pos = stream
	for d.reader.left > 0 || len(sequences) > 0 {
		if v := d.execute(sequences); v != ok {
			return v
		}
		if v := d.run(); v != ok {
			return v
		}
		if sequences, v = d.nextSequences(); v != ok {
			return v
		}
	}
	d.size += copy(d.out[d.size:], d.literals[:d.reader.literals])
	d.pos = end
	return ok
}
