//go:build !purego

#include "textflag.h"

// func lines(p unsafe.Pointer, n uintptr)
TEXT ·lines(SB), NOSPLIT, $0-16
	MOVD p+0(FP), R0
	MOVD n+8(FP), R1

loop:
	PRFM (R0), PLDL1KEEP
	ADD  $64, R0
	SUBS $1, R1
	BNE  loop
	RET

// func places(p unsafe.Pointer, distances *uint32, n uintptr)
TEXT ·places(SB), NOSPLIT, $0-24
	MOVD p+0(FP), R0
	MOVD distances+8(FP), R1
	MOVD n+16(FP), R2

loop:
	MOVWU.P 4(R1), R3
	ADD     R0, R3
	PRFM    (R3), PLDL1KEEP
	SUBS    $1, R2
	BNE     loop
	RET
