package engine

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestBucketOf against the definition, at every border and at random.
func TestBucketOf(t *testing.T) {
	check := func(took time.Duration) {
		t.Helper()
		n, _ := slices.BinarySearch(histogramBounds[:], took) // the first bound that is not shorter
		if got, want := bucketOf(took), min(n, HistogramBuckets-1); got != want {
			t.Fatalf("%d ns is in bucket %d, want %d", took, got, want)
		}
	}
	for _, odd := range []time.Duration{math.MinInt64, -1, 0, 1, math.MaxInt64} {
		check(odd)
	}
	for _, bound := range histogramBounds {
		for off := time.Duration(-3); off <= 3; off++ {
			check(bound + off)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 1_000_000 {
		check(time.Duration(random.Uint64() >> (1 + random.IntN(63))))
	}
}

// TestHistogramBounds: they are those of native histograms, by their definition in seconds.
func TestHistogramBounds(t *testing.T) {
	if got := HistogramBound(HistogramBuckets - 1); got != 256*time.Second {
		t.Errorf("the last bound is %v", got)
	}
	for i := range HistogramBuckets {
		// base = 2^(2^-schema); a bucket's upper bound is base^index, inclusive.
		bound := math.Pow(math.Pow(2, math.Pow(2, -HistogramSchema)), float64(i+HistogramFirst))
		if got := HistogramBound(i).Seconds(); got > bound*(1+1e-12) || got < bound-2e-9 {
			t.Errorf("bucket %d ends at %v s, want %v", i, got, bound)
		}
	}
}

func TestHistogram(t *testing.T) {
	var r recorder
	var h Histogram
	if h.Count() != 0 || h.Quantile(0.99) != 0 {
		t.Errorf("empty: %d, %v", h.Count(), h.Quantile(0.99))
	}
	h.Zero = 1
	for i := 1; i < 99; i++ {
		r.record(time.Duration(i) * time.Microsecond)
	}
	r.record(time.Hour)
	r.addTo(&h)
	if h.Count() != 100 || h.Zero != 1 || h.Counts[HistogramBuckets-1] != 1 {
		t.Errorf("%d times, %d of nothing, %d very long", h.Count(), h.Zero, h.Counts[HistogramBuckets-1])
	}
	for _, test := range []struct {
		q    float64
		want time.Duration
	}{{-1, 0}, {0, 0}, {0.01, 0}, {0.5, 49 * time.Microsecond}, {0.99, 98 * time.Microsecond}, {1, 256 * time.Second}, {2, 256 * time.Second}} {
		if got := h.Quantile(test.q); got < test.want || float64(got) > 1.0906*float64(test.want) {
			t.Errorf("quantile %v: %v, want %v", test.q, got, test.want)
		}
	}
	if n := testing.AllocsPerRun(100, func() { r.record(time.Millisecond) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRecord(b *testing.B) {
	var r recorder
	took := make([]time.Duration, 1024)
	for i := range took {
		took[i] = time.Duration(math.Exp(rand.NormFloat64()*1.5 + 8))
	}
	for i := 0; b.Loop(); i++ {
		r.record(took[i%1024])
	}
}
