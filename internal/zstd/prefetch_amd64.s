//go:build !purego

#include "textflag.h"

// func prefetch(ring []byte, places []uint32)
TEXT ·prefetch(SB), NOSPLIT, $0-48
	MOVQ  ring_base+0(FP), AX
	MOVQ  places_base+24(FP), BX
	MOVQ  places_len+32(FP), CX
	TESTQ CX, CX
	JZ    done

next:
	MOVL       (BX), DX
	PREFETCHT0 (AX)(DX*1)
	PREFETCHT0 63(AX)(DX*1)
	ADDQ       $4, BX
	DECQ       CX
	JNZ        next

done:
	RET
