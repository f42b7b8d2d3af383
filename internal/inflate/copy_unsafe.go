//go:build !purego && (amd64 || arm64 || ppc64le || riscv64 || loong64)

package inflate

import "unsafe"

// This file holds every unsafe operation of the package: loads and stores
// without bounds checks, on little-endian machines that allow unaligned ones.
// Each caller has to know that the bytes named are inside the slice (or, for
// at, that the index is inside the array). The proofs:
//
//   - src, the padded message, has padding bytes behind its end. refill is
//     called with pos at most end+slack+7, because decoding stops when pos is
//     over end+slack and one further refill moves it by at most 7, and
//     slack+7+8 ≤ padding.
//   - out has room bytes behind the position where a turn of the symbol loop
//     starts. A turn writes two literals, then a third or a match of at most
//     258 bytes, rounded up to whole chunks: 2+258+chunk ≤ room.
//   - a match source in out begins at least 1 byte before the position that
//     is written and is read as far as that is written, so it is inside too.
//   - the window's ring is read in whole chunks only when
//     start+rounded length ≤ WindowSize.
//   - an index into a table is masked by the mask that build returned, which
//     is smaller than the part of the table that build filled; a subtable's
//     start and width come from an entry that build wrote.

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

// move32 copies 32 bytes from src at j to dst at i, 16 and then 16.
func move32(dst []byte, i int, src []byte, j int) {
	to := unsafe.Add(unsafe.Pointer(unsafe.SliceData(dst)), i)
	from := unsafe.Add(unsafe.Pointer(unsafe.SliceData(src)), j)
	*(*[16]byte)(to) = *(*[16]byte)(from)
	*(*[16]byte)(unsafe.Add(to, 16)) = *(*[16]byte)(unsafe.Add(from, 16))
}

// move16 copies 16 bytes from src at j to dst at i.
func move16(dst []byte, i int, src []byte, j int) {
	to := unsafe.Add(unsafe.Pointer(unsafe.SliceData(dst)), i)
	from := unsafe.Add(unsafe.Pointer(unsafe.SliceData(src)), j)
	*(*[16]byte)(to) = *(*[16]byte)(from)
}

// at returns entry i of a table.
func (t *litTable) at(i uint64) entry {
	return *(*entry)(unsafe.Add(unsafe.Pointer(t), i*4))
}

// at returns entry i of a table.
func (t *distTable) at(i uint64) entry {
	return *(*entry)(unsafe.Add(unsafe.Pointer(t), i*4))
}
