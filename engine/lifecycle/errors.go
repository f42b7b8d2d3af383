package lifecycle

import (
	"errors"
	"strconv"
	"strings"

	"github.com/sluice-go/sluice/gateway"
)

// What ends a shard for good, for errors.Is on what Run returns.
var (
	// ErrAuthentication: the token is not accepted (close code 4004, or a 401 of
	// the API).
	ErrAuthentication = errors.New("engine: authentication failed")
	// ErrInvalidShard: close code 4010.
	ErrInvalidShard = errors.New("engine: invalid shard")
	// ErrShardingRequired: close code 4011.
	ErrShardingRequired = errors.New("engine: sharding required")
	// ErrInvalidAPIVersion: close code 4012.
	ErrInvalidAPIVersion = errors.New("engine: invalid API version")
	// ErrInvalidIntents: close code 4013.
	ErrInvalidIntents = errors.New("engine: invalid intents")
	// ErrDisallowedIntents: close code 4014.
	ErrDisallowedIntents = errors.New("engine: disallowed intents")
	// ErrRetries: as many attempts failed in a row as Config.Retries allows.
	ErrRetries = errors.New("engine: retries used up")
)

// stopErrors tells which error a fatal close code is.
var stopErrors = map[gateway.CloseCode]error{
	gateway.CloseAuthenticationFailed: ErrAuthentication,
	gateway.CloseInvalidShard:         ErrInvalidShard,
	gateway.CloseShardingRequired:     ErrShardingRequired,
	gateway.CloseInvalidAPIVersion:    ErrInvalidAPIVersion,
	gateway.CloseInvalidIntents:       ErrInvalidIntents,
	gateway.CloseDisallowedIntents:    ErrDisallowedIntents,
}

// StopError says why a shard stopped for good. errors.Is finds in it the error
// of its close code ([ErrAuthentication] …) or [ErrRetries].
type StopError struct {
	Shard int               // the shard's id
	Code  gateway.CloseCode // the gateway's close code, 0 if it was not one
	Err   error             // the last failure, never nil
}

// Error names cause and remedy.
func (e *StopError) Error() string {
	s := "engine: shard " + strconv.Itoa(e.Shard) + " stopped: "
	if e.Code == 0 {
		return s + strings.TrimPrefix(e.Err.Error(), "engine: ")
	}
	s += e.Code.String()
	if remedy := e.Code.Remedy(); remedy != "" {
		s += ": " + remedy
	}
	return s
}

// Unwrap returns the error of the close code and the last failure.
func (e *StopError) Unwrap() []error {
	var errs []error
	if err := stopErrors[e.Code]; err != nil {
		errs = append(errs, err)
	}
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	return errs
}

// CloseError says that a connection was closed by a close frame.
type CloseError struct {
	Code   gateway.CloseCode
	Reason string // as the peer wrote it, without the token
	Peer   bool   // the gateway closed; otherwise this side did
}

// Error implements error.
func (e *CloseError) Error() string {
	by := "closed"
	if e.Peer {
		by = "closed by the gateway"
	}
	s := by + " with " + e.Code.String()
	if e.Reason != "" {
		s += " (" + strconv.Quote(e.Reason) + ")"
	}
	return s
}
