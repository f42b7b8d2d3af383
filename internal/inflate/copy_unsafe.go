//go:build !purego && (amd64 || arm64 || ppc64le || riscv64 || loong64)

package inflate

import "unsafe"

// This file has every unsafe operation of the package: loads and stores
// without bounds checks, on little-endian machines that allow unaligned ones.
// No index is ever negative. That each is small enough:
//
//   - src, the padded message, has padding bytes behind its end. Decoding
//     stops when pos is over end+slack, and the second refill of a turn finds
//     pos at most 7 further: end+slack+7+8 ≤ end+padding. A dynamic header
//     begins with no bit behind the end read and has 74 bits before its
//     first check, so pos is at most 10+8 behind the end, and 18+8 ≤ padding.
//   - out has room bytes behind the position where a turn of the symbol loop
//     starts, which writes two literals and then a third or a match of at
//     most maxMatch bytes and the rest of a chunk: 2+maxMatch+chunk-1 < room.
//     A batch is put out after reserve made room for all of it and room
//     bytes more, and writes less than a chunk too many.
//   - a match in out is read where it was written before, and further only
//     up to where it is written to.
//   - the batch's literals are maxLiterals and a chunk: a turn starts with at
//     most maxLiterals-3 of them and writes three, and less than 16 bytes
//     behind them are read.
//   - the ring is read in chunks only from start ≤ WindowSize-maxMatch-chunk.
//   - a table is indexed by bits under the mask that build returned for it,
//     which is less than the size of what build filled, or by linked, which
//     adds to the start of a subtable fewer bits than its width has.

// load64 reads 8 bytes at i.
func load64(b []byte, i int) uint64 {
	return *(*uint64)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), i))
}

// store8 writes one byte at i.
func store8(b []byte, i int, v byte) {
	*(*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), i)) = v
}

// move16 copies 16 bytes from src at j to dst at i. All are read before any
// is written.
func move16(dst []byte, i int, src []byte, j int) {
	to := unsafe.Add(unsafe.Pointer(unsafe.SliceData(dst)), i)
	from := unsafe.Add(unsafe.Pointer(unsafe.SliceData(src)), j)
	*(*[16]byte)(to) = *(*[16]byte)(from)
}

// move32 copies 32 bytes, 16 after 16.
func move32(dst []byte, i int, src []byte, j int) {
	to := unsafe.Add(unsafe.Pointer(unsafe.SliceData(dst)), i)
	from := unsafe.Add(unsafe.Pointer(unsafe.SliceData(src)), j)
	*(*[16]byte)(to) = *(*[16]byte)(from)
	*(*[16]byte)(unsafe.Add(to, 16)) = *(*[16]byte)(unsafe.Add(from, 16))
}

// move64 copies 64 bytes, 16 after 16.
func move64(dst []byte, i int, src []byte, j int) {
	to := unsafe.Add(unsafe.Pointer(unsafe.SliceData(dst)), i)
	from := unsafe.Add(unsafe.Pointer(unsafe.SliceData(src)), j)
	*(*[16]byte)(to) = *(*[16]byte)(from)
	*(*[16]byte)(unsafe.Add(to, 16)) = *(*[16]byte)(unsafe.Add(from, 16))
	*(*[16]byte)(unsafe.Add(to, 32)) = *(*[16]byte)(unsafe.Add(from, 32))
	*(*[16]byte)(unsafe.Add(to, 48)) = *(*[16]byte)(unsafe.Add(from, 48))
}

// at returns entry i of a table.
func (t *litTable) at(i uint64) entry {
	return *(*entry)(unsafe.Add(unsafe.Pointer(t), i*4))
}

// at returns entry i of a table.
func (t *distTable) at(i uint64) entry {
	return *(*entry)(unsafe.Add(unsafe.Pointer(t), i*4))
}
