package lifecycle

import (
	"fmt"
	"strings"
	"time"

	"github.com/sluice-go/sluice/gateway"
)

// Happening is one thing that became of a shard, small enough to keep many of. It holds
// neither the token, nor a session's ID, nor a URL.
type Happening struct {
	At    time.Time     `json:"at"`
	Shard int           `json:"shard"`
	Total int           `json:"total"`
	Kind  HappeningKind `json:"kind"`

	From State `json:"from"` // of HappenedState; of others the state that the shard was in
	To   State `json:"to"`   // of HappenedState; of others the same as From

	// Cause is why, in at most 200 bytes, "" where things go their way. Of HappenedSlow it
	// is the name of the event.
	Cause string `json:"cause,omitempty"`

	Code gateway.CloseCode `json:"code,omitempty"` // of HappenedClosed, 0: none
	By   Closer            `json:"by,omitempty"`   // of HappenedClosed

	// First and Last are sequences. Of HappenedLost: what is missing, as SessionLost has
	// them in From and To. Of HappenedResumed: First is what was asked for.
	First int64 `json:"first,omitempty"`
	Last  int64 `json:"last,omitempty"`

	Replayed int64         `json:"replayed,omitempty"` // of HappenedResumed, the events that it brought
	Took     time.Duration `json:"took_ns,omitempty"`  // of HappenedSlow
}

// HappeningKind says what a [Happening] tells of.
type HappeningKind uint8

const (
	// HappenedState: the shard entered another state, as a [StateChange] tells.
	HappenedState HappeningKind = iota
	// HappenedClosed: a connection ended, as [Closed] tells.
	HappenedClosed
	// HappenedLost: events may be missing, as [SessionLost] tells.
	HappenedLost
	// HappenedResumed: the session goes on, as [SessionResumed] tells.
	HappenedResumed
	// HappenedSlow: callbacks held up the shard for 100 ms or more. It is told once in
	// 10 s at most.
	HappenedSlow
)

var happeningNames = [...]string{"state", "closed", "lost", "resumed", "slow"}

// String returns "state", "closed", "lost", "resumed" or "slow".
func (k HappeningKind) String() string {
	if int(k) < len(happeningNames) {
		return happeningNames[k]
	}
	return fmt.Sprintf("HappeningKind(%d)", uint8(k))
}

// MarshalText implements encoding.TextMarshaler, which encoding/json uses too.
func (k HappeningKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// String returns the happening as a sentence, without its time and its shard.
func (h Happening) String() string {
	var b strings.Builder
	switch h.Kind {
	case HappenedState:
		fmt.Fprintf(&b, "%v → %v", h.From, h.To)
	case HappenedClosed:
		fmt.Fprintf(&b, "connection ended by %v", h.By)
		if h.Code != 0 {
			fmt.Fprintf(&b, " with %v", h.Code)
		}
	case HappenedLost:
		switch {
		case h.Last == 0:
			fmt.Fprintf(&b, "session lost: events from sequence %d on may be missing", h.First)
		case h.First == h.Last:
			fmt.Fprintf(&b, "the event of sequence %d is lost", h.First)
		default:
			fmt.Fprintf(&b, "events of sequences %d to %d are lost", h.First, h.Last)
		}
	case HappenedResumed:
		fmt.Fprintf(&b, "session resumed from sequence %d on, %d events replayed", h.First, h.Replayed)
	case HappenedSlow:
		fmt.Fprintf(&b, "callbacks held up the shard for %v with %s", h.Took.Round(time.Millisecond), h.Cause)
		return b.String()
	}
	if h.Cause != "" {
		b.WriteString(": ")
		b.WriteString(h.Cause)
	}
	return b.String()
}
