package demo

import (
	"math"
	"math/bits"
	"time"
)

// histogram counts latencies in buckets that are at most 1/16 wide of what they
// hold, from 1 µs up.
type histogram struct {
	buckets [64 * 16]uint64
	count   uint64
}

func (h *histogram) add(d time.Duration) {
	h.buckets[bucket(uint64(max(d.Microseconds(), 0)))]++
	h.count++
}

// bucket returns where a number of microseconds is counted: below 16 each has a
// bucket, above that the four bits behind the first one choose.
func bucket(us uint64) int {
	if us < 16 {
		return int(us)
	}
	power := bits.Len64(us) - 5
	return (power+1)*16 + int(us>>power&15)
}

// ceiling returns the largest number of microseconds that a bucket holds.
func ceiling(bucket int) int64 {
	if bucket < 16 {
		return int64(bucket)
	}
	power := bucket/16 - 1
	return int64((uint64(16+bucket%16)+1)<<power - 1)
}

func (h *histogram) merge(o *histogram) {
	for i, n := range o.buckets {
		h.buckets[i] += n
	}
	h.count += o.count
}

// quantile returns a latency in microseconds that the part q of all stays within,
// 0 if there are none: the end of the bucket in which the ⌈q·n⌉th of n lies.
func (h *histogram) quantile(q float64) int64 {
	rank := max(uint64(math.Ceil(q*float64(h.count))), 1)
	var seen uint64
	for i, n := range h.buckets {
		if seen += n; seen >= rank {
			return ceiling(i)
		}
	}
	return 0
}
