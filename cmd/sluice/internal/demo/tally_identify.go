package demo

import (
	"sync"
	"time"
)

// identifyPeriod is the least time between two identifies of one bucket
// (Discord: "Sharding", heading "max_concurrency").
const identifyPeriod = 5 * time.Second

// identifyTally looks at when identifies are sent. The gateway does so too, but
// only when it reads them, and on a busy machine it reads some late.
type identifyTally struct {
	mu     sync.Mutex
	last   []time.Time // by bucket: shard id % max_concurrency
	closer int64
}

// sent takes down an identify that is about to be sent.
func (t *identifyTally) sent(shard int, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := &t.last[shard%len(t.last)]
	if !last.IsZero() && now.Sub(*last) < identifyPeriod {
		t.closer++
	}
	*last = now
}

// early returns how many came too soon after another of their bucket.
func (t *identifyTally) early() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closer
}
