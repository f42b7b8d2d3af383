//go:build purego || !amd64

package zstd

// prefetch loads a byte of each cache line of 64 bytes from each of the places
// in ring on. Nobody wants the sum, but without it nothing would be loaded.
//
//go:noinline
func prefetch(ring []byte, places []uint32) (sum byte) {
	for _, i := range places {
		sum += ring[i] + ring[min(int(i)+63, len(ring)-1)]
	}
	return sum
}
