package engine

import "fmt"

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
