package state

// A prob is the probability that a bit is 0, in its upper twelve bits, and below how many bits it has
// seen, 15 at most: it learns fast at first.
type prob uint16

const evenly prob = 2048 << 4 // nothing is known

// steps are the parts of the way to certainty that a bit moves a probability, in 65536ths: as if it were the average of
// so many bits before. The last ones are fewer than it may have seen, so that it follows what a group says.
var steps = func() (s [16]int32) {
	for n, before := range [16]float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 18, 23, 30} {
		s[n] = int32(65536 / (before + 1.6))
	}
	return s
}()

func (p *prob) learn(bit int) {
	n := *p & 15
	at, to := int32(*p>>4), int32(4095)
	if bit != 0 {
		to = 1
	}
	at += (to - at) * steps[n] >> 16
	*p = prob(at)<<4 | min(n+1, 15) // 1 ≤ at ≤ 4095, as before
}

// counts are how many bits a probability has seen in training, by its lower four bits.
var counts = [17]uint32{0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 1 << 16}

// tally is learn in training: the probability becomes what part of all bits was 0, since it moves the less the more
// bits it has seen. That is as fine as random numbers make it, for which there are no bits: they round steps, and
// have the count go up as often as it should (Morris, "Counting large numbers of events in small registers", 1978).
func (p *prob) tally(bit int, random uint32) {
	n := *p & 15
	at, to := int32(*p>>4), int32(4095)
	if bit != 0 {
		to = 1
	}
	at += ((to-at)*int32(65536*5/(5*counts[n]+8)) + int32(random&0xffff)) >> 16
	if random>>16%(counts[n+1]-counts[n]) == 0 {
		n++
	}
	*p = prob(at)<<4 | min(n, 15) // 1 ≤ at ≤ 4095, as before
}

// A ranger is a range coder (Martin, "Range encoding", 1979; the form with carries is that of LZMA). It goes
// both ways: each of its methods is given what is to be encoded, or returns what it has decoded.
//
// Behind the end of what it decodes there are zeros: finish leaves out those at its end, five at most.
type ranger struct {
	decoding bool
	training bool   // what it encodes makes the probabilities
	dice     uint32 // for that: a random number (Marsaglia, "Xorshift RNGs", 2003)
	size     uint32 // of the interval

	// Where it encodes: the interval's lower end, and bytes that a carry may still change.
	low     uint64
	held    byte
	pending int
	out     []byte

	// Where it decodes: what of the interval lies below the number that is read.
	code uint32
	in   string
	at   int
}

func (r *ranger) startEncoding() {
	*r = ranger{training: r.training, dice: r.dice, size: 1<<32 - 1, pending: 1, out: r.out[:0]}
}

func (r *ranger) startDecoding(in string) {
	*r = ranger{decoding: true, size: 1<<32 - 1, in: in, out: r.out}
	for range 4 {
		r.code = r.code<<8 | uint32(r.next())
	}
}

// finish returns what was encoded behind a byte, borrowed.
func (r *ranger) finish(first byte) []byte {
	for shift := 32; ; shift -= 8 { // the number of the interval that has the most zeros at its end
		mask := uint64(1)<<shift - 1
		if n := (r.low + mask) &^ mask; n < r.low+uint64(r.size) {
			r.low = n
			break
		}
	}
	for range 5 {
		r.shift()
	}
	n := len(r.out)
	for least := max(n-5, 1); n > least && r.out[n-1] == 0; {
		n--
	}
	r.out[0] = first // which is always 0
	return r.out[:n]
}

func (r *ranger) next() byte {
	r.at++
	if r.at <= len(r.in) {
		return r.in[r.at-1]
	}
	return 0
}

// over reports whether more was decoded than there is.
func (r *ranger) over() bool { return r.decoding && r.at > len(r.in)+8 }

// shift moves the upper byte of low to out.
func (r *ranger) shift() {
	if r.low < 0xff<<24 || r.low >= 1<<32 {
		carry := byte(r.low >> 32)
		for ; r.pending > 0; r.pending-- {
			r.out = append(r.out, r.held+carry)
			r.held = 0xff
		}
		r.held = byte(r.low >> 24)
	}
	r.pending++
	r.low = r.low << 8 & (1<<32 - 1)
}

func (r *ranger) widen() {
	for r.size < 1<<24 {
		r.size <<= 8
		if r.decoding {
			r.code = r.code<<8 | uint32(r.next())
		} else {
			r.shift()
		}
	}
}

// bitBy codes a bit that is 0 with a probability, in 4096ths.
func (r *ranger) bitBy(zero uint32, bit int) int {
	bound := r.size >> 12 * zero
	if r.decoding {
		bit = 0
		if r.code >= bound {
			bit = 1
			r.code -= bound
		}
	} else if bit != 0 {
		r.low += uint64(bound)
	}
	if bit == 0 {
		r.size = bound
	} else {
		r.size -= bound
	}
	if r.size < 1<<24 {
		r.widen()
	}
	return bit
}

// bit codes a bit, and learns from it.
func (r *ranger) bit(p *prob, bit int) int {
	bit = r.bitBy(uint32(*p>>4), bit)
	r.learn(p, bit)
	return bit
}

func (r *ranger) learn(p *prob, bit int) {
	if !r.training {
		p.learn(bit)
		return
	}
	r.dice ^= r.dice << 13
	r.dice ^= r.dice >> 17
	r.dice ^= r.dice << 5
	p.tally(bit, r.dice)
}

// tree codes a number below len(t), which is a power of two, and learns from it.
func (r *ranger) tree(t []prob, n int) int { return r.codeTree(t, n, true) }

// codeTree is tree, but may learn nothing.
func (r *ranger) codeTree(t []prob, n int, learns bool) int {
	if r.decoding {
		return r.decodeTree(t, learns)
	}
	node := 1
	for half := len(t) >> 1; half > 0; half >>= 1 {
		bit := 0
		if n&half != 0 {
			bit = 1
		}
		p := &t[node]
		r.bitBy(uint32(*p>>4), bit)
		switch {
		case r.training:
			r.learn(p, bit)
		case learns:
			p.learn(bit)
		}
		node = node<<1 | bit
	}
	return node - len(t)
}

// decodeTree is codeTree for decoding, which is what a bot that begins waits for.
func (r *ranger) decodeTree(t []prob, learns bool) int {
	size, code, at := r.size, r.code, r.at
	node := 1
	for node < len(t) {
		p := &t[node]
		bound := size >> 12 * uint32(*p>>4)
		bit := 0
		if code < bound {
			size = bound
		} else {
			code -= bound
			size -= bound
			bit = 1
		}
		if learns {
			p.learn(bit)
		}
		node = node<<1 | bit
		for size < 1<<24 {
			size <<= 8
			code <<= 8
			if at < len(r.in) {
				code |= uint32(r.in[at])
			}
			at++
		}
	}
	r.size, r.code, r.at = size, code, at
	return node - len(t)
}

// uniform codes one of count numbers that are all alike; 1 ≤ count ≤ 65536.
func (r *ranger) uniform(n, count uint32) uint32 {
	r.size /= count
	if r.decoding {
		n = min(r.code/r.size, count-1)
		r.code -= n * r.size
	} else {
		r.low += uint64(n) * uint64(r.size)
	}
	if r.size < 1<<24 {
		r.widen()
	}
	return n
}

// random codes the lower bits of n, of which nothing is known.
func (r *ranger) random(n uint64, bits int) uint64 {
	var all uint64
	for bits > 0 {
		k := min(bits, 16)
		bits -= k
		r.size >>= k
		part := uint32(n>>bits) & (1<<k - 1)
		if r.decoding {
			part = min(r.code/r.size, 1<<k-1)
			r.code -= part * r.size
		} else {
			r.low += uint64(part) * uint64(r.size)
		}
		if r.size < 1<<24 {
			r.widen()
		}
		all = all<<k | uint64(part)
	}
	return all
}
