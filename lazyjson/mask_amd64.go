//go:build !purego

package lazyjson

// masks tells where a block has quotes, opening and closing brackets, and
// backslashes. It is for what is shorter than a block, and for processors without
// AVX2: see scan. masksGo in its place, where the build tag purego puts it,
// takes twice as long.
//
//go:noescape
func masks(block *[blockSize]byte) (quotes, opens, closes, backslashes uint64)
