package gatewaytest

import (
	"bytes"
	"slices"
	"time"

	"github.com/sluice-go/sluice/gateway"
)

// maxReceived is how many payloads of a shard are kept for Received.
const maxReceived = 1024

// shardRecord is what the server remembers of a shard id.
type shardRecord struct {
	received   [][]byte
	sessions   []*session // live ones
	past       []*session // ended ones
	identifies int
}

// counts are totals over all shards.
type counts struct {
	connections int64
	identifies  int64
	resumes     int64
	early       int64 // identifies before their bucket's interval was over
	excess      int64 // identifies beyond the session start limit
	closes      map[gateway.CloseCode]int64
	rest        tally
}

// maxTally bounds what clients can have a tally remember.
const maxTally = 256

// tally counts things by name. Names beyond the first maxTally are counted as "…".
type tally map[string]int64

func (t *tally) add(name string) {
	if *t == nil {
		*t = make(tally)
	}
	if _, known := (*t)[name]; !known && len(*t) >= maxTally {
		name = "…"
	}
	(*t)[name]++
}

// count changes the totals.
func (s *Server) count(change func(*counts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.counts)
}

// shardLocked returns the record of a shard. The caller holds s.mu.
func (s *Server) shardLocked(shard int) *shardRecord {
	r := s.shards[shard]
	if r == nil {
		r = new(shardRecord)
		s.shards[shard] = r
	}
	return r
}

// record keeps what a client of shard sent.
func (s *Server) record(shard int, payload []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.shardLocked(shard)
	if len(r.received) == maxReceived {
		r.received = slices.Delete(r.received, 0, maxReceived/2)
	}
	r.received = append(r.received, bytes.Clone(payload))
}

// begin makes a session one of the live ones. Those of its shard that have timed out end.
func (s *Server) begin(session *session, now time.Time) {
	for _, other := range s.live(session.shard) {
		if other.expired(now) {
			s.forget(other)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.shardLocked(session.shard)
	r.sessions = append(r.sessions, session)
	r.identifies++
	s.counts.identifies++
	s.sessions[session.id] = session
}

// find returns the live session with an id, nil if there is none.
func (s *Server) find(id string, now time.Time) *session {
	s.mu.Lock()
	session := s.sessions[id]
	s.mu.Unlock()
	if session != nil && session.expired(now) {
		s.forget(session)
		return nil
	}
	return session
}

// forget ends a session: it cannot be resumed again.
func (s *Server) forget(gone *session) {
	gone.mu.Lock()
	gone.ended = true
	gone.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[gone.id] != gone {
		return
	}
	delete(s.sessions, gone.id)
	r := s.shardLocked(gone.shard)
	r.sessions = slices.DeleteFunc(r.sessions, func(other *session) bool { return other == gone })
	r.past = append(r.past, gone)
	s.changeLocked()
}

// live returns the live sessions of a shard.
func (s *Server) live(shard int) []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.shards[shard]; r != nil {
		return slices.Clone(r.sessions)
	}
	return nil
}

// connected returns the connections of the live sessions of a shard.
func (s *Server) connected(shard int) []*conn {
	var conns []*conn
	for _, session := range s.live(shard) {
		session.mu.Lock()
		if session.conn != nil {
			conns = append(conns, session.conn)
		}
		session.mu.Unlock()
	}
	return conns
}

// end ends the session of the connection, if it has one.
func (c *conn) end() {
	if session := c.detach(); session != nil {
		c.srv.forget(session)
	}
}

// change wakes everybody who waits for a state.
func (s *Server) change() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changeLocked()
}

func (s *Server) changeLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// ends reports whether a client that gets code has to begin a new session.
func ends(code gateway.CloseCode) bool { return code.Decision() != gateway.DecisionResume }
