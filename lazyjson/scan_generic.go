//go:build !amd64 || purego

package lazyjson

// scan reports false: there are no vectors to use.
func scan([]byte, int) (end int, ok bool) { return 0, false }
