package gatewaytest

import (
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest/fault"
	"github.com/sluice-go/sluice/internal/gatewire"
)

// receiver is what the goroutine that reads keeps from frame to frame.
type receiver struct {
	gatewire.Reader
	limit gatewire.SendLimit
}

// receive reads and obeys until the connection ends.
func (c *conn) receive() {
	defer c.srv.wg.Done()
	r := receiver{Reader: gatewire.Reader{In: c.in, Seen: c.report.frame}}
	c.heard(time.Now())
	for {
		err := c.receiveFrame(&r)
		switch {
		case err == nil:
		case errors.Is(err, errAnswered):
			return // the sender hangs up
		case errors.Is(err, os.ErrDeadlineExceeded) && !c.closing.Begun():
			c.nc.SetReadDeadline(time.Time{}) // c.close brings one of its own
			c.end()
			c.refuse(gatewire.SessionTimedOut)
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
	in, err := r.Next()
	if err != nil {
		return err
	}
	if in.Refused != nil {
		c.refuse(in.Refused)
	}
	switch in.Op {
	case ws.OpPing:
		c.pong(in.Data)
	case ws.OpClose:
		return c.receiveClose(in.Data)
	case ws.OpText, ws.OpBinary:
		c.receiveMessage(r, in, time.Now())
	}
	return nil
}

// receiveClose answers the client's close frame. 1000 and 1001 end the session (Discord:
// "Gateway", heading "Disconnecting").
func (c *conn) receiveClose(body []byte) error {
	code, _ := ws.ParseCloseFrameData(body)
	c.report.close(code, c.closing.Begun())
	if !c.closing.Begun() {
		c.closedBy(code)
		if code == ws.StatusNormalClosure || code == ws.StatusGoingAway {
			c.end()
		} else {
			c.detach()
		}
	}
	c.closing.Begin(gatewire.CloseAnswer(body), c.kill)
	c.closing.Answer()
	c.notify()
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
func (c *conn) receiveMessage(r *receiver, in gatewire.Incoming, now time.Time) {
	if c.closing.Begun() {
		return
	}
	p, refused := gatewire.ParseCommand(in, func() bool { return !r.limit.Allow(now) })
	if refused != nil {
		c.refuse(refused)
		return
	}
	c.report.payload(int64(p.Op), p.D)
	s := c.current()
	if s != nil {
		c.srv.record(s.shard, in.Data)
	}
	switch p.Op {
	case gateway.OpHeartbeat:
		c.heartbeat(p.D, now)
	case gateway.OpIdentify, gateway.OpResume:
		if s != nil {
			c.refuse(gatewire.AlreadyAuthenticated)
		} else if p.Op == gateway.OpIdentify {
			c.identify(in.Data, p.D, now)
		} else {
			c.resume(in.Data, p.D, now)
		}
	case gateway.OpPresenceUpdate, gateway.OpVoiceStateUpdate, gateway.OpRequestGuildMembers,
		gateway.OpRequestSoundboardSounds, gateway.OpRequestChannelInfo:
		if s == nil {
			c.refuse(gatewire.NotAuthenticated)
		} else {
			c.command(s, p.Op, p.D, now)
		}
	default:
		c.refuse(gatewire.UnknownOpcode)
	}
}

// heartbeat answers opcode 1, whose data is the last sequence or null.
func (c *conn) heartbeat(d json.RawMessage, now time.Time) {
	if _, refused := gatewire.ParseHeartbeat(d); refused != nil {
		c.refuse(refused)
		return
	}
	c.heard(now)
	if s := c.current(); s == nil || !c.suffer(c.srv.fault(fault.AtHeartbeat, s.shard, c.wire.via)) {
		c.control(gatewire.HeartbeatACK, c.srv.cfg.slowSegments())
	}
}

// heard gives the client until the next heartbeat is overdue.
func (c *conn) heard(now time.Time) {
	if !c.closing.Begun() {
		c.nc.SetReadDeadline(now.Add(c.srv.cfg.heartbeat * 3 / 2))
	}
}
