//go:build !portable

package reactor

import (
	"cmp"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// maxTail is how many bytes may wait for a peer that does not read. A client
	// of the gateway sends at most 120 payloads of 4 KiB a minute, so a tail this
	// long means that the peer has stopped.
	maxTail = 256 << 10

	// stallLimit is how long a peer may leave what was sent to it unread.
	stallLimit = 5 * time.Second
)

// ErrPeerStalled is the error of a write to a peer that does not read, and of its
// connection: 256 KiB wait for it, or it has taken nothing for 5 s.
var ErrPeerStalled = errors.New("reactor: the peer does not read what is sent")

// socket is a TCP connection that can change hands: dialled, encrypted and
// upgraded as an ordinary connection that blocks, and then adopted by a loop, as
// a descriptor that never does. A tls.Conn on top of it does not notice.
type socket struct {
	net.Conn // until adopted; spent then, as what it was made of is memory for nothing

	// owner has adopted the connection; nil: nobody yet. Only the goroutine that
	// has the connection sets it, once, so it may read it without mu.
	owner *source
	gen   int32 // of the connection, in its loop's events
	fd    int   // the loop's, until release

	// dry makes Read find nothing: a loop has lent the tls.Conn above whole
	// records, and bytes of the next must not get behind them. The loop's alone.
	dry bool

	// empty says that the last read found neither bytes nor the end. The loop's alone.
	empty bool

	// strained says that tail or err are not empty, and patience has to look.
	strained atomic.Bool

	// mu keeps a write from a descriptor that is being closed, whose number may
	// at once be another connection's.
	mu      sync.Mutex
	closed  bool
	held    bool      // the loop reads nothing
	tail    []byte    // what the peer had no room for
	stalled time.Time // when the peer last took some of the tail
	err     error     // of a write
}

// adopt takes the descriptor out of Go's poller and puts it into that of owner's
// loop. It is a duplicate of the connection's own, which is closed. The
// connection must not be read or written meanwhile; after an error it still is
// an ordinary one.
func (s *socket) adopt(owner *source, gen int32) error {
	raw, err := s.Conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return err
	}
	var fd int
	var refused error
	err = raw.Control(func(old uintptr) {
		// Not by File and Fd, which would have the connection block.
		fd, refused = duplicate(int(old))
	})
	if err = cmp.Or(err, refused); err != nil {
		return err
	}
	if err := owner.loop.team.sets.connections.control(syscall.EPOLL_CTL_ADD, fd, owner.label(gen), readable); err != nil {
		_ = syscall.Close(fd)
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owner, s.gen, s.fd = owner, gen, fd
	_ = s.Conn.Close()
	s.Conn = spent{}
	return nil
}

// errWouldBlock says that nothing has come. crypto/tls does not keep an error
// that is temporary.
var errWouldBlock net.Error = wouldBlock{}

type wouldBlock struct{}

func (wouldBlock) Error() string   { return "reactor: no bytes to read" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

// Read implements net.Conn. Once adopted the reading half belongs to the loop,
// and does not block.
func (s *socket) Read(b []byte) (int, error) {
	if s.owner == nil {
		return s.Conn.Read(b)
	}
	if s.dry {
		return 0, errWouldBlock
	}
	for {
		n, errno := readFD(s.fd, b)
		s.empty = errno == syscall.EAGAIN
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN:
			return 0, errWouldBlock
		case errno != 0:
			return 0, os.NewSyscallError("read", errno)
		case n == 0 && len(b) > 0:
			return 0, io.EOF
		}
		s.owner.loop.reads++
		return n, nil
	}
}

// Write implements net.Conn. Once adopted it does not block: what the peer has
// no room for is kept and sent later, and counts as written. crypto/tls takes
// any error of a write for the end.
func (s *socket) Write(b []byte) (int, error) {
	s.mu.Lock()
	if s.owner == nil {
		s.mu.Unlock()
		return s.Conn.Write(b)
	}
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return 0, net.ErrClosed
	case s.err != nil:
		return 0, s.err
	}
	sent := 0
	if len(s.tail) == 0 {
		if sent = s.send(b); s.err != nil || sent == len(b) {
			return sent, s.err
		}
	}
	if len(s.tail)+len(b)-sent > maxTail {
		s.err = ErrPeerStalled
		s.strained.Store(true)
		s.owner.Wake() // to give up at once
		return sent, s.err
	}
	began := len(s.tail) == 0
	s.tail = append(s.tail, b[sent:]...)
	if began {
		s.stalled = time.Now()
		s.strained.Store(true)
		s.watch()
		s.owner.Wake() // to set the timer that gives up
	}
	return len(b), nil
}

// send writes what the peer has room for, and sets err where that fails.
func (s *socket) send(b []byte) (sent int) {
	for sent < len(b) {
		n, errno := writeFD(s.fd, b[sent:])
		sent += n
		switch errno {
		case 0, syscall.EINTR:
		case syscall.EAGAIN:
			return sent
		default:
			s.err = os.NewSyscallError("write", errno)
			s.strained.Store(true)
			return sent
		}
	}
	return sent
}

// flush sends what it can of the tail.
func (s *socket) flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flushLocked()
}

func (s *socket) flushLocked() error {
	if s.closed || s.err != nil {
		return s.err
	}
	if sent := s.send(s.tail); sent > 0 {
		s.tail = s.tail[sent:]
		s.stalled = time.Now()
	}
	if len(s.tail) == 0 {
		s.tail = nil
		s.strained.Store(s.err != nil)
		s.watch()
	}
	return s.err
}

// hold has the loop hear nothing of what can be read, or hear of it again.
func (s *socket) hold(held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = held
	if !s.closed {
		s.watch()
	}
}

// watch says of what the loop wants to hear.
func (s *socket) watch() {
	events := uint32(readable)
	if s.held {
		events = onlyOnce // an error is told unasked, and would be again and again
	}
	if len(s.tail) > 0 {
		events |= syscall.EPOLLOUT
	}
	_ = s.owner.loop.team.sets.connections.control(syscall.EPOLL_CTL_MOD, s.fd, s.owner.label(s.gen), events)
}

// patience returns when the loop gives up on a peer that does not read, the zero
// time if it does, or the error of a write. At that time it looks once more: the
// loop itself may have been held up.
func (s *socket) patience(now time.Time) (limit time.Time, err error) {
	if !s.strained.Load() {
		return time.Time{}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return time.Time{}, s.err
	}
	if len(s.tail) > 0 && !now.Before(s.stalled.Add(stallLimit)) {
		stalled := s.stalled
		if err := s.flushLocked(); err != nil {
			return time.Time{}, err
		}
		if s.stalled.Equal(stalled) {
			return time.Time{}, ErrPeerStalled
		}
	}
	if len(s.tail) == 0 {
		return time.Time{}, nil
	}
	return s.stalled.Add(stallLimit), nil
}

// Close implements net.Conn. Any goroutine may call it: the loop, which may be at
// work on the descriptor, finds the end of the stream and gives it back.
func (s *socket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owner == nil {
		return s.Conn.Close()
	}
	if s.closed {
		return net.ErrClosed
	}
	s.closed, s.tail = true, nil
	_ = syscall.Shutdown(s.fd, syscall.SHUT_RDWR) // fails if the peer was faster
	return nil
}

// release gives the descriptor back. The loop calls it, after Close.
func (s *socket) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.tail = true, nil
	// Closing is enough to leave epoll, unless a child process inherited the
	// description between a fork and its exec.
	_ = s.owner.loop.team.sets.connections.control(syscall.EPOLL_CTL_DEL, s.fd, label{}, 0)
	_ = syscall.Close(s.fd)
	s.fd = -1
}

// The deadlines are the loop's matter once it has adopted the connection.

// SetDeadline implements net.Conn.
func (s *socket) SetDeadline(t time.Time) error {
	if s.adopted() {
		return nil
	}
	return s.Conn.SetDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (s *socket) SetReadDeadline(t time.Time) error {
	if s.adopted() {
		return nil
	}
	return s.Conn.SetReadDeadline(t)
}

// SetWriteDeadline implements net.Conn.
func (s *socket) SetWriteDeadline(t time.Time) error {
	if s.adopted() {
		return nil
	}
	return s.Conn.SetWriteDeadline(t)
}

func (s *socket) adopted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owner != nil
}
