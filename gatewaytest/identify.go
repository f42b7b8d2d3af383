package gatewaytest

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest/fault"
	"github.com/sluice-go/sluice/internal/traffic"
)

// identification is the data of an identify (Discord: "Gateway Events", heading "Identify").
type identification struct {
	Token          *string   `json:"token"`
	Intents        *uint64   `json:"intents"`
	Properties     *struct{} `json:"properties"`
	Compress       truth     `json:"compress"`
	LargeThreshold *int      `json:"large_threshold"`
	Shard          *[]int    `json:"shard"`
	Presence       *struct{} `json:"presence"`
}

// truth is a boolean in the place of which some clients send something else: Oceanic.js has the name of
// the transport compression. That has always worked for its users, so it is no mistake here.
type truth bool

func (t *truth) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "false", "null", "0", `""`:
		*t = false
	default:
		*t = true
	}
	return nil
}

// refusal is a close code and its reason.
type refusal struct {
	code   gateway.CloseCode
	reason string
}

var refusedDecode = &refusal{gateway.CloseDecodeError, "Error while decoding payload."}

// accepts reports whether a client may show token. Clients that keep the prefix of the REST API's
// header in front of it are let in, as Discord does.
func (s *Server) accepts(token string) bool {
	return strings.TrimPrefix(token, "Bot ") == s.Token()
}

// check judges an identify in the order in which mistakes matter. A shard that is absent is [0, 1].
func (s *Server) check(id *identification) (shard, count int, r *refusal) {
	shard, count = 0, 1
	if id.Shard != nil && len(*id.Shard) == 2 {
		shard, count = (*id.Shard)[0], (*id.Shard)[1]
	}
	switch {
	case id.Token == nil || id.Properties == nil:
		return shard, count, refusedDecode
	case id.LargeThreshold != nil && (*id.LargeThreshold < 50 || *id.LargeThreshold > 250):
		return shard, count, refusedDecode
	case !s.accepts(*id.Token):
		return shard, count, &refusal{gateway.CloseAuthenticationFailed, "Authentication failed."}
	case id.Shard != nil && len(*id.Shard) != 2 || shard < 0 || shard >= count:
		return shard, count, &refusal{gateway.CloseInvalidShard, "Invalid shard."}
	case s.cfg.shardMultiple > 0 && count%s.cfg.shardMultiple != 0:
		return shard, count, &refusal{gateway.CloseInvalidShard, "Invalid shard."}
	case (s.cfg.guilds*s.cfg.shards-1)/maxGuildsPerShard >= count: // nothing is multiplied that a client sent
		return shard, count, &refusal{gateway.CloseShardingRequired, "Sharding required."}
	case id.Intents == nil || gateway.Intents(*id.Intents)&^gateway.IntentsAll != 0:
		return shard, count, &refusal{gateway.CloseInvalidIntents, "Invalid intent(s)."}
	case gateway.Intents(*id.Intents)&^s.cfg.allowed != 0:
		return shard, count, &refusal{gateway.CloseDisallowedIntents, "Disallowed intent(s)."}
	}
	return shard, count, nil
}

// identify begins a session, or says why not.
func (c *conn) identify(message []byte, d json.RawMessage, now time.Time) {
	s := c.srv
	var id identification
	if json.Unmarshal(d, &id) != nil {
		c.close(refusedDecode.code, refusedDecode.reason)
		return
	}
	shard, count, r := s.check(&id)
	s.record(shard, message)
	if r != nil {
		s.cfg.logger.Info("identify refused", "shard", shard, "code", r.code)
		c.close(r.code, r.reason)
		return
	}
	if !s.starts.take(now) {
		s.cfg.logger.Warn("session start limit exceeded: token reset")
		s.count(func(n *counts) { n.excess++ })
		s.ResetToken()
		c.close(gateway.CloseAuthenticationFailed, "Authentication failed.")
		return
	}
	if !s.buckets.allow(shard, now) {
		s.cfg.logger.Info("identify too early", "shard", shard)
		s.count(func(n *counts) { n.early++ })
		c.control(invalidSession(false), true)
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
	var data struct {
		Token     *string `json:"token"`
		SessionID *string `json:"session_id"`
		Seq       *int64  `json:"seq"`
	}
	if json.Unmarshal(d, &data) != nil || data.Token == nil || data.SessionID == nil || data.Seq == nil {
		c.close(refusedDecode.code, refusedDecode.reason)
		return
	}
	session := s.find(*data.SessionID, now)
	if session != nil {
		s.record(session.shard, message)
	}
	if !s.accepts(*data.Token) {
		c.close(gateway.CloseAuthenticationFailed, "Authentication failed.")
		return
	}
	if session == nil {
		c.control(invalidSession(false), true)
		return
	}
	faults := s.fault(fault.AtResume, session.shard, c.wire.via)
	s.doom(session, faults)
	if c.suffer(faults) {
		return
	}
	r, old := session.resume(c, *data.Seq, skipped(faults), now)
	if old != nil {
		old.kill()
	}
	s.cfg.logger.Info("resume", "shard", session.shard, "session", session.id, "seq", *data.Seq, "answer", r)
	switch r {
	case resumeInvalidSeq:
		s.forget(session)
		c.close(gateway.CloseInvalidSeq, "Invalid seq.")
	case resumeTooOld:
		s.forget(session)
		c.control(invalidSession(false), true)
	case resumed:
		s.count(func(n *counts) { n.resumes++ })
		c.attach(session)
		s.change()
	}
}
