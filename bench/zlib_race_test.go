package bench

import (
	"slices"
	"testing"
)

// BenchmarkZlibRace runs the decoders of BenchmarkZlib against each other:
// in every iteration each decodes the same number of messages, one decoder
// after another, so that whatever else the machine does meets all of them.
// It reports the medians in ns/event, and how many times faster than
// klauspost's reader the median of the others is.
func BenchmarkZlibRace(b *testing.B) {
	for _, load := range zlibLoads {
		b.Run(load.name, func(b *testing.B) {
			traffic := load.traffic()
			races := make([]func(int) int, len(zlibDecoders))
			for i, decoder := range zlibDecoders {
				races[i] = decoder.open(b, traffic, load.streams)
			}
			times := make([][]float64, len(races))
			for b.Loop() {
				for i, turns := range races {
					start := cpuTime()
					turns(load.lap)
					times[i] = append(times[i], float64(cpuTime()-start)/float64(load.lap))
				}
			}
			b.ReportMetric(0, "ns/op")
			var klauspost float64
			for i, t := range times {
				slices.Sort(t)
				median := t[len(t)/2]
				if zlibDecoders[i].name == "klauspost" {
					klauspost = median
				}
				b.ReportMetric(median, zlibDecoders[i].name+"-ns/event")
			}
			for i, t := range times {
				if name := zlibDecoders[i].name; name != "klauspost" {
					b.ReportMetric(klauspost/t[len(t)/2], name+"-x")
				}
			}
		})
	}
}
