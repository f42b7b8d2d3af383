package bridge

import (
	"crypto/rand"
	"fmt"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/bridge/internal/eventlog"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/gatewire"
)

// session is what a bot's identify begins. It outlives its connections, of which it has one at a time. Its
// events are numbered from 1: READY, the GUILD_CREATEs, then those of the shard's log that it takes. A number is
// not stored: it is counted, from the last mark on.
type session struct {
	id         string
	number     uint32 // on its shard
	shard      *shard
	client     *client
	intents    gateway.Intents
	events     gateway.EventSet // what it takes
	direct     gateway.EventSet // of these, what it takes of direct messages alone
	guilded    gateway.EventSet // of these, what it takes of guilds alone
	compress   bool             // the identify asked for payload compression
	identified time.Time

	conn  atomic.Pointer[conn] // nil while it is away
	away  atomic.Int64         // since when, Unix time in ns
	idle  atomic.Bool          // the connection has all that there is; set and unset under the shard's mu
	read  atomic.Int64         // how far in the log, in bytes
	acked atomic.Int64         // the sequence of the last heartbeat
	ended atomic.Bool          // it cannot be resumed
	gated atomic.Bool          // it waits for an event to be in the journal

	mu       sync.Mutex
	opening  *opening // what it began with, until that is acknowledged
	cursor   eventlog.Cursor
	seq      int64  // of the event in front of the cursor
	marks    []mark // the oldest first
	resuming bool   // RESUMED is due
	resumeAt int64  // when the cursor is here; the bot has then caught up
	kept     bool   // it is from a journal, and was not resumed since
	skip     int64  // the bot has the events up to here, though this process has not
}

// opening is what a session begins with.
type opening struct {
	ready  []byte
	guilds []guildView
	start  int64 // the index of the first event behind it
}

// last returns the sequence of the last event of the opening.
func (o *opening) last() int64 { return 1 + int64(len(o.guilds)) }

// mark says that a session's event of a sequence is the last in front of an index.
type mark struct{ seq, next int64 }

// markEvery is how many events of the log lie between two marks.
const markEvery = 256

// newSessionID makes up an ID, from which peers can tell the shard.
func newSessionID(shard, total int) string {
	var random [16]byte
	rand.Read(random[:])
	return fmt.Sprintf("%x-%d-%d", random, shard, total)
}

// attach moves a session to a connection, and ends the one before.
func (s *session) attach(c *conn) {
	if old := s.conn.Swap(c); old != nil && old != c {
		old.kill()
	}
}

// release leaves a session without its connection, if that is c.
func (s *session) release(c *conn) {
	s.away.Store(time.Now().UnixNano())
	s.conn.CompareAndSwap(c, nil)
}

func (s *session) awaySince() time.Time { return time.Unix(0, s.away.Load()) }

// wake has the session's connection look at the log. The caller holds the shard's mu.
func (s *session) wake() {
	s.idle.Store(false)
	if c := s.conn.Load(); c != nil {
		c.notify()
	}
}

// checkLag closes the connection of a session that reads too slowly.
func (s *session) checkLag(total, most int64) {
	if c := s.conn.Load(); c != nil && total-s.read.Load() > most && !c.replaying.Load() {
		c.tooSlow()
	}
}

// expire ends a session that is away since before a time.
func (s *session) expire(before time.Time) bool {
	s.mu.Lock()
	gone := s.conn.Load() == nil && s.awaySince().Before(before)
	if gone {
		s.ended.Store(true)
	}
	s.mu.Unlock()
	if gone {
		s.shard.bridge.forget(s)
	}
	return gone
}

// end ends a session for good.
func (s *session) end() {
	s.ended.Store(true)
	s.shard.bridge.forget(s)
}

// lose ends a session because events of it are lost, and tells the bot.
func (s *session) lose() {
	s.end()
	if c := s.conn.Load(); c != nil {
		c.lost(s)
	}
}

// acknowledge takes the sequence that a heartbeat tells.
func (s *session) acknowledge(seq int64) {
	s.acked.Store(seq)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropOpening(seq)
}

// dropOpening forgets what a session began with, once the bot has it. mu is held.
func (s *session) dropOpening(seq int64) {
	if s.opening != nil && seq >= s.opening.last() && s.seq >= s.opening.last() {
		s.opening = nil
	}
}

// takes reports whether an event of the log is one of the session's.
func (s *session) takes(e *eventlog.Event) bool {
	if e.Private {
		return e.Owners.Has(s.number)
	}
	if !s.events.Has(e.Type) || s.client.shares && !e.Owners.Has(s.number) {
		return false
	}
	if s.direct.Has(e.Type) || s.guilded.Has(e.Type) {
		return inGuild(e.Data) == s.guilded.Has(e.Type)
	}
	return true
}

// What may become of a resume.
type resumeResult uint8

const (
	resumed resumeResult = iota
	resumeTooOld
	resumeInvalidSeq
)

// resume has a session go on behind an event that the bot has.
func (s *session) resume(c *conn, seq int64) resumeResult {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended.Load() {
		return resumeTooOld
	}
	behind := seq
	if s.kept && seq > s.seq {
		s.shard.mu.Lock()
		whole, restored := s.recount(), s.shard.restored
		s.shard.mu.Unlock()
		if !whole {
			return resumeTooOld
		}
		if seq > s.seq && restored && seq-s.seq < maxSkip {
			behind = s.seq // the rest is on its way
		}
	}
	switch {
	case behind < 0 || behind > s.seq:
		return resumeInvalidSeq
	case !s.rewind(behind):
		return resumeTooOld
	}
	s.kept, s.skip = false, seq
	s.attach(c)
	sh := s.shard
	sh.mu.Lock()
	s.resuming, s.resumeAt = true, sh.log.Last()+1
	s.idle.Store(false)
	sh.mu.Unlock()
	c.replaying.Store(true)
	s.dropOpening(seq)
	s.acked.Store(seq)
	return resumed
}

// maxSkip is how many events a bot may have that its bridge has lost, by being killed.
const maxSkip = 1 << 20

// rewind moves the cursor behind the event of a sequence. It reports false where that is not kept.
func (s *session) rewind(seq int64) bool {
	sh := s.shard
	if o := s.opening; o != nil && seq < o.last() {
		sh.mu.Lock()
		cursor, ok := sh.log.At(o.start)
		sh.mu.Unlock()
		if !ok || seq < 1 {
			return false
		}
		s.seq, s.cursor = seq, cursor
		return true
	}
	from := mark{s.seq, s.cursor.Next}
	if seq != s.seq {
		i := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].seq > seq })
		if i == 0 {
			return false
		}
		from = s.marks[i-1]
	}
	sh.mu.Lock()
	cursor, ok := sh.log.At(from.next)
	sh.mu.Unlock()
	for at := from.seq; ok; {
		if at == seq {
			s.seq, s.cursor = at, cursor
			return true
		}
		sh.mu.Lock()
		var span eventlog.Span
		span, ok = sh.log.Take(&cursor)
		sh.mu.Unlock()
		ok = ok && !span.Empty()
		var e eventlog.Event
		for at < seq && span.Next(&cursor, &e) {
			if s.takes(&e) {
				at++
			}
		}
		span.Done()
	}
	return false
}

// note makes a mark where it is time to, and drops those of events that are gone. mu is held.
func (s *session) note(first int64) {
	if n := len(s.marks); n > 0 && s.cursor.Next-s.marks[n-1].next < markEvery {
		return
	}
	old := 0
	for old+1 < len(s.marks) && s.marks[old+1].next <= first {
		old++
	}
	s.marks = append(slices.Delete(s.marks, 0, old), mark{s.seq, s.cursor.Next})
}

// compressionOn returns how the session's payloads are compressed on a connection.
func (s *session) compressionOn(c gatewire.Compression) gatewire.Compression {
	if s.compress && c == gatewire.None {
		return gatewire.Payload
	}
	return c
}
