package engine

import (
	"github.com/sluice-go/sluice/engine/lifecycle"
	"time"
)

// counters is what a shard's loop counts. It is the loop's alone; after every
// batch it is copied to where others may read it.
type counters struct {
	// what every event changes
	events      uint64
	bytesWire   uint64
	flow        lifecycle.Flow // through the decompressor
	inCallbacks time.Duration
	longest     time.Duration

	replayed     uint64
	repeats      uint64
	gaps         uint64
	missing      uint64
	identifies   uint64
	resumes      uint64
	resumed      uint64
	sessionsLost uint64
	corrupt      uint64
	violations   uint64
	slow         uint64
}

// callClock measures callbacks. It belongs to a core.
type callClock struct {
	start  time.Time     // the time since is cheaper to ask than the time
	logged time.Duration // when a slow callback was last logged; 0: never
	silent uint64        // slow ones since
}
