package engine

import (
	"maps"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/inflow"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/internal/reactor"
)

// Overview is a whole engine at one moment, for metrics and dashboards.
type Overview struct {
	At time.Time

	Stats                   // the sum over all shards, with what those did that were closed
	States lifecycle.States // shards by state

	// Closes counts the connections that ended, by who ended them and with which code. An
	// attempt that never became a connection is in Stats.Causes only.
	Closes []CloseCount

	Heartbeats Histogram // how long heartbeats took to be acknowledged
	Callbacks  Histogram // how long the callbacks of one event took

	// Permits for commands: those spent within the last minute, and those left, over all
	// shards that are ready and have a limit.
	PermitsUsed, PermitsLeft int

	Budget identify.Budget // as [Engine.Budget]

	Loops []LoopStats // as [Engine.Loops]

	// Windows is how many bytes the windows of decompressors have, for all engines of this
	// process. It does not count Config.LibraryZstd's.
	Windows int64
}

// Overview looks at all shards once. It waits for no connection and no callback, and costs
// some 2 ms for 10,000 shards.
func (e *Engine) Overview() *Overview {
	o := &Overview{At: time.Now(), Closes: e.figures.closes.list(), Windows: inflow.WindowBytes()}
	w := walk{now: o.At, overview: o}
	e.walk(&w)
	o.Stats, o.Loops = w.sum, w.loops
	o.Heartbeats = e.figures.latencies()
	o.Callbacks = e.figures.callbacks(&o.Stats)
	o.Budget = e.Budget()
	return o
}

// Stats returns the sum over all shards, with what those did that were closed.
func (e *Engine) Stats() Stats {
	w := walk{now: time.Now()}
	e.walk(&w)
	return w.sum
}

// Loops returns a snapshot of each loop's statistics, in the order of the first
// shard that it serves. There are none before Run has made the shards.
func (e *Engine) Loops() []LoopStats {
	w := walk{now: time.Now(), overview: new(Overview)}
	e.walk(&w)
	return w.loops
}

// Stats returns a snapshot of the shard's. Its loop brings that up to date when it
// has fed a read, which may bring many events, so that a callback does not find its
// own event counted yet.
func (s *Shard) Stats() Stats {
	var stats Stats
	s.look(&stats, time.Now())
	return stats
}

// walk sums up an engine's shards.
type walk struct {
	now      time.Time
	sum      Stats
	loops    []LoopStats
	overview *Overview // nil: only sum is wanted
}

// ahead is how many shards before its turn a shard's memory is asked for.
const ahead = 4

// walk goes through all shards.
func (e *Engine) walk(w *walk) {
	e.mu.Lock()
	shards := e.fleet.shards
	w.sum = e.fleet.gone
	gone := maps.Clone(e.fleet.loops)
	e.mu.Unlock()
	places := make(map[*reactor.Counts]int)
	for i, s := range shards {
		if i+ahead < len(shards) {
			shards[i+ahead].prefetchPublic()
		}
		var of Stats
		state := s.look(&of, w.now)
		w.sum.add(&of)
		if o := w.overview; o != nil {
			o.States[state]++
			used, left := s.link.Spent(w.now)
			o.PermitsUsed += used
			o.PermitsLeft += left
			w.loop(places, s.counts, &of)
		}
	}
	w.leave(gone)
}

// loop adds what a shard did to its loop's.
func (w *walk) loop(places map[*reactor.Counts]int, counts *reactor.Counts, of *Stats) {
	i, known := places[counts]
	if !known {
		i = len(w.loops)
		places[counts] = i
		w.loops = append(w.loops, loopStats(counts))
	}
	w.loops[i].Shards++
	w.loops[i].serve(of)
}

// leave adds what shards did that are gone.
func (w *walk) leave(gone map[int]LoopStats) {
	for i := range w.loops {
		l := &w.loops[i]
		past, known := gone[l.Number]
		if !known || l.Number == 0 {
			continue
		}
		l.serve(&Stats{Events: past.Events, InCallbacks: past.InCallbacks, LongestCallback: past.LongestCallback})
		delete(gone, l.Number)
	}
	if past, known := gone[0]; known && w.overview != nil {
		w.loops = append(w.loops, past)
	}
}

// look fills stats, which must be zero, and returns the shard's state.
func (s *Shard) look(stats *Stats, now time.Time) lifecycle.State {
	p := &s.public
	p.mu.Lock()
	state, c := p.state, &p.counters
	stats.Events, stats.Replayed, stats.Repeats, stats.Gaps, stats.Missing = c.Events, c.Replayed, c.Repeats, c.Gaps, c.Missing
	stats.BytesWire, stats.BytesMessage, stats.BytesJSON = c.BytesWire, c.Flow.In, c.Flow.Out
	stats.Identifies, stats.Resumes, stats.Resumed, stats.SessionsLost = c.Identifies, c.Resumes, c.Resumed, c.SessionsLost
	stats.Corrupt, stats.Violations, stats.Latency = c.Corrupt, c.Violations, c.Latency
	stats.fastCallbacks, stats.SlowCallbacks, stats.InCallbacks, stats.LongestCallback = p.calls.fast, p.calls.slow, p.calls.sum, p.calls.longest
	for cause, n := range &p.life.Causes {
		stats.Causes[cause] = uint64(n)
		stats.Reconnects += uint64(n)
	}
	if stats.NotReadySince = p.life.NotReady; !stats.NotReadySince.IsZero() {
		stats.NotReady = 1
	}
	switch p.present() {
	case TLSLent:
		stats.TLSLent = 1
	case TLSPlain:
		stats.TLSPlain = 1
	}
	p.mu.Unlock()
	stats.BytesSent, stats.Commands = s.link.Bytes(), s.link.Commands()
	s.backlog.stats(stats)
	if s.stalledFor(now) > 0 {
		stats.Stalled = 1
	}
	return state
}
