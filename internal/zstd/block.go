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

// block decodes a block (RFC 8878 section 3.1.1.2), and ends the frame behind
// its last one.
func (d *Decoder) block() verdict {
	s := d.stream
	d.blockMax = min(s.frame.window, maxBlock)
	d.grow(d.size + d.blockMax)
	src := d.src[d.pos:]
	if len(src) < blockHeaderSize {
		return truncatedBlock
	}
	header := int(src[0]) | int(src[1])<<8 | int(src[2])<<16
	last := header&1 == 1
	kind := header >> 1 & 3
	size := header >> 3
	if size > d.blockMax {
		return badBlockSize
	}
	stored := size
	if kind == rleBlock {
		stored = 1
	}
	if kind <= compressedBlock && stored > len(src)-blockHeaderSize {
		return truncatedBlock
	}
	d.pos += blockHeaderSize

	before := d.size
	switch kind {
	case rawBlock:
		d.size += copy(d.out[d.size:], src[blockHeaderSize:][:size])
		d.pos += size
	case rleBlock:
		fill(d.out[d.size:][:size], src[blockHeaderSize])
		d.size += size
		d.pos++
	case compressedBlock:
		if v := d.compressed(d.pos + size); v != ok {
			return v
		}
	default:
		return badBlock
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
	if last {
		return d.endFrame()
	}
	return ok
}

// compressed decodes a compressed block (RFC 8878 section 3.1.1.2.3) that
// ends at end.
//
// The first sequences are read before the literals are decoded: where their
// matches lie in memory that is in no cache, it comes meanwhile.
func (d *Decoder) compressed(end int) verdict {
	literals, v := d.literalsHeader(end)
	if v != ok {
		return v
	}
	d.pos = literals.end
	if v := d.sequencesSection(end, literals.size); v != ok {
		return v
	}
	sequences, v := d.nextSequences()
	if v != ok {
		return v
	}
	if d.stream.tree.tag != d.treeTag {
		d.prefetch(sequences)
	}
	stream := d.pos
	if v := d.decodeLiterals(literals); v != ok {
		return v
	}
	d.pos = stream
	for len(sequences) > 0 {
		if v := d.execute(sequences); v != ok {
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
