package engine

import (
	"github.com/sluice-go/sluice/engine/lifecycle"
	"time"
)

// life is what changes with a shard's state, and not with every event: it is
// published when a state is entered.
type life struct {
	changes  uint32              // of state
	since    time.Time           // when the state was entered
	notReady time.Time           // since when the shard is not Ready, zero: it is
	opened   lifecycle.Handshake // on this connection
	leaving  bool                // Closing leads to Stopped
	attempts int
	failures int
	cause    error                           // of the last end of a connection or attempt
	next     time.Time                       // when the next attempt is due, zero: none is waited for
	waits    error                           // why it waits for longer than the backoff; nil: it does not
	causes   [len(lifecycle.Causes{})]uint32 // of those that were followed by another
	base     lifecycle.Flow                  // what had gone through the decompressor before this connection
}

// counts returns what was counted by cause.
func (l *life) counts() (c lifecycle.Causes) {
	for i, n := range l.causes {
		c[i] = uint64(n)
	}
	return c
}
