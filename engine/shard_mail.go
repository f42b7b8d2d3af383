package engine

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/internal/reactor"
)

// mailbox holds what other goroutines leave for the shard's loop, which Wake has
// it look at.
type mailbox struct {
	arrived atomic.Bool // there is something to read; set by wake, behind mu

	mu        sync.Mutex
	errands   []*errand       // done
	restarts  []chan struct{} // closed when the loop has taken them
	departure *core.Departure // the user closes the shard
	hold      bool            // nothing is to be delivered
	renew     bool            // the session is to be given up
	holds     []chan struct{} // closed when the loop knows that
	probe     bool            // time has jumped
	shutdown  bool
	kill      bool
	closed    bool // the loop has ended: nobody reads any more
}

// mayEndSession reports whether what the user asks for next, or has asked for, ends the
// shard's session.
func (m *mailbox) mayEndSession() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.departure == nil || m.departure.EndsSession()
}

// errand is a dial, or a wait for a permit, in a goroutine of its own.
type errand struct {
	cancel context.CancelFunc

	// The outcome.
	conn   net.Conn
	head   []byte // read behind the upgrade's answer
	permit identify.Permit
	err    error
}

// discard gives back what an errand brought that was called off meanwhile.
func (e *errand) discard() {
	if e.conn != nil {
		_ = e.conn.Close()
	}
	if e.permit != nil {
		e.permit.Release()
	}
}

// start begins an errand, which do has done in another goroutine, within the errand's own
// context. Whatever becomes of it, its outcome comes by mail.
func (s *Shard) start(do func(ctx context.Context, job func()), work func(ctx context.Context, e *errand)) *errand {
	ctx, cancel := context.WithCancel(s.engine.background)
	e := &errand{cancel: cancel}
	do(ctx, func() { s.engine.guarded(func() { s.runErrand(ctx, e, work) }) })
	return e
}

// runErrand does an errand's work and leaves its outcome in the mailbox.
func (s *Shard) runErrand(ctx context.Context, e *errand, work func(ctx context.Context, e *errand)) {
	defer e.cancel()
	work(ctx, e)
	s.mail.mu.Lock()
	closed := s.mail.closed
	if !closed {
		s.mail.errands = append(s.mail.errands, e)
	}
	s.mail.mu.Unlock()
	if closed {
		e.discard()
		return
	}
	s.wake()
}

// wantPermit asks the identify queue, or calls the asking off.
func (s *Shard) wantPermit(want bool) {
	switch {
	case !want && s.asking != nil:
		s.asking.cancel()
		s.asking = nil
	case want && s.asking == nil && s.permit == nil:
		do := func(_ context.Context, job func()) { s.engine.workers.Go(job) }
		s.asking = s.start(do, func(ctx context.Context, e *errand) {
			e.permit, e.err = s.engine.acquire(ctx, s.id)
		})
	}
}

// expect tells the identify queue whether the shard will ask it soon.
func (s *Shard) expect(soon bool) {
	switch queue, ok := s.engine.queue.(identify.Expecter); {
	case ok && soon && s.expected == nil:
		if s.expected = queue.Expect(s.id); s.expected == nil {
			s.expected = func() {}
		}
	case !soon && s.expected != nil:
		s.expected()
		s.expected = nil
	}
}

// readMail takes what other goroutines left.
func (s *Shard) readMail(now time.Time) {
	if !s.mail.arrived.Load() {
		return
	}
	s.mail.mu.Lock()
	errands, probe, shutdown, kill := s.mail.errands, s.mail.probe, s.mail.shutdown, s.mail.kill
	restarts, renew, departure, holds := s.mail.restarts, s.mail.renew, s.mail.departure, s.mail.holds
	s.mail.errands, s.mail.restarts, s.mail.holds, s.mail.renew, s.mail.probe, s.mail.shutdown = nil, nil, nil, false, false, false
	s.holding = s.mail.hold
	s.mail.arrived.Store(departure != nil || kill) // these stand
	s.mail.mu.Unlock()

	for _, e := range errands {
		switch e {
		case s.dialling:
			s.dialling = nil
			s.takeConn(now, e)
		case s.asking:
			s.asking = nil
			s.takePermit(now, e)
		default:
			e.discard()
		}
	}
	for _, taken := range holds {
		close(taken)
	}
	if renew {
		s.core.Renew(now)
	}
	for _, taken := range restarts {
		s.core.Restart(now)
		close(taken)
	}
	if probe {
		s.core.Probe(now)
	}
	if departure != nil {
		s.core.Depart(now, departure)
	}
	if shutdown || kill {
		s.core.Depart(now, core.Shutdown)
	}
	if kill && s.core.State() == lifecycle.Closing {
		s.core.HangUp(now)
	}
}

// takeConn gives a new connection to the loop and the core.
func (s *Shard) takeConn(now time.Time, e *errand) {
	if e.err != nil {
		s.core.Lost(now, s.engine.config.Token.secret().RedactError(e.err))
		return
	}
	s.link.Attach(e.conn)
	s.loop.Attach(e.conn, e.head)
	reading, why := readingOf(s.loop.Records())
	s.engine.tellReading(reading, why)
	s.public.mu.Lock()
	s.public.reading, s.public.readingWhy = reading, why
	s.public.mu.Unlock()
	s.core.Connected(now)
}

// takePermit has the core identify.
func (s *Shard) takePermit(now time.Time, e *errand) {
	if e.err != nil {
		s.core.Refused(now, e.err)
		return
	}
	if s.core.State() != lifecycle.Queued {
		e.discard()
		return
	}
	if p, ok := e.permit.(identify.Expirer); ok && p.Expired() {
		e.discard() // the state still wants one
		return
	}
	s.permit = e.permit
	s.core.Identify(now)
}

// shutdown has the shard close its connection so that the session can be
// resumed; kill has it do so without waiting for the gateway's answer.
func (s *Shard) shutdown(kill bool) {
	s.mail.mu.Lock()
	s.mail.shutdown = true
	s.mail.kill = s.mail.kill || kill
	s.mail.mu.Unlock()
	s.wake()
}

// closeMail ends what is under way for a loop that has ended, and gives back
// what it holds.
func (s *Shard) closeMail() {
	s.mail.mu.Lock()
	errands := s.mail.errands
	s.mail.errands, s.mail.closed = nil, true
	s.mail.mu.Unlock()
	for _, e := range errands {
		e.discard()
	}
	for _, e := range []*errand{s.dialling, s.asking} {
		if e != nil {
			e.cancel()
		}
	}
	s.expect(false)
	s.link.End()
	s.releasePermit()
}

// readingOf translates what a loop says of its connection.
func readingOf(records reactor.Records) (r TLSReading, why string) {
	switch {
	case records.Lent:
		return TLSLent, ""
	case records.Plain != "":
		return TLSPlain, records.Plain
	}
	return TLSNone, ""
}

// tellReading logs how the engine's first TLS connection is read. On event loops the
// plain way is not what was hoped for.
func (e *Engine) tellReading(r TLSReading, why string) {
	if r == TLSNone {
		return
	}
	e.readingTold.Do(func() {
		_, portable := e.driver.(reactor.PortableDriver)
		switch {
		case r == TLSLent:
			e.config.Logger.Info("TLS records are lent to crypto/tls; idle connections keep no buffer")
		case portable:
			e.config.Logger.Info("TLS records are read the plain way", "cause", why)
		default:
			e.config.Logger.Warn("TLS records are read the plain way, which costs some 9 KB more for each idle shard", "cause", why)
		}
	})
}
