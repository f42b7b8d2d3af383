package core

import (
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
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
}

// Life is what changes with a shard's state, and not with every event.
type Life struct {
	Changes  uint32              // of what follows
	Since    time.Time           // when the state was entered
	NotReady time.Time           // since when the shard is not Ready, zero: it is
	Opened   lifecycle.Handshake // on this connection
	Leaving  bool                // Closing leads to Stopped
	Attempts int
	Failures int
	Cause    error                           // of the last end of a connection or attempt
	Next     time.Time                       // when the next attempt is due, zero: none is waited for
	Waits    error                           // why it waits for longer than the backoff; nil: it does not
	Causes   [len(lifecycle.Causes{})]uint32 // of those that were followed by another
	Base     lifecycle.Flow                  // what had gone through the decompressor before this connection
}

// Counts returns what was counted by cause.
func (l *Life) Counts() (c lifecycle.Causes) {
	for i, n := range l.Causes {
		c[i] = uint64(n)
	}
	return c
}

// Counters returns what was counted. They are the driver's to read between two calls.
func (c *Core) Counters() *Counters { return &c.counter }

// Life returns what came of the last change of state, likewise.
func (c *Core) Life() *Life { return &c.life }

// State returns where the shard stands.
func (c *Core) State() lifecycle.State { return c.state }

// Stop returns why the shard is Stopped, nil if it was asked to or is not.
func (c *Core) Stop() error { return c.stop }

// Left reports whether the shard is Stopped because the user closed it alone.
func (c *Core) Left() bool { return c.left }

// Session returns the shard's session, the zero value where there is none. It does not
// yet count an event that is being delivered.
func (c *Core) Session() session.Session { return c.session.Session }

// Delivered has an event count as delivered although its callbacks have not returned,
// and never will.
func (c *Core) Delivered(seq int64) { c.session.Seq = max(c.session.Seq, seq) }

// Latency returns what was measured on the last connection that got a hello. Any
// goroutine may ask.
func (c *Core) Latency() lifecycle.Latency { return c.heart.latency() }

// Interval returns the heartbeat interval of this connection, 0 before hello.
func (c *Core) Interval() time.Duration { return c.heart.interval }

// BeatFor reports whether a heartbeat is due, and if so counts it as sent: somebody
// beats while a callback holds up the loop. Any goroutine may ask.
func (c *Core) BeatFor(now time.Time) bool { return c.heart.beat(now) }
