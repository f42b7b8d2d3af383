package engine

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-go/sluice/engine/internal/link"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// Errors of this package, beside those of a shard's end, which package lifecycle has.
var (
	// ErrStarted is returned by Run when it is called a second time.
	ErrStarted = errors.New("engine: Run was called before; an Engine runs once, make a new one")
	// ErrShutdownTimeout is joined to what Run returns when callbacks, or calls of
	// Config.Dial, Config.IdentifyQueue or Config.PerShard, did not return within
	// Config.ShutdownTimeout. Their goroutines are left behind.
	ErrShutdownTimeout = errors.New("engine: callbacks, or other code that the engine called, did not return before the shutdown timeout")
	// ErrNotRunning is returned by AddShards and Reshard before Run has learned its
	// shards, and once it ends.
	ErrNotRunning = errors.New("engine: shards can be added only after Run has started its own, and before it ends")
	// ErrShardExists is returned by AddShards and Reshard for a shard of an id and a
	// total that runs already.
	ErrShardExists = errors.New("engine: shard runs already; close it first, or choose another total")
	// ErrShuttingDown is returned by Logout when Run has ended before, or is about
	// to, in a way that keeps the sessions.
	ErrShuttingDown = errors.New("engine: too late to log out: the engine is shutting down already, and keeps its sessions")
	// ErrStopped: a command was not sent, or not answered, because the shard has
	// stopped for good.
	ErrStopped = link.ErrStopped
	// ErrConnectionLost: the connection failed while a command was written:
	// whether the gateway got it is unknown.
	ErrConnectionLost = link.ErrConnectionLost
	// ErrInCallback: the engine's caller is a callback, or other code that the engine
	// called, and would have to wait. That could be for ever, since the loop, or Run,
	// that it holds up may be what it waits for; so nothing waits there, whatever its
	// context. Close, Restart, RemoveShards, Shutdown and Logout happen nevertheless,
	// and are only not waited for. A command is not sent, a request not asked, and
	// WaitReady and Reshard do nothing: call them in another goroutine, which the
	// callback does not wait for, or in a callback made by [Async].
	ErrInCallback = errors.New("engine: a callback must not wait, because its event loop would stand still; wait in another goroutine, or use Async")
	// ErrFellBehind: an answer came much faster than its reader took it.
	ErrFellBehind = errors.New("engine: more than 256 MiB of the answer wait to be read")
	// ErrNoShard: no shard of the engine has the guild.
	ErrNoShard = errors.New("engine: the guild is on a shard that this engine does not run")
)

// APIError is an answer of the REST API that is no success.
type APIError struct {
	Status     int           // the HTTP status
	RetryAfter time.Duration // what the answer asked for, an hour at most; 0 if nothing
}

// Error names the status and, where there is one, the remedy.
func (e *APIError) Error() string {
	s := fmt.Sprintf("engine: Get Gateway Bot answered %d", e.Status)
	switch {
	case e.Status == 401:
		return s + ": the token is not accepted; copy the bot's token again from Discord's developer portal"
	case e.Status == 403:
		return s + ": the request is refused; a proxy or Discord may have banned this machine's address"
	case e.Status == 404:
		return s + ": there is no such endpoint; check the API URL"
	case e.Status == 429 && e.RetryAfter > 0:
		return s + ": too many requests; it asks to wait " + e.RetryAfter.String()
	case e.Status == 429:
		return s + ": too many requests"
	case e.Status >= 500:
		s += ": the API is not available"
		if e.RetryAfter > 0 {
			s += "; it asks to wait " + e.RetryAfter.String()
		}
		return s
	case e.Status >= 300 && e.Status < 400:
		return s + ": redirects are not followed, they could take the token elsewhere; check the API URL"
	}
	return s + ": check the API URL"
}

// Unwrap makes a 401 an [lifecycle.ErrAuthentication].
func (e *APIError) Unwrap() error {
	if e.Status == 401 {
		return lifecycle.ErrAuthentication
	}
	return nil
}

// errHungUp is the end of a connection that nothing announced.
var errHungUp = fmt.Errorf("the other end closed the connection without a close frame: %w", io.EOF)

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
