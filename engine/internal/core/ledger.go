package core

import (
	"time"

	"github.com/sluice-go/sluice/engine/internal/inflow"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson"
)

// This file keeps the ledger of a session: which events were delivered, which
// came again, which are missing. The gateway numbers a session's events without
// a gap (Discord: "Gateway Events", heading "Payload Structure"), so whatever is
// lost shows in the numbers. What cannot be had is announced, once.

const (
	// maxGap is the longest gap that is believed. The gateway keeps some thousand
	// events for a resume; a number that jumps further is damage, and to take it
	// over would make every event that follows look like a repeat.
	maxGap = 1 << 20

	// maxRepeats is how many events in a row a live connection may bring that were
	// delivered before. One that brings more has begun to count anew, and would
	// never be heard again.
	maxRepeats = 100

	// maxSeq is the largest number that JSON carries exactly everywhere (RFC 8259,
	// section 6).
	maxSeq = 1<<53 - 1
)

// inSequence reports whether an event is to be delivered: it is the next one, or
// the ledger can account for it.
func (c *Core) inSequence(now time.Time, seq int64) bool {
	if seq == c.session.Seq+1 && c.state >= lifecycle.Resuming {
		return true
	}
	return c.account(now, seq)
}

// account takes an event that is not the next one.
func (c *Core) account(now time.Time, seq int64) (deliver bool) {
	last := c.session.Seq
	switch {
	case c.state == lifecycle.Identifying:
		return true // whatever comes before READY, numbers begin there
	case c.state < lifecycle.Identifying:
		c.corrupt(now, &inflow.CorruptError{What: "an event before the identify or resume"})
		return false
	case seq < 0 || last == 0:
		return true // not numbered
	case seq <= last:
		c.repeat(now, seq)
		return false
	}
	return c.gap(now, seq-1)
}

// gap takes the news that the sequences up to to were skipped. The first time it
// ends the connection, so that a resume brings them. If they are still missing
// then, they are announced as lost, and it reports true: delivery goes on.
func (c *Core) gap(now time.Time, to int64) (accepted bool) {
	gap := &gapError{from: c.session.Seq + 1, to: to}
	switch {
	case c.session.doubted != gap.from:
		c.session.doubted = gap.from
		c.session.resumes = 0 // whoever skips has answered
		c.counter.Gaps++
		c.giveUp(now, gap)
		return false
	case gap.length() > maxGap:
		c.loseSession(now, gap)
		c.giveUp(now, gap)
		return false
	}
	c.counter.Missing += uint64(gap.length())
	c.config.Logger.Warn("events are lost: a resume did not bring what the gateway skipped",
		"shard", c.id, "from", gap.from, "to", gap.to)
	c.announceLoss(now, &lifecycle.SessionLost{Session: c.session.ID, From: gap.from, To: gap.to, Cause: gap})
	return true
}

// repeat counts an event that was delivered before.
func (c *Core) repeat(now time.Time, seq int64) {
	s := &c.session
	c.counter.Repeats++
	if !c.warned {
		c.warned = true
		c.config.Logger.Warn("the gateway repeats sequences; repeated events are not delivered again",
			"shard", c.id, "sequence", seq, "last", s.Seq)
	}
	if c.state != lifecycle.Ready {
		return // a replay may begin earlier than it was asked to
	}
	if s.repeatsAt != s.Seq {
		s.repeatsAt, s.repeats = s.Seq, 0
	}
	if s.repeats++; s.repeats <= maxRepeats {
		return
	}
	s.repeats = 0
	if s.doubted == s.Seq+1 {
		c.loseSession(now, errCountsAnew)
	} else {
		s.doubted = s.Seq + 1
	}
	c.giveUp(now, errCountsAnew)
}

// announceBegin tells that a session has begun, which can be resumed now.
func (c *Core) announceBegin(now time.Time) {
	if s := &c.session; s.Seq > 0 && c.host.Wants(gateway.EventSessionBegan) {
		c.host.Tell(now, gateway.EventSessionBegan, &lifecycle.SessionBegan{Session: s.ID, ResumeURL: s.ResumeURL})
	}
}

// announceResume tells that the session is live again, and begins a new account of
// what is missed.
func (c *Core) announceResume(now time.Time) {
	s := &c.session
	back := &lifecycle.SessionResumed{Session: s.ID, From: s.missedFrom, Replayed: int(s.replayed)}
	s.missedFrom, s.replayed = 0, 0
	if c.host.Wants(gateway.EventSessionResumed) {
		c.host.Tell(now, gateway.EventSessionResumed, back)
	}
}

// accept delivers an event that is neither a repeat nor behind a gap.
func (c *Core) accept(now time.Time, t gateway.EventType, p []byte, env *lazyjson.Envelope, replayed bool) {
	c.counter.Events++
	if replayed {
		c.counter.Replayed++
		c.session.replay(now)
	}
	c.host.Deliver(now, t, max(env.Seq, 0), env.Data(p), p, c.wire, replayed)
	// Only now: an event that a callback has not had is not yet in the session.
	if env.Seq > c.session.Seq && c.state >= lifecycle.Resuming {
		c.session.Seq = env.Seq
	}
	if c.session.guilds != nil {
		c.guildEvent(now, t, env.Data(p))
	}
}
