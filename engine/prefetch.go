package engine

import (
	"unsafe"

	"github.com/sluice-go/sluice/internal/prefetch"
)

// Prefetch implements reactor.Prefetcher.
func (s *Shard) Prefetch() {
	c := s.core
	// What lies behind these is not needed for an event.
	prefetch.Bytes(unsafe.Pointer(c), unsafe.Offsetof(c.life)+unsafe.Sizeof(c.life.changes))
	prefetch.Bytes(unsafe.Pointer(s), unsafe.Offsetof(s.link)+unsafe.Sizeof(s.link.failed))
}
