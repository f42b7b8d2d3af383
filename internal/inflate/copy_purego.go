//go:build purego || !(amd64 || arm64 || ppc64le || riscv64 || loong64)

package inflate

import "encoding/binary"

// The same operations as in copy_unsafe.go, checked and for every machine.

// load64 reads 8 bytes at i.
func load64(b []byte, i int) uint64 {
	return binary.LittleEndian.Uint64(b[i:])
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

// move32 copies 32 bytes, 16 after 16.
func move32(dst []byte, i int, src []byte, j int) {
	move16(dst, i, src, j)
	move16(dst, i+16, src, j+16)
}

// move64 copies 64 bytes, 16 after 16.
func move64(dst []byte, i int, src []byte, j int) {
	move32(dst, i, src, j)
	move32(dst, i+32, src, j+32)
}

// at returns entry i of a table.
func (t *litTable) at(i uint64) entry { return t[i] }

// at returns entry i of a table.
func (t *distTable) at(i uint64) entry { return t[i] }
