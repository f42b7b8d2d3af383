//go:build !purego

#include "textflag.h"

// SPREAD puts the byte char thirty-two times into y, of which x is the lower half.
#define SPREAD(char, x, y) \
	MOVL         char, AX; \
	VMOVD        AX, x;    \
	VPBROADCASTB x, y

// EQUAL sets the bits of mask for the bytes of Y6 and Y7 that equal those of
// chars. It uses Y8, Y9 and CX.
#define EQUAL(chars, mask) \
	VPCMPEQB  Y6, chars, Y8; \
	VPCMPEQB  Y7, chars, Y9; \
	VPMOVMSKB Y8, mask;      \
	VPMOVMSKB Y9, CX;        \
	SHLQ      $32, CX;       \
	ORQ       CX, mask

// MASKS sets AX to the quotes of Y6 and Y7, R9 to the opening and R10 to the
// closing brackets. Y6 and Y7 are of no use afterwards.
#define MASKS \
	EQUAL(Y0, AX);    \
	VPOR  Y4, Y6, Y6; \
	VPOR  Y4, Y7, Y7; \
	EQUAL(Y2, R9);    \
	EQUAL(Y3, R10)

// func scanAVX2(b *byte, size, from int) (end int)
//
// SI is the block, DI how many bytes are left, DX the depth. R8 is all ones if the
// block begins inside a string, and R12 is 1 if a backslash before it escapes its
// first byte; otherwise they are 0.
TEXT ·scanAVX2(SB), NOSPLIT, $0-32
	MOVQ b+0(FP), SI
	MOVQ size+8(FP), DI
	MOVQ from+16(FP), AX
	ADDQ AX, SI
	SUBQ AX, DI
	MOVL $1, DX
	XORL R8, R8
	XORL R12, R12

	SPREAD($0x22, X0, Y0) // "
	SPREAD($0x5c, X1, Y1) // \
	SPREAD($0x7b, X2, Y2) // {
	SPREAD($0x7d, X3, Y3) // }
	SPREAD($0x20, X4, Y4) // the bit that { and } have and [ and ] have not
	VPCMPEQB X5, X5, X5   // all ones

	CMPQ DI, $64
	JLT  rest

block:
	VMOVDQU  0(SI), Y6
	VMOVDQU  32(SI), Y7
	VPCMPEQB Y6, Y1, Y8
	VPCMPEQB Y7, Y1, Y9
	VPOR     Y8, Y9, Y8
	VPTEST   Y8, Y8
	JNZ      backslashes
	TESTQ    R12, R12
	JNZ      backslashes
	MASKS

strings:
	// A product with all ones, without carries, has in each bit the parity of
	// the bits up to it: what lies in strings, with the quotes that open them.
	VMOVQ      AX, X8
	VPCLMULQDQ $0, X5, X8, X8
	VMOVQ      X8, AX
	XORQ       R8, AX
	MOVQ       AX, R8
	SARQ       $63, R8
	NOTQ       AX
	ANDQ       AX, R9
	ANDQ       AX, R10
	POPCNTQ    R10, CX
	CMPQ       CX, DX
	JGE        closing
	SUBQ       CX, DX

opening:
	POPCNTQ R9, CX
	ADDQ    CX, DX
	ADDQ    $64, SI
	SUBQ    $64, DI
	CMPQ    DI, $64
	JGE     block

rest:
	TESTQ DI, DI
	JLE   none

	// The last block is short: take the last 64 bytes and shift out those that
	// were looked at before.
	VMOVDQU -64(SI)(DI*1), Y6
	VMOVDQU -32(SI)(DI*1), Y7
	EQUAL(Y1, R13)
	MASKS
	MOVQ    $64, CX
	SUBQ    DI, CX
	SHRQ    CX, AX
	SHRQ    CX, R9
	SHRQ    CX, R10
	SHRQ    CX, R13
	JMP     escapes

backslashes:
	EQUAL(Y1, R13)
	MASKS

escapes:
	// Of a run of backslashes every other one escapes what follows. A run that
	// begins at an odd bit is told from one that begins at an even bit by where
	// the carry of a subtraction ends.
	MOVQ R13, BX
	MOVQ R12, CX
	NOTQ CX
	ANDQ CX, BX             // those that are not escaped by the block before
	LEAQ (BX)(BX*1), CX
	MOVQ $0xaaaaaaaaaaaaaaaa, R11
	ORQ  R11, CX
	SUBQ BX, CX
	XORQ R11, CX            // backslashes that escape, and what is escaped
	MOVQ R13, BX
	ORQ  R12, BX
	XORQ CX, BX             // what is escaped
	ANDQ R13, CX            // what escapes
	MOVQ CX, R12
	SHRQ $63, R12
	NOTQ BX
	ANDQ BX, AX
	JMP  strings

closing:
	// So many brackets close that depth may come down to zero: each of them is
	// looked at, with those that open in front of it.
	LEAQ    -1(R10), BX
	MOVQ    R10, CX
	NOTQ    CX
	ANDQ    BX, CX
	ANDQ    R9, CX
	POPCNTQ CX, CX
	DECQ    DX
	ADDQ    DX, CX
	JZ      found
	ANDQ    BX, R10
	JNZ     closing
	JMP     opening

found:
	BSFQ R10, CX
	MOVQ size+8(FP), AX
	SUBQ DI, AX
	LEAQ 1(AX)(CX*1), AX
	MOVQ AX, end+24(FP)
	VZEROUPPER
	RET

none:
	MOVQ $0, end+24(FP)
	VZEROUPPER
	RET
