package zstd

import "sync/atomic"

// maxTableSize is that of a table's description: TestTableSize proves it.
const maxTableSize = 74

// A description is what a stream remembers of the table of a sequence code,
// to build it again: an FSE table description, or the code of RLE mode.
type description struct {
	tag  uint64
	mode uint8
	size uint8 // bytes of data to look at: the description and what follows
	data [maxTableSize + front]byte
}

// A treeDescription is what a stream remembers of the literals' table.
type treeDescription struct {
	tag  uint64
	size uint8 // as in a description
	data [front + maxTreeSize + front]byte
}

// Tags tell tables apart: a decoder has a stream's table if it has the one
// with that tag. Each description gets its own, never to be used again, but
// those that are the same for all streams. There is no table 0.
const (
	predefinedTag = 1
	rleTag        = 2 // and the code added
	tagBlock      = 1 << 20
)

// tagBlocks is the number of tag blocks given to decoders.
var tagBlocks atomic.Uint64

// newTag returns a tag that no other table has. The 2⁶⁴ there are last for
// 500,000 years at a million a second.
func (d *Decoder) newTag() uint64 {
	if d.lastTag%tagBlock == 0 {
		d.lastTag = tagBlocks.Add(1) * tagBlock
	}
	d.lastTag++
	return d.lastTag
}

// A table decodes one of the sequence codes.
type table struct {
	tag    uint64
	log    int
	states stateTable
}

// table makes the table of a sequence code that of the block, which ends at
// end: by the low bits of modes (RFC 8878 section 3.1.1.3.2.1).
func (d *Decoder) table(code int, mode uint8, end int) verdict {
	s, t, alphabet := &d.stream.tables[code], &d.tables[code], &alphabets[code]
	fresh := false
	switch mode & 3 {
	case predefinedMode:
		s.mode, s.tag = predefinedMode, predefinedTag
	case rleMode:
		if d.pos >= end {
			return badSequencesHeader
		}
		symbol := d.src[d.pos]
		if int(symbol) >= alphabet.symbols {
			return badSymbol
		}
		d.pos++
		s.mode, s.tag = rleMode, rleTag+uint64(symbol)
		s.data[0] = symbol
	case compressedMode:
		s.mode, s.tag = compressedMode, d.newTag()
		n := copy(s.data[:maxTableSize], d.src[d.pos:end])
		if n == 0 {
			return badTable
		}
		s.size = uint8(n)
		fresh = true
	case repeatMode:
		if s.tag == 0 {
			return noTable
		}
	}
	if t.tag == s.tag {
		return ok
	}

	t.tag = 0
	switch s.mode {
	case predefinedMode:
		t.log = alphabet.log
		copy(t.states[:1<<t.log], alphabet.predefined[:])
	case rleMode:
		t.log = 0
		t.states[0] = alphabet.cells[s.data[0]]
	case compressedMode:
		used := d.distribution.parse(s.data[:], int(s.size), alphabet.logLimit, alphabet.symbols)
		if used == 0 {
			return badTable
		}
		d.distribution.build(&t.states, &alphabet.cells)
		t.log = d.distribution.log
		if fresh {
			d.pos += used
		}
	}
	t.tag = s.tag
	return ok
}

// An alphabet is what is fixed for a sequence code.
type alphabet struct {
	symbols    int              // RFC 8878 section 3.1.1.3.2.1.1
	logLimit   int              // greatest Accuracy_Log (3.1.1.3.2.1)
	cells      [maxSymbols]cell // of the symbols, without states
	log        int              // of the predefined table (3.1.1.3.2.2)
	predefined [1 << 6]cell
}

var alphabets = [sequenceCodes]alphabet{
	literalsLengths: newAlphabet(9, literalsLengthCells(), 6,
		4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1),
	offsets: newAlphabet(8, offsetCells(), 5,
		1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1),
	matchLengths: newAlphabet(9, matchLengthCells(), 6,
		1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1),
}

// newAlphabet makes the alphabet with the given cells and predefined
// distribution.
func newAlphabet(logLimit int, cells []cell, log int, predefined ...int16) alphabet {
	a := alphabet{symbols: len(cells), logLimit: logLimit, log: log}
	copy(a.cells[:], cells)
	d := distribution{log: log, symbols: len(predefined)}
	copy(d.count[:], predefined)
	var t stateTable
	d.build(&t, &a.cells)
	copy(a.predefined[:], t[:1<<log])
	return a
}

// literalsLengthCells are those of the codes 0 to 35 (RFC 8878 section
// 3.1.1.3.2.1.1, table of literals length codes).
func literalsLengthCells() (t []cell) {
	return lengthCells(0, 16, []int{1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
}

// matchLengthCells are those of the codes 0 to 52 (RFC 8878 section
// 3.1.1.3.2.1.1, table of match length codes).
func matchLengthCells() (t []cell) {
	return lengthCells(3, 32, []int{1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
}

// lengthCells counts up from a first length: by codes of one length each,
// then by codes with extra bits.
func lengthCells(first, single int, extra []int) (t []cell) {
	for range single {
		t = append(t, cell(first)<<32)
		first++
	}
	for _, n := range extra {
		t = append(t, cell(first)<<32|cell(n)<<8)
		first += 1 << n
	}
	return t
}

// offsetCells are those of the codes 0 to 31: as many extra bits, and a one
// before them (RFC 8878 section 3.1.1.3.2.1.1, offset codes).
func offsetCells() (t []cell) {
	for n := range 32 {
		t = append(t, 1<<n<<32|cell(n)<<8)
	}
	return t
}
