//go:build !purego

#include "textflag.h"

// The characters that are looked for, sixteen times each.
DATA quote<>+0(SB)/8, $0x2222222222222222
DATA quote<>+8(SB)/8, $0x2222222222222222
GLOBL quote<>(SB), RODATA|NOPTR, $16
DATA backslash<>+0(SB)/8, $0x5c5c5c5c5c5c5c5c
DATA backslash<>+8(SB)/8, $0x5c5c5c5c5c5c5c5c
GLOBL backslash<>(SB), RODATA|NOPTR, $16
DATA open<>+0(SB)/8, $0x7b7b7b7b7b7b7b7b
DATA open<>+8(SB)/8, $0x7b7b7b7b7b7b7b7b
GLOBL open<>(SB), RODATA|NOPTR, $16
DATA close<>+0(SB)/8, $0x7d7d7d7d7d7d7d7d
DATA close<>+8(SB)/8, $0x7d7d7d7d7d7d7d7d
GLOBL close<>(SB), RODATA|NOPTR, $16

// The bit that { and } have and [ and ] have not, and that no other character
// becomes a bracket by.
DATA bit5<>+0(SB)/8, $0x2020202020202020
DATA bit5<>+8(SB)/8, $0x2020202020202020
GLOBL bit5<>(SB), RODATA|NOPTR, $16

// EQUAL sets the bits of mask for the bytes of X0, X1, X2 and X3 that equal
// those of chars. It uses X5 to X8, and BX, CX and DX.
#define EQUAL(chars, mask) \
	MOVOU    chars<>(SB), X5; \
	MOVOU    X5, X6;          \
	MOVOU    X5, X7;          \
	MOVOU    X5, X8;          \
	PCMPEQB  X0, X5;          \
	PCMPEQB  X1, X6;          \
	PCMPEQB  X2, X7;          \
	PCMPEQB  X3, X8;          \
	PMOVMSKB X5, mask;        \
	PMOVMSKB X6, BX;          \
	PMOVMSKB X7, CX;          \
	PMOVMSKB X8, DX;          \
	SHLQ     $16, BX;         \
	SHLQ     $32, CX;         \
	SHLQ     $48, DX;         \
	ORQ      BX, mask;        \
	ORQ      CX, DX;          \
	ORQ      DX, mask

// func masks(block *[64]byte) (quotes, opens, closes, backslashes uint64)
//
// It reads the 64 bytes of block, with SSE2, which every amd64 has.
TEXT ·masks(SB), NOSPLIT, $0-40
	MOVQ  block+0(FP), SI
	MOVOU 0(SI), X0
	MOVOU 16(SI), X1
	MOVOU 32(SI), X2
	MOVOU 48(SI), X3

	EQUAL(quote, AX)
	MOVQ AX, quotes+8(FP)
	EQUAL(backslash, AX)
	MOVQ AX, backslashes+32(FP)

	MOVOU bit5<>(SB), X4
	POR   X4, X0
	POR   X4, X1
	POR   X4, X2
	POR   X4, X3
	EQUAL(open, AX)
	MOVQ  AX, opens+16(FP)
	EQUAL(close, AX)
	MOVQ  AX, closes+24(FP)
	RET
