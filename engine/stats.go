package engine

import (
	"fmt"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/internal/reactor"
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
	BytesMessage uint64           // of these, in messages: what the decompressors took
	BytesJSON    uint64           // received, decompressed
	BytesSent    uint64           // written, before TLS
	Commands     uint64           // payloads of the user's that were written
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
	fastCallbacks   uint64        // events whose callbacks took HistogramZero at most

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

func (s *Stats) add(o *Stats) {
	s.Events += o.Events
	s.Replayed += o.Replayed
	s.Repeats += o.Repeats
	s.Gaps += o.Gaps
	s.Missing += o.Missing
	s.BytesWire += o.BytesWire
	s.BytesMessage += o.BytesMessage
	s.BytesJSON += o.BytesJSON
	s.BytesSent += o.BytesSent
	s.Commands += o.Commands
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
	s.fastCallbacks += o.fastCallbacks
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

// LoopStats is a snapshot of what one loop has done since it began. An event loop
// serves many shards; with [PortableDriver] each shard has a loop of its own, and those
// of shards that were closed are counted as one.
type LoopStats struct {
	Number int    // from 1 on, the same as long as the engine runs; 0: one shard's, with PortableDriver
	Shards int    // that it serves
	Wakes  uint64 // times that it went to work after it had waited
	Reads  uint64 // reads that brought bytes

	// Busy is for how long it was at work. It is 0 with [PortableDriver], which does not
	// measure it.
	Busy time.Duration

	// Of the shards that it serves, or served, as in [Stats].
	Events          uint64
	InCallbacks     time.Duration
	LongestCallback time.Duration
}

// loopStats returns what a loop itself counts.
func loopStats(c *reactor.Counts) LoopStats {
	return LoopStats{Number: c.Loop, Wakes: c.Wakes.Load(), Reads: c.Reads.Load(), Busy: time.Duration(c.Busy.Load())}
}

// serve adds what a shard did.
func (l *LoopStats) serve(of *Stats) {
	l.Events += of.Events
	l.InCallbacks += of.InCallbacks
	l.LongestCallback = max(l.LongestCallback, of.LongestCallback)
}

// TLSReading is how the TLS records of a shard's connection are read.
type TLSReading uint8

const (
	// TLSNone: there is no connection, or none with TLS.
	TLSNone TLSReading = iota

	// TLSLent: an event loop lends records to crypto/tls out of its own buffer. An idle
	// connection keeps no buffer, and a read allocates nothing.
	TLSLent

	// TLSPlain: crypto/tls reads records into a buffer that it keeps, as in most
	// programs: some 9 KB more for an idle shard. View.TLSWhy says why.
	TLSPlain
)

var tlsReadingNames = [...]string{"none", "lent", "plain"}

// String returns "none", "lent" or "plain".
func (r TLSReading) String() string {
	if int(r) < len(tlsReadingNames) {
		return tlsReadingNames[r]
	}
	return fmt.Sprintf("TLSReading(%d)", uint8(r))
}

// MarshalText implements encoding.TextMarshaler, which encoding/json uses too.
func (r TLSReading) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// callTimes is what was measured of callbacks.
type callTimes struct {
	fast    uint64 // events whose callbacks took HistogramZero at most
	sum     time.Duration
	longest time.Duration
	slow    uint64
}
