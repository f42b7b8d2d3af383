//go:build !portable

package reactor

import (
	"errors"
	"io"
	"time"

	"github.com/sluice-go/sluice/internal/reactor/lend"
	"github.com/sluice-go/sluice/pool"
)

// slack is what crypto/tls may want behind lent records.
const slack = lend.Slack

// read reads once and feeds what came. more says that there may be bytes of which
// nothing else will tell: a read that filled its buffer may have left some. One
// that did not has emptied the socket (epoll(7), "Questions and answers", Q9), and
// epoll tells of what comes after it.
func (s *source) read(now time.Time) (fed, more bool, err error) {
	switch {
	case s.fresh:
		return s.readAhead(now)
	case s.pump != nil:
		return s.pump.read(now)
	case s.lends:
		return s.readLent(now)
	case s.tls != nil:
		return s.readTLS(now)
	}
	n, err := s.sock.Read(s.loop.cipher[:readSize])
	return s.feed(now, s.loop.cipher[:n]), n == readSize, passing(err)
}

// passing is nil for an error that only says that nothing has come.
func passing(err error) error {
	if err == errWouldBlock || errors.Is(err, errWouldBlock) {
		return nil
	}
	return err
}

// readAhead feeds what was read of a new connection by others, which comes before
// anything that the socket has: bytes behind the upgrade's answer, and whole
// records that the tls.Conn holds. From then on it holds none.
func (s *source) readAhead(now time.Time) (fed, more bool, err error) {
	conn, head := s.conn, s.head
	s.fresh, s.head = false, nil
	if s.fail != nil {
		err = s.fail
	}
	fed = s.feed(now, head)
	if s.conn != conn || err != nil || !s.lends {
		return fed, true, err
	}
	sock, door := s.sock, s.door
	for err == nil && (door.Pending() > 0 || lend.Whole(door.Ahead()) > 0) {
		var n int
		sock.dry = true
		n, err = s.tls.Read(s.loop.plain)
		sock.dry = false
		fed = s.feed(now, s.loop.plain[:n]) || fed
		if s.conn != conn {
			return fed, false, nil
		}
	}
	if rest := door.Ahead(); len(rest) > 0 {
		s.rest = pool.Get(len(rest))
		s.rest.B = append(s.rest.B, rest...)
	}
	door.Return()
	return fed, true, passing(err)
}

// readTLS reads through a tls.Conn with a buffer of its own. There is always room
// for one more record, so that it keeps no plaintext.
func (s *source) readTLS(now time.Time) (fed, more bool, err error) {
	used := 0
	for used < readSize && err == nil {
		var n int
		n, err = s.tls.Read(s.loop.plain[used:])
		used += n
	}
	more = err == nil
	return s.feed(now, s.loop.plain[:used]), more, passing(err)
}

// readLent reads ciphertext into the loop's buffer, behind what is left of the
// last record, and lends the whole records to the tls.Conn.
func (s *source) readLent(now time.Time) (fed, more bool, err error) {
	cipher := s.loop.cipher
	kept := 0
	if s.rest != nil {
		kept = copy(cipher, s.rest.B)
	}
	n, readErr := s.sock.Read(cipher[kept:readSize])
	if n == 0 {
		if readErr == io.EOF && kept > 0 {
			readErr = io.ErrUnexpectedEOF
		}
		return false, false, passing(readErr)
	}
	if s.rest != nil {
		s.rest.Release()
		s.rest = nil
	}
	end := kept + n
	whole := lend.Whole(cipher[:end])
	if whole < end {
		s.rest = pool.Get(end - whole)
		s.rest.B = append(s.rest.B, cipher[whole:end]...)
	}
	more = end == readSize
	if whole == 0 {
		return false, more, nil
	}
	plain, err := s.decrypt(cipher[: whole : whole+slack])
	return s.feed(now, plain), more, err
}

// decrypt lends whole records to the tls.Conn and returns their plaintext, in the
// loop's buffer. That is shorter than they are, and each Read brings a record
// whole, so when they are used up nothing is left in the connection.
func (s *source) decrypt(records []byte) (plain []byte, err error) {
	s.sock.dry = true
	s.door.Lend(records)
	used := 0
	for err == nil && len(s.door.Ahead()) > 0 {
		var n int
		n, err = s.tls.Read(s.loop.plain[used:])
		used += n
	}
	s.door.Return()
	s.sock.dry = false
	return s.loop.plain[:used], passing(err)
}
