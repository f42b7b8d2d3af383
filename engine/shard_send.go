package engine

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson"
	"github.com/sluice-go/sluice/pool"
)

// writeTimeout is how long a write may take: a peer that does not read costs
// its shard the connection.
const writeTimeout = 5 * time.Second

// link is the writing half of a shard's connection. Any goroutine may write,
// one at a time; there is no queue.
type link struct {
	mu     sync.Mutex
	conn   net.Conn
	err    error         // of the first write that failed; the loop picks it up
	open   bool          // the session is live: the user's payloads may go
	opened chan struct{} // closed when open becomes true, or the shard stops
	ended  bool          // the shard has stopped
	limit  int           // of the user's payloads in a period
	window sendWindow
	sent   atomic.Uint64 // bytes
}

// attach takes a new connection.
func (l *link) attach(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn, l.err = conn, nil
	l.window.reset()
}

// detach lets go of the connection.
func (l *link) detach() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn, l.err = nil, nil
	l.open = false
}

// setOpen says whether the user's payloads may go.
func (l *link) setOpen(open bool, interval time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = open
	if open {
		l.limit = commandLimit(interval)
		l.announce()
	}
}

// end says that the shard has stopped for good.
func (l *link) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open, l.ended = false, true
	l.announce()
}

// announce wakes whoever waits for the link to open.
func (l *link) announce() {
	if l.opened != nil {
		close(l.opened)
		l.opened = nil
	}
}

// write sends frames of the engine's own.
func (l *link) write(frames []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.put(frames)
}

// put writes while mu is held. The first error ends the connection: part of a
// frame may be on its way.
func (l *link) put(frames []byte) error {
	if l.conn == nil {
		return ErrConnectionLost
	}
	if l.err != nil {
		return l.err
	}
	_ = l.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	n, err := l.conn.Write(frames)
	l.sent.Add(uint64(n))
	l.err = err
	return err
}

// failure returns the error of a write that failed.
func (l *link) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// try sends a user's payload if the session is live and a permit is left.
// Otherwise it returns what to wait for: the channel, or else the time.
func (l *link) try(payload []byte) (done bool, opened <-chan struct{}, wait time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return true, nil, 0, ErrStopped
	}
	if !l.open {
		if l.opened == nil {
			l.opened = make(chan struct{})
		}
		return false, l.opened, 0, nil
	}
	if wait := l.window.take(time.Now(), l.limit); wait > 0 {
		return false, nil, wait, nil
	}
	buf := pool.Get(len(payload) + frame.MaxHeader)
	defer buf.Release()
	buf.B = frame.AppendFrame(buf.B, frame.OpText, newMask(), payload)
	if err := l.put(buf.B); err != nil {
		return true, nil, 0, ErrConnectionLost
	}
	return true, nil, 0, nil
}

// Send sends one payload, the raw JSON of a command, as the package gateway
// builds it. It waits within ctx until the shard is ready and the limit of 120
// payloads in 60 s allows it; some of these are kept for heartbeats. Payloads
// of several callers go in the order in which they began to wait. The payload
// is borrowed until Send returns.
//
// A nil error means that the payload was written to the connection. Otherwise
// it is that of ctx, [ErrStopped], [ErrConnectionLost], or a
// [*gateway.PayloadTooLargeError]; only with ErrConnectionLost may the payload
// have been sent.
//
// In a callback Send may wait for what only this shard's loop can bring, as long
// as the shard is not ready: give it a ctx with a deadline, or call it from
// another goroutine.
func (s *Shard) Send(ctx context.Context, payload []byte) error {
	if err := checkCommand(payload); err != nil {
		return err
	}
	// One caller at a time waits at the window; the others wait here, in order.
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		done, opened, wait, err := s.link.try(payload)
		if done {
			if err == ErrConnectionLost {
				s.loop.Wake() // the loop finds the error and redials
			}
			return err
		}
		if err := await(ctx, opened, wait); err != nil {
			return err
		}
	}
}

// await waits for a channel, or for a time if there is none.
func await(ctx context.Context, ready <-chan struct{}, wait time.Duration) error {
	var elapsed <-chan time.Time
	if ready == nil {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		elapsed = timer.C
	}
	select {
	case <-ready:
	case <-elapsed:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// checkCommand refuses what the gateway would answer by closing the connection.
func checkCommand(payload []byte) error {
	env, err := lazyjson.Peek(payload)
	if err != nil {
		return fmt.Errorf("engine: not sent, the gateway would close the connection: %w", err)
	}
	if len(payload) > gateway.MaxPayload {
		return &gateway.PayloadTooLargeError{Op: gateway.Opcode(env.Op), Size: len(payload)}
	}
	if !lazyjson.Valid(payload) {
		return errInvalidCommand
	}
	return nil
}
