package engine

import (
	"io"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/internal/reactor"
)

// Shard is one shard of a bot, over all its connections and sessions. It has at
// most one connection at a time. Its methods may be called by any goroutine.
//
// A Shard carries out what its core decides: it dials, asks for permits, writes
// and closes. The core, and every method of reactor.Task, is its loop's alone.
type Shard struct {
	// What every event needs comes first (Prefetch).

	core    *core
	engine  *Engine
	loop    reactor.Loop
	backlog backlogOf // of asynchronous callbacks

	// What the loop has under way in other goroutines; nil: nothing. What comes
	// from an errand that was called off is discarded.
	dialling *errand
	asking   *errand
	permit   identify.Permit // held
	expected func()          // tells the queue that the shard no longer comes; nil: it is not expected

	// For the watchdog.
	seq     atomic.Int64 // of the session
	promise promise

	mail      mailbox
	public    published
	link      link
	requests  requests // that wait for answers
	id, total int
	done      chan struct{} // closed when the loop has ended

	// Guarded by the engine's mutex.
	trial     bool  // a stop for good does not end Run
	dismissed bool  // the session is not saved any more, see Engine.dismiss
	ended     bool  // the loop has
	stop      error // why it stopped for good
}

// newShard makes a shard that resumes a given session, or else one that was saved.
func newShard(e *Engine, id, total int, config *Config, given session.Session) *Shard {
	s := &Shard{id: id, total: total, engine: e, done: make(chan struct{})}
	s.core = newCore(id, total, config, &e.handlers, config.GatewayURL)
	s.core.event.Shard = s
	s.core.random = e.random
	if !e.unlimited() {
		s.core.budget = e.budget
	}
	s.core.entered = s.entered
	s.link.max = config.SendLimit
	s.loop = e.driver.NewLoop(s)
	if given == (session.Session{}) {
		given = e.saver.saved(id, total)
	}
	if given.ID != "" {
		if err := s.core.adopt(given); err != nil {
			e.config.Logger.Warn("a saved session cannot be resumed", "shard", id, "cause", err)
		}
	}
	s.public.life = s.core.life
	s.publish()
	return s
}

// Done implements reactor.Task: the loop has let go of the shard.
func (s *Shard) Done() {
	defer close(s.done)
	defer s.engine.retire(s)
	returned := false
	defer s.engine.guard(s, &returned)
	s.closeMail()
	s.core.dropConnection() // where a callback ended the loop's goroutine
	returned = true
}

// stopError returns why the shard stopped for good, nil if it was asked to or
// has not stopped.
func (s *Shard) stopError() error {
	select {
	case <-s.done:
		return s.core.stop
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

// settledSession is Session without the events that asynchronous callbacks have
// yet to take: where the process ends, their queue ends too.
func (s *Shard) settledSession() session.Session {
	session := s.Session()
	if seq := s.backlog.unseen(session.ID); seq > 0 {
		session.Seq = min(session.Seq, seq-1)
	}
	return session
}

// Feed implements reactor.Task.
func (s *Shard) Feed(now time.Time, b []byte) {
	returned := false
	defer s.engine.guard(s, &returned)
	s.core.feed(now, b)
	s.settle(now)
	returned = true
}

// Fail implements reactor.Task: the connection brings nothing more.
func (s *Shard) Fail(now time.Time, err error) {
	returned := false
	defer s.engine.guard(s, &returned)
	s.link.detach()
	if err == io.EOF {
		err = errHungUp
	}
	s.core.lost(now, s.engine.dialer.shortage.judge(now, err)) // also where it could not be adopted
	s.settle(now)
	returned = true
}

// Advance implements reactor.Task. It follows every Feed and Fail, so that what
// others may see need not be published there too.
func (s *Shard) Advance(now time.Time, drained bool) (next time.Time, done bool) {
	returned := false
	defer s.engine.guard(s, &returned)
	s.readMail(now)
	if err := s.link.failure(); err != nil {
		s.core.lost(now, err)
	}
	s.core.advance(now, drained)
	s.settle(now)
	s.publish()
	next = s.core.next()
	s.promise.give(s.engine, next)
	returned = true
	return next, s.core.state == lifecycle.Stopped
}

// settle carries out what the core wants: first what is to be written, then the
// wishes.
func (s *Shard) settle(now time.Time) {
	if out := s.core.out; len(out) > 0 {
		s.core.out = nil // it is seldom needed, and there may be thousands of shards
		if err := s.link.write(out); err != nil {
			s.core.lost(now, err)
		}
	}
	w := &s.core.wish
	if w.sent {
		w.sent = false
		s.permit.Sent()
	}
	if w.settle {
		w.settle = false
		s.releasePermit()
	}
	s.wantPermit(w.permit)
	s.expect(s.core.willAsk())
	if w.hangup {
		w.hangup = false
		s.hangUp()
	}
	full := s.backlog.full()
	if w.dial != "" && s.core.state == lifecycle.Connecting && !full {
		s.dial(w.dial)
		w.dial = ""
	}
	if hold := full && s.core.state.Connected(); hold != s.core.isHeld() {
		s.loop.Hold(hold)
		s.core.hold(now, hold)
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
	s.link.detach()
}

func (s *Shard) releasePermit() {
	if s.permit != nil {
		s.permit.Release()
		s.permit = nil
	}
}

// entered is called by the core whenever it enters a state, before callbacks
// hear of it: a callback of READY may send. The link is open only while others see
// the shard Ready, so that who waited for the one finds the other.
func (s *Shard) entered(state lifecycle.State) {
	switch state {
	case lifecycle.Ready:
		s.engine.readied.Add(1)
		s.publish()
		s.link.start(s.core.session.ID, s.core.heart.interval)
	case lifecycle.Stopped:
		s.link.end()
		s.publish()
	default:
		s.link.pause()
		s.publish()
	}
}

// publish copies what others may see.
func (s *Shard) publish() {
	s.seq.Store(s.core.session.Seq)
	now := s.core.session.Session
	s.public.mu.Lock()
	was := s.public.session
	s.public.counters = s.core.counter
	s.public.state = s.core.state
	if s.public.life.changes != s.core.life.changes {
		s.public.life = s.core.life
	}
	s.public.session = now
	s.public.mu.Unlock()
	if was.ID != now.ID || was.Seq == 0 && now.Seq != 0 {
		s.engine.saver.poke()
	}
}
