package gatewaytest

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest/fault"
)

// maxPayload is the longest payload that a client may send, in bytes.
const maxPayload = 4096

// receiver is what the goroutine that reads keeps from frame to frame.
type receiver struct {
	limit      sendLimit
	fragmented bool
	text       bool   // the unfinished message is text
	message    []byte // what there is of it
}

// receive reads and obeys until the connection ends.
func (c *conn) receive() {
	defer c.srv.wg.Done()
	var r receiver
	c.heard(time.Now())
	for {
		err := c.receiveFrame(&r)
		switch {
		case err == nil:
		case errors.Is(err, errAnswered):
			return // the sender hangs up
		case errors.Is(err, os.ErrDeadlineExceeded) && !c.isClosing():
			c.nc.SetReadDeadline(time.Time{}) // c.close brings one of its own
			c.end()
			c.close(gateway.CloseSessionTimedOut, "Session timed out.")
		default:
			c.report.fail(err)
			c.kill()
			return
		}
	}
}

// errAnswered is how the client's close frame ends receive.
var errAnswered = errors.New("closed by the client")

// receiveFrame reads one frame. Mistakes close the connection by a close frame, and all but the
// client's answer to it is then ignored. The error is that of reading, or errAnswered.
func (c *conn) receiveFrame(r *receiver) error {
	h, err := ws.ReadHeader(c.in)
	if err != nil {
		return err
	}
	c.report.frame(h)
	state := ws.StateServerSide
	if r.fragmented {
		state = state.Set(ws.StateFragmented)
	}
	if err := ws.CheckHeader(h, state); err != nil {
		c.close(gateway.CloseCode(ws.StatusProtocolError), err.Error())
	}
	if h.Length > maxPayload || len(r.message)+int(h.Length) > maxPayload {
		c.close(gateway.CloseDecodeError, "Payload too large.")
		r.message, r.fragmented = nil, !h.Fin
		_, err := io.CopyN(io.Discard, c.in, h.Length)
		return err
	}
	body := make([]byte, h.Length)
	if _, err := io.ReadFull(c.in, body); err != nil {
		return err
	}
	if h.Masked {
		ws.Cipher(body, h.Mask, 0)
	}
	switch h.OpCode {
	case ws.OpPing:
		c.pong(body)
	case ws.OpPong:
	case ws.OpClose:
		return c.receiveClose(body)
	default:
		if h.OpCode != ws.OpContinuation {
			r.text = h.OpCode == ws.OpText
		}
		r.message = append(r.message, body...)
		if r.fragmented = !h.Fin; h.Fin {
			c.receiveMessage(r, time.Now())
			r.message = nil
		}
	}
	return nil
}

// receiveClose answers the client's close frame. 1000 and 1001 end the session (Discord:
// "Gateway", heading "Disconnecting").
func (c *conn) receiveClose(body []byte) error {
	code, reason := ws.ParseCloseFrameData(body)
	c.report.close(code, c.isClosing())
	if len(body) > 0 && ws.CheckCloseFrameData(code, reason) != nil {
		body = ws.NewCloseFrameBody(ws.StatusProtocolError, "")
	} else if len(body) > 2 {
		body = body[:2]
	}
	if !c.isClosing() {
		c.closedBy(code)
		if code == ws.StatusNormalClosure || code == ws.StatusGoingAway {
			c.end()
		} else {
			c.detach()
		}
	}
	c.answerClose(body)
	return errAnswered
}

// closedBy notes the code of a close frame that answers none; without one it is 1005 (RFC 6455,
// section 7.1.5).
func (c *conn) closedBy(status ws.StatusCode) {
	code := gateway.CloseCode(status)
	if code == 0 {
		code = gateway.CloseCode(ws.StatusNoStatusRcvd)
	}
	c.withSession(func(s *session) { s.closed = code })
	c.srv.count(func(n *counts) {
		if n.closes == nil {
			n.closes = make(map[gateway.CloseCode]int64)
		}
		n.closes[code]++
	})
}

// receiveMessage obeys one whole message.
func (c *conn) receiveMessage(r *receiver, now time.Time) {
	switch {
	case c.isClosing():
		return
	case r.text && !utf8.Valid(r.message):
		c.close(gateway.CloseCode(ws.StatusInvalidFramePayloadData), "invalid UTF-8")
		return
	case !r.limit.allow(now):
		c.close(gateway.CloseRateLimited, "You are being rate limited.")
		return
	}
	var p struct {
		Op *int64          `json:"op"`
		D  json.RawMessage `json:"d"`
	}
	if json.Unmarshal(r.message, &p) != nil || p.Op == nil {
		c.close(gateway.CloseDecodeError, "Error while decoding payload.")
		return
	}
	c.report.payload(*p.Op, p.D)
	s := c.current()
	if s != nil {
		c.srv.record(s.shard, r.message)
	}
	if *p.Op < 0 || *p.Op > 255 {
		c.close(gateway.CloseUnknownOpcode, "Unknown opcode.")
		return
	}
	switch op := gateway.Opcode(*p.Op); op {
	case gateway.OpHeartbeat:
		c.heartbeat(p.D, now)
	case gateway.OpIdentify, gateway.OpResume:
		if s != nil {
			c.close(gateway.CloseAlreadyAuthenticated, "Already authenticated.")
		} else if op == gateway.OpIdentify {
			c.identify(r.message, p.D, now)
		} else {
			c.resume(r.message, p.D, now)
		}
	case gateway.OpPresenceUpdate, gateway.OpVoiceStateUpdate, gateway.OpRequestGuildMembers,
		gateway.OpRequestSoundboardSounds, gateway.OpRequestChannelInfo:
		if s == nil {
			c.close(gateway.CloseNotAuthenticated, "Not authenticated.")
		} else {
			c.command(s, op, p.D, now)
		}
	default:
		c.close(gateway.CloseUnknownOpcode, "Unknown opcode.")
	}
}

// heartbeat answers opcode 1, whose data is the last sequence or null.
func (c *conn) heartbeat(d json.RawMessage, now time.Time) {
	var seq *int64
	if len(d) == 0 || json.Unmarshal(d, &seq) != nil {
		c.close(gateway.CloseDecodeError, "Error while decoding payload.")
		return
	}
	c.heard(now)
	if s := c.current(); s == nil || !c.suffer(c.srv.fault(fault.AtHeartbeat, s.shard, c.wire.via)) {
		c.control(heartbeatACK, c.srv.cfg.slowSegments())
	}
}

// heard gives the client until the next heartbeat is overdue.
func (c *conn) heard(now time.Time) {
	if !c.isClosing() {
		c.nc.SetReadDeadline(now.Add(c.srv.cfg.heartbeat * 3 / 2))
	}
}

// isClosing reports whether a close frame is, or will be, written.
func (c *conn) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing != nil
}
