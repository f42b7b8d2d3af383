//go:build !purego

#include "textflag.h"

// Two functions walk over an array or object, 64 bytes a turn, and differ in how
// they make masks of these. In both, SI is the block, DI how many bytes are left,
// and DX the depth. R8 is all ones if the block begins inside a string, and R12 is 1 if a
// backslash before it escapes its first byte; otherwise they are 0. Masks of the block
// are AX, its quotes, R9 and R10, its opening and closing brackets, and R13, its
// backslashes. X5 is all ones.

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

// DEPTH follows the depth over the block, or leaves for closing where it may come down
// to zero. A product with all ones, without carries, has in each bit the parity of
// the bits up to it: what lies in strings, with the quotes that open them.
#define DEPTH \
	VMOVQ      AX, X8; \
	VPCLMULQDQ $0, X5, X8, X8; \
	VMOVQ      X8, AX; \
	XORQ       R8, AX; \
	MOVQ       AX, R8; \
	SARQ       $63, R8; \
	NOTQ       AX; \
	ANDQ       AX, R9; \
	ANDQ       AX, R10; \
	POPCNTQ    R10, CX; \
	CMPQ       CX, DX; \
	JGE        closing; \
	SUBQ       CX, DX; \
opening: \
	POPCNTQ R9, CX; \
	ADDQ    CX, DX

// ESCAPES takes the quotes away that a backslash escapes. Of a run of every other one
// escapes what follows; whether it begins at an odd bit shows where the carry of a
// subtraction ends.
#define ESCAPES \
	MOVQ R13, BX; \
	MOVQ R12, CX; \
	NOTQ CX; \
	ANDQ CX, BX; \
	LEAQ (BX)(BX*1), CX; \
	MOVQ $0xaaaaaaaaaaaaaaaa, R11; \
	ORQ  R11, CX; \
	SUBQ BX, CX; \
	XORQ R11, CX; \
	MOVQ R13, BX; \
	ORQ  R12, BX; \
	XORQ CX, BX; \
	ANDQ R13, CX; \
	MOVQ CX, R12; \
	SHRQ $63, R12; \
	NOTQ BX; \
	ANDQ BX, AX

// END looks at each bracket that closes, with those that open in front of it, where so
// many close that the depth may come down to zero; and returns.
#define END \
closing: \
	LEAQ    -1(R10), BX; \
	MOVQ    R10, CX; \
	NOTQ    CX; \
	ANDQ    BX, CX; \
	ANDQ    R9, CX; \
	POPCNTQ CX, CX; \
	DECQ    DX; \
	ADDQ    DX, CX; \
	JZ      found; \
	ANDQ    BX, R10; \
	JNZ     closing; \
	JMP     opening; \
found: \
	BSFQ R10, CX; \
	MOVQ size+8(FP), AX; \
	SUBQ DI, AX; \
	LEAQ 1(AX)(CX*1), AX; \
	MOVQ AX, end+24(FP); \
	VZEROUPPER; \
	RET; \
none: \
	MOVQ $0, end+24(FP); \
	VZEROUPPER; \
	RET

// func scanAVX2(b *byte, size, from int) (end int)
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
	VPCMPEQB X5, X5, X5
	CMPQ     DI, $64
	JLT      rest

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
	DEPTH
	ADDQ $64, SI
	SUBQ $64, DI
	CMPQ DI, $64
	JGE  block

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
	ESCAPES
	JMP strings

	END

// func scanAVX512(b *byte, size, from int) (end int)
TEXT ·scanAVX512(SB), NOSPLIT, $0-32
	MOVQ b+0(FP), SI
	MOVQ size+8(FP), DI
	MOVQ from+16(FP), AX
	ADDQ AX, SI
	SUBQ AX, DI
	JLE  none
	MOVL $1, DX
	XORL R8, R8
	XORL R12, R12

	MOVL         $0x22, AX // "
	VPBROADCASTB AX, Z0
	MOVL         $0x5c, AX // \
	VPBROADCASTB AX, Z1
	MOVL         $0x7b, AX // {
	VPBROADCASTB AX, Z2
	MOVL         $0x7d, AX // }
	VPBROADCASTB AX, Z3
	MOVL         $0x20, AX // the bit that { and } have and [ and ] have not
	VPBROADCASTB AX, Z4
	VPCMPEQB     X5, X5, X5

block:
	CMPQ      DI, $64
	JLT       short
	VMOVDQU64 0(SI), Z6

masks:
	VPCMPEQB Z6, Z1, K1
	VPCMPEQB Z6, Z0, K2
	VPORQ    Z4, Z6, Z6
	VPCMPEQB Z6, Z2, K3
	VPCMPEQB Z6, Z3, K4
	KMOVQ    K1, R13
	KMOVQ    K2, AX
	KMOVQ    K3, R9
	KMOVQ    K4, R10
	MOVQ     R13, CX
	ORQ      R12, CX
	JNZ      escapes

strings:
	DEPTH
	ADDQ $64, SI
	SUBQ $64, DI
	JGT  block
	JMP  none

short:
	// What lies behind the last byte is not read, and counts as zeros.
	MOVQ       DI, CX
	MOVQ       $-1, AX
	SHLQ       CX, AX
	NOTQ       AX
	KMOVQ      AX, K5
	VMOVDQU8.Z 0(SI), K5, Z6
	JMP        masks

escapes:
	ESCAPES
	JMP strings

	END
