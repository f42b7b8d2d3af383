//go:build !portable

package reactor

import (
	"crypto/tls"
	"net"
	"syscall"
	"time"

	"github.com/sluice-go/sluice/internal/prefetch"
	"github.com/sluice-go/sluice/internal/reactor/lend"
	"github.com/sluice-go/sluice/pool"
)

// source is a task's place in a loop, and its connection while it has one. Only
// Start, Wake and BusyFor are for other goroutines.
type source struct {
	loop  *loop
	task  Task
	ahead Prefetcher // the task, if it is one
	index int32      // among the loop's sources; −1: not among them
	ended bool

	queued bool // in the loop's pending

	// Guarded by the loop's mutex.
	started bool
	woken   bool   // in the inbox
	told    uint32 // what epoll tells of the connection; not 0: the source is in the loop's told
	gen     int32  // of the connection; 0: there is none

	// Of the connection, if there is one.
	news   uint32  // of told: taken, not looked at yet
	fresh  bool    // head has not been fed, nothing was read yet
	held   bool    // nothing is read
	ending bool    // epoll told of an end that no read has found yet
	lends  bool    // tls is read through door
	sock   *socket // below conn; nil: a connection that only a pump can read
	pump   *pump
	conn   net.Conn
	tls    *tls.Conn    // conn, if it is one on a socket
	door   lend.Conn    // of tls
	rest   *pool.Buffer // an unfinished TLS record; nil: none
	head   []byte       // read before the connection was attached
	fail   error        // the connection could not be adopted

	timer timer
}

func newSource(l *loop, task Task) *source {
	s := &source{loop: l, task: task, index: -1}
	s.ahead, _ = task.(Prefetcher)
	s.timer.source = s
	return s
}

// Start implements Loop.
func (s *source) Start() {
	if !s.loop.add(s) {
		go s.task.Done()
	}
}

// Wake implements Loop.
func (s *source) Wake() { s.loop.wake(s) }

// BusyFor implements Loop: for as long as any task of the loop is at work, this
// one waits.
func (s *source) BusyFor(now time.Time) time.Duration { return s.loop.busyFor(now) }

// Counts implements Loop.
func (s *source) Counts() *Counts { return &s.loop.counts }

// Attach implements Loop. Nothing is read yet, because the task may be in a Feed,
// whose bytes lie in the loop's buffers.
func (s *source) Attach(conn net.Conn, head []byte) {
	s.conn, s.head, s.fresh = conn, head, true
	beneath := conn
	encrypted, _ := conn.(*tls.Conn)
	if encrypted != nil {
		beneath = encrypted.NetConn()
	}
	switch c := beneath.(type) {
	case *socket:
		gen := s.loop.nextGeneration()
		s.listen(gen)
		if s.fail = c.adopt(s, gen); s.fail != nil {
			s.listen(0)
			break
		}
		s.sock, s.tls = c, encrypted
		if s.lends = encrypted != nil && lend.Supported() == ""; s.lends {
			s.door = lend.Of(encrypted)
		}
	case *foreign:
		c.adopt()
		s.pump = newPump(s, conn, c)
	default:
		s.pump = newPump(s, conn, nil)
	}
	s.loop.queue(s)
}

// Records implements Loop.
func (s *source) Records() Records {
	switch {
	case s.lends:
		return Records{Lent: true}
	case s.tls != nil:
		return Records{Plain: lend.Supported()}
	}
	if _, encrypted := s.conn.(*tls.Conn); encrypted {
		return Records{Plain: "what lies beneath TLS is no TCP connection of package net"}
	}
	return Records{}
}

// Detach implements Loop. The socket is closed by the connection first, which
// sends a TLS alert, and given back then.
func (s *source) Detach() {
	conn, sock := s.conn, s.sock
	if conn == nil {
		return
	}
	if s.pump != nil {
		s.pump.stop()
	}
	if s.rest != nil {
		s.rest.Release()
	}
	s.listen(0)
	s.conn, s.sock, s.pump, s.tls = nil, nil, nil, nil
	s.fresh, s.head, s.fail, s.rest, s.held = false, nil, nil, nil, false
	s.ending, s.lends, s.door = false, false, lend.Conn{}
	_ = conn.Close()
	if sock != nil {
		sock.release()
	}
}

// label returns what is to come back with the events of a connection.
func (s *source) label(gen int32) label {
	return label{loop: s.loop.number, index: s.index, generation: gen}
}

// listen says of which connection epoll's events are the source's; 0: of none.
func (s *source) listen(gen int32) {
	s.loop.mu.Lock()
	defer s.loop.mu.Unlock()
	s.gen, s.told, s.news = gen, 0, 0
}

// Hold implements Loop.
func (s *source) Hold(held bool) {
	if s.held == held || s.conn == nil {
		return
	}
	s.held = held
	if s.sock != nil {
		s.sock.hold(held)
	}
	if !held {
		s.loop.queue(s) // for what lies above the socket
	}
}

// wakeUp advances a task that was woken, by another goroutine or by its pump.
func (s *source) wakeUp() {
	now := s.loop.begin()
	if s.pump == nil || !s.look(now, true) {
		s.advance(now, false)
	}
}

// event does what epoll's news ask for.
func (s *source) event() {
	news := s.news
	s.news = 0
	if news&syscall.EPOLLOUT != 0 && !s.writable() || news&^syscall.EPOLLOUT == 0 {
		return
	}
	s.prefetch()
	s.ending = s.ending || news&ending != 0
	s.look(s.loop.begin(), false)
}

// look reads once, feeds what came, and advances the task if it fed it anything
// or if its time is due. It reports whether it advanced the task.
func (s *source) look(now time.Time, due bool) (advanced bool) {
	conn := s.conn
	if conn == nil || s.held {
		return false
	}
	fed, more, err := s.read(now)
	switch {
	case s.conn != conn: // the task has let go of it, and may have another
		return s.advance(now, false)
	case err != nil:
		return s.failed(now, err)
	}
	// The end was told once, and lies behind the bytes. Where there is neither, a
	// write has taken it.
	s.ending = s.ending && !s.sock.empty
	if more || s.ending {
		s.loop.queue(s)
	}
	if fed || due {
		return s.advance(now, !fed && !more)
	}
	return false
}

// prefetch asks for what serving the connection will need, while the read goes on.
func (s *source) prefetch() {
	prefetch.Object(s.sock)
	if s.tls != nil {
		prefetch.Object(s.tls)
	}
	if s.ahead != nil {
		s.ahead.Prefetch()
	}
}

// feed gives bytes to the task, if there are any.
func (s *source) feed(now time.Time, b []byte) (fed bool) {
	if len(b) == 0 {
		return false
	}
	s.task.Feed(now, b)
	pool.Poison(b)
	return true
}

// failed ends the connection and tells the task. It always reports true.
func (s *source) failed(now time.Time, err error) bool {
	s.Detach()
	s.task.Fail(now, err)
	return s.advance(now, false)
}

// advance lets the task see the time. It always reports true.
func (s *source) advance(now time.Time, drained bool) bool {
	if s.ended {
		return true
	}
	next, done := s.task.Advance(now, drained)
	if done {
		s.end()
		return true
	}
	if s.sock != nil {
		limit, err := s.sock.patience(now)
		if err != nil {
			return s.failed(now, err)
		}
		if !limit.IsZero() && (next.IsZero() || limit.Before(next)) {
			next = limit
		}
	}
	s.loop.wheel.set(&s.timer, next, now)
	return true
}

// writable sends what had to wait. It reports whether the connection stands.
func (s *source) writable() bool {
	if err := s.sock.flush(); err != nil {
		s.failed(s.loop.begin(), err)
		return false
	}
	return true
}

// end lets go of the task.
func (s *source) end() {
	if s.ended {
		return
	}
	s.ended = true
	s.loop.tasks.Add(-1)
	s.Detach()
	s.loop.wheel.drop(&s.timer)
	if s.index >= 0 {
		s.loop.dismiss(s)
	}
	s.task.Done()
}
