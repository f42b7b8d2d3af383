package lifecycle

import "fmt"

// State is where a shard stands in its life.
//
//	Disconnected → Connecting → AwaitingHello → Queued → Identifying → Ready
//	                                        ↘ Resuming ───────────────↗
//
// From every state with a connection, Closing leads back to Disconnected, or to
// Stopped, which is the end.
type State uint8

const (
	// Disconnected: there is no connection; the backoff runs.
	Disconnected State = iota
	// Connecting: TCP, TLS and the WebSocket upgrade are under way, for 10 s at
	// most once it is this shard's turn.
	Connecting
	// AwaitingHello: connected; the gateway has 20 s to say hello.
	AwaitingHello
	// Queued: the identify waits for its turn; heartbeats go.
	Queued
	// Identifying: the identify was sent; READY must come within 60 s.
	Identifying
	// Resuming: the resume was sent; RESUMED must come within 60 s. What was
	// missed is replayed meanwhile.
	Resuming
	// Ready: the session is live.
	Ready
	// Closing: a close frame was sent; the gateway has 2 s to answer it.
	Closing
	// Stopped: the shard will not connect again.
	Stopped
)

// States counts by [State], which is the index.
type States [len(stateNames)]int

var stateNames = [...]string{
	"Disconnected", "Connecting", "AwaitingHello", "Queued", "Identifying",
	"Resuming", "Ready", "Closing", "Stopped",
}

// String returns the state's name.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// MarshalText implements encoding.TextMarshaler, which encoding/json uses too.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Connected reports whether a state has a connection that is not yet closing.
func (s State) Connected() bool { return s >= AwaitingHello && s <= Ready }

// Handshake is how a session is opened on a connection.
type Handshake uint8

const (
	// HandshakeNone: not yet, or not again.
	HandshakeNone Handshake = iota
	// HandshakeIdentify begins a new session.
	HandshakeIdentify
	// HandshakeResume takes up the session of the connection before.
	HandshakeResume
)

var handshakeNames = [...]string{"none", "identify", "resume"}

// String returns "none", "identify" or "resume".
func (h Handshake) String() string {
	if int(h) < len(handshakeNames) {
		return handshakeNames[h]
	}
	return fmt.Sprintf("Handshake(%d)", uint8(h))
}

// MarshalText implements encoding.TextMarshaler, which encoding/json uses too.
func (h Handshake) MarshalText() ([]byte, error) { return []byte(h.String()), nil }
