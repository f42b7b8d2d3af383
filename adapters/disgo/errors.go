package sluicedisgo

import (
	"context"
	"errors"

	"github.com/disgoorg/disgo/gateway"
	"github.com/gorilla/websocket"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// stopError says why a shard stopped for good, in the engine's words and in those that code
// for disgo looks for.
type stopError struct {
	error
	closed *websocket.CloseError // nil: no close code did it
}

func newStopError(why error) error {
	e := &stopError{error: why}
	if stop := (*lifecycle.StopError)(nil); errors.As(why, &stop) && stop.Code != 0 {
		e.closed = &websocket.CloseError{Code: int(stop.Code), Text: gateway.CloseEventCodeByCode(int(stop.Code)).Description}
	}
	return e
}

// Unwrap returns the error of the engine, and that of the WebSocket.
func (e *stopError) Unwrap() []error {
	if e.closed == nil {
		return []error{e.error}
	}
	return []error{e.error, e.closed}
}

// limiterQueue is a limiter of disgo's in the place of the engine's queue.
type limiterQueue struct{ limiter gateway.IdentifyRateLimiter }

// Acquire implements [identify.Queue].
func (q limiterQueue) Acquire(ctx context.Context, shard int) (identify.Permit, error) {
	if err := q.limiter.Wait(ctx, shard); err != nil {
		return nil, err
	}
	return &limiterPermit{limiter: q.limiter, shard: shard}, nil
}

// limiterPermit is the right to identify that such a limiter gave.
type limiterPermit struct {
	limiter  gateway.IdentifyRateLimiter
	shard    int
	released bool
}

// Sent implements [identify.Permit]. The limiter counts from Release.
func (p *limiterPermit) Sent() {}

// Release implements [identify.Permit].
func (p *limiterPermit) Release() {
	if !p.released {
		p.released = true
		p.limiter.Unlock(p.shard)
	}
}
