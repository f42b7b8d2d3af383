//go:build !portable

package reactor

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// foreign is a connection that has no descriptor for a loop. Once a loop has
// adopted it, a write leaves its bytes to a goroutine, which lives while there are
// any: whoever writes may be the loop, and a peer that does not read must not hold
// up the others that it serves.
type foreign struct {
	net.Conn
	guard Guard

	mu       sync.Mutex
	adoption bool
	tail     []byte // to be written
	writing  bool   // by a goroutine
	closed   bool
	err      error // of a write
}

// adopt makes writes leave their bytes.
func (f *foreign) adopt() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.adoption = true
}

// Write implements net.Conn.
func (f *foreign) Write(b []byte) (int, error) {
	f.mu.Lock()
	if !f.adoption {
		f.mu.Unlock()
		return f.Conn.Write(b)
	}
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return 0, net.ErrClosed
	case f.err != nil:
		return 0, f.err
	case len(f.tail)+len(b) > maxTail:
		f.err = ErrPeerStalled
		return 0, f.err
	}
	f.tail = append(f.tail, b...)
	if !f.writing {
		f.writing = true
		go f.guard(f.drain)
	}
	return len(b), nil
}

// drain writes until nothing is left. No lock is held meanwhile, also where Write
// panics.
func (f *foreign) drain() {
	returned := false
	defer func() {
		if !returned {
			f.next(errNoReturn)
		}
	}()
	for tail := f.next(nil); tail != nil; {
		_ = f.Conn.SetWriteDeadline(time.Now().Add(stallLimit))
		_, err := f.Conn.Write(tail)
		tail = f.next(err)
	}
	returned = true
}

// errNoReturn is what became of a Write that ended its goroutine.
var errNoReturn = errors.New("reactor: a connection's Write panicked, or ended its goroutine")

// next takes what came of a write, and returns what is to be written next. Where there
// is nothing it ends the writing, and closes the connection if that failed, or if it was
// closed meanwhile: the pump finds the end of it and tells the loop.
func (f *foreign) next(err error) (tail []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = ErrPeerStalled
	}
	if f.err == nil {
		f.err = err
	}
	if f.err == nil && len(f.tail) > 0 {
		tail, f.tail = f.tail, nil
		return tail
	}
	f.writing = false
	if f.closed || f.err != nil {
		_ = f.Conn.Close()
	}
	return nil
}

// cause returns the error of a write, which explains that of a read.
func (f *foreign) cause(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	return err
}

// Close implements net.Conn. What was written before is still sent, within
// stallLimit.
func (f *foreign) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return net.ErrClosed
	}
	f.closed = true
	if f.writing {
		return nil
	}
	return f.Conn.Close()
}

// The deadlines are the loop's matter once it has adopted the connection. One for
// reads would end the pump, and one for writes is drain's.

// SetDeadline implements net.Conn.
func (f *foreign) SetDeadline(t time.Time) error {
	if f.adopted() {
		return nil
	}
	return f.Conn.SetDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (f *foreign) SetReadDeadline(t time.Time) error {
	if f.adopted() {
		return nil
	}
	return f.Conn.SetReadDeadline(t)
}

// SetWriteDeadline implements net.Conn.
func (f *foreign) SetWriteDeadline(t time.Time) error {
	if f.adopted() {
		return nil
	}
	return f.Conn.SetWriteDeadline(t)
}

func (f *foreign) adopted() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.adoption
}
