package engine

import (
	"math"
	"sync/atomic"
	"time"
)

// Histograms have buckets of equal ratio: bucket i holds the times above 2^((i+first-1)/8) s, up
// to 2^((i+first)/8) s, where first is HistogramFirst. These are buckets of Prometheus's native
// histograms (https://prometheus.io/docs/specs/native_histograms/), and can be handed on as
// they are.
const (
	// HistogramSchema is the resolution: 2^HistogramSchema buckets for each power of two.
	HistogramSchema = 3

	// HistogramFirst is the native index of bucket 0, the first above [HistogramZero].
	HistogramFirst = -20<<HistogramSchema + 1

	// HistogramBuckets is how many there are, up to 2^8 s.
	HistogramBuckets = 28 << HistogramSchema

	// HistogramZero is the longest time that no bucket is for, 2^-20 s in whole ns.
	HistogramZero = time.Duration(1e9 >> 20)
)

// Histogram is how often how long a time was.
type Histogram struct {
	Zero   uint64                   // times of HistogramZero at most
	Counts [HistogramBuckets]uint64 // the last one has also all times that are longer
	Sum    time.Duration            // of all times
}

// histogramBounds are the highest times of the buckets, in whole ns.
var histogramBounds = func() (bounds [HistogramBuckets]time.Duration) {
	for i := range bounds {
		bounds[i] = time.Duration(1e9 * math.Exp2(float64(i+HistogramFirst)/(1<<HistogramSchema)))
	}
	return bounds
}()

// HistogramBound returns the longest time that bucket i holds.
func HistogramBound(i int) time.Duration { return histogramBounds[i] }

// Count returns how many times there were.
func (h *Histogram) Count() uint64 {
	sum := h.Zero
	for _, n := range h.Counts {
		sum += n
	}
	return sum
}

// Quantile returns a time that a share q of all times, from 0 to 1, did not exceed; it is up
// to 9 % too long. 0 means that there were none.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank := uint64(math.Ceil(min(max(q, 0), 1) * float64(h.Count())))
	if rank <= h.Zero {
		return 0
	}
	sum := h.Zero
	for i, n := range h.Counts {
		if sum += n; sum >= rank {
			return histogramBounds[i]
		}
	}
	return histogramBounds[HistogramBuckets-1]
}

// recorder counts times longer than HistogramZero. Any goroutine may use it.
type recorder [HistogramBuckets]atomic.Uint64

// record counts a time.
func (r *recorder) record(t time.Duration) { r[bucketOf(t)].Add(1) }

// A float64 of a time in ns begins with its power of two, and the bits that follow the
// first. So many of these make a cell: at most one border between buckets lies in it.
const (
	cellBits  = 4
	cellShift = 52 - cellBits
	cellFirst = 1023 << cellBits // of 1 ns
	cells     = 39 << cellBits   // up to 2^39 ns, more than 2^8 s
)

// cell has the bucket of its times up to a border; longer ones belong to the next.
type cell struct {
	border time.Duration
	bucket int
}

var histogramCells = func() (list [cells]cell) {
	const last = HistogramBuckets - 1
	bucket := 0
	for i := range list {
		shortest := time.Duration(math.Float64frombits(uint64(i+cellFirst) << cellShift))
		for bucket < last && shortest > histogramBounds[bucket] {
			bucket++
		}
		list[i] = cell{histogramBounds[bucket], bucket}
		if bucket == last {
			list[i].border = math.MaxInt64
		}
	}
	return list
}()

// bucketOf returns the bucket of a time, without a branch; 0 for times that have none.
func bucketOf(t time.Duration) int {
	t = max(t, 1)
	c := &histogramCells[min(int(math.Float64bits(float64(t))>>cellShift)-cellFirst, cells-1)]
	beyond := int(uint64(c.border-t) >> 63)
	return c.bucket + beyond
}

// addTo adds what was counted to h.
func (r *recorder) addTo(h *Histogram) {
	for i := range h.Counts {
		h.Counts[i] += r[i].Load()
	}
}
