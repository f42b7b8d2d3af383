package bench

import (
	"slices"
	"testing"
)

// BenchmarkZstdRace runs the decoders of BenchmarkZstd against each other: in
// every iteration each decodes the same number of messages, one decoder after
// another, so that whatever else the machine does meets all of them. It
// reports the medians in ns/event, and how many times faster than klauspost's
// decoder the median of the others is.
func BenchmarkZstdRace(b *testing.B) {
	for _, load := range zstdLoads {
		b.Run(load.name, func(b *testing.B) {
			races := make([]func(int) int, len(zstdDecoders))
			for i, decoder := range zstdDecoders {
				races[i] = decoder.start(b, load.traffic(), load.streams)
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
			medians := make(map[string]float64)
			for i, t := range times {
				slices.Sort(t)
				medians[zstdDecoders[i].name] = t[len(t)/2]
			}
			for name, median := range medians {
				b.ReportMetric(median, name+"-ns/event")
				if name != "klauspost" {
					b.ReportMetric(medians["klauspost"]/median, name+"-x")
				}
			}
		})
	}
}
