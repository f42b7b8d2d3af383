package engine

import (
	"sync"
	"time"

	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
)

// Stats is a snapshot of what a shard, or a whole engine, has done since it
// began.
type Stats struct {
	Events       uint64           // dispatches, whether or not a callback asked for them
	Replayed     uint64           // of these, missed before and brought by a resume
	Repeats      uint64           // dispatches that came again and were not delivered again
	Gaps         uint64           // connections ended so that a resume brings sequences that the gateway skipped
	Missing      uint64           // skipped sequences that no resume brought: each announced by a SessionLost with To
	BytesWire    uint64           // received, after TLS, before decompression
	BytesJSON    uint64           // received, decompressed
	BytesSent    uint64           // written, before TLS
	Identifies   uint64           // identifies sent
	Resumes      uint64           // resumes sent
	Resumed      uint64           // of these, answered by RESUMED
	SessionsLost uint64           // sessions that could not be resumed: each announced by a SessionLost without To
	Reconnects   uint64           // connections and attempts that ended and were followed by another
	Causes       lifecycle.Causes // of these
	Corrupt      uint64           // connections given up for damaged data
	Violations   uint64           // connections given up for breaking the WebSocket protocol

	SlowCallbacks   uint64        // events whose callbacks took 100 ms or more
	InCallbacks     time.Duration // the time that callbacks took
	LongestCallback time.Duration // what those of one event took; of an engine: the longest

	// Of callbacks made by Async.
	Queued        int           // events that wait
	QueuedHighest int           // the most that ever waited for one callback; of an engine: of one shard
	Dropped       uint64        // events that were not delivered: they found no room, or a shutdown had no time
	Lag           time.Duration // since the oldest was read that waits or is being taken; of an engine: the highest

	Latency time.Duration // of the last heartbeat; of an engine: the highest

	NotReady      int       // shards that are not Ready now; of a shard: 1 or 0
	NotReadySince time.Time // since when, the longest of them; zero: all are Ready
	Stalled       int       // shards that make no progress now: see [View]

	// Connections that stand now, by how their TLS records are read: see [TLSReading].
	TLSLent, TLSPlain int
}

// published is the copy of a shard's counters for other goroutines.
type published struct {
	mu       sync.Mutex
	state    lifecycle.State
	session  session.Session
	counters core.Counters
	calls    callTimes
	life     core.Life

	// Of the last connection; it counts while the state is one with a connection.
	reading    TLSReading
	readingWhy string
}

// present returns how the TLS records of the connection are read that stands now. mu
// is held.
func (p *published) present() TLSReading {
	if !p.state.Connected() {
		return TLSNone
	}
	return p.reading
}

func (s *Stats) add(o Stats) {
	s.Events += o.Events
	s.Replayed += o.Replayed
	s.Repeats += o.Repeats
	s.Gaps += o.Gaps
	s.Missing += o.Missing
	s.BytesWire += o.BytesWire
	s.BytesJSON += o.BytesJSON
	s.BytesSent += o.BytesSent
	s.Identifies += o.Identifies
	s.Resumes += o.Resumes
	s.Resumed += o.Resumed
	s.SessionsLost += o.SessionsLost
	s.Reconnects += o.Reconnects
	s.Corrupt += o.Corrupt
	s.Violations += o.Violations
	s.SlowCallbacks += o.SlowCallbacks
	s.InCallbacks += o.InCallbacks
	s.LongestCallback = max(s.LongestCallback, o.LongestCallback)
	s.Queued += o.Queued
	s.QueuedHighest = max(s.QueuedHighest, o.QueuedHighest)
	s.Dropped += o.Dropped
	s.Lag = max(s.Lag, o.Lag)
	s.Latency = max(s.Latency, o.Latency)
	s.Causes.Add(&o.Causes)
	s.NotReady += o.NotReady
	s.Stalled += o.Stalled
	s.TLSLent += o.TLSLent
	s.TLSPlain += o.TLSPlain
	if since := o.NotReadySince; s.NotReadySince.IsZero() || !since.IsZero() && since.Before(s.NotReadySince) {
		s.NotReadySince = since
	}
}

// past returns s without what is of the present alone, for a shard that is gone.
func (s Stats) past() Stats {
	s.Queued, s.Lag, s.Latency = 0, 0, 0
	s.NotReady, s.NotReadySince, s.Stalled = 0, time.Time{}, 0
	s.TLSLent, s.TLSPlain = 0, 0
	return s
}

// Stats returns the sum over all shards, with what those did that were closed.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	sum, shards := e.fleet.gone, e.fleet.shards
	e.mu.Unlock()
	for _, s := range shards {
		sum.add(s.Stats())
	}
	return sum
}

// Stats returns a snapshot of the shard's. Its loop brings that up to date when it
// has fed a read, which may bring many events, so that a callback does not find its
// own event counted yet.
func (s *Shard) Stats() Stats {
	s.public.mu.Lock()
	c, calls, causes, notReady := s.public.counters, s.public.calls, s.public.life.Counts(), s.public.life.NotReady
	reading := s.public.present()
	s.public.mu.Unlock()
	stats := Stats{
		Events: c.Events, Replayed: c.Replayed, Repeats: c.Repeats, Gaps: c.Gaps, Missing: c.Missing,
		BytesWire: c.BytesWire, BytesJSON: c.Flow.Out, BytesSent: s.link.Bytes(),
		Identifies: c.Identifies, Resumes: c.Resumes, Resumed: c.Resumed, SessionsLost: c.SessionsLost,
		Corrupt: c.Corrupt, Violations: c.Violations,
		SlowCallbacks: calls.slow, InCallbacks: calls.sum, LongestCallback: calls.longest,
		Latency:    s.core.Latency().Last,
		Reconnects: causes.Total(), Causes: causes,
		NotReadySince: notReady,
	}
	s.backlog.stats(&stats)
	switch reading {
	case TLSLent:
		stats.TLSLent = 1
	case TLSPlain:
		stats.TLSPlain = 1
	}
	if !notReady.IsZero() {
		stats.NotReady = 1
	}
	if s.stalledFor(time.Now()) > 0 {
		stats.Stalled = 1
	}
	return stats
}
