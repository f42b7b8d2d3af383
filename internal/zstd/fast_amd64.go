//go:build !purego

package zstd

import "golang.org/x/sys/cpu"

// hasBMI2 says whether the processor has what the functions in assembly need: shifts
// that take any register for a count, and cut out bits (BMI2), a count of zeros that is
// defined for 0 (BMI1), and vectors of 32 bytes (AVX2). Only tests change it.
var hasBMI2 = cpu.X86.HasBMI1 && cpu.X86.HasBMI2 && cpu.X86.HasAVX2

// fast says whether the fast loops run.
func fast() bool { return hasBMI2 }

// readFast reads as many of the sequences as it can, but not the block's last. It returns
// how many, and the sum of their lengths.
func (d *Decoder) readFast(sequences []sequence) (n int, total lengths) {
	if !hasBMI2 {
		return 0, 0
	}
	n = len(sequences)
	if d.reader.left == n {
		n--
	}
	left, total := readBMI2(d, &sequences[0], n)
	return n - left, total
}

// executeFast executes as many of the sequences as it can, and returns the others.
func (d *Decoder) executeFast(sequences []sequence) ([]sequence, verdict) {
	for hasBMI2 && len(sequences) > 0 {
		left, literals := executeBMI2(d, &sequences[0], len(sequences))
		d.literals = d.literals[literals:]
		if left > 0 {
			if v := d.executeOne(sequences[len(sequences)-left].lengths); v != ok {
				return nil, v
			}
			left--
		}
		sequences = sequences[len(sequences)-left:]
	}
	return sequences, ok
}

// run reads and executes sequences of the block in turn, as many as it can, and
// not the last one. Those that were read before have been executed.
func (d *Decoder) run() verdict {
	r := &d.reader
	for hasBMI2 && r.left > 1 {
		size := d.size
		left, literals, read := runBMI2(d, r.left-1)
		r.left = left + 1
		r.literals -= literals
		r.output -= d.size - size
		d.literals = d.literals[literals:]
		if !read {
			break
		}
		n := d.sequences[0].lengths
		r.literals -= n.literals()
		r.output -= n.literals() + n.match()
		if r.literals < 0 || r.output < 0 {
			return badLengths
		}
		if v := d.executeOne(n); v != ok {
			return v
		}
	}
	return ok
}

// executeOne executes a sequence of which the offset is known: it is the first of
// the repeat offsets. There is room for it, and there are the literals.
func (d *Decoder) executeOne(n lengths) verdict {
	o := d.size + n.literals()
	offset := int(d.stream.recent[0])
	if uint32(offset)-1 >= uint32(d.stream.frame.window) || offset-(o-d.base) > d.stream.history.size {
		return badOffset
	}
	copy(d.out[d.size:o], d.literals)
	d.literals = d.literals[n.literals():]
	d.match(o, n.match(), offset)
	d.size = o + n.match()
	return ok
}

// readBMI2 reads n sequences of d's block into memory from to on, or fewer: left is
// how many it did not read. It returns the sum of the others' lengths.
//
//go:noescape
func readBMI2(d *Decoder, to *sequence, n int) (left int, total lengths)

// executeBMI2 executes n sequences, from memory from from on. If some are left, the
// first of these has an offset, now the first of the repeat offsets, with which it
// cannot execute it. It returns how many literals the others had.
//
//go:noescape
func executeBMI2(d *Decoder, from *sequence, n int) (left, literals int)

// runBMI2 reads and executes n sequences. Where it stops before, either the next one is
// not read, or it is: then its lengths, which are not checked, are those of
// d.sequences[0], its offset is the first of the repeat offsets, and left is without it.
//
//go:noescape
func runBMI2(d *Decoder, n int) (left, literals int, read bool)
