package gatewaytest

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/gatewire"
)

// Dispatch sends an event of the given type, such as MESSAGE_CREATE, to the shard's live sessions.
// data is its JSON; it is copied, but not checked, and nil stands for null. A session without a connection gets the event
// when it is resumed. Dispatch does not wait until the event is written. An
// INTERACTION_CREATE can be answered by REST, by its id and token.
func (s *Server) Dispatch(shard int, eventType string, data []byte) int {
	if data == nil {
		data = []byte("null")
	}
	sessions := s.live(shard)
	if eventType == "INTERACTION_CREATE" {
		s.noteInteraction(data)
	}
	ev := event{eventType, bytes.Clone(data)}
	for _, session := range sessions {
		session.dispatch(ev)
	}
	return len(sessions)
}

// Drop cuts the shard's connections: TCP ends without a close frame. The sessions live on.
func (s *Server) Drop(shard int) int {
	return s.each(shard, (*conn).kill)
}

// CloseWith closes the shard's connections with a close frame. A code after which Discord expects
// a new session, or none, ends the session; after any other it lives on.
func (s *Server) CloseWith(shard int, code gateway.CloseCode, reason string) int {
	return s.each(shard, func(c *conn) { c.closeSession(code, reason) })
}

// closeSession closes the connection, and ends its session if code says so.
func (c *conn) closeSession(code gateway.CloseCode, reason string) {
	if ends(code) {
		c.end()
	} else {
		c.detach()
	}
	c.close(code, reason)
}

// Reconnect asks the shard's clients to redial and resume (opcode 7). The connections stay open
// until the clients leave.
func (s *Server) Reconnect(shard int) int {
	return s.each(shard, func(c *conn) { c.control(gatewire.Reconnect, true) })
}

// InvalidateSession tells the shard's clients that their session is over (opcode 9), or, if
// resumable, that they have to resume it. The connections stay open, and without a session.
func (s *Server) InvalidateSession(shard int, resumable bool) int {
	return s.each(shard, func(c *conn) {
		c.control(c.invalidate(resumable), true)
	})
}

// invalidate takes the session away and returns the payload that says so.
func (c *conn) invalidate(resumable bool) []byte {
	if resumable {
		c.detach()
	} else {
		c.end()
	}
	return gatewire.InvalidSession(resumable)
}

// RequestHeartbeat asks the shard's clients for a heartbeat at once (opcode 1).
func (s *Server) RequestHeartbeat(shard int) int {
	return s.each(shard, func(c *conn) { c.control(gatewire.HeartbeatRequest, true) })
}

// each calls f for the shard's connections.
func (s *Server) each(shard int, f func(*conn)) int {
	conns := s.connected(shard)
	for _, c := range conns {
		f(c)
	}
	return len(conns)
}

// ResetToken replaces the token by a new one, as going over the session start limit does. Every
// session ends; its connection is closed with 4004.
func (s *Server) ResetToken() {
	s.mu.Lock()
	s.token = keep(newToken(s.cfg.bot, time.Now()))
	conns := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	sessions := make([]*session, 0, len(s.sessions))
	for _, session := range s.sessions {
		sessions = append(sessions, session)
	}
	s.mu.Unlock()
	for _, session := range sessions {
		s.forget(session)
	}
	for _, c := range conns {
		if c.detach() != nil {
			c.close(gateway.CloseAuthenticationFailed, "Authentication failed.")
		}
	}
}

// Received returns what the shard's clients sent, oldest first, from their identify or
// resume on: the last 512 payloads at least. The slices are shared and must not be written.
func (s *Server) Received(shard int) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.shards[shard]; r != nil {
		return slices.Clone(r.received)
	}
	return nil
}

// WaitIdentify waits until a session of the shard is connected, whether it has just identified or
// resumed. It returns ctx's error if that ends first.
func (s *Server) WaitIdentify(ctx context.Context, shard int) error {
	return s.wait(ctx, shard, func(session *session) bool { return session.conn != nil })
}

// WaitReady waits until a session of the shard is connected and has been written READY and its
// GUILD_CREATEs. It returns ctx's error if that ends first.
func (s *Server) WaitReady(ctx context.Context, shard int) error {
	return s.wait(ctx, shard, func(session *session) bool {
		return session.conn != nil && session.written >= s.burst()
	})
}

// WaitResume waits until a session of the shard that has been resumed at least once is connected.
// It returns ctx's error if that ends first.
func (s *Server) WaitResume(ctx context.Context, shard int) error {
	return s.wait(ctx, shard, func(session *session) bool { return session.conn != nil && session.resumes > 0 })
}

// WaitSession waits until a live session of the shard satisfies is, which is asked whenever a session
// begins, gets or loses a connection, has been written its GUILD_CREATEs, or ends. It returns ctx's
// error if that ends first.
func (s *Server) WaitSession(ctx context.Context, shard int, is func(SessionInfo) bool) error {
	return s.until(ctx, func() bool {
		return slices.ContainsFunc(s.Sessions(), func(info SessionInfo) bool { return info.Shard == shard && is(info) })
	})
}

// wait waits until is, called with the session's lock held, is true for a live session of shard.
func (s *Server) wait(ctx context.Context, shard int, is func(*session) bool) error {
	return s.until(ctx, func() bool {
		return slices.ContainsFunc(s.live(shard), func(session *session) bool {
			session.mu.Lock()
			defer session.mu.Unlock()
			return is(session)
		})
	})
}

// until waits until the condition, which can change with s.changed, is true.
func (s *Server) until(ctx context.Context, condition func() bool) error {
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if condition() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// SessionInfo describes a live session.
type SessionInfo struct {
	ID          string
	Shard       int
	ShardCount  int
	Intents     gateway.Intents
	Compression Compression // of the present connection, or the last
	Connected   bool
	Resumes     int
	Seq         int64 // of the last event written whole
}

// Sessions returns the live sessions, ordered by shard and then by age.
func (s *Server) Sessions() []SessionInfo {
	now := time.Now()
	var infos []SessionInfo
	for _, session := range s.all(false) {
		if !session.expired(now) {
			infos = append(infos, session.info())
		}
	}
	return infos
}

func (s *session) info() SessionInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	return SessionInfo{
		ID:          s.id,
		Shard:       s.shard,
		ShardCount:  s.shardCount,
		Intents:     s.intents,
		Compression: s.compression,
		Connected:   s.conn != nil,
		Resumes:     s.resumes,
		Seq:         s.written,
	}
}
