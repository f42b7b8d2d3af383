package engine

import (
	"errors"
	"strconv"
	"strings"

	"github.com/sluice-go/sluice/gateway"
)

// SendError says that a command was not sent, or may not have been.
type SendError struct {
	Shard int            // the shard's id
	Op    gateway.Opcode // what the command was; 0 if its payload did not tell

	// Unknown says that the connection was lost during the write, so that the
	// gateway may have got the command. Otherwise it was not sent.
	Unknown bool

	// Err is why, never nil: errors.Is and errors.As on the SendError look into
	// it.
	Err error
}

// Error names the command, what became of it, and why.
func (e *SendError) Error() string {
	s := "engine: shard " + strconv.Itoa(e.Shard) + ": "
	if e.Op != gateway.OpDispatch {
		s += e.Op.String() + " "
	}
	if e.Unknown {
		s += "may or may not have been sent: "
	} else {
		s += "not sent: "
	}
	return s + withoutPrefix(e.Err)
}

// Unwrap returns Err.
func (e *SendError) Unwrap() error { return e.Err }

// withoutPrefix returns an error's text for use in another error of this package.
func withoutPrefix(err error) string { return strings.TrimPrefix(err.Error(), "engine: ") }

// sendError wraps what became of a command in a *SendError; nil stays nil.
func (s *Shard) sendError(op gateway.Opcode, err error) error {
	if err == nil {
		return nil
	}
	return &SendError{Shard: s.id, Op: op, Unknown: errors.Is(err, ErrConnectionLost), Err: err}
}

var errNoCommand = errors.New("the gateway would close the connection: the payload is no command")
