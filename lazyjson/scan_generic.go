//go:build !amd64 || purego

package lazyjson

// hasScan reports whether scanAVX2 can run.
const hasScan = false

func scanAVX2(*byte, int, int) (end int) { panic("lazyjson: no AVX2 here") }
