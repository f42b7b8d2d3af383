package bridge

import (
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/gatewire"
)

// receive reads and obeys until the connection ends.
func (c *conn) receive() {
	defer c.bridge.workers.Done()
	r := gatewire.Reader{In: c.in}
	var limit gatewire.SendLimit
	c.heard(time.Now())
	for {
		in, err := r.Next()
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded) && !c.closing.Begun():
			// Not 4009, after which the session would be over: the bot may have stood still for a moment.
			c.nc.SetReadDeadline(time.Time{}) // c.close brings one of its own
			c.detach()
			c.close(gateway.CloseUnknownError, "No heartbeat came.")
			continue
		default:
			c.kill()
			return
		}
		if in.Refused != nil {
			c.refuse(in.Refused)
		}
		switch in.Op {
		case ws.OpPing:
			c.pong(in.Data)
		case ws.OpClose:
			c.receiveClose(in.Data)
			return // the sender hangs up
		case ws.OpText, ws.OpBinary:
			c.receiveMessage(in, &limit, time.Now())
		}
	}
}

// receiveClose answers the bot's close frame. 1000 and 1001 end the session (Discord: "Gateway", heading
// "Disconnecting").
func (c *conn) receiveClose(body []byte) {
	if !c.closing.Begun() {
		s := c.detach()
		code, _ := ws.ParseCloseFrameData(body)
		if s != nil && (code == ws.StatusNormalClosure || code == ws.StatusGoingAway) {
			s.end()
		}
	}
	if r := c.relaying(); r != nil {
		_ = r.frame(ws.NewCloseFrame(body)) // if it fails, the session is as of a connection that broke
	}
	c.closing.Begin(gatewire.CloseAnswer(body), c.kill)
	c.closing.Answer()
	c.notify()
}

// receiveMessage obeys one whole message.
func (c *conn) receiveMessage(in gatewire.Incoming, limit *gatewire.SendLimit, now time.Time) {
	if c.closing.Begun() {
		return
	}
	p, refused := gatewire.ParseCommand(in, func() bool { return !limit.Allow(now) })
	if refused == nil {
		refused = c.obey(p, now)
	}
	if refused != nil {
		c.bridge.logger.Warn("a bot is refused", "peer", c.peer(), "code", refused.Code.String(), "reason", refused.Reason)
		c.refuse(refused)
	}
}

// obey does what a command says.
func (c *conn) obey(p gatewire.Command, now time.Time) *gatewire.Refusal {
	if r := c.relaying(); r != nil {
		if p.Op == gateway.OpHeartbeat {
			c.heard(now)
		}
		if r.command(p) != nil {
			return errPeerGone
		}
		return nil
	}
	switch p.Op {
	case gateway.OpHeartbeat:
		return c.heartbeat(p.D, now)
	case gateway.OpIdentify, gateway.OpResume:
		if c.authenticated() {
			return gatewire.AlreadyAuthenticated
		}
		if p.Op == gateway.OpIdentify {
			return c.identify(p.D, now)
		}
		return c.resume(p.D)
	case gateway.OpPresenceUpdate, gateway.OpVoiceStateUpdate, gateway.OpRequestGuildMembers,
		gateway.OpRequestSoundboardSounds, gateway.OpRequestChannelInfo:
		s := c.current()
		if s == nil {
			return gatewire.NotAuthenticated
		}
		return s.shard.commands.take(s, p.Op, p.D)
	}
	return gatewire.UnknownOpcode
}

// authenticated reports whether the bot has identified, or resumed.
func (c *conn) authenticated() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session != nil || c.waits != nil
}

// heartbeat answers opcode 1, whose data is the last sequence that the bot has, or null.
func (c *conn) heartbeat(d json.RawMessage, now time.Time) *gatewire.Refusal {
	seq, refused := gatewire.ParseHeartbeat(d)
	if refused != nil {
		return refused
	}
	c.heard(now)
	if s := c.current(); s != nil {
		s.acknowledge(seq)
	} else if c.loiters(now) {
		return gatewire.NotAuthenticated
	}
	c.control(gatewire.HeartbeatACK)
	return nil
}

// identifyTimeout is how long a connection may be there without a session. It is longer than any library waits
// before it identifies, also after opcode 9.
const identifyTimeout = time.Minute

// loiters reports whether a connection takes up room and does not identify.
func (c *conn) loiters(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session == nil && c.waits == nil && now.Sub(c.idleSince) > identifyTimeout
}

// heard gives the bot until the next heartbeat is overdue.
func (c *conn) heard(now time.Time) {
	if !c.closing.Begun() {
		c.nc.SetReadDeadline(now.Add(c.bridge.config.Heartbeat * 3 / 2))
	}
}

// peer names the other end for the log.
func (c *conn) peer() string { return c.nc.RemoteAddr().String() }
