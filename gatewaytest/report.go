package gatewaytest

import (
	"context"
	"maps"
	"slices"
)

// Report is what a server wrote, for comparing with what clients got. Its fields have JSON names.
type Report struct {
	Connections int64           `json:"connections"` // upgraded, in all
	Identifies  int64           `json:"identifies"`  // accepted
	Resumes     int64           `json:"resumes"`     // accepted
	Sessions    []SessionReport `json:"sessions"`    // live and ended ones, by shard, then by age
}

// SessionReport is what a server wrote to one session's connections.
type SessionReport struct {
	Shard      int    `json:"shard"`
	ShardCount int    `json:"shard_count"`
	ID         string `json:"session_id"`
	Ended      bool   `json:"ended"`    // it cannot be resumed
	LastSeq    int64  `json:"last_seq"` // of the last event written to a socket whole
	Events     int64  `json:"events"`   // written, those of replays again; RESUMED is none
	Bytes      int64  `json:"bytes"`    // of WebSocket frames, before TLS
	Resumes    int    `json:"resumes"`
}

// Report returns what was written until now.
func (s *Server) Report() Report {
	s.mu.Lock()
	r := Report{Connections: s.counts.connections, Identifies: s.counts.identifies, Resumes: s.counts.resumes}
	s.mu.Unlock()
	for _, session := range s.all(true) {
		r.Sessions = append(r.Sessions, session.report())
	}
	return r
}

func (s *session) report() SessionReport {
	s.mu.Lock()
	defer s.mu.Unlock()
	return SessionReport{
		Shard:      s.shard,
		ShardCount: s.shardCount,
		ID:         s.id,
		Ended:      s.ended,
		LastSeq:    s.written,
		Events:     s.events,
		Bytes:      s.bytes,
		Resumes:    s.resumes,
	}
}

// Quiesce ends all traffic for good, between two messages, and waits until what had begun to be
// written is written, or ctx ends, whose error it then returns. Connections stay open.
func (s *Server) Quiesce(ctx context.Context) error {
	s.quiet.Store(true)
	s.mu.Lock()
	conns := slices.Collect(maps.Keys(s.conns))
	s.mu.Unlock()
	for _, c := range conns {
		c.notify()
	}
	return s.until(ctx, func() bool {
		return !slices.ContainsFunc(conns, func(c *conn) bool { return !c.rests() })
	})
}

// rests reports whether nothing of the traffic is left to be written.
func (c *conn) rests() bool {
	select {
	case <-c.done:
		return true
	default:
		return c.rest.Load()
	}
}

// all returns the live sessions, and the ended ones before them if they are asked for.
func (s *Server) all(ended bool) []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sessions []*session
	for _, shard := range slices.Sorted(maps.Keys(s.shards)) {
		if ended {
			sessions = append(sessions, s.shards[shard].past...)
		}
		sessions = append(sessions, s.shards[shard].sessions...)
	}
	return sessions
}
