package metrics

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/sluice-go/sluice/engine"
)

// distribution is a histogram as Prometheus takes it: in one metric a native one, for who
// speaks Protocol Buffers, and classic buckets for one that does not.
type distribution struct {
	desc *prometheus.Desc
	of   *engine.Histogram
	// bounds of the classic buckets, as powers of two of a second: exactly there native buckets
	// end too, so that both tell the same.
	bounds []int
}

func newDistribution(desc *prometheus.Desc, of *engine.Histogram, bounds []int) prometheus.Metric {
	return &distribution{desc, of, bounds}
}

// Desc implements [prometheus.Metric].
func (d *distribution) Desc() *prometheus.Desc { return d.desc }

// Write implements [prometheus.Metric].
func (d *distribution) Write(m *dto.Metric) error {
	h := &dto.Histogram{
		SampleCount:   new(d.of.Count()),
		SampleSum:     new(d.of.Sum.Seconds()),
		Schema:        new(int32(engine.HistogramSchema)),
		ZeroThreshold: new(math.Ldexp(1, (engine.HistogramFirst-1)>>engine.HistogramSchema)),
		ZeroCount:     new(d.of.Zero),
	}
	d.writeClassic(h)
	d.writeNative(h)
	m.Histogram = h
	return nil
}

// writeClassic writes how many times there were up to each bound.
func (d *distribution) writeClassic(h *dto.Histogram) {
	sum, next := d.of.Zero, 0
	for _, power := range d.bounds {
		// The bucket with this native index ends at the bound, and the one at next follows it.
		for end := power<<engine.HistogramSchema - engine.HistogramFirst + 1; next < end; next++ {
			sum += d.of.Counts[next]
		}
		h.Bucket = append(h.Bucket, &dto.Bucket{CumulativeCount: new(sum), UpperBound: new(math.Ldexp(1, power))})
	}
}

// writeNative writes the buckets that are not empty, as spans of buckets in a row, and each
// count as its difference from the one before.
func (d *distribution) writeNative(h *dto.Histogram) {
	last, before := engine.HistogramFirst-1, int64(0)
	first := true
	for i, n := range d.of.Counts {
		if n == 0 {
			continue
		}
		index := engine.HistogramFirst + i
		if first || index != last+1 {
			offset := index - last - 1
			if first {
				offset = index // the first offset counts from index 0
			}
			h.PositiveSpan = append(h.PositiveSpan, &dto.BucketSpan{Offset: new(int32(offset)), Length: new(uint32(0))})
		}
		first = false
		*h.PositiveSpan[len(h.PositiveSpan)-1].Length++
		h.PositiveDelta = append(h.PositiveDelta, int64(n)-before)
		last, before = index, int64(n)
	}
	if first {
		// Without a span, only the zero threshold would tell that this is a native histogram.
		h.PositiveSpan = []*dto.BucketSpan{{Offset: new(int32(0)), Length: new(uint32(0))}}
	}
}
