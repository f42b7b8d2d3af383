//go:build purego || !(amd64 || arm64 || ppc64le || riscv64 || loong64)

package inflate

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

// move32 copies 32 bytes from src at j to dst at i, 16 and then 16.
func move32(dst []byte, i int, src []byte, j int) {
	copy(dst[i:i+16], src[j:j+16])
	copy(dst[i+16:i+32], src[j+16:j+32])
}

// move16 copies 16 bytes from src at j to dst at i.
func move16(dst []byte, i int, src []byte, j int) {
	copy(dst[i:i+16], src[j:j+16])
}

// at returns entry i of a table.
func (t *litTable) at(i uint64) entry { return t[i] }

// at returns entry i of a table.
func (t *distTable) at(i uint64) entry { return t[i] }
