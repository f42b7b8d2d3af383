//go:build !purego && (amd64 || arm64 || ppc64le || riscv64 || loong64)

package zstd

import "unsafe"

// This file holds every unsafe operation of the package: loads and stores
// without bounds checks, on little-endian machines that allow unaligned ones.
// Each caller has to know that the bytes named are inside the slice (or, for
// at and fill4, that the cells are inside the array). The proofs:
//
//   - A bit stream has front bytes before its first one in its slice, and
//     peek is called for positions of at least 8·front-7, so the 8 bytes that
//     end with the position's byte are inside: loops call it before they have
//     read more than the stream has, or, for whole turns of literals, have
//     counted beforehand the bits that they need at most.
//   - A table description has front bytes behind its size in its slice, and
//     reading begins at its size at most.
//   - out has room bytes behind where a block may end, which is checked for
//     each chunk of sequences before any is executed. A copy of literals or of
//     a match begins before that and ends with it, rounded up: it writes 64
//     bytes, or 32 at a time: it is over by room at most.
//   - the literals have room readable bytes behind them, and the sum of their
//     lengths is checked for each chunk of sequences.
//   - a match source in out begins at least 1 byte before the position that
//     is written and is read as far as that is written, so it is inside too.
//   - the window's ring is read in chunks only where room bytes more than the
//     match lie before its end.
//   - order has 8 bytes behind the states, which are as many as the counts add
//     up to.
//   - a state is one that the table's construction put into a cell, plus as
//     many bits as that cell says, which together are under the table's size
//     (RFC 8878 section 4.1).
//   - literals are stored one by one, and as many as are left at least.
//   - fill4 is called for codes that all together fill the table exactly, as
//     the sum of weights was checked.

// load64 reads 8 bytes at i.
func load64(b []byte, i int) uint64 {
	return *(*uint64)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), i))
}

// store64 writes 8 bytes at i.
func store64(b []byte, i int, v uint64) {
	*(*uint64)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), i)) = v
}

// store8 writes one byte at i.
func store8(b []byte, i int, v byte) {
	*(*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), i)) = v
}

// move16 copies 16 bytes from src at j to dst at i. All are read before any
// is written, as the value of an array is copied.
func move16(dst []byte, i int, src []byte, j int) {
	*(*[16]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(dst)), i)) = *(*[16]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(src)), j))
}

// Chunks of 16 bytes, next to each other.
type (
	two  struct{ a, b [16]byte }
	four struct{ a, b, c, d [16]byte }
)

// move32 copies 32 bytes, as two move16 do.
func move32(dst []byte, i int, src []byte, j int) {
	to, from := (*two)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(dst)), i)), (*two)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(src)), j))
	to.a = from.a
	to.b = from.b
}

// move64 copies 64 bytes, as four move16 do.
func move64(dst []byte, i int, src []byte, j int) {
	to, from := (*four)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(dst)), i)), (*four)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(src)), j))
	to.a = from.a
	to.b = from.b
	to.c = from.c
	to.d = from.d
}

// at returns cell i of a table.
func (t *stateTable) at(i uint64) cell {
	return *(*cell)(unsafe.Add(unsafe.Pointer(t), i*8))
}

// fill4 sets four cells of a table, from i on.
func (t *codeTable) fill4(i int, c code) {
	*(*uint64)(unsafe.Add(unsafe.Pointer(t), i*2)) = uint64(c) * 0x0001_0001_0001_0001
}
