//go:build !amd64 || purego

package lazyjson

// masks tells where a block has quotes, opening and closing brackets, and
// backslashes.
func masks(block *[blockSize]byte) (quotes, opens, closes, backslashes uint64) {
	return masksGo(block)
}
