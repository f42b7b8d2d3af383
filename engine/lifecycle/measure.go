package lifecycle

import "time"

// Latency is how long the heartbeats of a connection took to be acknowledged. It
// begins anew with each hello.
type Latency struct {
	Last     time.Duration    `json:"last_ns"`           // of the last heartbeat acknowledged, 0: none yet
	Average  time.Duration    `json:"average_ns"`        // over all of this connection, 0: none yet
	Recent   [5]time.Duration `json:"recent_ns"`         // the last ones, newest first, 0: none
	Sent     time.Time        `json:"sent,omitzero"`     // when the last heartbeat went, zero: none yet
	Received time.Time        `json:"received,omitzero"` // when the last acknowledgement came, zero: none yet
}

// Flow is how many bytes went through a decompressor.
type Flow struct {
	In  uint64 `json:"in"`  // of messages, as the gateway sent them
	Out uint64 `json:"out"` // of payloads
}

// Since returns what came since base.
func (f Flow) Since(base Flow) Flow { return Flow{f.In - base.In, f.Out - base.Out} }
