//go:build !amd64 || purego

package lazyjson

// scans are none.
var scans map[string]func(b []byte, from int) (end int, ok bool)
