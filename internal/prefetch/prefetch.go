// Package prefetch asks for memory that will be needed soon, and does not wait for
// it. Between two events of one shard, a process with a thousand others has used its
// caches for those; what an event needs then comes line after line, each waited for
// alone, unless it is asked for before.
//
// Nothing is read: to ask for an address is never a fault, no race and no access that
// a memory model knows of. On processors that this package does not know, and under the
// build tag purego, it does nothing.
package prefetch

import "unsafe"

// Line is how many bytes come from memory at once, or fewer.
const Line = 64

// Object asks for all that *p is, without what it points to.
func Object[T any](p *T) { Bytes(unsafe.Pointer(p), unsafe.Sizeof(*p)) }

// Bytes asks for the n bytes from p on.
func Bytes(p unsafe.Pointer, n uintptr) {
	if n > 0 {
		lines(p, span(uintptr(p), n))
	}
}

// Places asks for the lines that the bytes at these distances from p lie in.
func Places(p unsafe.Pointer, distances []uint32) {
	if len(distances) > 0 {
		places(p, &distances[0], uintptr(len(distances)))
	}
}

// span returns how many lines the n bytes from p on lie in.
func span(p, n uintptr) uintptr { return (p%Line + n + Line - 1) / Line }
