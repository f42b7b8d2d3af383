package zstd

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

// No valid description of a table is longer than maxTableSize: the most bits
// that any can have, by what is left to give away and the symbols left.
func TestTableSize(t *testing.T) {
	longest := func(log, symbols int) int {
		memo := make([]int, (1<<log+2)*symbols) // by left and symbol
		var most func(left, symbol int) int
		most = func(left, symbol int) int {
			if left == 1 {
				return 0
			}
			if symbol == symbols {
				return -1 << 20 // not valid
			}
			if n := memo[left*symbols+symbol]; n != 0 {
				return n
			}
			width := bits.Len(uint(left))
			short := 2<<(width-1) - 1 - left
			size := func(value int) int {
				if value < short {
					return width - 1
				}
				return width
			}
			n := size(0) + most(left-1, symbol+1)
			for count := 1; count < left; count++ {
				n = max(n, size(count+1)+most(left-count, symbol+1))
			}
			// Of probability 0, and zeros more: a flag for each three, and one.
			// The next may have that probability too: no flag has to say all.
			for zeros := 0; symbol+1+zeros < symbols; zeros++ {
				n = max(n, size(1)+2*(zeros/3+1)+most(left, symbol+1+zeros))
			}
			memo[left*symbols+symbol] = n
			return n
		}
		return (4 + most(1<<log+1, 0) + 7) / 8
	}
	for code, a := range alphabets {
		most := 0
		for log := minLog; log <= a.logLimit; log++ {
			most = max(most, longest(log, a.symbols))
		}
		t.Logf("code %d: %d bytes", code, most)
		if most > maxTableSize {
			t.Errorf("code %d: a description of %d bytes", code, most)
		}
	}
}

// parse reads what is written, and no more.
func TestDistribution(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 5))
	var d distribution
	for range 2000 {
		log := minLog + rng.IntN(maxLog-minLog+1)
		limit := 2 + rng.IntN(60)
		count := randomCount(rng, limit, log)
		b := tableDescription(log, count)
		padded := append(slices.Clone(b), make([]byte, front)...)
		for i := len(b); i < len(padded); i++ {
			padded[i] = byte(rng.Uint32())
		}
		used := d.parse(padded, len(b), maxLog, limit)
		if used != len(b) || d.log != log || d.symbols != len(count) || !slices.Equal(d.count[:d.symbols], count) {
			t.Fatalf("%d of %d bytes: log %d, %v; want %d, %v", used, len(b), d.log, d.count[:d.symbols], log, count)
		}
		for n := range len(b) {
			if used := d.parse(padded, n, maxLog, limit); used != 0 {
				t.Fatalf("%d of %d bytes: used %d", n, len(b), used)
			}
		}
		if d.parse(padded, len(b), log-1, limit) != 0 || d.parse(padded, len(b), maxLog, len(count)-1) != 0 {
			t.Fatalf("limits are not kept")
		}
	}
}

// Each symbol has as many states as its probability says, and from each
// symbol every state can be reached in exactly one way.
func TestBuild(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 5))
	for range 300 {
		log := minLog + rng.IntN(maxLog-minLog+1)
		count := randomCount(rng, 53, log)
		table := newTestTable(log, count)
		for symbol, n := range count {
			states := 0
			reached := make([]int, 1<<log)
			for _, c := range table.states[:1<<log] {
				if int(c.value()) != symbol {
					continue
				}
				states++
				base := int(c >> 16 & 0xffff)
				for v := range 1 << (c & 0xff) {
					reached[base+v]++
				}
			}
			if states != int(max(n, -n)) {
				t.Fatalf("symbol %d has %d states of %d", symbol, states, n)
			}
			if n != 0 && (slices.Min(reached) != 1 || slices.Max(reached) != 1) {
				t.Fatalf("symbol %d reaches states %v", symbol, reached)
			}
		}
	}
}

// Some cells of the predefined tables, from RFC 8878 appendix A.
func TestPredefined(t *testing.T) {
	for _, test := range []struct{ code, state, symbol, width, next int }{
		{literalsLengths, 0, 0, 4, 0},
		{literalsLengths, 1, 0, 4, 16},
		{literalsLengths, 2, 1, 5, 32},
		{literalsLengths, 63, 32, 6, 0},
		{matchLengths, 0, 0, 6, 0},
		{matchLengths, 1, 1, 4, 0},
		{matchLengths, 63, 46, 6, 0},
		{offsets, 0, 0, 5, 0},
		{offsets, 1, 6, 4, 0},
		{offsets, 31, 24, 5, 0},
	} {
		a := &alphabets[test.code]
		want := a.cells[test.symbol] | cell(test.width) | cell(test.next)<<16
		if got := a.predefined[test.state]; got != want {
			t.Errorf("code %d, state %d: %#x, want %#x", test.code, test.state, got, want)
		}
	}
	for code, want := range [sequenceCodes]uint32{65536, 1 << 31, 65539} {
		a := &alphabets[code]
		if got := a.cells[a.symbols-1].value(); got != want {
			t.Errorf("code %d: last value %d, want %d", code, got, want)
		}
	}
}
