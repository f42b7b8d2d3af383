//go:build !portable

package reactor

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// maxTail is how many bytes may wait for a peer that does not read. A client of
// the gateway sends at most 120 payloads of 4 KiB a minute, so a tail this long
// means that the peer has stopped.
const maxTail = 256 << 10

// ErrPeerStalled is the error of a write to a peer that does not read.
var ErrPeerStalled = errors.New("reactor: the peer does not read what is sent")

// socket is a TCP connection that can change hands: dialled, encrypted and
// upgraded as an ordinary connection that blocks, and then adopted by a loop, as
// a descriptor that never does. A tls.Conn on top of it does not notice.
type socket struct {
	net.Conn // until adopted

	// dry makes Read find nothing: a loop has lent the tls.Conn above whole
	// records, and bytes of the next must not get behind them. The loop's alone.
	dry bool

	// mu keeps a write from a descriptor that is being closed, whose number may
	// at once be another connection's.
	mu      sync.Mutex
	fd      int // −1 until adopted
	closed  bool
	tail    []byte    // what the peer had no room for
	stalled time.Time // since when there is a tail
	err     error     // of a write
	blocked func()    // has the loop wait until the peer reads again
}

// wrap prepares a connection for adoption; one that is no TCP connection of the
// standard library's is returned as it is.
func wrap(conn net.Conn) net.Conn {
	if _, ok := conn.(*net.TCPConn); !ok {
		return conn
	}
	return &socket{Conn: conn, fd: -1}
}

// adopt takes the descriptor out of Go's poller. The connection keeps the number
// that it had, as a duplicate, since Go's is closed.
func (s *socket) adopt(blocked func()) (fd int, err error) {
	raw, err := s.Conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return -1, err
	}
	var errno syscall.Errno
	controlErr := raw.Control(func(old uintptr) {
		var n uintptr
		n, _, errno = syscall.Syscall(syscall.SYS_FCNTL, old, syscall.F_DUPFD_CLOEXEC, 0)
		fd = int(n)
	})
	if controlErr != nil {
		return -1, controlErr
	}
	if errno != 0 {
		return -1, os.NewSyscallError("fcntl", errno)
	}
	_ = s.Conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fd, s.blocked = fd, blocked
	return fd, nil
}

// errWouldBlock says that nothing has come. crypto/tls does not keep an error
// that is temporary (tls.Conn.readRecordOrCCS).
var errWouldBlock net.Error = wouldBlock{}

type wouldBlock struct{}

func (wouldBlock) Error() string   { return "reactor: no bytes to read" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

// Read implements net.Conn. Once adopted it belongs to the loop, and does not
// block.
func (s *socket) Read(b []byte) (int, error) {
	if s.fd < 0 {
		return s.Conn.Read(b)
	}
	if s.dry {
		return 0, errWouldBlock
	}
	n, errno := readFD(s.fd, b)
	switch {
	case errno == syscall.EAGAIN || errno == syscall.EINTR:
		return 0, errWouldBlock
	case errno != 0:
		return 0, os.NewSyscallError("read", errno)
	case n == 0 && len(b) > 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write implements net.Conn. Once adopted it does not block: what the peer has
// no room for is kept and sent later, and counts as written. crypto/tls takes
// any error of a write for the end.
func (s *socket) Write(b []byte) (int, error) {
	s.mu.Lock()
	if s.fd < 0 {
		s.mu.Unlock()
		return s.Conn.Write(b)
	}
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return 0, net.ErrClosed
	case s.err != nil:
		return 0, s.err
	case len(s.tail) > 0:
		return s.keep(b, 0)
	}
	sent, errno := writeFD(s.fd, b)
	switch {
	case errno == syscall.EAGAIN || errno == syscall.EINTR:
		return s.keep(b, 0)
	case errno != 0:
		s.err = os.NewSyscallError("write", errno)
		return 0, s.err
	case sent < len(b):
		return s.keep(b, sent)
	}
	return len(b), nil
}

// keep puts b[sent:] behind the tail.
func (s *socket) keep(b []byte, sent int) (int, error) {
	if len(s.tail)+len(b)-sent > maxTail {
		s.err = ErrPeerStalled
		return sent, s.err
	}
	if len(s.tail) == 0 {
		s.stalled = time.Now()
		s.blocked()
	}
	s.tail = append(s.tail, b[sent:]...)
	return len(b), nil
}

// flush sends what it can of the tail, and reports whether there is none left.
func (s *socket) flush() (done bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.tail) > 0 && s.err == nil {
		n, errno := writeFD(s.fd, s.tail)
		if errno == syscall.EAGAIN || errno == syscall.EINTR {
			return false, nil
		}
		if errno != 0 {
			s.err = os.NewSyscallError("write", errno)
			break
		}
		s.tail = s.tail[n:]
		s.stalled = time.Now()
	}
	if s.err == nil {
		s.tail = nil
	}
	return true, s.err
}

// waiting returns since when the peer has not read, the zero time if it does.
func (s *socket) waiting() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tail) == 0 {
		return time.Time{}
	}
	return s.stalled
}

// Close implements net.Conn.
func (s *socket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd < 0 {
		return s.Conn.Close()
	}
	if s.closed {
		return net.ErrClosed
	}
	s.closed = true
	s.tail = nil
	return os.NewSyscallError("close", syscall.Close(s.fd))
}

// The deadlines are the loop's matter once it has adopted the connection.

func (s *socket) SetDeadline(t time.Time) error {
	if s.adopted() {
		return nil
	}
	return s.Conn.SetDeadline(t)
}

func (s *socket) SetReadDeadline(t time.Time) error {
	if s.adopted() {
		return nil
	}
	return s.Conn.SetReadDeadline(t)
}

func (s *socket) SetWriteDeadline(t time.Time) error {
	if s.adopted() {
		return nil
	}
	return s.Conn.SetWriteDeadline(t)
}

func (s *socket) adopted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fd >= 0
}
