package bench

import (
	"slices"
	"testing"
)

// race runs the decoders against each other: in every iteration each decodes
// the same number of messages, one decoder after another, so that whatever
// else the machine does meets all of them. It reports the medians in ns/event,
// and how many times faster than klauspost's decoder the median of the others
// is.
//
// Each has a lap before that does not count: what the one before leaves behind
// lasts for a while, after a call of C for longer than caches explain.
func (c *codec) race(b *testing.B) {
	for _, load := range loads {
		b.Run(load.name, func(b *testing.B) {
			racers := make([]func(int) int, len(c.decoders))
			for i, decoder := range c.decoders {
				racers[i] = decoder.start(b, c.traffic(load), load.streams)
			}
			times := make([][]float64, len(racers)) // ns/event
			for b.Loop() {
				for i, turns := range racers {
					turns(load.lap)
					start := cpuTime()
					turns(load.lap)
					times[i] = append(times[i], float64(cpuTime()-start)/float64(load.lap))
				}
			}
			b.ReportMetric(0, "ns/op")
			medians := make(map[string]float64)
			for i, t := range times {
				slices.Sort(t)
				medians[c.decoders[i].name] = t[len(t)/2]
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
