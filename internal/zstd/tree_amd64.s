//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// WEIGHT notes the weight of a state, whose cell is x, and moves the state on. R10 are the
// bits, and the low six bits of R11 are how far they have to be shifted right for the last
// bit that was read to be the lowest. Since those are all that counts, a whole cell may be
// subtracted. The next state is one of the table's (see READ). R13 is the literal, and R12,
// at most R13, how many had a weight over 0.
#define WEIGHT(x) \
	SUBQ  x, R11;          \
	SHRXQ R11, R10, BX;    \
	BZHIQ x, BX, BX;       \
	RORXQ $32, x, DX;      \
	SHRL  $16, x;          \
	ADDL  BX, x;           \
	MOVQ  (SI)(x*8), x;    \
	MOVL  DX, CX;          \
	ORL   R13, CX;         \
	MOVW  CX, (DI)(R12*2); \
	CMPL  DX, $1;          \
	SBBQ  $-1, R12;        \
	INCL  R13

// func weightsBMI2(w *weights, t *stateTable, b *byte, p int, a, c cell) (after int, nextA, nextC cell, n, literal int)
//
// A turn decodes eight weights, of 48 bits at most. They are there (R14 is the least
// position), so the 8 bytes that end with the position's are inside. It begins with literal
// 245 at most, and weights has room for 256.
TEXT ·weightsBMI2(SB), NOSPLIT, $0-88
	MOVQ w+0(FP), DI
	ADDQ $weights_weight, DI
	MOVQ t+8(FP), SI
	MOVQ b+16(FP), AX
	SHLQ $3, AX
	LEAQ (const_streamEnd+8*const_weightsLog)(AX), R14
	ADDQ p+24(FP), AX
	MOVQ a+32(FP), R8
	MOVQ c+40(FP), R9
	XORL R12, R12
	XORL R13, R13

turn:
	CMPQ AX, R14
	JLT  done
	CMPL R13, $(const_maxWeights-10)
	JGT  done
	LEAQ 7(AX), DX
	SHRQ $3, DX
	MOVQ -8(DX), R10
	NEGQ DX
	LEAQ (AX)(DX*8), R11
	MOVQ R11, R15
	WEIGHT(R8)
	WEIGHT(R9)
	WEIGHT(R8)
	WEIGHT(R9)
	WEIGHT(R8)
	WEIGHT(R9)
	WEIGHT(R8)
	WEIGHT(R9)
	SUBQ R11, R15
	MOVBLZX R15, R15
	SUBQ R15, AX
	JMP  turn

done:
	MOVQ b+16(FP), DX
	SHLQ $3, DX
	SUBQ DX, AX
	MOVQ AX, after+48(FP)
	MOVQ R8, nextA+56(FP)
	MOVQ R9, nextC+64(FP)
	MOVQ R12, n+72(FP)
	MOVQ R13, literal+80(FP)
	RET

// func fillBMI2(t *codeTable, w *weights, longest, bits int)
//
// DI is where the next code goes, AX its weight, R8 its length, and R9 how many entries it
// has. 16 are written at least, of which the next code overwrites what is its own; behind
// the last code the table has 16 more (fillRoom). R11 to CX are the literals of the weight:
// 256 at most, since count is what list counted, and one more. All codes together fill the
// table exactly, as the sum of weights was checked.
TEXT ·fillBMI2(SB), NOSPLIT, $0-32
	MOVQ t+0(FP), DI
	MOVQ w+8(FP), BX
	MOVQ longest+16(FP), R8
	MOVQ bits+24(FP), CX
	SUBQ R8, CX
	MOVL $1, R9
	SHLXQ CX, R9, R9
	LEAQ (weights_symbol+256)(BX), SI
	MOVL $1, AX

weight:
	MOVL  (weights_count)(BX)(AX*4), CX
	TESTL CX, CX
	JEQ   nextWeight
	ADDQ  SI, CX
	MOVQ  SI, R11

literal:
	MOVBLZX      (R11), DX
	SHLL         $8, DX
	ORL          R8, DX
	VMOVD        DX, X0
	VPBROADCASTW X0, Y0
	VMOVDQU      Y0, (DI)
	CMPL         R9, $16
	JHI          many

codeDone:
	LEAQ (DI)(R9*2), DI
	INCQ R11
	CMPQ R11, CX
	JNE  literal

nextWeight:
	ADDQ $256, SI
	ADDQ R9, R9
	INCL AX
	DECL R8
	JNE  weight
	VZEROUPPER
	RET

many:
	MOVL $16, R10

more:
	VMOVDQU Y0, (DI)(R10*2)
	ADDQ    $16, R10
	CMPQ    R10, R9
	JCS     more
	JMP     codeDone
