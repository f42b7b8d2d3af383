package engine

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sluice-go/sluice/engine/internal/link"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// Errors of this package, beside those of a shard's end, which package lifecycle has.
var (
	// ErrStarted is returned by Run when it is called a second time.
	ErrStarted = errors.New("engine: Run was called before; an Engine runs once, make a new one")
	// ErrShutdownTimeout is joined to what Run returns when callbacks, or calls of
	// Config.Dial, Config.identify.Queue or Config.PerShard, did not return within
	// Config.ShutdownTimeout. Their goroutines are left behind.
	ErrShutdownTimeout = errors.New("engine: callbacks, or other code of the user's, did not return before the shutdown timeout")
	// ErrNotRunning is returned by AddShards and Reshard before Run has learned its
	// shards, and once it ends.
	ErrNotRunning = errors.New("engine: shards can be added only while Run runs and knows its own")
	// ErrShardExists is returned by AddShards and Reshard for a shard of an id and a
	// total that runs already.
	ErrShardExists = errors.New("engine: shard runs already; close it first, or choose another total")
	// ErrShuttingDown is returned by Logout when Run has ended before, or is about
	// to, in a way that keeps the sessions.
	ErrShuttingDown = errors.New("engine: too late to log out: the engine shuts down, and keeps its sessions")
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
	ErrInCallback = errors.New("engine: a callback must not wait, since it holds up its loop; do so in another goroutine, or use Async")
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
