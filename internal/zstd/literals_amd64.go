//go:build !purego

package zstd

// turnBMI2 is how many literals a turn of oneBMI2 decodes. A turn of fourBMI2
// decodes as many as those in Go.
const turnBMI2 = 3

// oneFast decodes as many of dst's literals as it can from b's bits below p, and returns
// the position behind them and how many they are. It leaves what is too little for a turn.
func (d *Decoder) oneFast(b []byte, p int, dst []byte) (after, n int) {
	if !hasBMI2 || len(dst) < turnBMI2 {
		return p, 0
	}
	return oneBMI2(&d.codeTable, d.codeBits, &b[0], p, &dst[0], len(dst)-turnBMI2)
}

// fourFast is oneFast for four streams, of which each gives a quarter of dst, and the last
// one n literals. It returns how many literals of each it has decoded.
func (d *Decoder) fourFast(b []byte, p, end *[4]int, dst []byte, quarter, n int) (i int) {
	for hasBMI2 {
		bits := min(p[0]-end[0], p[1]-end[1], p[2]-end[2], p[3]-end[3])
		turns := min(bits/(turn*d.codeBits), (n-i)/turn)
		if turns <= 0 {
			break
		}
		fourBMI2(&d.codeTable, uint64(64-d.codeBits), &b[0], p, &dst[i], quarter, turns)
		i += turns * turn
	}
	return i
}

// oneBMI2 decodes literals to memory from dst on, from the bits of b below p, by a table
// for codes of the given bits: three at a time, as long as the bits of three are certain
// to be there, and not more than last were decoded before. It returns the position behind
// them, and how many they are.
//
//go:noescape
func oneBMI2(t *codeTable, bits int, b *byte, p int, dst *byte, last int) (after, n int)

// fourBMI2 decodes 5·turns literals of each of four streams, which go a quarter apart, by
// a table for codes of 64 less shift bits. Their bits are there.
//
//go:noescape
func fourBMI2(t *codeTable, shift uint64, b *byte, p *[4]int, dst *byte, quarter, turns int)

// decodeFast decodes weights from b's bits below p, as long as eight are certain to be
// there, beginning with the states that a and c are the cells of. It returns the position
// behind them, the next cells, how many weights are over 0, and how many there are.
func (w *weights) decodeFast(t *stateTable, b []byte, p int, a, c cell) (after int, nextA, nextC cell, n, literal int) {
	if !hasBMI2 {
		return p, a, c, 0, 0
	}
	return weightsBMI2(w, t, &b[0], p, a, c)
}

//go:noescape
func weightsBMI2(w *weights, t *stateTable, b *byte, p int, a, c cell) (after int, nextA, nextC cell, n, literal int)

// fillFast fills the table, of the given bits, with the codes of w, of which the longest
// has longest bits. It reports false, and does nothing, where the processor cannot.
func (t *codeTable) fillFast(w *weights, longest, bits int) (done bool) {
	if hasBMI2 {
		fillBMI2(t, w, longest, bits)
	}
	return hasBMI2
}

//go:noescape
func fillBMI2(t *codeTable, w *weights, longest, bits int)
