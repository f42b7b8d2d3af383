//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// Bits are read from the high end of a register, into which the 8 bytes that end with the
// position's byte are loaded: at least 57 of their bits are below the position. A code
// has its length in the low byte, where the shifts look for it, and its literal in the
// high one. Its index is the highest bits, as many as the table was built for. That is all
// that the shift leaves, so loads from the table are inside.
//
// Before a turn there are as many bits as its literals can have, and as many literals to
// decode. So no position comes to lie before the stream's beginning, which has 8 bytes
// (front) before it in its slice: all loads are inside, and each byte stored is a literal.

// POSITION makes v the bits below position p, an address of bits. It uses c.
#define POSITION(p, v, c) \
	LEAQ  7(p), v;        \
	SHRQ  $3, v;          \
	MOVQ  -8(v), v;       \
	MOVL  p, c;           \
	NEGL  c;              \
	ANDL  $7, c;          \
	SHLXQ c, v, v

// func oneBMI2(t *codeTable, bits int, b *byte, p int, dst *byte, last int) (after, n int)
//
// A turn decodes three literals, of 33 bits at most. The bits below the first of
// them are loaded early, so that they are there when the other two, of 22 bits
// at most, are decoded and shifted out: 35 are left at least. R12 is the least position
// and R13 the last place for a turn.
TEXT ·oneBMI2(SB), NOSPLIT, $0-64
	MOVQ t+0(FP), CX
	MOVQ bits+8(FP), R12
	MOVL $64, R9
	SUBQ R12, R9
	MOVQ b+16(FP), AX
	SHLQ $3, AX
	LEAQ (R12)(R12*2), R12
	LEAQ (const_streamEnd)(AX)(R12*1), R12
	ADDQ p+24(FP), AX
	MOVQ dst+32(FP), DI
	MOVQ last+40(FP), R13
	ADDQ DI, R13
	CMPQ AX, R12
	JLT  done
	POSITION(AX, R8, DX)

turn:
	SHRXQ   R9, R8, DX
	MOVWLZX (CX)(DX*2), DX
	SHLXQ   DX, R8, R8
	MOVBLZX DX, R10
	SUBQ    R10, AX
	POSITION(AX, R11, R10)
	SHRL    $8, DX
	MOVB    DX, (DI)
	SHRXQ   R9, R8, DX
	MOVWLZX (CX)(DX*2), DX
	SHLXQ   DX, R8, R8
	SHRXQ   R9, R8, SI
	MOVWLZX (CX)(SI*2), SI
	LEAL    (DX)(SI*1), R10
	SHLXQ   R10, R11, R8
	MOVBLZX R10, R10
	SUBQ    R10, AX
	SHRL    $8, DX
	MOVB    DX, 1(DI)
	SHRL    $8, SI
	MOVB    SI, 2(DI)
	ADDQ    $3, DI
	CMPQ    AX, R12
	JLT     done
	CMPQ    DI, R13
	JLS     turn

done:
	MOVQ b+16(FP), DX
	SHLQ $3, DX
	SUBQ DX, AX
	MOVQ AX, after+48(FP)
	SUBQ dst+32(FP), DI
	MOVQ DI, n+56(FP)
	RET

// LITERAL decodes a literal of the stream v and stores it at to.
#define LITERAL(v, to) \
	SHRXQ   AX, v, DX;          \
	MOVWLZX (CX)(DX*2), DX;     \
	SHLXQ   DX, v, v;           \
	SHRL    $8, DX;             \
	MOVB    DX, to

#define FOUR_LITERALS(i) \
	LITERAL(R12, i(DI));        \
	LITERAL(R13, i(DI)(BX*1));  \
	LITERAL(R14, i(DI)(BX*2));  \
	LITERAL(R15, i(SI))

// START makes p, from the position at from, the address behind the bytes that are loaded,
// and v the bits. The lowest bit of these bytes is set as a mark: after shifts by 63 bits
// at most it is the lowest that is set, and its place tells how many were shifted out.
#define START(from, p, v) \
	MOVQ  from, DX;          \
	MOVQ  DX, p;             \
	ADDQ  $7, p;             \
	SHRQ  $3, p;             \
	ADDQ  R9, p;             \
	MOVQ  -8(p), v;          \
	ORQ   $1, v;             \
	NEGL  DX;                \
	ANDL  $7, DX;            \
	SHLXQ DX, v, v

// NEXT does the same from where v has come to.
#define NEXT(p, v) \
	TZCNTQ v, DX;            \
	MOVL   DX, R9;           \
	SHRL   $3, R9;           \
	SUBQ   R9, p;            \
	MOVQ   -8(p), v;         \
	ORQ    $1, v;            \
	ANDL   $7, DX;           \
	SHLXQ  DX, v, v

// STOP makes of p the position of v, and stores it.
#define STOP(p, v, to) \
	TZCNTQ v, DX;            \
	SUBQ   R9, p;            \
	SHLQ   $3, p;            \
	SUBQ   DX, p;            \
	MOVQ   p, to

// func fourBMI2(t *codeTable, shift uint64, b *byte, p *[4]int, dst *byte, quarter, turns int)
//
// A turn decodes five literals of each stream, of 55 bits at most; 56 are certain to be
// below the position and above the mark. R8, R10, R11 and BP are the streams' addresses,
// R12 to R15 their bits. DI, DI with BX (a quarter) and twice BX added, and SI are where
// their literals go.
TEXT ·fourBMI2(SB), NOSPLIT, $8-56
	MOVQ t+0(FP), CX
	MOVQ shift+8(FP), AX
	MOVQ b+16(FP), R9
	MOVQ p+24(FP), SI
	START(0(SI), R8, R12)
	START(8(SI), R10, R13)
	START(16(SI), R11, R14)
	START(24(SI), BP, R15)
	MOVQ dst+32(FP), DI
	MOVQ quarter+40(FP), BX
	LEAQ (DI)(BX*2), SI
	ADDQ BX, SI
	MOVQ turns+48(FP), DX
	MOVQ DX, 0(SP)

turn:
	FOUR_LITERALS(0)
	FOUR_LITERALS(1)
	FOUR_LITERALS(2)
	FOUR_LITERALS(3)
	FOUR_LITERALS(4)
	ADDQ $5, DI
	ADDQ $5, SI
	NEXT(R8, R12)
	NEXT(R10, R13)
	NEXT(R11, R14)
	NEXT(BP, R15)
	DECQ 0(SP)
	JNE  turn

	MOVQ b+16(FP), R9
	MOVQ p+24(FP), SI
	STOP(R8, R12, 0(SI))
	STOP(R10, R13, 8(SI))
	STOP(R11, R14, 16(SI))
	STOP(BP, R15, 24(SI))
	RET
