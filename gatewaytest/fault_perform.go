package gatewaytest

import (
	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest/fault"
	"github.com/sluice-go/sluice/internal/gatewire"
)

// suffer has the sender perform faults, and reports whether they come instead of what is due.
func (c *conn) suffer(faults []fault.Fault) (instead bool) {
	if len(faults) == 0 {
		return false
	}
	c.mu.Lock()
	c.faults = append(c.faults, faults...)
	c.mu.Unlock()
	c.notify()
	return replaced(faults)
}

// takeFaults returns what the sender has to perform.
func (c *conn) takeFaults(snd *sender) []fault.Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	faults := c.faults
	c.faults = nil
	snd.Compression, snd.Owned = c.compression, c.owns
	return faults
}

// perform does what a fault says. The error is that of writing.
func (c *conn) perform(snd *sender, f *fault.Fault) error {
	if c.wire.bad(f) {
		c.kill()
		return nil
	}
	snd.out = snd.out[:0]
	switch f.Action {
	case fault.ActionClose:
		c.closeSession(gateway.CloseCode(f.Number), f.Text)
	case fault.ActionTear:
		frames := c.again(snd, 0)
		err := c.write(snd, frames[:len(frames)/2])
		c.wire.reset()
		c.kill()
		return err
	case fault.ActionSilence:
		if f.Point != fault.AtHeartbeat {
			c.silent.Store(true)
		}
		if f.Point.BehindEvent() {
			c.withSession(func(s *session) { s.muted = true })
		}
	case fault.ActionCutFrames:
		snd.cut = int(f.Number)
	case fault.ActionSplit:
		snd.split = int(f.Number)
	case fault.ActionFragment:
		snd.fragment = int(f.Number)
	case fault.ActionPing:
		snd.out = gatewire.AppendFrame(snd.out, ws.OpPing, []byte("gatewaytest"))
	case fault.ActionReconnect:
		snd.control(gatewire.Reconnect)
	case fault.ActionInvalidSession:
		if resumable := f.Text == "true"; f.Point == fault.AtHello {
			snd.control(gatewire.InvalidSession(resumable)) // a session that begins at once is not meant
		} else {
			snd.control(c.invalidate(resumable))
		}
	case fault.ActionRequestHeartbeat:
		snd.control(gatewire.HeartbeatRequest)
	case fault.ActionBurst:
		if !c.withSession(func(s *session) { s.burst(f.Number) }) {
			snd.control(gatewire.HeartbeatACK)
		}
	case fault.ActionCorrupt:
		snd.out = appendCorrupt(snd.out, snd.Compression, !snd.Opened)
		snd.interrupt()
	case fault.ActionTruncate:
		snd.out = halve(c.again(snd, 0), snd.Compression)
	case fault.ActionBomb:
		snd.out = appendBomb(snd.out, snd.Compression, !snd.Opened, f.Number)
		snd.interrupt()
	case fault.ActionMalformed:
		snd.control([]byte(fault.MalformedPayload(f.Text)))
	case fault.ActionSend:
		snd.control([]byte(f.Text))
	case fault.ActionRepeat, fault.ActionBack:
		c.again(snd, f.Number)
	case fault.ActionSkip:
		if f.Point == fault.AtResume {
			break // the session began its replay behind it
		}
		c.withSession(func(s *session) { s.skip(f.Number) })
	}
	snd.EndRun(false)
	return c.write(snd, snd.out)
}

// interrupt has what follows refer to nothing before it, for data came in between that no encoder
// knows of.
func (snd *sender) interrupt() {
	snd.Interrupt()
	snd.inSegment = false
}

// again encodes the event back events before the last, as it was; without a session, hello. It
// returns the frames, which lie in snd.out.
func (c *conn) again(snd *sender, back int64) []byte {
	payload := c.srv.hello()
	if s := c.current(); s != nil {
		s.mu.Lock()
		payload = s.appendEvent(nil, max(1, s.next-1-back))
		s.mu.Unlock()
	}
	snd.encode(payload)
	return snd.out
}

// withSession calls f with the connection's session, locked. Without one, or when the session has gone
// to another connection, it reports false.
func (c *conn) withSession(f func(*session)) bool {
	s := c.current()
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != c {
		return false
	}
	f(s)
	return true
}

// skipped returns how many events a resume leaves out.
func skipped(faults []fault.Fault) (n int64) {
	for _, f := range faults {
		if f.Action == fault.ActionSkip {
			n += f.Number
		}
	}
	return n
}

// skip numbers n events that are not written now. The caller holds s.mu.
func (s *session) skip(n int64) {
	if n == 0 {
		return
	}
	s.skips = append(s.skips, Span{s.next, s.next + n - 1})
	s.hurry(n - (s.head + 1 - s.next))
	s.next += n
}

// burst dispatches n events and has an ACK written behind them. The caller holds s.mu.
func (s *session) burst(n int64) {
	for len(s.pending) > 0 {
		s.assign()
	}
	s.hurry(n)
	s.ackBehind = s.head
}

// hurry gives the next n events of traffic out before they are due. The caller holds s.mu.
func (s *session) hurry(n int64) {
	if n > 0 {
		s.shared += n
		s.head += n
	}
}

// write writes frames, in pieces if a fault says so.
func (c *conn) write(snd *sender, frames []byte) (err error) {
	if len(frames) == 0 {
		return nil
	}
	frames = snd.recut(frames)
	if snd.cut == 0 {
		_, err = c.nc.Write(frames)
		return err
	}
	for len(frames) > 0 && err == nil {
		n := min(len(frames), snd.cut)
		_, err = c.nc.Write(frames[:n])
		frames = frames[n:]
	}
	return err
}

// faultsBehind returns what happens behind the event seq, which fill has just encoded. The caller
// holds s.mu.
func (s *session) faultsBehind(c *conn, seq int64) []fault.Fault {
	plan := s.srv.plan
	switch {
	case s.resuming:
		if plan.May(fault.AtReplay, s.shard) && seq == s.replayHalf {
			s.replayHalf = 0
			return s.srv.fault(fault.AtReplay, s.shard, c.wire.via)
		}
	case seq > s.srv.burst():
		if plan.May(fault.AtEvent, s.shard) {
			return s.srv.fault(fault.AtEvent, s.shard, c.wire.via)
		}
	case plan.May(fault.AtReady, s.shard) || plan.May(fault.AtBurst, s.shard):
		var faults []fault.Fault
		if seq == 1 {
			faults = s.srv.fault(fault.AtReady, s.shard, c.wire.via)
		}
		if guilds := int64(s.srv.cfg.guilds); guilds > 0 && seq == 1+(guilds+1)/2 {
			faults = append(faults, s.srv.fault(fault.AtBurst, s.shard, c.wire.via)...)
		}
		return faults
	}
	return nil
}

// doom ends the session that a resume asked for, if a fault answers that it cannot be resumed.
func (s *Server) doom(session *session, faults []fault.Fault) {
	for i := range faults {
		f := &faults[i]
		if f.Action == fault.ActionInvalidSession && f.Text == "false" || f.Action == fault.ActionClose && ends(gateway.CloseCode(f.Number)) {
			s.forget(session)
		}
	}
}
