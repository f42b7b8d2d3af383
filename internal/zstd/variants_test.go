package zstd

import (
	"flag"
	"os"
	"testing"
)

// TestMain runs everything twice where a processor has a fast variant of the loops:
// with it and without. Benchmarks and fuzzing, which choose by themselves, run once.
func TestMain(m *testing.M) {
	code := m.Run()
	if given("test.fuzz") || given("test.bench") || !setFast(false) {
		os.Exit(code)
	}
	os.Exit(max(code, m.Run()))
}

// given says whether a flag has a value.
func given(name string) bool { return flag.Lookup(name).Value.String() != "" }

// variants calls f for each variant of the loops.
func variants(f func()) {
	f()
	if setFast(false) {
		defer setFast(true)
		f()
	}
}

// Each variant is the one that runs: the fast loops leave one sequence, which is the
// block's last, the others leave all.
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
	})
}
