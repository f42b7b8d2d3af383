package engine

import "time"

// life is what changes with a shard's state, and not with every event: it is
// published when a state is entered.
type life struct {
	changes  uint32    // of state
	since    time.Time // when the state was entered
	notReady time.Time // since when the shard is not Ready, zero: it is
	opened   Handshake // on this connection
	leaving  bool      // Closing leads to Stopped
	attempts int
	failures int
	cause    error              // of the last end of a connection or attempt
	next     time.Time          // when the next attempt is due, zero: none is waited for
	waits    error              // why it waits for longer than the backoff; nil: it does not
	causes   [causeCount]uint32 // of those that were followed by another
	base     Flow               // what had gone through the decompressor before this connection
}

// less returns what came since base.
func (f Flow) less(base Flow) Flow { return Flow{f.In - base.In, f.Out - base.Out} }

// counts returns what was counted by cause.
func (l *life) counts() (c Causes) {
	for i, n := range l.causes {
		c[i] = uint64(n)
	}
	return c
}

// entering brings life up to date when a state is entered.
func (c *core) entering(now time.Time, from, to State) {
	l := &c.life
	l.changes++
	l.since = now
	l.attempts, l.failures = c.redial.attempts, c.redial.failures
	_, leaves := c.redial.cause.(*departure)
	l.leaving = to == Closing && leaves
	switch {
	case to == Ready:
		l.notReady, l.attempts = time.Time{}, 0
		l.opened = HandshakeIdentify
		if from == Resuming {
			l.opened = HandshakeResume
		}
	case l.notReady.IsZero():
		l.notReady = now
	}
	l.next, l.waits = time.Time{}, nil
	switch to {
	case AwaitingHello:
		l.base = c.counter.flow
	case Disconnected:
		l.opened = HandshakeNone
		l.next, l.waits = c.redial.at, c.redial.waits
	case Stopped:
		l.opened = HandshakeNone
	}
}

// reconnecting counts the end of a connection or attempt that is followed by
// another.
func (c *core) reconnecting(cause error) {
	c.life.causes[c.kind(cause)]++
}
