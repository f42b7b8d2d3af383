//go:build purego || !(amd64 || arm64 || ppc64le || riscv64 || loong64)

package zstd

import "encoding/binary"

// The same operations as in copy_unsafe.go, checked and for every machine.

// load64 reads 8 bytes at i.
func load64(b []byte, i int) uint64 {
	return binary.LittleEndian.Uint64(b[i:])
}

// store64 writes 8 bytes at i.
func store64(b []byte, i int, v uint64) {
	binary.LittleEndian.PutUint64(b[i:], v)
}

// store8 writes one byte at i.
func store8(b []byte, i int, v byte) {
	b[i] = v
}

// move16 copies 16 bytes from src at j to dst at i. All are read before any
// is written.
func move16(dst []byte, i int, src []byte, j int) {
	copy(dst[i:i+16], src[j:j+16])
}

// move32 copies 32 bytes, as two move16 do.
func move32(dst []byte, i int, src []byte, j int) {
	move16(dst, i, src, j)
	move16(dst, i+16, src, j+16)
}

// move64 copies 64 bytes, as four move16 do.
func move64(dst []byte, i int, src []byte, j int) {
	move32(dst, i, src, j)
	move32(dst, i+32, src, j+32)
}

// at returns cell i of a table.
func (t *stateTable) at(i uint64) cell { return t[i] }

// fill4 sets four cells of a table, from i on.
func (t *codeTable) fill4(i int, c code) {
	t[i], t[i+1], t[i+2], t[i+3] = c, c, c, c
}
