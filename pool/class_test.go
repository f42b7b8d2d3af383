package pool

import (
	"runtime/debug"
	"testing"
)

// keepsMemory skips where nothing is kept, and stops the garbage collector from
// emptying the pools meanwhile.
func keepsMemory(t *testing.T) {
	t.Helper()
	if Poisoning {
		t.Skip("race builds lend no memory twice")
	}
	percent := debug.SetGCPercent(-1)
	t.Cleanup(func() { debug.SetGCPercent(percent) })
}

// address identifies memory.
func address(b []byte) *byte { return &b[:1][0] }

func TestMemoryIsReused(t *testing.T) {
	keepsMemory(t)
	for _, n := range []int{1 << 10, 1 << 14, 1 << 16, 1 << 20} {
		reused := 0
		for range 100 {
			b := Get(n)
			first := address(b.B)
			b.B = b.B[:n]
			b.Release()
			b = Get(n)
			if address(b.B) == first {
				reused++
			}
			b.Release()
		}
		// The goroutine may move between processors, each with its own store.
		if reused < 50 {
			t.Errorf("%d bytes: reused %d of 100 times", n, reused)
		}
	}
}

// TestRecalibration passes the 42,000 Puts after which bytebufferpool changes
// its mind about sizes: with mixed traffic it must change nothing here.
func TestRecalibration(t *testing.T) {
	keepsMemory(t)
	for i := range 100_000 {
		n := 1 << (minBits + i%2*6)
		b := Get(n)
		if cap(b.B) != n {
			t.Fatalf("loan %d: capacity %d, want %d", i, cap(b.B), n)
		}
		b.B = b.B[:i%n]
		b.Release()
	}
	TestMemoryIsReused(t)
}

func TestStrikesDropLittleUsedBuffers(t *testing.T) {
	keepsMemory(t)
	const size = 1 << 18
	c := &classes[18-minBits]
	c.strikes.Store(0)
	use := func(n int) {
		b := Get(size)
		b.B = b.B[:n]
		b.Release()
	}
	for i := range maxStrikes - 1 {
		if use(size / 5); c.strikes.Load() != int64(i+1) {
			t.Fatalf("use %d left %d strikes", i+1, c.strikes.Load())
		}
	}
	if use(size / 4); c.strikes.Load() != 0 {
		t.Fatal("a good use did not clear the strikes")
	}
	for range maxStrikes {
		use(10)
	}
	b := take(size)
	first := address(b)
	give(b[:10]) // struck out: dropped
	if b = take(size); address(b) == first {
		t.Error("a buffer used to 10 of 262144 bytes for the fifth time was kept")
	}
	give(b[:size])
	if c.strikes.Load() != 0 {
		t.Error("a good use did not clear the strikes")
	}
	small := take(1 << 12)
	give(small[:0])
	if classes[2].strikes.Load() != 0 {
		t.Error("a small buffer was struck")
	}
}

func TestOddCapacitiesAreCutToTheirClass(t *testing.T) {
	keepsMemory(t)
	for _, odd := range []int{0, 1, 1023, 1025, 2047, 5000, 1<<20 - 1, 1<<20 + 1, 5 << 20} {
		give(make([]byte, 0, odd))
	}
	for i := range classes {
		for range 4 {
			if b := take(1 << (minBits + i)); cap(b) != 1<<(minBits+i) {
				t.Errorf("class %d holds a capacity of %d", i, cap(b))
			}
		}
	}
}

func TestSteadyUseDoesNotAllocate(t *testing.T) {
	if Poisoning {
		t.Skip("race builds lend no memory twice")
	}
	percent := debug.SetGCPercent(-1)
	defer debug.SetGCPercent(percent)
	for name, f := range map[string]func(){
		"Get, Release": func() {
			b := Get(5000)
			b.B = append(b.B, "content"...)
			b.Release()
		},
		"Get, Grow, Release": func() {
			b := Get(5000)
			b.Grow(20_000)
			b.Release()
		},
		"Slices": func() {
			Slices.Put(Slices.Get(5000))
		},
	} {
		if n := testing.AllocsPerRun(1000, f); n != 0 {
			t.Errorf("%s: %v allocations a run, want 0", name, n)
		}
	}
}

// Content of a known size gets no larger class than that needs, and room all the same
// where it turns out to be larger.
func TestGrowWithin(t *testing.T) {
	keepsMemory(t)
	for _, test := range []struct{ have, n, most, want int }{
		{1 << 20, 1, 1<<20 + 1, 1<<20 + 1},
		{1 << 20, 1, 3 << 20, 2 << 20},
		{1 << 20, 1, 1<<20 + 100, 1<<20 + 100},
		{1 << 20, 5 << 20, 2 << 20, 6 << 20},
		{1 << 10, 1, 1 << 11, 1 << 11},
		{1 << 10, 1, 0, 1 << 11}, // the next class
		{1 << 20, 0, 1 << 21, 1 << 20},
	} {
		b := Get(test.have)
		b.B = b.B[:test.have]
		if b.GrowWithin(test.n, test.most); cap(b.B) != test.want {
			t.Errorf("%d and %d more, %d at most: capacity %d, want %d", test.have, test.n, test.most, cap(b.B), test.want)
		}
		b.Release()
	}
}
