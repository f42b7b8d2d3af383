package bridge

import (
	"encoding/json"
	"errors"
	"math"
	"slices"

	"github.com/sluice-go/sluice/bridge/internal/eventlog"
	"github.com/sluice-go/sluice/bridge/internal/journal"
	"github.com/sluice-go/sluice/gateway"
)

// A shard is written down as a journal: on disk, where it outlives its process (keeper.go), and to a peer, to which it
// is handed over (handover.go). restore.go reads both.

// recorder takes a journal's records.
type recorder interface {
	Append(kind journal.Kind, parts ...[]byte) error
}

// stateChunk is how much of the state is one record.
const stateChunk = 1 << 20

// headRecord is the body of [journal.Head].
type headRecord struct {
	Shard    int             `json:"shard"`
	Total    int             `json:"total"`
	Intents  gateway.Intents `json:"intents"`
	Upstream string          `json:"upstream"` // Discord's session
	Seq      int64           `json:"seq"`      // the last of Discord's that is in the state
	Next     int64           `json:"next"`     // the index of the first event that follows the head
	Live     int64           `json:"live"`     // the index of the first event that is not in the state
	Number   uint32          `json:"number"`   // of the bot session that began last
}

// sessionRecord is the body of [journal.Session].
type sessionRecord struct {
	ID       string           `json:"id"`
	Number   uint32           `json:"number"`
	Client   string           `json:"client"`
	Intents  gateway.Intents  `json:"intents"`
	Events   gateway.EventSet `json:"events"`
	Direct   gateway.EventSet `json:"direct"`
	Guilded  gateway.EventSet `json:"guilded"`
	Compress bool             `json:"compress"`
	Marks    []markRecord     `json:"marks"`
}

type markRecord struct {
	Seq  int64 `json:"seq"`
	Next int64 `json:"next"`
}

// seenRecord is the body of [journal.Seen].
type seenRecord struct {
	Seq int64 `json:"seq"`
}

// cutRecord is the body of [journal.Cut].
type cutRecord struct {
	Upstream string `json:"upstream"`
	Seq      int64  `json:"seq"` // the last of Discord's that is in the journal, or that nobody needs
}

// encoded returns a record's body.
func encoded(record any) []byte {
	body, err := json.Marshal(record)
	if err != nil {
		panic(err) // plain structs
	}
	return body
}

// record returns what is kept of a session.
func (s *session) record() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := sessionRecord{
		ID: s.id, Number: s.number, Client: s.client.name, Intents: s.intents, Events: s.events,
		Direct: s.direct, Guilded: s.guilded, Compress: s.compress,
	}
	for _, m := range s.marks {
		r.Marks = append(r.Marks, markRecord{m.seq, m.next})
	}
	return encoded(&r)
}

// moment is a shard as it was at one moment.
type moment struct {
	head     headRecord
	state    []byte
	events   eventlog.Cursor // in front of all that are kept
	sessions []*session
}

// moment returns the shard as of now, when also is called with mu held. State and log must be of one moment: first that
// is tried without holding up the engine's callback.
func (sh *shard) moment(also func()) (m moment) {
	sh.mu.Lock()
	m.head = sh.headLocked()
	sh.mu.Unlock()
	m.state = sh.state.AppendSnapshot(nil)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if now := sh.headLocked(); now != m.head {
		m.head, m.state = now, sh.state.AppendSnapshot(m.state[:0])
	}
	m.events, _ = sh.log.At(sh.log.First())
	m.head.Next = m.events.Next
	m.sessions = slices.Clone(sh.sessions)
	also()
	return m
}

// headLocked returns the journal's head as of now, but for Next. The caller holds mu.
func (sh *shard) headLocked() headRecord {
	return headRecord{
		Shard: sh.id, Total: sh.total, Intents: sh.intents, Upstream: sh.upstream, Seq: sh.seq,
		Live: sh.log.Last() + 1, Number: sh.number,
	}
}

// writeState writes the head and the state.
func (m *moment) writeState(out recorder) error {
	err := out.Append(journal.Head, encoded(&m.head))
	for rest := m.state; len(rest) > 0 && err == nil; {
		n := min(len(rest), stateChunk)
		err = out.Append(journal.State, rest[:n])
		rest = rest[n:]
	}
	return err
}

// writeSessions writes bot sessions.
func writeSessions(out recorder, sessions []*session) error {
	for _, s := range sessions {
		if err := out.Append(journal.Session, s.record()); err != nil {
			return err
		}
	}
	return nil
}

// allEvents is an index that no event has.
const allEvents = math.MaxInt64

// writeEvents writes the events from a cursor on, at least those in front of an index, as far as there are any.
func (sh *shard) writeEvents(out recorder, c *eventlog.Cursor, before int64) error {
	for c.Next < before {
		sh.mu.Lock()
		span, ok := sh.log.Take(c)
		sh.mu.Unlock()
		if !ok {
			return errOvertaken
		}
		if span.Empty() {
			return nil
		}
		err := out.Append(journal.Events, span.Rest(c))
		span.Done()
		if err != nil {
			return err
		}
	}
	return nil
}

var errOvertaken = errors.New("bridge: events came faster than they could be written")
