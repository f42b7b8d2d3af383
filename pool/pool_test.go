package pool_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-go/sluice/pool"
)

// sizes lies on, below and above the borders of the classes.
var sizes = []int{-1, 0, 1, 1023, 1024, 1025, 4096, 5000, 65535, 65536, 65537, 1<<20 - 1, 1 << 20, 1<<20 + 1, 3 << 20}

// noLoans fails the test when it leaves open loans behind.
func noLoans(t *testing.T) {
	t.Helper()
	n, size := pool.Lent(), pool.LentBytes()
	t.Cleanup(func() {
		if got := pool.Lent(); got != n {
			t.Errorf("Lent() = %d after the test, %d before", got, n)
		}
		if got := pool.LentBytes(); got != size {
			t.Errorf("LentBytes() = %d after the test, %d before", got, size)
		}
	})
}

func TestGetGivesWhatWasAskedFor(t *testing.T) {
	noLoans(t)
	for round := range 3 { // the later rounds meet what the first left
		for _, n := range sizes {
			b := pool.Get(n)
			if len(b.B) != 0 || cap(b.B) < n || cap(b.B) == 0 {
				t.Fatalf("round %d: Get(%d): len %d, cap %d", round, n, len(b.B), cap(b.B))
			}
			if n <= 1<<20 && cap(b.B) >= 2*max(n, 1024) {
				t.Errorf("round %d: Get(%d): cap %d is a class too large", round, n, cap(b.B))
			}
			b.B = b.B[:cap(b.B)]
			b.Release()
			if b.B != nil {
				t.Error("Release left B in place")
			}
		}
	}
}

func TestReleaseTakesWhatAppendMoved(t *testing.T) {
	noLoans(t)
	for _, n := range []int{1500, 70_000, 1<<20 + 5} {
		b := pool.Get(1)
		b.B = append(b.B, make([]byte, n)...)
		b.Release()
		if c := pool.Get(1); cap(c.B) != 1024 {
			t.Errorf("after a buffer grown to %d bytes, Get(1) has capacity %d", n, cap(c.B))
			c.Release()
		} else {
			c.Release()
		}
	}
	b := pool.Get(1)
	b.B = nil
	b.Release()
}

func TestGrowKeepsContent(t *testing.T) {
	noLoans(t)
	b := pool.Get(10)
	var want []byte
	for i := range 600 {
		piece := bytes.Repeat([]byte{byte(i)}, i*7)
		b.Grow(len(piece))
		if cap(b.B)-len(b.B) < len(piece) {
			t.Fatalf("Grow(%d) at length %d left a capacity of %d", len(piece), len(b.B), cap(b.B))
		}
		b.B = append(b.B, piece...)
		want = append(want, piece...)
	}
	if !bytes.Equal(b.B, want) {
		t.Error("content changed while growing")
	}
	before := &b.B[0]
	b.Grow(0)
	b.Grow(-5)
	if &b.B[0] != before {
		t.Error("Grow by nothing moved the content")
	}
	if got := pool.LentBytes(); got < int64(len(want)) {
		t.Errorf("LentBytes() = %d with a buffer of %d on loan", got, len(want))
	}
	b.Release()
}

func TestGrowRefusesOverflow(t *testing.T) {
	b := pool.Get(1)
	b.B = append(b.B, 1)
	defer func() {
		if recover() == nil {
			t.Error("Grow by the largest int returned")
		}
		b.Release()
	}()
	b.Grow(math.MaxInt)
}

func TestLentCounts(t *testing.T) {
	noLoans(t)
	n, size := pool.Lent(), pool.LentBytes()
	b, s := pool.Get(5000), pool.Slices.Get(100)
	if got := pool.Lent() - n; got != 2 {
		t.Errorf("two loans count as %d", got)
	}
	if got := pool.LentBytes() - size; got != 8192+1024 {
		t.Errorf("8192 and 1024 bytes on loan count as %d", got)
	}
	b.Grow(10_000)
	if got := pool.LentBytes() - size; got != 16384+1024 {
		t.Errorf("16384 and 1024 bytes on loan count as %d", got)
	}
	pool.Slices.Put(s)
	b.Release()
}

func TestSlices(t *testing.T) {
	noLoans(t)
	var lender interface {
		Get(n int) []byte
		Put(b []byte)
	} = pool.Slices
	for _, n := range sizes {
		b := lender.Get(n)
		if len(b) != 0 || cap(b) < n || cap(b) == 0 {
			t.Fatalf("Get(%d): len %d, cap %d", n, len(b), cap(b))
		}
		lender.Put(b[:cap(b)/2])
	}
	lender.Put(nil)
	lender.Put([]byte{})
}

// TestOwnersDoNotShare has owners write and check their own mark concurrently.
func TestOwnersDoNotShare(t *testing.T) {
	noLoans(t)
	var wg sync.WaitGroup
	for owner := range byte(8) {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(owner)))
			for range 100 {
				n := 1 + rng.IntN(40_000)
				b, s := pool.Get(n), pool.Slices.Get(n)
				s = s[:n]
				for i := range s {
					s[i] = owner
				}
				b.B = append(b.B, s...)
				b.Grow(n)
				mark := bytes.Repeat([]byte{owner}, n)
				if !bytes.Equal(b.B, mark) || !bytes.Equal(s, mark) {
					t.Error("two loans share memory")
				}
				pool.Slices.Put(s)
				b.Release()
			}
		})
	}
	wg.Wait()
}

// TestSecondRelease: harmless while the buffer waits in the pool, a panic that
// names the remedy in race builds.
func TestSecondRelease(t *testing.T) {
	noLoans(t)
	b := pool.Get(100)
	b.Release()
	defer func() {
		switch r := recover(); {
		case pool.Poisoning && (r == nil || !strings.Contains(fmt.Sprint(r), "exactly once")):
			t.Errorf("a second Release in a race build: %v, want a panic that names the remedy", r)
		case !pool.Poisoning && r != nil:
			t.Errorf("a second Release: %v", r)
		}
	}()
	b.Release()
}

func BenchmarkGetRelease(b *testing.B) {
	for _, n := range []int{1 << 10, 1 << 14, 1 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				buf := pool.Get(n)
				buf.B = buf.B[:n]
				buf.Release()
			}
		})
	}
}

func BenchmarkSlices(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		s := pool.Slices.Get(1 << 14)
		pool.Slices.Put(s[:1<<14])
	}
}
