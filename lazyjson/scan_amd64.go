//go:build !purego

package lazyjson

import "golang.org/x/sys/cpu"

// What the functions below need: beside wide vectors, a multiplication without
// carries and a count of bits. Processors of before 2019 (the first with the wider
// form of that multiplication) slow down for vectors of 64 bytes.
var (
	hasAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasPCLMULQDQ && cpu.X86.HasPOPCNT
	hasAVX512 = hasAVX2 && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VPCLMULQDQ
)

// scan is skipContainer for the bytes behind an opening bracket, which begin at
// b[from]. end is 0 if the container does not end. It reports false where the
// processor cannot, or not for so few bytes.
func scan(b []byte, from int) (end int, ok bool) {
	switch {
	case hasAVX512:
		return scanAVX512(&b[0], len(b), from), true
	case hasAVX2 && len(b) >= blockSize:
		return scanAVX2(&b[0], len(b), from), true
	}
	return 0, false
}

// scanAVX2 and scanAVX512 read no other bytes than size from b on. For scanAVX2 that
// have to be 64 at least.
//
//go:noescape
func scanAVX2(b *byte, size, from int) (end int)

//go:noescape
func scanAVX512(b *byte, size, from int) (end int)
