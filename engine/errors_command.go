package engine

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-go/sluice/gateway"
)

// SendError says that a command was not sent, or may not have been.
type SendError struct {
	Shard int            // the shard's id, -1 where there is none for the command
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
	s := "engine: "
	if e.Shard >= 0 {
		s += "shard " + strconv.Itoa(e.Shard) + ": "
	}
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

// AnswerError says that a command was sent, but that its answer did not come, or
// not whole.
type AnswerError struct {
	Shard int            // the shard's id
	Op    gateway.Opcode // what the command was
	Came  int            // how many events of the answer came
	Want  int            // how many it has, 0: not known

	// Err is why, never nil: the context's error, [ErrStopped], [ErrFellBehind],
	// or another.
	Err error
}

// Error names the command, what is missing, and why.
func (e *AnswerError) Error() string {
	s := "engine: shard " + strconv.Itoa(e.Shard) + ": " + e.Op.String() + ": "
	if e.Came == 0 {
		s += "no answer came: "
	} else {
		s += strconv.Itoa(e.Came) + " of " + strconv.Itoa(e.Want) + " parts of the answer came: "
	}
	return s + withoutPrefix(e.Err)
}

// Unwrap returns Err.
func (e *AnswerError) Unwrap() error { return e.Err }

// RateLimitedError says that a command was not answered within its context,
// because a limit of the gateway's does not allow it yet.
type RateLimitedError struct {
	Shard      int            // the shard's id
	Op         gateway.Opcode // what the command was
	GuildID    uint64         // the guild that it was about, 0: several
	RetryAfter time.Duration  // how long, from when the error was made, until it is allowed
	Err        error          // the context's error, or ErrStopped, never nil
}

// Error names the command, its guild, and when it is allowed.
func (e *RateLimitedError) Error() string {
	s := "engine: shard " + strconv.Itoa(e.Shard) + ": " + e.Op.String()
	if e.GuildID != 0 {
		s += " for guild " + strconv.FormatUint(e.GuildID, 10)
	}
	return s + ": rate limited, allowed after " + e.RetryAfter.Round(time.Millisecond).String() + ": " + withoutPrefix(e.Err)
}

// Unwrap returns Err.
func (e *RateLimitedError) Unwrap() error { return e.Err }

// withoutPrefix returns an error's text for use in another error of this package.
func withoutPrefix(err error) string { return strings.TrimPrefix(err.Error(), "engine: ") }

// sendError wraps what became of a command in a *SendError; nil stays nil.
func (s *Shard) sendError(op gateway.Opcode, err error) error {
	if err == nil {
		return nil
	}
	return &SendError{Shard: s.id, Op: op, Unknown: errors.Is(err, ErrConnectionLost), Err: err}
}

var (
	errNoCommand  = errors.New("the gateway would close the connection: the payload is no command")
	errAnswerLost = errors.New("the session that it was to come in was lost, again")
	errBadAnswer  = errors.New("it makes no sense")
)
