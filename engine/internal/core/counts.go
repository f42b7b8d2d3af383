package core

import (
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
)

// Counters is what a core counts. Its driver copies them to where others may read
// them.
type Counters struct {
	// what every event changes
	Events    uint64
	BytesWire uint64
	Flow      lifecycle.Flow // through the decompressor

	Replayed     uint64
	Repeats      uint64
	Gaps         uint64
	Missing      uint64
	Identifies   uint64
	Resumes      uint64
	Resumed      uint64
	SessionsLost uint64
	Corrupt      uint64
	Violations   uint64

	Latency time.Duration // of the last heartbeat of this connection; 0: none was acknowledged
}

// Life is what changes with a shard's state, and not with every event. It is never changed once
// it is made, so that a core and its driver share one.
type Life struct {
	Opened   lifecycle.Handshake             // on this connection
	Leaving  bool                            // Closing leads to Stopped
	Causes   [len(lifecycle.Causes{})]uint32 // of the ends of connections and attempts that were followed by another
	Since    time.Time                       // when the state was entered
	NotReady time.Time                       // since when the shard is not Ready, zero: it is
	Attempts int
	Failures int
	Cause    error          // of the last end of a connection or attempt
	Next     time.Time      // when the next attempt is due, zero: none is waited for
	Waits    error          // why it waits for longer than the backoff; nil: it does not
	Base     lifecycle.Flow // what had gone through the decompressor before this connection
}

// Counts returns what was counted by cause.
func (l *Life) Counts() (c lifecycle.Causes) {
	for i, n := range l.Causes {
		c[i] = uint64(n)
	}
	return c
}
