package inflate

import (
	"encoding/binary"
	"math/bits"
)

// A bitWriter makes deflate data by hand. Its methods return it.
type bitWriter struct {
	b []byte
	n int // bits in b
}

// deflated begins a stream with the usual header.
func deflated() *bitWriter {
	return &bitWriter{[]byte{0x78, 0x9c}, 16}
}

// bits appends the low n bits of v, lowest first, as numbers are sent.
func (w *bitWriter) bits(v, n int) *bitWriter {
	for i := range n {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
	return w
}

// code appends a Huffman code of n bits, highest first.
func (w *bitWriter) code(v, n int) *bitWriter {
	return w.bits(int(bits.Reverse16(uint16(v))>>(16-n)), n)
}

// symbol appends a literal/length symbol in the fixed code (RFC 1951 section
// 3.2.6).
func (w *bitWriter) symbol(s int) *bitWriter {
	switch {
	case s < 144:
		return w.code(0x30+s, 8)
	case s < 256:
		return w.code(0x190+s-144, 9)
	case s < 280:
		return w.code(s-256, 7)
	}
	return w.code(0xc0+s-280, 8)
}

// match appends a match in the fixed code. The tables are those of RFC 1951
// section 3.2.5.
func (w *bitWriter) match(length, distance int) *bitWriter {
	lengths := []int{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthBits := []int{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distances := []int{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distanceBits := []int{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
	i := len(lengths) - 1
	for lengths[i] > length {
		i--
	}
	j := len(distances) - 1
	for distances[j] > distance {
		j--
	}
	w.symbol(257+i).bits(length-lengths[i], lengthBits[i])
	return w.code(j, 5).bits(distance-distances[j], distanceBits[j])
}

// block appends the header of a block.
func (w *bitWriter) block(final bool, kind int) *bitWriter {
	if final {
		return w.bits(1, 1).bits(kind, 2)
	}
	return w.bits(0, 1).bits(kind, 2)
}

// raw aligns to a byte and appends bytes.
func (w *bitWriter) raw(b ...byte) *bitWriter {
	w.b = append(w.b, b...)
	w.n = len(w.b) * 8
	return w
}

// stored appends a stored block.
func (w *bitWriter) stored(final bool, b ...byte) *bitWriter {
	size := binary.LittleEndian.AppendUint16(nil, uint16(len(b)))
	size = binary.LittleEndian.AppendUint16(size, ^uint16(len(b)))
	return w.block(final, 0).raw(size...).raw(b...)
}

// flush ends a message.
func (w *bitWriter) flush() []byte { return w.stored(false).b }

// counts appends the first part of a dynamic block's header, and the lengths
// of the code length code: pairs of a symbol and its length.
func (w *bitWriter) counts(lits, dists int, pre ...int) *bitWriter {
	w.bits(lits-257, 5).bits(dists-1, 5).bits(maxPre-4, 4)
	for _, symbol := range preOrder {
		n := 0
		for i := 0; i < len(pre); i += 2 {
			if pre[i] == int(symbol) {
				n = pre[i+1]
			}
		}
		w.bits(n, 3)
	}
	return w
}
