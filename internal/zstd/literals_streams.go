package zstd

import "encoding/binary"

const (
	// turn is how many literals of maxCodeBits at most peek is certain to
	// give bits for: what a turn of a literals loop decodes.
	turn = 5

	// jumpTable is the size of what precedes four streams (RFC 8878 section
	// 3.1.1.3.1.6).
	jumpTable = 6
)

// oneStream fills dst from the stream in b (RFC 8878 section 4.2.2).
func (d *Decoder) oneStream(b []byte, dst []byte) verdict {
	r, valid := newBitReader(b)
	if !valid {
		return badLiteralsStream
	}
	p, i := d.oneFast(b, r.p, dst)
	for {
		n := d.certain(p-streamEnd, len(dst)-i)
		if n == 0 {
			return d.lastLiterals(b, p, streamEnd, dst[i:])
		}
		if d.codeBits == shortBits {
			p = d.codeTable.oneShort(b, p, dst[i:][:n])
		} else {
			p = d.codeTable.oneLong(b, p, dst[i:][:n])
		}
		i += n
	}
}

// certain is how many literals of n, in whole turns, are certain to need no
// more than the given number of bits.
func (d *Decoder) certain(bits, n int) int {
	turns := bits / (turn * maxCodeBits)
	if d.codeBits == shortBits {
		turns = bits / (turn * shortBits)
	}
	return max(0, min(turns, n/turn)) * turn
}

// oneShort fills dst, in whole turns, with codes of shortBits at most. The
// bits for them are there. It returns the position behind them.
func (t *codeTable) oneShort(b []byte, p int, dst []byte) int {
	v := peek(b, p)
	for i := 0; i < len(dst); i += turn {
		c0 := t[v>>(64-shortBits)]
		v <<= c0 & 63
		c1 := t[v>>(64-shortBits)]
		v <<= c1 & 63
		c2 := t[v>>(64-shortBits)]
		v <<= c2 & 63
		// What follows the third literal is loaded while two more are
		// decoded; it has bits for those and a turn.
		p -= int((c0 + c1 + c2) & 0xff)
		next := peek(b, p)
		c3 := t[v>>(64-shortBits)]
		v <<= c3 & 63
		c4 := t[v>>(64-shortBits)]
		v = next << ((c3 + c4) & 63)
		p -= int((c3 + c4) & 0xff)
		store8(dst, i, byte(c0>>8))
		store8(dst, i+1, byte(c1>>8))
		store8(dst, i+2, byte(c2>>8))
		store8(dst, i+3, byte(c3>>8))
		store8(dst, i+4, byte(c4>>8))
	}
	return p
}

// oneLong is oneShort for codes of maxCodeBits at most.
func (t *codeTable) oneLong(b []byte, p int, dst []byte) int {
	for i := 0; i < len(dst); i += turn {
		v := peek(b, p)
		c0 := t[v>>(64-maxCodeBits)]
		v <<= c0 & 63
		c1 := t[v>>(64-maxCodeBits)]
		v <<= c1 & 63
		c2 := t[v>>(64-maxCodeBits)]
		v <<= c2 & 63
		c3 := t[v>>(64-maxCodeBits)]
		v <<= c3 & 63
		c4 := t[v>>(64-maxCodeBits)]
		store8(dst, i, byte(c0>>8))
		store8(dst, i+1, byte(c1>>8))
		store8(dst, i+2, byte(c2>>8))
		store8(dst, i+3, byte(c3>>8))
		store8(dst, i+4, byte(c4>>8))
		p -= int((c0 + c1 + c2 + c3 + c4) & 0xff)
	}
	return p
}

// fourStreams fills dst from the four streams in b, behind the table that
// says where they begin (RFC 8878 section 3.1.1.3.1.6). Each gives a quarter,
// rounded up, but the last, which gives the rest.
func (d *Decoder) fourStreams(b []byte, dst []byte) verdict {
	if len(b) < front+jumpTable {
		return badStreamSizes
	}
	var p, end [4]int // of each stream
	start := front + jumpTable
	for k := range p {
		stop := len(b)
		if k < 3 {
			stop = start + int(binary.LittleEndian.Uint16(b[front+2*k:]))
		}
		if stop > len(b) {
			return badStreamSizes
		}
		r, valid := newBitReader(b[start-front : stop])
		if !valid {
			return badLiteralsStream
		}
		p[k] = r.p + 8*(start-front)
		end[k] = 8 * start
		start = stop
	}
	quarter := (len(dst) + 3) / 4
	if 3*quarter > len(dst) {
		return badStreamSizes
	}

	i := d.fourFast(b, &p, &end, dst, quarter, len(dst)-3*quarter)
	for {
		n := d.certain(min(p[0]-end[0], p[1]-end[1], p[2]-end[2], p[3]-end[3]), len(dst)-3*quarter-i)
		if n == 0 {
			break
		}
		if d.codeBits == shortBits {
			d.codeTable.fourShort(b, &p, dst[i:], quarter, n)
		} else {
			d.codeTable.fourLong(b, &p, dst[i:], quarter, n)
		}
		i += n
	}
	for k := range p {
		part := dst[k*quarter : min((k+1)*quarter, len(dst))]
		if v := d.lastLiterals(b, p[k], end[k], part[i:]); v != ok {
			return v
		}
	}
	return ok
}

// fourShort decodes n literals of each of four streams, in whole turns, with
// codes of shortBits at most. The bits for them are there. Their marks tell
// what was read, so that no sums take up registers.
func (t *codeTable) fourShort(b []byte, p *[4]int, dst []byte, quarter, n int) {
	p0, p1, p2, p3 := p[0], p[1], p[2], p[3]
	dst1, dst2, dst3 := dst[quarter:], dst[2*quarter:], dst[3*quarter:]
	for i := 0; i < n; {
		v0, v1, v2, v3 := marked(b, p0), marked(b, p1), marked(b, p2), marked(b, p3)
		for end := i + turn; i < end; i++ {
			c := t[v0>>(64-shortBits)]
			v0 <<= c & 63
			store8(dst, i, byte(c>>8))
			c = t[v1>>(64-shortBits)]
			v1 <<= c & 63
			store8(dst1, i, byte(c>>8))
			c = t[v2>>(64-shortBits)]
			v2 <<= c & 63
			store8(dst2, i, byte(c>>8))
			c = t[v3>>(64-shortBits)]
			v3 <<= c & 63
			store8(dst3, i, byte(c>>8))
		}
		p0, p1, p2, p3 = after(p0, v0), after(p1, v1), after(p2, v2), after(p3, v3)
	}
	*p = [4]int{p0, p1, p2, p3}
}

// fourLong is fourShort for codes of maxCodeBits at most.
func (t *codeTable) fourLong(b []byte, p *[4]int, dst []byte, quarter, n int) {
	p0, p1, p2, p3 := p[0], p[1], p[2], p[3]
	dst1, dst2, dst3 := dst[quarter:], dst[2*quarter:], dst[3*quarter:]
	for i := 0; i < n; {
		v0, v1, v2, v3 := marked(b, p0), marked(b, p1), marked(b, p2), marked(b, p3)
		for end := i + turn; i < end; i++ {
			c := t[v0>>(64-maxCodeBits)]
			v0 <<= c & 63
			store8(dst, i, byte(c>>8))
			c = t[v1>>(64-maxCodeBits)]
			v1 <<= c & 63
			store8(dst1, i, byte(c>>8))
			c = t[v2>>(64-maxCodeBits)]
			v2 <<= c & 63
			store8(dst2, i, byte(c>>8))
			c = t[v3>>(64-maxCodeBits)]
			v3 <<= c & 63
			store8(dst3, i, byte(c>>8))
		}
		p0, p1, p2, p3 = after(p0, v0), after(p1, v1), after(p2, v2), after(p3, v3)
	}
	*p = [4]int{p0, p1, p2, p3}
}

// lastLiterals fills dst from a stream's bits from p down to end, which have
// to be used up then.
func (d *Decoder) lastLiterals(b []byte, p, end int, dst []byte) verdict {
	shift := 64 - d.codeBits
	for i := 0; i < len(dst); {
		if p <= end {
			return badLiteralsStream
		}
		v := peek(b, p)
		for stop := min(i+turn, len(dst)); i < stop; i++ {
			c := d.codeTable[v>>(shift&63)&(1<<maxCodeBits-1)]
			v <<= c & 63
			p -= int(c & 15)
			dst[i] = byte(c >> 8)
		}
	}
	if p != end {
		return badLiteralsStream
	}
	return ok
}
