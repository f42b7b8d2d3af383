package zstd

import (
	"strings"
	"testing"

	"github.com/sluice-go/sluice/internal/asmtest"
)

func TestMain(m *testing.M) { asmtest.Main(m, setFast) }

// variants calls f for each variant of the loops.
func variants(f func()) { asmtest.Each(setFast, f) }

// Each variant is the one that runs: the fast loops do almost all, the others nothing.
func TestVariants(t *testing.T) {
	const count = 300
	if !fast() {
		t.Log("without the fast loops")
	}
	variants(func() {
		want := count
		if fast() {
			want = 1
		}
		var d Decoder
		d.stream = new(Stream)
		d.stream.frame.window = 1 << 10
		d.out = make([]byte, 100+8*count+room)
		d.size = 100
		d.literals = make([]byte, 3*count+room)
		r := &d.reader
		// Sequences of no bits: 3 literals, and a match of 5 bytes 50 before.
		r.in = bitReader{make([]byte, front+1), streamEnd}
		r.states = [sequenceCodes]cell{literalsLengths: 3 << 32, offsets: (50 + maxRepeat) << 32, matchLengths: 5 << 32}
		for code, c := range r.states {
			d.tables[code].states[0] = c
		}
		r.left, r.literals, r.output = count, 3*count, 8*count
		if v := d.run(); v != ok {
			t.Fatalf("verdict %d", v)
		}
		if r.left != want || d.size != 100+8*(count-want) || r.literals != 3*want || r.output != 8*want {
			t.Errorf("run leaves %d sequences, want %d; %d bytes", r.left, want, d.size)
		}
		r.left, d.size = count, 100
		if n, total := d.readFast(d.sequences[:]); n > 0 != fast() || total != lengths(n)*(5<<32|3) {
			t.Errorf("%d read, total %#x", n, total)
		}
		rest, v := d.executeFast(d.sequences[:1])
		if v != ok || len(rest) == 0 != fast() {
			t.Errorf("%d left to execute, verdict %d", len(rest), v)
		}

		// Literals of one bit each: as many as are certain not to need eight.
		d.codeBits = shortBits
		for i := range d.codeTable {
			d.codeTable[i] = 'x'<<8 | 1
		}
		b := make([]byte, front+400)
		dst := make([]byte, 4*count)
		p, n := d.oneFast(b, 8*len(b), dst)
		if n > 0 != fast() || p != 8*len(b)-n || strings.Count(string(dst), "x") != n {
			t.Errorf("%d literals, position %d of %d", n, p, 8*len(b))
		}
		ends := [4]int{streamEnd, streamEnd, streamEnd, streamEnd}
		positions := [4]int{8 * len(b), 8*len(b) - 1, 8*len(b) - 2, 8*len(b) - 3}
		clear(dst)
		n = d.fourFast(b, &positions, &ends, dst, count, count-2)
		if n > 0 != fast() || positions[3] != 8*len(b)-3-n || strings.Count(string(dst), "x") != 4*n {
			t.Errorf("%d literals of four streams, position %d of %d", n, positions[3], 8*len(b))
		}

		// Weights of two bits each, every second one 0.
		d.weightTable = stateTable{1<<(32+8) | 2, 1<<16 | 2}
		p, _, _, n, literal := d.weights.decodeFast(&d.weightTable, b[:front+20], 8*(front+20), d.weightTable[0], d.weightTable[1])
		if literal > 0 != fast() || n != literal/2 || p != 8*(front+20)-2*literal {
			t.Errorf("%d weights, %d over 0, position %d", literal, n, p)
		}
		d.weights.count = [16]uint32{1: 2}
		if d.codeTable.fillFast(&d.weights, 1, shortBits) != fast() || d.codeTable[0]&15 != 1 {
			t.Errorf("a code is %#x", d.codeTable[0])
		}
	})
}
