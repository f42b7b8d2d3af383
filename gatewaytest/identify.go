package gatewaytest

import (
	"encoding/json"
	"time"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest/fault"
	"github.com/sluice-go/sluice/internal/gatewire"
	"github.com/sluice-go/sluice/internal/traffic"
)

// accepts reports whether a client may show token.
func (s *Server) accepts(token string) bool { return token == s.Token() }

// terms is what identifies are held against.
func (s *Server) terms() *gatewire.Terms {
	return &gatewire.Terms{
		Accepts: s.accepts,
		Shards: func(_, count int) *gatewire.Refusal {
			switch {
			case s.cfg.shardMultiple > 0 && count%s.cfg.shardMultiple != 0:
				return gatewire.InvalidShard
			case (s.cfg.guilds*s.cfg.shards-1)/maxGuildsPerShard >= count: // nothing is multiplied that a client sent
				return gatewire.ShardingRequired
			}
			return nil
		},
		Allowed: s.cfg.allowed,
	}
}

// identify begins a session, or says why not.
func (c *conn) identify(message []byte, d json.RawMessage, now time.Time) {
	s := c.srv
	id, refused := gatewire.ParseIdentify(d)
	if refused != nil {
		c.refuse(refused)
		return
	}
	shard, count := id.ShardOf()
	s.record(shard, message)
	if refused := id.Check(s.terms()); refused != nil {
		s.cfg.logger.Info("identify refused", "shard", shard, "code", refused.Code)
		c.refuse(refused)
		return
	}
	if !s.starts.take(now) {
		s.cfg.logger.Warn("session start limit exceeded: token reset")
		s.count(func(n *counts) { n.excess++ })
		s.ResetToken()
		c.refuse(gatewire.AuthenticationFailed)
		return
	}
	if !s.buckets.allow(shard, now) {
		s.cfg.logger.Info("identify too early", "shard", shard)
		s.count(func(n *counts) { n.early++ })
		c.control(gatewire.InvalidSession(false), true)
		return
	}
	if c.suffer(s.fault(fault.AtIdentify, shard, c.wire.via)) {
		return
	}
	session := &session{
		srv:        s,
		id:         newSessionID(),
		shard:      shard,
		shardCount: count,
		intents:    gateway.Intents(*id.Intents),
		guilds:     traffic.GuildIDs(shard, count, s.cfg.guilds),
		feed:       s.feed(shard, count),
		payloads:   bool(id.Compress),
		probe:      s.cfg.probe(shard),
		identified: now,
		conn:       c,
		head:       s.burst(),
		next:       1,
	}
	s.begin(session, now)
	s.cfg.logger.Info("identified", "shard", shard, "count", count, "session", session.id)
	c.attach(session)
	s.change()
}

// resume goes on with a session (Discord: "Gateway", heading "Resuming").
func (c *conn) resume(message []byte, d json.RawMessage, now time.Time) {
	s := c.srv
	data, refused := gatewire.ParseResume(d)
	if refused != nil {
		c.refuse(refused)
		return
	}
	session := s.find(data.SessionID, now)
	if session != nil {
		s.record(session.shard, message)
	}
	if !s.accepts(data.Token) {
		c.refuse(gatewire.AuthenticationFailed)
		return
	}
	if session == nil {
		c.control(gatewire.InvalidSession(false), true)
		return
	}
	faults := s.fault(fault.AtResume, session.shard, c.wire.via)
	s.doom(session, faults)
	if c.suffer(faults) {
		return
	}
	r, old := session.resume(c, data.Seq, skipped(faults), now)
	if old != nil {
		old.kill()
	}
	s.cfg.logger.Info("resume", "shard", session.shard, "session", session.id, "seq", data.Seq, "answer", r)
	switch r {
	case resumeInvalidSeq:
		s.forget(session)
		c.refuse(gatewire.InvalidSeq)
	case resumeTooOld:
		s.forget(session)
		c.control(gatewire.InvalidSession(false), true)
	case resumed:
		s.count(func(n *counts) { n.resumes++ })
		c.attach(session)
		s.change()
	}
}
