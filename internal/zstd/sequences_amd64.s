//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// Three functions read sequences, execute them, or both in turn. They are made of the
// macros READ, OFFSET and COPY, and share these registers:
//
//	R11        the decoder
//	R8 R9 R10  the states: the cells of literals length, offset and match length
//	AX         the position in the bit stream, as an address of bits: 8·address + bit
//	R12        the first repeat offset
//	R13        the second one, in the low half, and the third
//	DI         where in the output the next byte goes
//	BX         the next literal
//	R14 CX BP  of a sequence: literals length, match length, Offset_Value
//
// DX, SI and R15 are for what is needed in between. The rest is in the frame:
//
//	streamEnd    the position of the bit stream's end
//	offsetLimit  one more than the greatest offset that is copied here, less shortest
//	base         where in the output the frame begins
//	ringNext     where in the ring the next byte goes, and behind what it remembers
//	ringWrapped  as if that followed the ring's end: ringNext, and the ring's size
//	ringEnd      the ring's end
//	ringIndex    how many bytes lie before ringNext
//	ringUsed     how many it remembers
//	outEnd       where in the output the block has to end
//	literalsEnd  where the literals end
//	todo         how many sequences are left
//
// Each load and store has its proof beside it, which begins with this: a position in
// the output is at most outEnd, a position in the literals at most literalsEnd, and
// both have 64 bytes (room) behind them.

#define shortest 32 // the least offset of a match that is copied here: a vector

#define streamEnd   0(SP)
#define offsetLimit 8(SP)
#define base        16(SP)
#define ringNext    24(SP)
#define ringWrapped 32(SP)
#define ringEnd     40(SP)
#define ringIndex   48(SP)
#define ringUsed    56(SP)
#define outEnd      64(SP)
#define literalsEnd 72(SP)
#define todo        80(SP)

#define reader(field) (Decoder_reader+field)(R11)
#define table(code)   (Decoder_tables+code*table__size+table_states)(R11)

// BEGIN_READ loads what READ needs.
#define BEGIN_READ \
	MOVQ reader(sequenceReader_in+bitReader_b), AX; \
	SHLQ $3, AX;                                    \
	LEAQ (const_streamEnd)(AX), DX;                 \
	MOVQ DX, streamEnd;                             \
	ADDQ reader(sequenceReader_in+bitReader_p), AX; \
	MOVQ reader(sequenceReader_states), R8;         \
	MOVQ reader(sequenceReader_states+8), R9;       \
	MOVQ reader(sequenceReader_states+16), R10

// END_READ stores what BEGIN_READ has loaded.
#define END_READ \
	MOVQ streamEnd, DX;                             \
	LEAQ -(const_streamEnd)(DX), DX;                \
	SUBQ DX, AX;                                    \
	MOVQ AX, reader(sequenceReader_in+bitReader_p); \
	MOVQ R8, reader(sequenceReader_states);         \
	MOVQ R9, reader(sequenceReader_states+8);       \
	MOVQ R10, reader(sequenceReader_states+16)

// READ reads a sequence, and the states that follow it (readSequences does the same).
// It jumps to wide, or with R15 taken from AX to short, where the sequence has more
// bits than 8 bytes are certain to have, or than are left.
//
// It loads the 8 bytes that end with the one in which the bit below the position is.
// The position is over streamEnd, or there is nothing to read and it is that; so it
// has 8 bytes (front) before it that belong to the slice. It is at most the slice's end.
//
// At least 57 of these bits are below the position. They are shifted right until the
// last bit of the sequence is the lowest: the next offset state, the next match length
// state, the next literals length state, the extra bits of literals length, match length
// and offset, in this order from low to high. BZHI and the shifts look for a count in
// the low byte of a register, which is where a cell has that of a state; the one of the extra
// bits is rotated to there.
//
// A cell's base and as many bits as it says are together a state of the table, by
// its construction (RFC 8878 section 4.1). So the loads from tables are inside.
#define READ \
	LEAQ    (R9)(R10*1), CX;      \
	LEAQ    (CX)(R8*1), DX;       \
	MOVBLZX DX, R14;              \
	SHRL    $8, DX;               \
	MOVBLZX DX, R15;              \
	ADDL    R14, R15;             \
	CMPL    R15, $const_peekBits; \
	JHI     wide;                 \
	LEAQ    7(AX), DX;            \
	SHRQ    $3, DX;               \
	SUBQ    R15, AX;              \
	CMPQ    AX, streamEnd;        \
	JLT     short;                \
	MOVQ    -8(DX), BP;           \
	NEGQ    DX;                   \
	LEAQ    (AX)(DX*8), DX;       \
	SHRXQ   DX, BP, BP;           \
	BZHIQ   R9, BP, DX;           \
	SHRXQ   R9, BP, R15;          \
	BZHIQ   R10, R15, R15;        \
	SHRXQ   CX, BP, CX;           \
	BZHIQ   R8, CX, CX;           \
	SHRXQ   R14, BP, BP;          \
	RORXQ   $8, R8, SI;           \
	BZHIQ   SI, BP, R14;          \
	SHRXQ   SI, BP, BP;           \
	RORXQ   $32, R8, SI;          \
	ADDL    SI, R14;              \
	SHRL    $16, R8;              \
	ADDL    CX, R8;               \
	MOVQ    table(const_literalsLengths)(R8*8), R8; \
	RORXQ   $8, R10, SI;          \
	BZHIQ   SI, BP, CX;           \
	SHRXQ   SI, BP, BP;           \
	RORXQ   $32, R10, SI;         \
	ADDL    SI, CX;               \
	SHRL    $16, R10;             \
	ADDL    R15, R10;             \
	MOVQ    table(const_matchLengths)(R10*8), R10; \
	RORXQ   $8, R9, SI;           \
	BZHIQ   SI, BP, BP;           \
	RORXQ   $32, R9, SI;          \
	ADDL    SI, BP;               \
	SHRL    $16, R9;              \
	ADDL    DX, R9;               \
	MOVQ    table(const_offsets)(R9*8), R9

// BEGIN_EXECUTE loads what OFFSET and COPY need.
#define BEGIN_EXECUTE \
	MOVQ    Decoder_out(R11), DI;                    \
	MOVQ    Decoder_base(R11), DX;                   \
	ADDQ    DI, DX;                                  \
	MOVQ    DX, base;                                \
	ADDQ    Decoder_size(R11), DI;                   \
	MOVQ    DI, DX;                                  \
	ADDQ    reader(sequenceReader_output), DX;       \
	MOVQ    DX, outEnd;                              \
	MOVQ    Decoder_literals(R11), BX;               \
	MOVQ    BX, DX;                                  \
	ADDQ    reader(sequenceReader_literals), DX;     \
	MOVQ    DX, literalsEnd;                         \
	MOVQ    Decoder_stream(R11), R14;                \
	MOVL    (Stream_recent)(R14), R12;               \
	MOVQ    (Stream_recent+4)(R14), R13;             \
	MOVQ    (Stream_history+history_ring)(R14), DX;  \
	MOVQ    (Stream_history+history_next)(R14), CX;  \
	MOVQ    CX, ringIndex;                           \
	ADDQ    DX, CX;                                  \
	MOVQ    CX, ringNext;                            \
	MOVQ    (Stream_history+history_ring+8)(R14), SI; \
	ADDQ    SI, CX;                                  \
	MOVQ    CX, ringWrapped;                         \
	ADDQ    SI, DX;                                  \
	MOVQ    DX, ringEnd;                             \
	MOVQ    (Stream_history+history_size)(R14), DX;  \
	MOVQ    DX, ringUsed;                            \
	XORL    CX, CX;                                  \
	MOVQ    (Stream_frame+frame_window)(R14), DX;    \
	SUBQ    $(shortest-1), DX;                       \
	CMOVQLT CX, DX;                                  \
	MOVQ    DX, offsetLimit

// END_EXECUTE stores what BEGIN_EXECUTE has loaded. BX becomes the number of literals.
#define END_EXECUTE \
	VZEROUPPER;                            \
	SUBQ Decoder_out(R11), DI;             \
	MOVQ DI, Decoder_size(R11);            \
	SUBQ Decoder_literals(R11), BX;        \
	MOVQ Decoder_stream(R11), DX;          \
	MOVL R12, (Stream_recent)(DX);         \
	MOVQ R13, (Stream_recent+4)(DX)

// OFFSET makes R12 the offset that Offset_Value stands for, and moves those of before
// on (execute does the same). The rest of it is OFFSET_REPEATED.
#define OFFSET \
	CMPL BP, $const_maxRepeat; \
	JLS  repeated;             \
	SHLQ $32, R13;             \
	ORQ  R12, R13;             \
	LEAL -const_maxRepeat(BP), R12; \
known:

// OFFSET_REPEATED is what OFFSET jumps to for values up to 3: one of the offsets of
// before, shifted by one where there are no literals, or the first one less one.
#define OFFSET_REPEATED \
repeated: \
	CMPL R14, $1;  \
	ADCL $0, BP;   \
	CMPL BP, $2;   \
	JCS  known;    \
	JEQ  second;   \
	CMPL BP, $3;   \
	JEQ  third;    \
	SHLQ $32, R13; \
	ORQ  R12, R13; \
	DECL R12;      \
	JMP  known;    \
third: \
	MOVQ R13, SI;  \
	SHRQ $32, SI;  \
	SHLQ $32, R13; \
	ORQ  R12, R13; \
	MOVQ SI, R12;  \
	JMP  known;    \
second: \
	MOVL R13, SI;  \
	SUBQ SI, R13;  \
	ORQ  R12, R13; \
	MOVQ SI, R12;  \
	JMP  known

// LENGTHS makes DX where the match begins. It jumps to rare if the block would get
// longer than it may, or more literals are asked for than there are.
#define LENGTHS \
	LEAQ (DI)(R14*1), DX;  \
	LEAQ (DX)(CX*1), R15;  \
	CMPQ R15, outEnd;      \
	JHI  rare;             \
	LEAQ (BX)(R14*1), R15; \
	CMPQ R15, literalsEnd; \
	JHI  rare

// COPY puts out a sequence with the offset in R12 and the match at DX. It jumps to rare
// for a match that is not a copy in whole vectors out of one buffer. The rest of it is
// COPY_LONG. It relies on what LENGTHS checks.
//
// Whether a match begins in the output or in the ring, and on which side of where the ring
// wraps around, is as good as random, and no branch: SI is the place in the output, R15 how far
// that is before base, if it is over 0, and BP then the place in the ring, and the end.
//
//   - Of the literals, 32 bytes are loaded and stored, and 32 at a time while less
//     than R14 are done: they begin before DX, and end less than 32 behind it.
//   - Of the match likewise, but 64 at first: they end 64 behind DX at most, or less
//     than 32 behind the end of the match.
//   - What a match is copied from begins at or behind base and before DX, and each
//     vector is loaded before what is behind DX is stored there: it is a vector's
//     size away. Or it begins in what the ring remembers (ringUsed), ends before base, and
//     64 bytes more lie before the ring's end.
#define COPY \
	LEAL     -shortest(R12), SI; \
	CMPQ     SI, offsetLimit;    \
	JCC      rare;               \
	MOVQ     DX, SI;             \
	SUBQ     R12, SI;            \
	MOVQ     base, R15;          \
	SUBQ     SI, R15;            \
	LEAQ     -1(R15), BP;        \
	CMPQ     BP, CX;             \
	JCS      rare;               \
	CMPQ     R15, ringUsed;      \
	JGT      rare;               \
	MOVQ     ringNext, BP;       \
	CMPQ     R15, ringIndex;     \
	CMOVQGT  ringWrapped, BP;    \
	SUBQ     R15, BP;            \
	TESTQ    R15, R15;           \
	CMOVQGT  BP, SI;             \
	MOVQ     $-1, BP;            \
	CMOVQGT  ringEnd, BP;        \
	LEAQ     const_room(SI)(CX*1), R15; \
	CMPQ     R15, BP;            \
	JHI      rare;               \
	VMOVDQU  (BX), Y0;           \
	VMOVDQU  Y0, (DI);           \
	CMPQ     R14, $32;           \
	JHI      manyLiterals;       \
literalsDone: \
	ADDQ     R14, BX;            \
	VMOVDQU  (SI), Y0;           \
	VMOVDQU  Y0, (DX);           \
	VMOVDQU  32(SI), Y1;         \
	VMOVDQU  Y1, 32(DX);         \
	LEAQ     (DX)(CX*1), DI;     \
	CMPQ     CX, $64;            \
	JHI      longMatch;          \
matchDone:

// COPY_LONG is what COPY jumps to for more than it copies at once.
#define COPY_LONG \
manyLiterals: \
	MOVL    $32, R15;           \
moreLiterals: \
	VMOVDQU (BX)(R15*1), Y0;    \
	VMOVDQU Y0, (DI)(R15*1);    \
	ADDQ    $32, R15;           \
	CMPQ    R15, R14;           \
	JCS     moreLiterals;       \
	JMP     literalsDone;       \
longMatch: \
	MOVL    $64, R15;           \
moreMatch: \
	VMOVDQU (SI)(R15*1), Y0;    \
	VMOVDQU Y0, (DX)(R15*1);    \
	ADDQ    $32, R15;           \
	CMPQ    R15, CX;            \
	JCS     moreMatch;          \
	JMP     matchDone

// func readBMI2(d *Decoder, to *sequence, n int) (left int, total lengths)
//
// DI is where the next sequence goes. n of them have room there, each of 16 bytes.
TEXT ·readBMI2(SB), NOSPLIT, $88-40
	MOVQ d+0(FP), R11
	MOVQ to+8(FP), DI
	MOVQ n+16(FP), DX
	MOVQ DX, todo
	XORL R12, R12
	BEGIN_READ
	CMPQ todo, $0
	JEQ  wide

next:
	READ
	SHLQ $32, CX
	ORQ  CX, R14
	MOVQ R14, sequence_lengths(DI)
	MOVL BP, sequence_offset(DI)
	ADDQ R14, R12
	ADDQ $sequence__size, DI
	DECQ todo
	JNE  next

wide:
	END_READ
	MOVQ todo, DX
	MOVQ DX, left+24(FP)
	MOVQ R12, total+32(FP)
	RET

short:
	ADDQ R15, AX
	JMP  wide

// func executeBMI2(d *Decoder, from *sequence, n int) (left, literals int)
//
// AX is the next sequence, of n. Their lengths are checked, so there is no LENGTHS.
TEXT ·executeBMI2(SB), NOSPLIT, $88-40
	MOVQ d+0(FP), R11
	MOVQ from+8(FP), AX
	MOVQ n+16(FP), DX
	MOVQ DX, todo
	BEGIN_EXECUTE
	CMPQ todo, $0
	JEQ  rare

next:
	MOVL sequence_lengths(AX), R14
	MOVL sequence_lengths+4(AX), CX
	MOVL sequence_offset(AX), BP
	OFFSET
	LEAQ (DI)(R14*1), DX
	COPY
	ADDQ $sequence__size, AX
	DECQ todo
	JNE  next

rare:
	END_EXECUTE
	MOVQ todo, DX
	MOVQ DX, left+24(FP)
	MOVQ BX, literals+32(FP)
	RET

	OFFSET_REPEATED
	COPY_LONG

// func runBMI2(d *Decoder, n int) (left, literals int, read bool)
TEXT ·runBMI2(SB), NOSPLIT, $88-33
	MOVQ d+0(FP), R11
	MOVQ n+8(FP), DX
	MOVQ DX, todo
	MOVB $0, read+32(FP)
	BEGIN_READ
	BEGIN_EXECUTE
	CMPQ todo, $0
	JEQ  wide

next:
	READ
	OFFSET
	LENGTHS
	COPY
	DECQ todo
	JNE  next

wide:
	END_READ
	END_EXECUTE
	MOVQ todo, DX
	MOVQ DX, left+16(FP)
	MOVQ BX, literals+24(FP)
	RET

short:
	ADDQ R15, AX
	JMP  wide

rare:
	MOVL R14, (Decoder_sequences+sequence_lengths)(R11)
	MOVL CX, (Decoder_sequences+sequence_lengths+4)(R11)
	MOVB $1, read+32(FP)
	DECQ todo
	JMP  wide

	OFFSET_REPEATED
	COPY_LONG
