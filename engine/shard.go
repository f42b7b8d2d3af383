package engine

import (
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/internal/link"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/internal/reactor"
)

// Shard is one shard of a bot, over all its connections and sessions. It has at
// most one connection at a time. Its methods may be called by any goroutine.
//
// A Shard carries out what its core decides: it dials, asks for permits, writes
// and closes. The core is its loop's alone: see task for how a loop sees a shard, and
// host for how a core does.
type Shard struct {
	// What every event needs comes first (task.Prefetch).

	core      *core.Core
	engine    *Engine
	loop      reactor.Loop
	config    *Config
	event     Event // the one that callbacks see
	clock     callClock
	calls     callTimes
	figures   *recorder               // counts calls, too
	delivered bool                    // events, since afterRead was called
	backlog   backlogOf               // of asynchronous callbacks
	sent      atomic.Pointer[sentLog] // to be told to callbacks; nil before the first

	// What the loop has under way in other goroutines; nil: nothing. What comes
	// from an errand that was called off is discarded.
	dialling *errand
	asking   *errand
	permit   identify.Permit // held
	expected func()          // tells the queue that the shard no longer comes; nil: it is not expected

	receipts receipts

	// For the watchdog.
	seq     atomic.Int64 // of the session
	promise promise

	counts    *reactor.Counts // the loop's
	mail      mailbox
	public    published
	story     story // its last happenings
	link      link.Link
	presence  atomic.Pointer[[]byte] // the last one that was sent
	requests  requests               // that wait for answers
	id, total int
	done      chan struct{} // closed when the loop has ended

	// The loop's.
	holding   bool // the user wants nothing delivered
	postponed bool // the core keeps bytes that came while the shard was held

	// Guarded by the engine's mutex.
	trial     bool  // a stop for good does not end Run
	dismissed bool  // the session is not saved any more, see Engine.dismiss
	ended     bool  // the loop has
	stop      error // why it stopped for good
}

// newShard makes a shard that resumes a given session, or else one that was saved.
func newShard(e *Engine, id, total int, config *Config, given session.Session) *Shard {
	now := time.Now()
	s := &Shard{id: id, total: total, engine: e, config: config, done: make(chan struct{})}
	s.event.Shard = s
	s.clock.start = now
	s.core = core.New(now, id, config.core, (*host)(s), e.counts(), e.random)
	s.loop = e.driver.NewLoop((*task)(s))
	s.counts = s.loop.Counts()
	s.figures = e.figures.callsOf(s.counts)
	if !given.Keepable() {
		given = e.saver.Saved(id, total)
	}
	if given.ID != "" {
		if err := s.core.Adopt(given); err != nil {
			e.config.Logger.Warn("a saved session cannot be resumed", "shard", id, "cause", err)
		}
	}
	s.publish()
	return s
}

// stopError returns why the shard stopped for good, nil if it was asked to or
// has not stopped.
func (s *Shard) stopError() error {
	select {
	case <-s.done:
		return s.core.Stop()
	default:
		return nil
	}
}

// ID returns the shard's id.
func (s *Shard) ID() int { return s.id }

// Total returns the number of shards that the bot's guilds are spread over.
func (s *Shard) Total() int { return s.total }

// String returns "id/total".
func (s *Shard) String() string { return strconv.Itoa(s.id) + "/" + strconv.Itoa(s.total) }

// State returns where the shard stands.
func (s *Shard) State() lifecycle.State {
	s.public.mu.Lock()
	defer s.public.mu.Unlock()
	return s.public.state
}

// Session returns the shard's session, with the sequence of the last event whose
// callbacks have returned; the zero value where there is none. In a callback it
// does not yet count the event that is being delivered.
func (s *Shard) Session() session.Session {
	s.public.mu.Lock()
	defer s.public.mu.Unlock()
	return s.public.session
}

// Settled returns the session as it is safe to save: without the events that asynchronous
// callbacks have yet to take, whose queue ends with the process, and without those that
// are postponed (see [Event.Postpone]). Its Seq may be 0; such a session cannot be resumed.
func (s *Shard) Settled() session.Session {
	session := s.Session()
	for _, seq := range [...]int64{s.backlog.unseen(session.ID), s.receipts.unsettled(session.ID)} {
		if seq > 0 {
			session.Seq = min(session.Seq, seq-1)
		}
	}
	return session
}

// settle carries out what the core wants: first what is to be written, then the
// wishes.
func (s *Shard) settle(now time.Time) {
	if out := s.core.Out; len(out) > 0 {
		err := s.link.Write(out)
		s.core.Written()
		if err != nil {
			s.core.Lost(now, err)
		}
	}
	w := &s.core.Wish
	if w.Sent {
		w.Sent = false
		s.permit.Sent()
	}
	if w.Settle {
		w.Settle = false
		s.releasePermit()
	}
	s.wantPermit(w.Permit)
	s.expect(s.core.WillAsk())
	if w.Hangup {
		w.Hangup = false
		s.hangUp()
	}
	s.backlog.tell()
	full := s.backlog.full() || s.held(now)
	if w.Dial != "" && s.core.State() == lifecycle.Connecting && !full {
		s.dial(w.Dial)
		w.Dial = ""
	}
	if hold := full && s.core.State().Connected(); hold != s.core.Held() {
		s.loop.Hold(hold)
		s.core.Hold(now, hold)
	}
}

// hangUp closes the connection, or calls off the dial. The loop closes it first:
// that ends a write in which another goroutine holds the link.
func (s *Shard) hangUp() {
	if s.dialling != nil {
		s.dialling.cancel()
		s.dialling = nil
	}
	s.loop.Detach()
	s.link.Detach()
}

func (s *Shard) releasePermit() {
	if s.permit != nil {
		s.permit.Release()
		s.permit = nil
	}
}

// publish copies what others may see.
func (s *Shard) publish() {
	s.backlog.tell()
	now := s.core.Session()
	s.seq.Store(now.Seq)
	s.public.mu.Lock()
	was := s.public.session
	s.public.counters, s.public.calls = *s.core.Counters(), s.calls
	s.public.state = s.core.State()
	s.public.life = s.core.Life()
	s.public.session = now
	s.public.mu.Unlock()
	if was.ID != now.ID || was.Seq == 0 && now.Seq != 0 {
		s.engine.saver.Poke()
	}
}

// task is a shard as its loop sees it, a reactor.Task. Every callback runs below one of
// its methods.
type task Shard

// host is a shard as its core sees it, a core.Host. Its methods are the loop's alone.
type host Shard

// published is the copy of a shard's counters for other goroutines.
type published struct {
	mu       sync.Mutex
	state    lifecycle.State
	reading  TLSReading // of the last connection; it counts while the state is one with a connection
	session  session.Session
	counters core.Counters
	calls    callTimes
	life     *core.Life

	readingWhy string // for reading
}

// present returns how the TLS records of the connection are read that stands now. mu
// is held.
func (p *published) present() TLSReading {
	if !p.state.Connected() {
		return TLSNone
	}
	return p.reading
}

// promise is when a shard's loop is to look at it next, for the watchdog. It is
// kept in ns since the engine was made; 0: nothing is due.
type promise struct{ at atomic.Int64 }

// give sets the time; the zero time is for "when something happens".
func (p *promise) give(e *Engine, next time.Time) {
	var at int64
	if !next.IsZero() {
		at = max(1, int64(next.Sub(e.born)))
	}
	p.at.Store(at)
}

// now says that the loop is to look at once, unless it was to already.
func (p *promise) now(e *Engine, now time.Time) {
	for at := max(1, int64(now.Sub(e.born))); ; {
		old := p.at.Load()
		if old != 0 && old <= at || p.at.CompareAndSwap(old, at) {
			return
		}
	}
}

// wake has the loop look at the shard and its mail, and the watchdog see to it.
func (s *Shard) wake() {
	s.mail.arrived.Store(true)
	s.promise.now(s.engine, time.Now())
	s.loop.Wake()
}

// Format implements [fmt.Formatter]: all verbs print what String returns.
func (s *Shard) Format(f fmt.State, verb rune) {
	formatAs(f, verb, s.String(), "&engine.Shard{"+s.String()+"}")
}

// LogValue implements [slog.LogValuer].
func (s *Shard) LogValue() slog.Value { return slog.StringValue(s.String()) }

// stalledFor returns for how long the shard has been overdue, 0 for less than
// stallLimit.
func (s *Shard) stalledFor(now time.Time) time.Duration {
	at := s.promise.at.Load()
	if at == 0 {
		return 0
	}
	if late := now.Sub(s.engine.born) - time.Duration(at); late >= stallLimit {
		return late
	}
	return 0
}
