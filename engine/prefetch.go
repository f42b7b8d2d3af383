package engine

import "unsafe"

// cacheLine is how many bytes come from memory at once, or fewer.
const cacheLine = 64

// The beginning of counters, which every event changes, is as long as a cache line;
// this does not compile if all of it is shorter.
const _ = uint(unsafe.Sizeof(counters{}) - cacheLine)

// Prefetch implements reactor.Prefetcher: it reads a byte of each cache line that an
// event will need. Between two events of a shard a process with a thousand others has
// used its caches for those; line after line, each would be waited for alone.
func (s *Shard) Prefetch() {
	c := s.core
	sum := byte(c.heart.look.Nanosecond()) + byte(c.life.changes)
	// Proof: c points to a core, and at stays below the end of its field counter. All
	// of that is the loop's alone, which calls this.
	for at := uintptr(0); at < unsafe.Offsetof(c.counter)+cacheLine; at += cacheLine {
		sum += *(*byte)(unsafe.Add(unsafe.Pointer(c), at))
	}
	p := &s.public // written by the loop alone
	sum += byte(p.state) + byte(p.session.Seq) + byte(p.events) + byte(p.longest) + byte(p.corrupt) + byte(p.life.changes)
	sum += byte(s.promise.at.Load())
	if s.mail.arrived.Load() || s.link.failed.Load() {
		sum++
	}
	s.prefetched = sum // or the compiler would leave the loads out
}
