//go:build !purego

package lazyjson

import "golang.org/x/sys/cpu"

// hasScan reports whether scanAVX2 can run. It needs a multiplication without
// carries beside AVX2.
var hasScan = cpu.X86.HasAVX2 && cpu.X86.HasPCLMULQDQ && cpu.X86.HasPOPCNT

// scanAVX2 is skipContainer for size ≥ 64 bytes from b on, of which the one behind
// the opening bracket is called from. It returns 0 if the container does not end,
// and reads no other bytes.
//
//go:noescape
func scanAVX2(b *byte, size, from int) (end int)
