//go:build !purego

package zstd

// prefetch asks for the cache lines of 64 bytes from each of the places in
// ring on. They are no reads: what lies behind the ring does not matter.
//
//go:noescape
func prefetch(ring []byte, places []uint32)
