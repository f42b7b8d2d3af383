package demo

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Every number lies in the bucket whose end is the first that is not below it.
func TestBuckets(t *testing.T) {
	check := func(us uint64) {
		i := bucket(us)
		if end := ceiling(i); uint64(end) < us {
			t.Fatalf("%d µs are in bucket %d, which ends at %d", us, i, end)
		}
		if i > 0 && uint64(ceiling(i-1)) >= us {
			t.Fatalf("%d µs are in bucket %d, but the one before ends at %d", us, i, ceiling(i-1))
		}
	}
	for us := range uint64(5000) {
		check(us)
	}
	for shift := range 53 {
		for d := range uint64(3) {
			check(1<<shift + d - 1)
		}
	}
	check(uint64(time.Duration(math.MaxInt64).Microseconds()))
}

// The oracle is the sorted list: the quantile is the end of the bucket of the
// element in its place, at most a sixteenth above it.
func TestQuantileAgainstSorted(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 10, 99, 100, 101, 5000} {
		var h, half histogram
		var all []int64
		for i := range n {
			us := int64(math.Exp(random.Float64() * 18))
			all = append(all, us)
			if i%2 == 0 {
				h.add(time.Duration(us) * time.Microsecond)
			} else {
				half.add(time.Duration(us) * time.Microsecond)
			}
		}
		h.merge(&half)
		slices.Sort(all)
		for _, q := range []float64{0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1} {
			want := all[max(int(math.Ceil(q*float64(n))), 1)-1]
			got := h.quantile(q)
			if got != ceiling(bucket(uint64(want))) || got < want || float64(got) > float64(want)*(1+1.0/16) {
				t.Errorf("%d values, quantile %v: got %d, the sorted list has %d", n, q, got, want)
			}
		}
	}
	var empty histogram
	if empty.quantile(0.5) != 0 {
		t.Error("nothing has a quantile")
	}
	var clock histogram
	if clock.add(-time.Second); clock.quantile(1) != 0 {
		t.Error("a clock that went back counts as no time")
	}
}
