package engine

import (
	"time"

	"github.com/sluice-go/sluice/internal/reactor"
)

// LoopStats is a snapshot of what one loop has done since it began. An event loop
// serves many shards; with [PortableDriver] each shard has a loop of its own.
type LoopStats struct {
	Shards int    // that it serves
	Wakes  uint64 // times that it went to work after it had waited
	Reads  uint64 // reads that brought bytes

	// Of the shards that it serves, as in [Stats].
	Events          uint64
	InCallbacks     time.Duration
	LongestCallback time.Duration
}

// Loops returns a snapshot of each loop's statistics, in the order of the first
// shard that it serves. There are none before Run has made the shards.
func (e *Engine) Loops() []LoopStats {
	var list []LoopStats
	places := make(map[*reactor.Counts]int)
	for s := range e.Shards() {
		counts := s.loop.Counts()
		i, known := places[counts]
		if !known {
			i = len(list)
			places[counts] = i
			list = append(list, LoopStats{Wakes: counts.Wakes.Load(), Reads: counts.Reads.Load()})
		}
		l, of := &list[i], s.Stats()
		l.Shards++
		l.Events += of.Events
		l.InCallbacks += of.InCallbacks
		l.LongestCallback = max(l.LongestCallback, of.LongestCallback)
	}
	return list
}
