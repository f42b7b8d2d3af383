package zstd

// A scan goes over the headers of a message's frames and blocks, before anything
// of it is decoded. It finds out whether the message is whole, which is when it
// ends between two blocks or between two frames, and what its output can be. It
// goes on where it stopped when more of the message has come, so that each header
// is read once.
type scan struct {
	begun bool // the rest is of a message that goes on
	phase phase
	frame frame
	pos   int // in the message, of the header to read next

	// Of the output: what raw and RLE blocks say that they hold, and the most that
	// all blocks can hold, up to a block over the limit.
	least, most int
}

// begin makes the scan one of the next message, if it does not go on.
func (c *scan) begin(s phase, f frame) {
	if !c.begun {
		*c = scan{begun: true, phase: s, frame: f}
	}
}

// run reads the headers of src, from where it stopped. It returns ok if the
// message is whole, truncated if it goes on, or what is wrong. Where the output
// is certain to be over the limit it reads no further.
func (c *scan) run(src []byte, maxWindow, limit int) (v verdict) {
	for c.pos < len(src) {
		if v, _ := c.step(src, maxWindow, limit); v != ok {
			return v
		}
		if c.least > limit {
			return tooLarge
		}
		c.most = min(c.most, limit+maxBlock)
	}
	return ok
}

// A part is what a step has read.
type part uint8

const (
	skippedFrame part = iota
	frameHeader
	emptyBlock // a raw or RLE block that holds nothing
	fullBlock
	lastBlock // with the checksum, if the frame has one
)

// step reads a header and passes what belongs to it: a skippable frame, the header
// of a frame, or a block. Nothing is passed unless all of it is there.
func (c *scan) step(src []byte, maxWindow, limit int) (v verdict, p part) {
	src = src[c.pos:]
	if c.phase == atFrame {
		size, v := skippableFrame(src, limit)
		if v != ok || size > 0 {
			c.pos += size
			return v, skippedFrame
		}
		f, size, v := parseFrame(src, maxWindow)
		if v == ok {
			c.phase, c.frame = atBlock, f
			c.pos += size
		}
		return v, frameHeader
	}

	b, v := parseBlock(src, c.frame.blockMax())
	if v != ok {
		return v, fullBlock
	}
	size := blockHeaderSize + b.stored
	p = fullBlock
	if b.size == 0 && b.kind != compressedBlock {
		p = emptyBlock
	}
	if b.last {
		p = lastBlock
		if c.frame.checksum {
			size += checksumSize
		}
	}
	if size > len(src) {
		return truncated, p
	}
	if b.last {
		c.phase = atFrame
	}
	c.pos += size
	if b.kind == compressedBlock {
		c.most += c.frame.blockMax()
	} else {
		c.least += b.size
		c.most += b.size
	}
	return ok, p
}
