package gatewaytest

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/sluice-go/sluice/gateway"
)

// Report is what a server wrote, for comparing with what clients got. Its fields have JSON names.
type Report struct {
	Connections int64 `json:"connections"` // upgraded, in all
	Identifies  int64 `json:"identifies"`  // accepted
	Resumes     int64 `json:"resumes"`     // accepted

	// Identifies that broke a limit: before the interval of their bucket was over, and beyond the
	// session start limit.
	EarlyIdentifies  int64 `json:"early_identifies"`
	ExcessIdentifies int64 `json:"excess_identifies"`

	// Closes counts close frames of clients by code, apart from answers to the server's; 1005 stands
	// for none.
	Closes map[gateway.CloseCode]int64 `json:"closes,omitempty"`
	// Faults counts what went wrong by its action's name in a script, with the code or the boolean
	// that close, refuse and invalid-session take.
	Faults map[string]int64 `json:"faults,omitempty"`

	// REST counts the requests to the REST API by method, path and status, such as
	// "GET /users/@me: 200"; paths have names for ids.
	REST map[string]int64 `json:"rest,omitempty"`

	Sessions []SessionReport `json:"sessions"` // live and ended ones, by shard, then by age

	Conns []ConnReport `json:"conns,omitempty"` // see [WithConnReports]; in the order of their upgrades
}

// SessionReport is what a server wrote to one session's connections.
type SessionReport struct {
	Shard      int    `json:"shard"`
	ShardCount int    `json:"shard_count"`
	ID         string `json:"session_id"`
	Ended      bool   `json:"ended"`     // it cannot be resumed
	Connected  bool   `json:"connected"` // it has a connection
	LastSeq    int64  `json:"last_seq"`  // of the last event written to a socket whole
	Events     int64  `json:"events"`    // written, those of replays again; RESUMED is none
	Bytes      int64  `json:"bytes"`     // of WebSocket frames, before TLS
	Resumes    int    `json:"resumes"`

	Resumed time.Time     `json:"resumed,omitzero"`  // when it was resumed last
	Away    time.Duration `json:"away_ns,omitempty"` // the longest that it was without a connection, until it was resumed

	// Skipped are the sequences that [fault.ActionSkip] left out, in the order in which it did. A later
	// connection may have brought them.
	Skipped []Span `json:"skipped,omitempty"`
	// Closed is the code of the client's last close frame, as in [Report]; 0: there was none.
	Closed gateway.CloseCode `json:"closed,omitempty"`
}

// Span is a run of sequences.
type Span struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
}

// Report returns what was written until now.
func (s *Server) Report() Report {
	s.mu.Lock()
	r := Report{
		Connections: s.counts.connections, Identifies: s.counts.identifies, Resumes: s.counts.resumes,
		EarlyIdentifies: s.counts.early, ExcessIdentifies: s.counts.excess, Closes: maps.Clone(s.counts.closes),
		REST: maps.Clone(s.counts.rest),
	}
	s.mu.Unlock()
	r.Faults = s.plan.Kinds()
	r.Conns = s.connReports()
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
		Connected:  s.conn != nil,
		LastSeq:    s.written,
		Events:     s.events,
		Bytes:      s.bytes,
		Resumes:    s.resumes,
		Resumed:    s.back,
		Away:       s.away,
		Skipped:    slices.Clone(s.skips),
		Closed:     s.closed,
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
	case <-c.closing.Done():
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
