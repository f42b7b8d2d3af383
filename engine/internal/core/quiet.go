package core

import "time"

const (
	// quietAfter is from when on a shard without events takes less memory.
	quietAfter = 2 * time.Minute

	// quietTurns spreads that: a shard whose time has come does it with one heartbeat in so
	// many, since it takes some 0.2 ms, and many shards beat at once.
	quietTurns = 8
)

// quiet is for how long no event has come.
type quiet struct {
	seq    int64         // of the last one
	silent time.Duration // since a heartbeat that came behind it
}

// slim has a shard that was silent for long take less memory. It is asked with each heartbeat, so
// that events need not note when they came.
func (c *Core) slim() {
	q := &c.quiet
	if q.seq != c.session.Seq {
		*q = quiet{seq: c.session.Seq}
		return
	}
	q.silent += c.Interval()
	if q.silent >= quietAfter && c.random() < 1.0/quietTurns {
		c.inflow.Pack()
	}
}
