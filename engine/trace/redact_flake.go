package trace

import (
	"math/bits"
	"slices"
	"sort"
)

// Snowflakes (Discord: "Snowflakes") hold the milliseconds since 2015 in their upper bits, and in the lower
// 22 the worker, the process and a counter. Their replacements must have as many digits, so each length has
// a span of time of its own, which is warped: a rising line of random slopes from its beginning to its end
// moves every moment to another. So that no two milliseconds meet where the line is flat, they are counted in
// quarters there; the quarter's number takes the place of the counter's upper two bits, which are 0 unless
// a process makes more than 1,024 ids in a millisecond. The lower 20 bits are shuffled by a permutation that
// depends on the millisecond.

const (
	flakeBits = 22
	lowBits   = 20
	knots     = 256 // of a warp, for each length
)

// warp moves snowflakes.
type warp struct {
	key   sipKey
	spans [3]span // of 17 to 19 digits
}

// span is the time of all snowflakes of one length.
type span struct {
	first, last uint64 // ms
	from        []uint64
	to          []uint64 // quarters of ms, rising
}

func newWarp(key sipKey) *warp {
	w := &warp{key: key}
	seed := random(key.sum(tagFlake, []byte("warp")))
	low := uint64(1e16)
	for i := range w.spans {
		high := low * 10
		if i == 2 {
			high = 1 << 63 // as far as ids go for this century
		}
		w.spans[i] = newSpan((low>>flakeBits)+1, (high-1)>>flakeBits-1, &seed)
		low *= 10
	}
	return w
}

// newSpan draws the line of a span of time. It rises by at least one quarter a millisecond.
func newSpan(first, last uint64, seed *random) span {
	s := span{first: first, last: last, from: []uint64{first}, to: []uint64{first * 4}}
	length := last - first
	cuts := make([]uint64, knots)
	for i := range cuts {
		high, _ := bits.Mul64(seed.next(), length)
		cuts[i] = first + 1 + min(high, length-2)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	// Of the room above the least slope each part takes a random share.
	shares, sum := make([]float64, len(cuts)+1), 0.0
	at := first
	for i := range shares {
		end := last
		if i < len(cuts) {
			end = cuts[i]
		}
		weight := float64(seed.below(1000)+1) / 1000
		shares[i] = weight * weight * float64(end-at)
		sum += shares[i]
		at = end
	}
	room, used := float64(length*3), 0.0
	for i, cut := range cuts {
		used += shares[i]
		s.from = append(s.from, cut)
		s.to = append(s.to, first*4+(cut-first)+uint64(room*(used/sum)))
	}
	s.from, s.to = append(s.from, last), append(s.to, last*4)
	return s
}

// move returns where the line has a millisecond, in quarters.
func (s *span) move(ms uint64) uint64 {
	i := sort.Search(len(s.from), func(i int) bool { return s.from[i] > ms }) - 1
	if i >= len(s.from)-1 {
		return s.to[len(s.to)-1]
	}
	high, low := bits.Mul64(ms-s.from[i], s.to[i+1]-s.to[i])
	q, _ := bits.Div64(high, low, s.from[i+1]-s.from[i])
	return s.to[i] + q
}

// flake replaces a snowflake of 17 to 19 digits in place, and reports whether b was one.
func (r *Redactor) flake(b []byte) bool {
	if len(b) < 17 || len(b) > 19 || b[0] == '0' {
		return false
	}
	id := parseDigits(b)
	s := &r.flakes.spans[len(b)-17]
	ms := id >> flakeBits
	if ms < s.first || ms >= s.last {
		return false
	}
	quarter := s.move(ms)
	low := id & (1<<flakeBits - 1)
	folded := uint32(low>>12<<10 | low&(1<<10-1))
	moved := quarter<<lowBits | uint64(r.flakes.shuffle(ms, folded))
	var old [19]byte
	n := copy(old[:], b)
	putDigits(b, moved)
	breakRuns(b, old[:n])
	return true
}

// shuffle permutes 20 bits by a key that depends on the millisecond: four rounds of a Feistel network.
func (w *warp) shuffle(ms uint64, x uint32) uint32 {
	left, right := x>>10, x&(1<<10-1)
	seed := random(w.key.sum(ms<<8|tagFlake, nil))
	for range 4 {
		f := random(seed.next() + uint64(right)*0x9e3779b97f4a7c15)
		left, right = right, left^uint32(f.next()>>54)
	}
	return left<<10 | right
}
