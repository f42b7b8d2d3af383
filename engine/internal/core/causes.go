package core

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
)

// Why a connection was given up by this side. They are causes: they arrive in
// the log and in state changes.
var (
	errHelloTimeout   = errors.New("no hello within 20 s")
	errReadyTimeout   = errors.New("no READY within 60 s of the identify")
	errResumedTimeout = errors.New("no RESUMED within 60 s of the resume")
	errNoAnswer       = errors.New("zombie: nothing answered within 5 s after time had jumped")
	errZombie         = errors.New("zombie: no heartbeat ACK and nothing else was received since the last heartbeat")
	errReconnect      = errors.New("the gateway asked for a reconnect (op 7)")
	errInvalidSession = errors.New("the gateway declared the session invalid (op 9)")
	errResumable      = errors.New("the gateway asked to resume on a new connection (op 9)")
	errOtherSession   = errors.New("the gateway opened another session")
	errUnanswered     = errors.New("resumes in a row brought nothing")
	errCountsAnew     = errors.New("the gateway only brings sequences that came before")
)

// queueError says that the identify queue gave no permit.
type queueError struct{ err error }

// Error implements error.
func (e *queueError) Error() string { return "identify queue: " + e.err.Error() }

func (e *queueError) Unwrap() error { return e.err }

// gapError says that the gateway skipped sequences.
type gapError struct{ from, to int64 }

func (e *gapError) length() int64 { return e.to - e.from + 1 }

// Error names the sequences.
func (e *gapError) Error() string {
	if e.from == e.to {
		return fmt.Sprintf("the gateway skipped sequence %d", e.from)
	}
	return fmt.Sprintf("the gateway skipped sequences %d to %d", e.from, e.to)
}

// isGap reports whether a connection ended so that a resume fills a gap.
func isGap(cause error) bool {
	_, ok := cause.(*gapError)
	return ok
}

// maxCloseReason is how many bytes a close frame has room for beside its code
// (RFC 6455, section 5.5).
const maxCloseReason = 123

// Departure is the cause of an end that the user asked for: of one shard, or of
// the whole engine.
type Departure struct {
	code   gateway.CloseCode
	reason string
	why    string
	alone  bool // the engine goes on without the shard
	abrupt bool // without a close frame
}

// Error implements error.
func (d *Departure) Error() string { return d.why }

// Code returns what the connection is closed with.
func (d *Departure) Code() gateway.CloseCode { return d.code }

// EndsSession reports whether the gateway forgets the session.
func (d *Departure) EndsSession() bool {
	return d.code == gateway.CloseNormal || d.code == gateway.CloseGoingAway
}

// How shards end with their engine: Shutdown keeps their sessions, Logout ends them.
var (
	Shutdown = &Departure{code: CloseResumable, why: "the engine shuts down"}
	Logout   = &Departure{code: gateway.CloseNormal, why: "the user logs out"}
)

// Abandon is the end of one shard whose session somebody else may have taken over by now:
// it hangs up without a word.
var Abandon = &Departure{code: CloseResumable, alone: true, abrupt: true, why: "the user abandoned the shard"}

var (
	errRestart = errors.New("the user asked for a restart")
	errRenewed = errors.New("a new session was asked for")
)

// NewDeparture returns the end of one shard, which its engine goes on without. Code 0
// stands for CloseResumable. The error says what of a code or reason cannot be sent.
func NewDeparture(code gateway.CloseCode, reason string) (*Departure, error) {
	if code == 0 {
		code = CloseResumable
	}
	switch {
	case !frame.ValidCloseCode(uint16(code)):
		return nil, fmt.Errorf("engine: %d is no close code; use 0 or 4000 to keep the session, 1000 to end it", code)
	case len(reason) > maxCloseReason || !utf8.ValidString(reason):
		return nil, fmt.Errorf("engine: the reason for a close must be UTF-8 and have at most %d bytes", maxCloseReason)
	}
	return &Departure{code: code, reason: reason, alone: true, why: fmt.Sprintf("the user closed the shard with %d", code)}, nil
}

// atWish reports whether the user asked for the end of a connection.
func atWish(cause error) bool {
	_, leaving := cause.(*Departure)
	return leaving || cause == errRestart
}

// CloseResumable is what this side closes with unless the user logs out: after
// 1000 or 1001 the session would be gone.
const CloseResumable = gateway.CloseUnknownError
