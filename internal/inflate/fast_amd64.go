//go:build !purego

package inflate

import "golang.org/x/sys/cpu"

// hasBMI2 says whether the processor has what turnsBMI2 needs: shifts that take any
// register for a count, and cut out bits (BMI2), a count of set bits, and vectors of 32
// bytes (AVX2). Only tests change it.
var hasBMI2 = cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT && cpu.X86.HasAVX2

// fast says whether turnsFast does anything.
func fast() bool { return hasBMI2 }

// turnsFast does what turnsGo does for a window that is not cold, as long as nothing rare
// comes, and until the output is over full.
func (d *Decoder) turnsFast(c *codes, full int) {
	if hasBMI2 {
		turnsBMI2(d, c, full)
	}
}

//go:noescape
func turnsBMI2(d *Decoder, c *codes, full int)
