package zstd

import (
	"encoding/binary"
	"math/bits"
)

// Frames and blocks made by hand. A blockWriter's methods return it.
type blockWriter struct{ b []byte }

// framed begins a frame with a window of 1<<log bytes.
func framed(log int) *blockWriter {
	return &blockWriter{[]byte{0x28, 0xb5, 0x2f, 0xfd, 0, byte(log-10) << 3}}
}

// block appends a block, whose size field can differ from its content's.
func (w *blockWriter) block(last bool, kind, size int, content ...byte) *blockWriter {
	header := kind<<1 | size<<3
	if last {
		header |= 1
	}
	w.b = append(w.b, byte(header), byte(header>>8), byte(header>>16))
	w.b = append(w.b, content...)
	return w
}

// raw appends a raw block.
func (w *blockWriter) raw(content string) *blockWriter {
	return w.block(false, rawBlock, len(content), []byte(content)...)
}

// compressed appends a compressed block of the given parts.
func (w *blockWriter) compressed(parts ...[]byte) *blockWriter {
	var content []byte
	for _, p := range parts {
		content = append(content, p...)
	}
	return w.block(false, compressedBlock, len(content), content...)
}

// bytes appends bytes.
func (w *blockWriter) bytes(b ...byte) *blockWriter {
	w.b = append(w.b, b...)
	return w
}

// literalsHeader makes a header of raw and RLE literals.
func literalsHeader(kind, size int) []byte {
	switch {
	case size < 32:
		return []byte{byte(kind | size<<3)}
	case size < 4096:
		return []byte{byte(kind | 1<<2 | size<<4), byte(size >> 4)}
	}
	return []byte{byte(kind | 3<<2 | size<<4), byte(size >> 4), byte(size >> 12)}
}

// rawSection makes a section of raw literals.
func rawSection(literals string) []byte {
	return append(literalsHeader(rawLiterals, len(literals)), literals...)
}

// huffmanSection makes a section of compressed or treeless literals with the
// given content: a description, and streams.
func huffmanSection(kind, format, size int, content ...byte) []byte {
	width := literalsSizeWidths[format]
	fields := uint64(kind) | uint64(format)<<2 | uint64(size)<<4 | uint64(len(content))<<(4+width)
	b := binary.LittleEndian.AppendUint64(nil, fields)[:literalsHeaderSizes[1][format]]
	return append(b, content...)
}

// aTree describes a code of one bit: a is 0, b is 1. The weights are those of
// all literals up to a, followed by the one of b that is left out.
func aTree() []byte {
	weights := make([]byte, 'a'+1)
	weights['a'] = 1
	return directTree(weights)
}

// directTree describes weights in 4 bits each (RFC 8878 section 4.2.1.1).
func directTree(weights []byte) []byte {
	b := []byte{byte(127 + len(weights))}
	for i, w := range weights {
		if i%2 == 0 {
			b = append(b, w<<4)
		} else {
			b[len(b)-1] |= w
		}
	}
	return b
}

// A bitString collects numbers in the order in which a bit stream is read.
type bitString []struct {
	v uint64
	n int
}

func (s *bitString) add(v uint64, n int) *bitString {
	*s = append(*s, struct {
		v uint64
		n int
	}{v, n})
	return s
}

// stream writes the numbers, last first, and the bit that ends a stream.
func (s *bitString) stream() []byte {
	var w forwardBits
	for i := len(*s) - 1; i >= 0; i-- {
		w.add((*s)[i].v, (*s)[i].n)
	}
	w.add(1, 1)
	return w.b
}

// forwardBits is written and read lowest bit first.
type forwardBits struct {
	b []byte
	n int
}

func (w *forwardBits) add(v uint64, n int) {
	for i := range n {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
}

// aLiterals codes a text of a and b with aTree.
func aLiterals(text string) []byte {
	var s bitString
	for _, c := range text {
		s.add(uint64(c-'a'), 1)
	}
	return s.stream()
}

// sequencesHeader makes the first part of a sequences section. The modes are
// those of literals lengths, offsets and match lengths.
func sequencesHeader(count, ll, of, ml int) []byte {
	var b []byte
	switch {
	case count < 128:
		b = append(b, byte(count))
	case count < 0x7f00:
		b = append(b, byte(count>>8+128), byte(count))
	default:
		b = append(b, 255, byte(count-0x7f00), byte((count-0x7f00)>>8))
	}
	return append(b, byte(ll<<6|of<<4|ml<<2))
}

// rleSequences makes a sequences section of codes in RLE mode, with the given
// bits.
func rleSequences(count, ll, of, ml int, extra *bitString) []byte {
	b := append(sequencesHeader(count, rleMode, rleMode, rleMode), byte(ll), byte(of), byte(ml))
	return append(b, extra.stream()...)
}

// tableDescription describes a distribution (RFC 8878 section 4.1.1).
func tableDescription(log int, count []int16) []byte {
	var w forwardBits
	w.add(uint64(log-minLog), 4)
	left := 1<<log + 1
	for i := 0; left > 1; i++ {
		v := int(count[i]) + 1
		width := bits.Len(uint(left))
		half := 1 << (width - 1)
		short := 2*half - 1 - left
		switch {
		case v < short:
			w.add(uint64(v), width-1)
		case v < half:
			w.add(uint64(v), width)
		default:
			w.add(uint64(v+short), width)
		}
		left -= max(int(count[i]), -int(count[i]))
		if count[i] != 0 {
			continue
		}
		zeros := 0
		for i+1+zeros < len(count) && count[i+1+zeros] == 0 {
			zeros++
		}
		i += zeros
		for ; zeros >= 3; zeros -= 3 {
			w.add(3, 2)
		}
		w.add(uint64(zeros), 2)
	}
	return w.b
}
