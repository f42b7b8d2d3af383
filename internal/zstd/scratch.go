package zstd

const (
	// smallScratch is what a scratch begins with and never gives back.
	smallScratch = 2*maxBlock + room

	// scratchStrikes is how many messages in a row have to need less than a
	// quarter of a larger scratch before it is given back.
	scratchStrikes = 64
)

// A scratch is memory that grows to what a message can need, and shrinks once
// such messages have stayed away.
type scratch struct {
	mem     []byte
	strikes int
}

// take returns the memory, at least size bytes of it.
func (s *scratch) take(size int) []byte {
	if len(s.mem) < size {
		s.mem = nil // the collector may have it before there is more
		s.mem = make([]byte, max(size, smallScratch))
		s.strikes = 0
	}
	return s.mem
}

// shrink gives back what a message took that was refused.
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
