package inflate

const (
	// smallScratch is what a scratch begins with and never gives back.
	smallScratch = 64 << 10

	// scratchStrikes is how many messages in a row have to need less than a
	// quarter of a larger scratch before it is given back.
	scratchStrikes = 64
)

// A scratch is memory that grows with the largest message and shrinks once
// such messages have stayed away.
type scratch struct {
	mem     []byte
	strikes int
}

// take returns the memory, at least size bytes of it. It doubles, but no further
// than to what most bytes need.
func (s *scratch) take(size, most int) []byte {
	if len(s.mem) < size {
		s.mem = make([]byte, max(size, min(2*len(s.mem), most), smallScratch))
		s.strikes = 0
	}
	return s.mem
}

// shrink gives back what a message took that was refused, or is not whole.
func (s *scratch) shrink() {
	if len(s.mem) > smallScratch {
		*s = scratch{}
	}
}

// done says how much of the memory a message needed. What take returned
// stays valid until the next take.
func (s *scratch) done(used int) {
	if len(s.mem) <= smallScratch || used >= len(s.mem)/4 {
		s.strikes = 0
		return
	}
	if s.strikes++; s.strikes == scratchStrikes {
		*s = scratch{}
	}
}
