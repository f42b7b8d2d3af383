package lifecycle

import (
	"encoding/json"
	"fmt"
	"iter"
	"strings"
)

// Cause is a kind of end of a connection, or of an attempt at one, that is
// followed by another.
type Cause uint8

const (
	// CauseReconnect: the gateway asked for it (op 7).
	CauseReconnect Cause = iota
	// CauseInvalidSession: the gateway declared the session invalid (op 9),
	// whether or not it could be resumed.
	CauseInvalidSession
	// CauseClosed: the gateway sent a close frame.
	CauseClosed
	// CauseBroken: the connection ended without a close frame, or a write failed.
	CauseBroken
	// CauseUnreachable: no connection came about: DNS, TCP, TLS or the upgrade.
	CauseUnreachable
	// CauseZombie: heartbeats were not acknowledged.
	CauseZombie
	// CauseDeadline: hello, READY or RESUMED did not come in time.
	CauseDeadline
	// CauseDamage: what came was damaged, or against the protocol.
	CauseDamage
	// CauseGap: sequences were missing, or came again and again.
	CauseGap
	// CauseQueue: the identify queue failed, or there was no identify to spend.
	CauseQueue
	// CauseUser: Shard.Restart.
	CauseUser

	causeCount
)

var causeNames = [causeCount]string{
	"reconnect", "invalid session", "closed", "broken", "unreachable", "zombie",
	"deadline", "damage", "gap", "queue", "user",
}

// String returns the cause in a word or two, such as "invalid session".
func (c Cause) String() string {
	if c < causeCount {
		return causeNames[c]
	}
	return fmt.Sprintf("Cause(%d)", uint8(c))
}

// Causes counts by [Cause], which is the index.
type Causes [causeCount]uint64

// All returns the causes that were counted, with their counts.
func (c Causes) All() iter.Seq2[Cause, uint64] {
	return func(yield func(Cause, uint64) bool) {
		for cause, n := range c {
			if n > 0 && !yield(Cause(cause), n) {
				return
			}
		}
	}
}

// Total returns the sum.
func (c Causes) Total() (sum uint64) {
	for _, n := range c {
		sum += n
	}
	return sum
}

// String returns the counts that are not 0, such as "2 zombie, 1 gap", or "none".
func (c Causes) String() string {
	var parts []string
	for cause, n := range c.All() {
		parts = append(parts, fmt.Sprintf("%d %v", n, cause))
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// MarshalJSON returns an object of the counts that are not 0, by name.
func (c Causes) MarshalJSON() ([]byte, error) {
	counts := map[string]uint64{}
	for cause, n := range c.All() {
		counts[cause.String()] = n
	}
	return json.Marshal(counts)
}

// Add adds the counts of o.
func (c *Causes) Add(o *Causes) {
	for i, n := range o {
		c[i] += n
	}
}
