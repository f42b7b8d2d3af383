//go:build !purego

#include "textflag.h"

// func lines(p unsafe.Pointer, n uintptr)
TEXT ·lines(SB), NOSPLIT, $0-16
	MOVQ p+0(FP), AX
	MOVQ n+8(FP), CX

loop:
	PREFETCHT0 (AX)
	ADDQ       $64, AX
	DECQ       CX
	JNZ        loop
	RET

// func places(p unsafe.Pointer, distances *uint32, n uintptr)
TEXT ·places(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), AX
	MOVQ distances+8(FP), BX
	MOVQ n+16(FP), CX

loop:
	MOVL       (BX), DX
	PREFETCHT0 (AX)(DX*1)
	ADDQ       $4, BX
	DECQ       CX
	JNZ        loop
	RET
