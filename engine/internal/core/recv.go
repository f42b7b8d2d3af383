package core

import (
	"strings"
	"time"

	"github.com/sluice-go/sluice/engine/internal/inflow"
	"github.com/sluice-go/sluice/engine/internal/secret"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson"
	"github.com/sluice-go/sluice/pool"
)

// This file is the way of the data: bytes → frame → message → payload →
// envelope → event. control.go is what the payloads do to the shard.

// Connected starts a connection: TCP, TLS and the upgrade have succeeded.
func (c *Core) Connected(now time.Time) {
	c.inflow.Open(c.config.Inflow)
	c.heart.life = now
	c.deaf = false
	c.wire = 0
	c.warned = false
	c.setState(now, lifecycle.AwaitingHello, helloTimeout, nil)
}

// Feed takes bytes that the connection brought; none: only those that were postponed. They are borrowed until Feed
// returns; what is unfinished is copied into a pooled buffer.
func (c *Core) Feed(now time.Time, b []byte) {
	if len(b) > 0 {
		c.heart.life = now
	}
	c.counter.BytesWire += uint64(len(b))
	if c.rest != nil {
		c.rest.GrowWithin(len(b), 0) // keep has made room for what it knew of
		c.rest.B = append(c.rest.B, b...)
		b = c.rest.B
	}
	for len(b) > 0 && c.reading() {
		m, n, err := c.frames.Next(b)
		if err != nil {
			c.deaf = true
			c.counter.Violations++
			c.giveUp(now, err)
			break
		}
		if n == 0 {
			break
		}
		b = b[n:]
		if !m.Opcode.IsControl() {
			c.wire += n
		}
		if m.Opcode != frame.OpNone {
			c.message(now, m)
		}
	}
	c.keep(b)
	c.inflow.Rest()
}

// Postpone keeps bytes that the connection brought for a later Feed, which may bring none
// of its own: nothing is delivered meanwhile. They are borrowed until it returns.
func (c *Core) Postpone(b []byte) {
	if len(b) == 0 || !c.reading() {
		return
	}
	c.counter.BytesWire += uint64(len(b))
	if c.rest == nil {
		c.rest = pool.Get(len(b))
	}
	c.rest.GrowWithin(len(b), 0)
	c.rest.B = append(c.rest.B, b...)
}

// reading reports whether received frames mean anything in this state.
func (c *Core) reading() bool {
	return !c.deaf && (c.state.Connected() || c.state == lifecycle.Closing)
}

// keep puts aside the bytes of an unfinished frame, and gives the buffer back
// when there are none. b lies at the end of the buffer if there is one; a frame
// that was large leaves nothing large behind.
func (c *Core) keep(b []byte) {
	old := c.rest
	switch {
	case !c.reading() || len(b) == 0:
		c.rest = nil
	case old != nil && len(old.B) == len(b):
		old = nil // nothing was taken out of it
	default:
		c.rest = pool.Get(len(b))
		c.rest.B = append(c.rest.B, b...)
	}
	if old != nil {
		old.Release()
	}
	if c.rest == nil {
		return
	}
	// Make room for the whole frame, but never for more than what has arrived
	// once over: a header alone must not cost memory.
	need := c.frames.Need(c.rest.B)
	if missing := need - len(c.rest.B); missing > 0 {
		c.rest.GrowWithin(min(missing, len(c.rest.B)), need)
	}
}

// message takes a data message or a control frame.
func (c *Core) message(now time.Time, m frame.Message) {
	switch m.Opcode {
	case frame.OpPing:
		c.Out = frame.AppendFrame(c.Out, frame.OpPong, frame.NewMask(), m.Payload)
	case frame.OpPong:
	case frame.OpClose:
		c.peerClosed(now, m.Payload)
	default:
		if c.state == lifecycle.Closing {
			return // the session goes on without it: it will be replayed
		}
		c.counter.Flow.In += uint64(len(m.Payload))
		payload, err := c.inflow.Decompress(now, m)
		if err != nil {
			c.corrupt(now, err)
			return
		}
		if payload == nil {
			return // the message goes on, or was empty
		}
		env, err := lazyjson.Peek(payload)
		if err != nil {
			if !c.inflow.Keep(now, payload, err) {
				c.corrupt(now, &inflow.CorruptError{What: "bad envelope", Err: err})
			}
			return
		}
		c.counter.Flow.Out += uint64(len(payload))
		c.payload(now, payload, &env)
		c.wire = 0
		// The loan of the event's bytes ends here.
		pool.Poison(payload)
		c.inflow.Taken()
	}
}

// peerClosed takes the gateway's close frame, answers it, and hangs up.
func (c *Core) peerClosed(now time.Time, body []byte) {
	if c.state == lifecycle.Closing {
		c.HangUp(now)
		return
	}
	code, reason, err := frame.ParseClose(body)
	if err != nil {
		c.counter.Violations++
		c.giveUp(now, err)
		return
	}
	closed := &lifecycle.CloseError{
		Code:   gateway.CloseCode(code),
		Reason: c.harmless(string(reason)),
		Peer:   true,
	}
	// An echoed 1000 or 1001 would end the session.
	echo := code
	if code == frame.CloseNoStatus || code == 1000 || code == 1001 {
		echo = uint16(CloseResumable)
	}
	c.Out = frame.AppendClose(c.Out, frame.NewMask(), echo, "")
	c.Lost(now, closed)
}

// harmless takes what must not be printed out of a text of the gateway's: the token, and
// the ID by which the session could be taken over.
func (c *Core) harmless(text string) string {
	text = c.config.Token.Redact(text)
	if id := c.session.ID; len(id) >= 4 { // shorter ones are part of words
		text = strings.ReplaceAll(text, id, secret.Redacted)
	}
	return text
}

// payload takes one decompressed payload.
func (c *Core) payload(now time.Time, p []byte, env *lazyjson.Envelope) {
	if gateway.Opcode(env.Op) == gateway.OpDispatch {
		c.dispatch(now, p, env)
		return
	}
	c.control(now, p, env)
}

// dispatch takes an event: sequence first, then the event set, then callbacks.
func (c *Core) dispatch(now time.Time, p []byte, env *lazyjson.Envelope) {
	var t gateway.EventType
	if env.TypeEscaped {
		t = gateway.ParseEventType(env.AppendType(nil, p))
	} else {
		t = gateway.ParseEventType(env.Type(p))
	}
	switch {
	case t == gateway.EventReady:
		c.ready(now, p, env)
	case t == gateway.EventResumed && c.state == lifecycle.Resuming:
		c.resumed(now, p, env)
	case c.inSequence(now, env.Seq):
		c.accept(now, t, p, env, c.state == lifecycle.Resuming)
	}
}
