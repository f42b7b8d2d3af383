package state

// Shares are how often each of some symbols comes. They do not change from group to group, so that a symbol is
// coded at once, not bit by bit.
type shares struct {
	ends  []uint16                     // where the part of each symbol ends, less 1
	first [1 << (shareBits - 4)]uint16 // whose part every 16th share is in
}

const shareBits = 15 // all parts together are 1<<shareBits

// newShares makes shares of how often each symbol came. Each has a part, whatever its number: there are 1<<14 at most.
func newShares(counts []int) *shares {
	total := 1
	for _, n := range counts {
		total += n
	}
	s := &shares{}
	end, left := 0, 1<<shareBits-len(counts)
	for i, n := range counts {
		if end += 1 + int(int64(n)*int64(left)/int64(total)); i == len(counts)-1 {
			end = 1 << shareBits
		}
		s.ends = append(s.ends, uint16(end-1))
	}
	symbol := 0
	for i := range s.first {
		for int(s.ends[symbol]) < i<<4 {
			symbol++
		}
		s.first[i] = uint16(symbol)
	}
	return s
}

// share codes a symbol.
func (r *ranger) share(s *shares, symbol int) int {
	r.size >>= shareBits
	if r.decoding {
		at := min(r.code/r.size, 1<<shareBits-1)
		for symbol = int(s.first[at>>4]); uint32(s.ends[symbol]) < at; {
			symbol++
		}
	}
	start, end := uint32(0), uint32(s.ends[symbol])+1
	if symbol > 0 {
		start = uint32(s.ends[symbol-1]) + 1
	}
	if r.decoding {
		r.code -= start * r.size
	} else {
		r.low += uint64(start) * uint64(r.size)
	}
	if r.size *= end - start; r.size < 1<<24 {
		r.widen()
	}
	return symbol
}
