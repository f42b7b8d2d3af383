package core

import (
	"unsafe"

	"github.com/sluice-go/sluice/internal/prefetch"
)

// Prefetch has what every event needs of the core fetched into the cache.
func (c *Core) Prefetch() {
	// What lies behind life is not needed for an event. The span begins at the core and ends
	// inside of it.
	prefetch.Bytes(unsafe.Pointer(c), unsafe.Offsetof(c.life)+unsafe.Sizeof(c.life))
}
