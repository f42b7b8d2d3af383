package engine

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/internal/link"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson"
)

// This file is what users do to a shard: they have it leave for good, redial, or send a
// payload.

// Close ends the shard for good: it closes its connection with a code and a
// reason (at most 123 bytes), and the engine forgets it, so that a shard of the
// same id may be added again. The other shards and Run go on.
//
// Code 0 stands for 4000. After 1000 and 1001 the gateway forgets the session, and
// Close returns no session; where there is no connection to say so on, it forgets
// it after a few minutes. After every other code Close returns the session, for
// [ShardConfig] or another process to resume it. The reason goes to the gateway
// alone.
//
// Close returns when the connection is closed, which takes the gateway's answer or
// 2 s, and callbacks made by [Async] have taken what is queued; or with the error of
// ctx. In a callback it returns [ErrInCallback] at once; in one made by Async, once the
// connection is closed, if asynchronous callbacks of the shard, of which it may be one,
// have yet to return. The shard closes in any case.
//
// What was asked for first, by another Close or the end of Run, is what happens to
// connection and session. Closing a shard again does nothing; if it had stopped for a
// cause of its own, that is the error, a [*lifecycle.StopError].
func (s *Shard) Close(ctx context.Context, code gateway.CloseCode, reason string) (session.Session, error) {
	d, err := core.NewDeparture(code, reason)
	if err != nil {
		return session.Session{}, err
	}
	s.leave(d)
	if err := s.gone(ctx); err != nil {
		return session.Session{}, err
	}
	return s.Session(), nil
}

// leave has the shard depart; what was asked for first counts.
func (s *Shard) leave(d *core.Departure) {
	s.mail.mu.Lock()
	if s.mail.departure == nil {
		s.mail.departure = d
	}
	s.mail.mu.Unlock()
	s.wake()
}

// gone waits until the shard has stopped and asynchronous callbacks have taken
// what is queued, and returns why if nobody asked for it.
func (s *Shard) gone(ctx context.Context) error {
	if err := awaitLoop(ctx, s.done); err != nil {
		return err
	}
	if err := awaitCallbacks(ctx, s.backlog.drained()); err != nil {
		return err
	}
	return s.stopError()
}

// Restart has the shard redial at once: a connection is closed with 4000 and its
// session resumed on a new one, a backoff is cut short, and so is the wait after
// identifies that failed. A dial that is under way goes on. The wait that Discord asks
// for after an invalid session is kept, and so is the wait for new identifies, where the
// bot's budget or the shard's share of it is spent. Each Restart costs a connection, but
// no identify as long as there is a session to resume.
//
// It returns nil when the shard is Ready again, [ErrStopped] if it stopped
// instead, or the error of ctx; the shard then restarts nevertheless, as it does
// where a callback gets [ErrInCallback].
func (s *Shard) Restart(ctx context.Context) error {
	taken := make(chan struct{})
	s.mail.mu.Lock()
	if s.mail.closed {
		s.mail.mu.Unlock()
		return ErrStopped
	}
	s.mail.restarts = append(s.mail.restarts, taken)
	s.mail.mu.Unlock()
	s.wake()
	if inCallback() {
		return ErrInCallback
	}
	select {
	case <-taken:
		return s.WaitReady(ctx)
	case <-s.done:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Renew gives the shard's session up, which [gateway.EventSessionLost] tells, and has it identify for another one, as by
// [Shard.Restart]: it is for a session that cannot be gone on with although the gateway would, since what the program
// kept of it is gone. A shard that has no connection, or no session, is left alone. It does not wait, and costs an identify.
func (s *Shard) Renew() {
	s.mail.mu.Lock()
	s.mail.renew = true
	s.mail.mu.Unlock()
	s.wake()
}

// WaitReady waits until the shard is Ready. It returns nil, [ErrStopped] if the
// shard stopped instead, the error of ctx, or, in a callback that would have to wait,
// [ErrInCallback].
func (s *Shard) WaitReady(ctx context.Context) error {
	for {
		open, err := s.link.WhenOpen()
		if open == nil {
			return err
		}
		if err := awaitLoop(ctx, open); err != nil {
			return err
		}
	}
}

// Send sends one payload, the raw JSON of a command, as the package gateway
// builds it. It waits within ctx until the shard is ready and [Config.SendLimit]
// allows it; [Shard.View] tells how many may go at once. What waits is not lost
// with a connection: it goes to the next one. Payloads of several callers go in
// the order in which they began to wait. The payload is borrowed until Send
// returns.
//
// A nil error means that the payload was written to the connection. Otherwise it
// is a [*SendError], in which errors.Is finds ctx's error, [ErrStopped] or
// [ErrConnectionLost], and errors.As a [*gateway.PayloadTooLargeError] or
// [*gateway.FieldError]. Only with ErrConnectionLost may the payload have been
// sent; Send itself never sends it a second time.
//
// A presence (opcode 3) is remembered for later identifies, as one that
// [Shard.UpdatePresence] sent.
//
// Heartbeats, identifies and resumes are the engine's own to send, and what only
// the gateway sends would cost the session: both are refused.
//
// In a callback Send writes at once, before those who wait, or returns
// [ErrInCallback] in the SendError, and the payload is not sent: while the callback
// waited, no shard of its loop could get on. On a shard that is Ready, as ev.Shard is
// in most callbacks, that happens only where the send limit is used up.
func (s *Shard) Send(ctx context.Context, payload []byte) error {
	op, err := checkCommand(payload)
	if err == nil {
		if op == gateway.OpPresenceUpdate {
			err = s.sendPresence(ctx, payload)
		} else {
			err = s.send(ctx, &link.Command{Op: op, Payload: payload})
		}
	}
	return s.sendError(op, err)
}

// sendPresence sends a presence, and remembers it.
func (s *Shard) sendPresence(ctx context.Context, payload []byte) error {
	cmd := link.Command{Op: gateway.OpPresenceUpdate, Payload: payload}
	if env, err := lazyjson.Peek(payload); err == nil {
		if alone := bytes.Clone(env.Data(payload)); len(alone) > 0 && alone[0] == '{' {
			cmd.Sent = func() { s.presence.Store(&alone) }
		}
	}
	return s.send(ctx, &cmd)
}

// send sends a command, and waits until it can.
func (s *Shard) send(ctx context.Context, cmd *link.Command) error {
	// One caller at a time waits at the window; the others wait here, in order.
	turn := s.link.Turn()
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	default:
		if cmd.InCallback = cmd.InCallback || inCallback(); cmd.InCallback {
			break // it does not wait, and so needs no turn
		}
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return fmt.Errorf("%w before its turn came", ctx.Err())
		}
	}
	err := s.write(ctx, cmd)
	if err != ErrConnectionLost || !cmd.Repeat {
		return err
	}
	for err == ErrConnectionLost {
		err = s.write(ctx, cmd)
	}
	if err != nil {
		return fmt.Errorf("%w, and was not sent again: %w", ErrConnectionLost, err)
	}
	return nil
}

// write waits until a command can be written, and writes it once.
func (s *Shard) write(ctx context.Context, cmd *link.Command) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		done, opened, wait, err := s.link.Try(cmd)
		if err == ErrConnectionLost {
			s.wake() // the loop finds the error and redials
		}
		if done {
			if err == nil && s.noteSent(time.Now(), cmd.Payload) {
				s.wake()
			}
			return err
		}
		if cmd.InCallback || inCallback() {
			if opened != nil {
				return fmt.Errorf("%w: the shard is not ready", ErrInCallback)
			}
			return fmt.Errorf("%w: the send limit allows the next in %v", ErrInCallback, wait.Round(time.Millisecond))
		}
		if err := await(ctx, opened, wait); err != nil {
			return err
		}
	}
}

// await waits for a channel, or for a time if there is none.
func await(ctx context.Context, opened <-chan struct{}, wait time.Duration) error {
	var elapsed <-chan time.Time
	before := "the shard was ready"
	if opened == nil {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		elapsed = timer.C
		before = "the send limit allowed it"
	}
	select {
	case <-opened:
	case <-elapsed:
	case <-ctx.Done():
		return fmt.Errorf("%w before %s", ctx.Err(), before)
	}
	return nil
}

// maxCommand is the largest opcode that a user may send: far above Discord's, so
// that a proxy may have some of its own.
const maxCommand = math.MaxUint8

// checkCommand returns a payload's opcode. It refuses what the gateway would
// answer by closing the connection, and what the engine sends by itself.
func checkCommand(payload []byte) (gateway.Opcode, error) {
	env, err := lazyjson.Peek(payload)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errNoCommand, err)
	}
	op := gateway.Opcode(env.Op)
	refuse := func(field, reason string) error {
		return &gateway.FieldError{Op: op, Field: field, Reason: reason}
	}
	switch {
	case len(payload) > gateway.MaxPayload:
		return op, &gateway.PayloadTooLargeError{Op: op, Size: len(payload)}
	case op > maxCommand:
		return op, refuse("op", "is no opcode")
	case env.DataEnd == 0:
		return op, refuse("d", "is missing")
	}
	switch op {
	case gateway.OpHeartbeat, gateway.OpIdentify, gateway.OpResume:
		return op, refuse("op", "is for the engine alone to send")
	case gateway.OpDispatch, gateway.OpReconnect, gateway.OpInvalidSession, gateway.OpHello, gateway.OpHeartbeatACK:
		return op, refuse("op", "is for the gateway alone to send")
	}
	if err := lazyjson.Check(payload); err != nil {
		return op, fmt.Errorf("%w: %w", errNoCommand, err)
	}
	if !utf8.Valid(payload) {
		return op, fmt.Errorf("%w: it is not valid UTF-8", errNoCommand)
	}
	return op, nil
}
