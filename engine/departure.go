package engine

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
)

// maxCloseReason is how many bytes a close frame has room for beside its code
// (RFC 6455, section 5.5).
const maxCloseReason = 123

// departure is the cause of an end that the user asked for: of one shard, or of
// the whole engine.
type departure struct {
	code   gateway.CloseCode
	reason string
	why    string
	alone  bool // the engine goes on without the shard
}

// Error implements error.
func (d *departure) Error() string { return d.why }

// endsSession reports whether the gateway forgets the session.
func (d *departure) endsSession() bool {
	return d.code == gateway.CloseNormal || d.code == gateway.CloseGoingAway
}

// errShutdown ends a shard with its engine, and keeps the session.
var errShutdown = &departure{code: closeResumable, why: "the engine shuts down"}

var errRestart = errors.New("the user asked for a restart")

// newDeparture checks what the user wants to close with.
func newDeparture(code gateway.CloseCode, reason string) (*departure, error) {
	if code == 0 {
		code = closeResumable
	}
	switch {
	case !frame.ValidCloseCode(uint16(code)):
		return nil, fmt.Errorf("engine: %d is no close code; use 0 or 4000 to keep the session, 1000 to end it", code)
	case len(reason) > maxCloseReason || !utf8.ValidString(reason):
		return nil, fmt.Errorf("engine: the reason for a close must be UTF-8 and have at most %d bytes", maxCloseReason)
	}
	return &departure{code: code, reason: reason, alone: true, why: fmt.Sprintf("the user closed the shard with %d", code)}, nil
}

// atWish reports whether the user asked for the end of a connection.
func atWish(cause error) bool {
	_, leaving := cause.(*departure)
	return leaving || cause == errRestart
}

// errLogout ends a shard, and its session, with its engine.
var errLogout = &departure{code: gateway.CloseNormal, why: "the user logs out"}

// closeResumable is what this side closes with unless the user logs out: after
// 1000 or 1001 the session would be gone.
const closeResumable = gateway.CloseUnknownError
