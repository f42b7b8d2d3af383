//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// What the loop keeps in registers:
//
//	R8 R9   the bits, and how many of them are valid, of which the low byte counts
//	SI      the next byte to load
//	DI      where in the output the next byte goes
//	R10 R12 the literal/length table, and the bits of its root
//	R11 R13 the distance table, and the bits of its root
//	AX      an entry of the first table, CX one of the second
//	BX BP   the length and the distance of a match
//
// DX, R14 and R15 are for what is needed in between. In the frame are the last values of SI
// and DI with which a turn begins, the output's beginning, and the history's window, next and size.

#define lastIn  0(SP)
#define lastOut 8(SP)
#define output  16(SP)
#define window  24(SP)
#define next    32(SP)
#define size    40(SP)

#define shortest 32 // the least distance of a match that is copied in vectors

#define special $const_isSpecial

// REFILL makes 56 bits valid at least (bitReader.refill). It loads 8 bytes at SI.
#define REFILL \
	MOVQ    (SI), DX;    \
	SHLXQ   R9, DX, DX;  \
	ORQ     DX, R8;      \
	MOVBLZX R9, DX;      \
	XORL    $63, DX;     \
	SHRL    $3, DX;      \
	ADDQ    DX, SI;      \
	ORL     $56, R9

// ENTRY makes AX the entry of the first table that the next bits select.
#define ENTRY \
	BZHIQ R12, R8, AX;    \
	MOVL  (R10)(AX*4), AX

// LITERAL puts out a literal, the entry in AX.
#define LITERAL \
	SHRXQ AX, R8, R8; \
	SUBL  AX, R9;     \
	SHRL  $16, AX;    \
	MOVB  AX, (DI);   \
	INCQ  DI

// func turnsBMI2(d *Decoder, c *codes, full int)
//
// Nothing of a match is taken from the bits before it is certain to be copied here, so the
// loop may end at any turn, and in one, with d as it is between two turns.
//
// Proofs, beside those in copy_unsafe.go, which hold for this loop as for turns: it
// begins a turn where that does, and goes no further in one.
//
//   - It loads at SI up to twice in a turn, which begins with SI at lastIn at most, and a
//     third time before only with SI at lastIn at most, too: each moves SI by 7 at most.
//   - BZHI leaves an index of as many bits as the mask of a table's root has, whatever
//     the bits are.
//   - A match is at most 258 bytes long, and 64 bytes are loaded and stored at first, then
//     32 at a time while less than it are done: that ends before the room behind DI.
//   - It is copied from the output, where it begins before DI and not before the output,
//     or from the window, with size bytes in it before next, where it begins at
//     WindowSize-maxMatch-chunk at most and ends before the output begins.
//   - A vector is loaded before what is behind DI is stored there: in the output it
//     is shortest bytes away, or copied byte by byte.
TEXT ·turnsBMI2(SB), NOSPLIT, $48-24
	MOVQ    d+0(FP), DX
	MOVQ    (Decoder_in+bitReader_acc)(DX), R8
	MOVBLZX (Decoder_in+bitReader_n)(DX), R9
	MOVQ    Decoder_src(DX), AX
	MOVQ    (Decoder_in+bitReader_pos)(DX), SI
	ADDQ    AX, SI
	ADDQ    Decoder_last(DX), AX
	MOVQ    AX, lastIn
	MOVQ    Decoder_out(DX), DI
	MOVQ    DI, output
	MOVQ    full+16(FP), AX
	ADDQ    DI, AX
	MOVQ    AX, lastOut
	ADDQ    Decoder_size(DX), DI
	MOVQ    Decoder_past(DX), AX
	MOVQ    history_window(AX), BX
	MOVQ    BX, window
	MOVLQSX history_next(AX), BX
	MOVQ    BX, next
	MOVLQSX history_size(AX), BX
	MOVQ    BX, size
	MOVQ    c+8(FP), R10
	LEAQ    codes_dist(R10), R11
	POPCNTQ codes_litMask(R10), R12
	POPCNTQ codes_distMask(R10), R13

start:
	CMPQ  SI, lastIn
	JGT   done
	CMPQ  DI, lastOut
	JGT   done
	REFILL

	// The next entry is looked for before the refill, if there are bits enough for it.
turn:
	ENTRY
	CMPQ    SI, lastIn
	JGT     done
	CMPQ    DI, lastOut
	JGT     done
	MOVBLZX R9, DX
	CMPL    DX, R12
	JCS     start
	REFILL
	TESTL   AX, AX
	JGE     match
	LITERAL
	ENTRY
	TESTL AX, AX
	JGE   refilled
	LITERAL
	ENTRY
	TESTL AX, AX
	JGE   refilled
	LITERAL
	JMP   turn

	// The entry stands: a refill only adds bits above the valid ones.
refilled:
	REFILL

	// At least 48 bits: a length of 15+5 and a distance of 15+13.
match:
	TESTL special, AX
	JNE   done
	BZHIQ AX, R8, BX
	MOVL  AX, DX
	SHRL  $8, DX
	SHRXQ DX, BX, BX
	MOVL  AX, DX
	SHRL  $16, DX
	ADDL  DX, BX
	SHRXQ AX, R8, DX
	BZHIQ R13, DX, CX
	MOVL  (R11)(CX*4), CX
	TESTL special, CX
	JNE   done
	BZHIQ CX, DX, BP
	MOVL  CX, R14
	SHRL  $8, R14
	SHRXQ R14, BP, BP
	MOVL  CX, R14
	SHRL  $16, R14
	ADDL  R14, BP

	// R14 is where the match begins in the output, or, if R15 is over 0, that far before it
	// and in the window. Which of both is as good as random, and no branch.
	MOVQ    DI, R14
	SUBQ    BP, R14
	MOVQ    output, R15
	SUBQ    R14, R15
	CMPQ    R15, size
	JGT     done
	CMPQ    BP, $shortest
	JCS     short
	LEAQ    -1(R15), BP
	CMPQ    BP, BX
	JCS     done
	MOVQ    next, BP
	SUBQ    R15, BP
	ANDL    $(const_WindowSize-1), BP
	CMPL    BP, $(const_WindowSize-const_maxMatch-const_chunk)
	JGT     edge

inside:
	ADDQ    window, BP
	TESTQ   R15, R15
	CMOVQGT BP, R14
	SHRXQ   CX, DX, R8
	SUBL    AX, R9
	SUBL    CX, R9
	VMOVDQU (R14), Y0
	VMOVDQU Y0, (DI)
	VMOVDQU 32(R14), Y1
	VMOVDQU Y1, 32(DI)
	CMPL    BX, $64
	JHI     long
	ADDQ    BX, DI
	JMP     turn

	// The place in the window is near its end: that does not matter in the output.
edge:
	TESTQ R15, R15
	JGT   done
	JMP   inside

long:
	MOVL $64, DX

more:
	VMOVDQU (R14)(DX*1), Y0
	VMOVDQU Y0, (DI)(DX*1)
	ADDQ    $32, DX
	CMPQ    DX, BX
	JCS     more
	ADDQ    BX, DI
	JMP     turn

short:
	TESTQ R15, R15
	JGT   done
	SHRXQ CX, DX, R8
	SUBL  AX, R9
	SUBL  CX, R9
	ADDQ  DI, BX

byte:
	MOVB (R14), DX
	MOVB DX, (DI)
	INCQ R14
	INCQ DI
	CMPQ DI, BX
	JNE  byte
	JMP  turn

done:
	VZEROUPPER
	MOVQ d+0(FP), DX
	SUBQ Decoder_src(DX), SI
	MOVQ SI, (Decoder_in+bitReader_pos)(DX)
	MOVQ R8, (Decoder_in+bitReader_acc)(DX)
	MOVB R9, (Decoder_in+bitReader_n)(DX)
	SUBQ output, DI
	MOVQ DI, Decoder_size(DX)
	RET
