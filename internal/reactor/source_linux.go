//go:build !portable

package reactor

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"

	"github.com/sluice-go/sluice/internal/reactor/lend"
	"github.com/sluice-go/sluice/pool"
)

const (
	// slack is what crypto/tls may want behind lent records.
	slack = lend.Slack

	// maxPlaintext and maxCiphertext bound a TLS record (RFC 8446, section 5;
	// RFC 5246, section 6.2, allows 2048 bytes of overhead).
	maxPlaintext  = 16 << 10
	maxCiphertext = maxPlaintext + 2048

	recordHeader = 5
)

// source is a task's place in a loop, and its connection while it has one. Only
// Wake and BusyFor are for other goroutines.
type source struct {
	loop  *loop
	task  Task
	timer timer
	ended bool
	woken bool // in the inbox; guarded by the loop's mutex

	// Of the connection, if there is one.
	conn  net.Conn
	sock  *socket   // below conn; nil: a connection that only a pump can read
	tls   *tls.Conn // conn, if it is one
	door  lend.Conn // of tls, where lends is set
	lends bool
	rest  *pool.Buffer // an unfinished TLS record
	head  []byte       // read before the connection was attached, not yet fed
	fail  error        // the connection could not be adopted
	pump  *pump
	index int32
	gen   int32
}

func newSource(l *loop, task Task) *source {
	s := &source{loop: l, task: task}
	s.timer.source = s
	return s
}

// Start implements Loop.
func (s *source) Start() { s.loop.wake(s) }

// Wake implements Loop.
func (s *source) Wake() { s.loop.wake(s) }

// BusyFor implements Loop: for as long as any task of the loop is at work, this
// one waits.
func (s *source) BusyFor(now time.Time) time.Duration {
	since := s.loop.busySince.Load()
	if since == 0 {
		return 0
	}
	return now.Sub(s.loop.start) - time.Duration(since)
}

// Attach implements Loop.
func (s *source) Attach(conn net.Conn, head []byte) {
	s.conn, s.head = conn, head
	beneath := conn
	if s.tls, _ = conn.(*tls.Conn); s.tls != nil {
		beneath = s.tls.NetConn()
	}
	if sock, ok := beneath.(*socket); ok {
		s.adopt(sock)
	} else {
		s.pump = newPump(s, conn)
	}
	s.loop.pending = append(s.loop.pending, s)
}

// adopt makes the loop the connection's reader.
func (s *source) adopt(sock *socket) {
	fd, err := sock.adopt(func() {
		// The writer holds the socket's lock; epoll's own makes this safe from
		// any goroutine, and the wake sets the timer that gives up.
		s.loop.watch(s, sock.fd, true)
		s.loop.wake(s)
	})
	if err == nil {
		err = s.loop.add(s, fd)
	}
	if err != nil {
		s.fail = err
		return
	}
	s.sock = sock
	if s.lends = s.tls != nil && lend.Supported() == ""; s.lends {
		s.door = lend.Of(s.tls)
		s.takeAhead()
	}
}

// takeAhead takes what the connection has read and nobody has fed: it comes
// before anything that the socket has.
func (s *source) takeAhead() {
	for s.door.Pending() > 0 {
		n, err := s.tls.Read(s.loop.plain)
		if err != nil {
			s.fail = err
			return
		}
		s.head = append(s.head, s.loop.plain[:n]...)
	}
	if ahead := s.door.Left(); ahead > 0 {
		s.rest = pool.Get(ahead)
		s.rest.B = s.door.Take(s.rest.B)
	}
	s.door.Return()
}

// begin feeds what came with the connection, and looks for more: what lies in
// buffers is not told by epoll.
func (s *source) begin() {
	conn := s.conn
	if conn == nil || s.ended {
		return
	}
	now := time.Now()
	if head := s.head; len(head) > 0 {
		s.head = nil
		s.feed(now, head)
		s.advance(now, false)
	}
	if s.conn != conn {
		return
	}
	if s.fail != nil {
		s.failed(now, s.fail)
		return
	}
	s.look(now, false)
}

// Detach implements Loop.
func (s *source) Detach() {
	conn := s.conn
	if conn == nil {
		return
	}
	if s.sock != nil {
		s.loop.remove(s, s.sock.fd)
	}
	if s.pump != nil {
		s.pump.stop()
	}
	if s.rest != nil {
		s.rest.Release()
	}
	s.conn, s.sock, s.tls, s.pump, s.rest, s.head, s.fail = nil, nil, nil, nil, nil, nil, nil
	s.door, s.lends = lend.Conn{}, false
	_ = conn.Close()
}

// look reads once, feeds what came, and advances the task if it fed it anything.
// It reports whether it advanced the task.
func (s *source) look(now time.Time, due bool) (advanced bool) {
	if s.sock == nil {
		return false
	}
	conn := s.conn
	fed, more, err := s.read(now)
	if s.conn != conn {
		return s.advance(now, false)
	}
	if err != nil {
		s.failed(now, err)
		return true
	}
	if more {
		s.loop.pending = append(s.loop.pending, s)
	}
	if fed || due {
		return s.advance(now, !more)
	}
	return false
}

// read reads once and feeds what came. more says that there may be bytes which
// epoll will not tell of.
func (s *source) read(now time.Time) (fed, more bool, err error) {
	switch {
	case s.lends:
		return s.readLent(now)
	case s.tls != nil:
		return s.readTLS(now)
	}
	n, err := s.sock.Read(s.loop.cipher[:readSize])
	if n > 0 {
		s.feed(now, s.loop.cipher[:n])
	}
	return n > 0, false, passing(err)
}

// passing is nil for an error that only says that nothing has come.
func passing(err error) error {
	if err == errWouldBlock || errors.Is(err, errWouldBlock) {
		return nil
	}
	return err
}

// readTLS reads through a tls.Conn with a buffer of its own.
func (s *source) readTLS(now time.Time) (fed, more bool, err error) {
	conn, used := s.conn, 0
	for used < readSize && err == nil {
		var n int
		n, err = s.tls.Read(s.loop.plain[used:])
		used += n
	}
	if used > 0 {
		s.feed(now, s.loop.plain[:used])
	}
	if s.conn != conn {
		return true, false, nil
	}
	return used > 0, err == nil, passing(err)
}

// readLent reads ciphertext into the loop's buffer, behind what is left of the
// last record, and lends the whole records to the tls.Conn.
func (s *source) readLent(now time.Time) (fed, more bool, err error) {
	cipher := s.loop.cipher
	kept := 0
	if s.rest != nil {
		kept = copy(cipher, s.rest.B)
		s.rest.Release()
		s.rest = nil
	}
	n, readErr := s.sock.Read(cipher[kept:readSize])
	end := kept + n
	whole := wholeRecords(cipher[:end])
	conn := s.conn
	if whole > 0 {
		fed, err = s.decrypt(now, cipher[:whole:whole+slack])
	}
	if s.conn != conn || err != nil {
		return fed, false, err
	}
	if whole < end {
		s.rest = pool.Get(end - whole)
		s.rest.B = append(s.rest.B, cipher[whole:end]...)
	}
	if readErr == io.EOF && whole < end {
		readErr = io.ErrUnexpectedEOF
	}
	return fed, false, passing(readErr)
}

// decrypt lends whole records to the tls.Conn and feeds their plaintext. Each
// Read brings one record, as there is always room for one; so when the records
// are used up nothing is left in the connection.
func (s *source) decrypt(now time.Time, records []byte) (fed bool, err error) {
	conn, door, sock, used := s.conn, s.door, s.sock, 0
	sock.dry = true
	door.Lend(records)
	defer func() {
		door.Return()
		sock.dry = false
	}()
	for door.Left() > 0 && err == nil {
		var n int
		n, err = s.tls.Read(s.loop.plain[used:])
		used += n
		if used > readSize {
			fed = true
			s.feed(now, s.loop.plain[:used])
			if used = 0; s.conn != conn {
				return fed, nil
			}
		}
	}
	if used > 0 {
		fed = true
		s.feed(now, s.loop.plain[:used])
	}
	if s.conn != conn {
		return fed, nil
	}
	return fed, passing(err)
}

// wholeRecords returns the length of the whole TLS records that b begins with.
// A header that announces more than a record can have counts as one, so that
// crypto/tls sees it and refuses it.
func wholeRecords(b []byte) (n int) {
	for len(b)-n >= recordHeader {
		size := int(b[n+3])<<8 | int(b[n+4])
		if size > maxCiphertext {
			return len(b)
		}
		if len(b)-n < recordHeader+size {
			break
		}
		n += recordHeader + size
	}
	return n
}

// feed gives bytes to the task.
func (s *source) feed(now time.Time, b []byte) {
	s.loop.enter(time.Now())
	s.task.Feed(now, b)
	s.loop.leave()
}

// failed ends the connection and tells the task.
func (s *source) failed(now time.Time, err error) {
	s.Detach()
	s.loop.enter(now)
	s.task.Fail(now, err)
	s.loop.leave()
	s.advance(now, false)
}

// advance lets the task see the time. It always reports true.
func (s *source) advance(now time.Time, drained bool) bool {
	if s.ended {
		return true
	}
	s.loop.enter(now)
	next, done := s.task.Advance(now, drained)
	s.loop.leave()
	if done {
		s.end()
		return true
	}
	if s.sock != nil {
		if stalled := s.sock.waiting(); !stalled.IsZero() {
			limit := stalled.Add(stallLimit)
			if !now.Before(limit) {
				s.failed(now, ErrPeerStalled)
				return true
			}
			if next.IsZero() || limit.Before(next) {
				next = limit
			}
		}
	}
	s.loop.wheel.set(&s.timer, next)
	return true
}

// stallLimit is how long a peer may leave what was sent to it unread.
const stallLimit = 5 * time.Second

// writable sends what had to wait. It reports whether the connection stands.
func (s *source) writable() bool {
	done, err := s.sock.flush()
	if err != nil {
		s.failed(time.Now(), err)
		return false
	}
	if done {
		s.loop.watch(s, s.sock.fd, false)
	}
	return true
}

// end lets go of the task.
func (s *source) end() {
	if s.ended {
		return
	}
	s.ended = true
	s.Detach()
	s.loop.wheel.drop(&s.timer)
	s.task.Done()
}
