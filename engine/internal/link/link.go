// Package link is the writing half of a shard's connection: who may write, when, and what
// became of it.
package link

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/engine/internal/limit"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/pool"
)

// WriteTimeout is how long a write may take: a peer that does not read costs
// its shard the connection.
const WriteTimeout = 5 * time.Second

var (
	// ErrStopped is for commands to a shard that has stopped for good.
	ErrStopped = errors.New("engine: shard has stopped")
	// ErrConnectionLost is for a command whose write failed.
	ErrConnectionLost = errors.New("engine: connection lost during the write")
)

// Command is a payload on its way to the connection.
type Command struct {
	Op      gateway.Opcode
	Payload []byte // borrowed until the command is sent or given up

	// Repeat says that the payload does no harm when it arrives twice: after a
	// write that failed it is sent again.
	Repeat bool

	// InCallback says that the sender may not wait, where its stack does not tell.
	InCallback bool

	// Admit, if not nil, is asked when everything else allows the payload to be
	// written, which it then is, to the session with that id. Its error ends the
	// sending. It is called with the link's lock held.
	Admit func(now time.Time, session string) error

	// Sent, if not nil, is called once the payload was written, with the link's
	// lock held.
	Sent func()
}

// Link is the writing half of the connections of one shard, one after another. Any
// goroutine may write, one at a time; there is no queue. The zero value has no connection.
type Link struct {
	failed  atomic.Bool // err is not nil; it comes first, since every read asks for it
	mu      sync.Mutex
	conn    net.Conn
	err     error         // of the first write that failed; the loop picks it up
	open    bool          // the session is live: the user's payloads may go
	opened  chan struct{} // closed when open becomes true, or the shard stops
	ended   bool          // the shard has stopped
	session string        // the id of the session that is live
	limit   int           // of these, the user's; negative: no limit
	turn    chan struct{} // held by the one Send that waits at the window; nil before the first
	window  limit.Window
	sent    atomic.Uint64 // bytes
	count   atomic.Uint64 // commands that were written
}

// Turn returns what is held by the one Send that may wait at the window.
// Most shards never send, so it is made for the first that does.
func (l *Link) Turn() chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turn == nil {
		l.turn = make(chan struct{}, 1)
	}
	return l.turn
}

// Attach takes a new connection.
func (l *Link) Attach(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn, l.err = conn, nil
	l.failed.Store(false)
	l.window.Reset()
}

// Detach lets go of the connection.
func (l *Link) Detach() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn, l.err = nil, nil
	l.failed.Store(false)
	l.open = false
}

// Start lets the user's payloads go: a session is live on a connection with that
// heartbeat interval, on which most payloads may go in a period, heartbeats included; 0
// stands for Discord's 120, a negative number for no limit.
func (l *Link) Start(session string, most int, interval time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open, l.session = true, session
	l.limit = limit.Commands(most, interval)
	l.announce()
}

// Pause holds the user's payloads back.
func (l *Link) Pause() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = false
}

// WhenOpen returns a channel that is closed when a session goes live or the shard
// stops; nil, and what stands in the way, if one is live or the shard has stopped.
func (l *Link) WhenOpen() (<-chan struct{}, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.ended:
		return nil, ErrStopped
	case l.open:
		return nil, nil
	}
	return l.opening(), nil
}

// opening returns the channel that announce closes.
func (l *Link) opening() <-chan struct{} {
	if l.opened == nil {
		l.opened = make(chan struct{})
	}
	return l.opened
}

// End says that the shard has stopped for good.
func (l *Link) End() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open, l.ended = false, true
	l.announce()
}

// announce wakes whoever waits for the link to open.
func (l *Link) announce() {
	if l.opened != nil {
		close(l.opened)
		l.opened = nil
	}
}

// Permits returns how many of the user's payloads can be sent at once, and when
// there will be one more: the zero time where none was spent. Where there is no
// limit, left is -1; while the session is not live, it is 0.
func (l *Link) Permits(now time.Time) (left int, next time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.open:
		return 0, time.Time{}
	case l.limit < 0:
		return -1, time.Time{}
	}
	return l.window.Left(now, l.limit)
}

// Write sends frames of the engine's own.
func (l *Link) Write(frames []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.put(frames)
}

// put writes while mu is held. The first error ends the connection: part of a
// frame may be on its way.
func (l *Link) put(frames []byte) error {
	if l.conn == nil {
		return ErrConnectionLost
	}
	if l.err != nil {
		return l.err
	}
	_ = l.conn.SetWriteDeadline(time.Now().Add(WriteTimeout))
	n, err := l.conn.Write(frames)
	l.sent.Add(uint64(n))
	l.err = err
	l.failed.Store(err != nil)
	return err
}

// Failure returns the error of a write that failed.
func (l *Link) Failure() error {
	if !l.failed.Load() {
		return nil // without the lock: it is asked after every read
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Try sends a command if the session is live and a permit is left. Otherwise it
// returns what to wait for: the channel, or else the time.
func (l *Link) Try(cmd *Command) (done bool, opened <-chan struct{}, wait time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return true, nil, 0, ErrStopped
	}
	if !l.open || l.conn == nil || l.err != nil {
		return false, l.opening(), 0, nil
	}
	now := time.Now()
	if wait := l.window.Wait(now, l.limit); wait > 0 {
		return false, nil, wait, nil
	}
	if cmd.Admit != nil {
		if err := cmd.Admit(now, l.session); err != nil {
			return true, nil, 0, err
		}
	}
	l.window.Note(now, l.limit)
	buf := pool.Get(len(cmd.Payload) + frame.MaxHeader)
	defer buf.Release()
	buf.B = frame.AppendFrame(buf.B, frame.OpText, frame.NewMask(), cmd.Payload)
	if err := l.put(buf.B); err != nil {
		return true, nil, 0, ErrConnectionLost
	}
	l.count.Add(1)
	if cmd.Sent != nil {
		cmd.Sent()
	}
	return true, nil, 0, nil
}

// Spent returns how many of the user's payloads were sent within the last period, and how
// many can be sent at once; both are 0 where there is no limit, where no session is live,
// and while a write is under way, which it does not wait for.
func (l *Link) Spent(now time.Time) (used, left int) {
	if !l.mu.TryLock() {
		return 0, 0
	}
	defer l.mu.Unlock()
	if !l.open || l.limit < 0 {
		return 0, 0
	}
	left, _ = l.window.Left(now, l.limit)
	return l.window.Used(), left
}

// Commands returns how many of the user's payloads were written, over all connections.
func (l *Link) Commands() uint64 { return l.count.Load() }

// Bytes returns how many bytes were written, over all connections.
func (l *Link) Bytes() uint64 { return l.sent.Load() }

// Idle returns the connection if there is one on which no write has failed, nil if there
// is not or a write is under way.
func (l *Link) Idle() net.Conn {
	if !l.mu.TryLock() {
		return nil
	}
	defer l.mu.Unlock()
	if l.err != nil {
		return nil
	}
	return l.conn
}

// WriteTo sends frames if conn is still the connection, and reports whether it did. Its error
// is left to Failure.
func (l *Link) WriteTo(conn net.Conn, frames []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn == conn && l.put(frames) == nil
}

// Cut sends a last frame and closes the connection. It waits for whoever has the link, be it for no more
// than a look: nobody else says the last word. Where that is a write to a peer that does not read, it waits
// for up to WriteTimeout, and then the connection is lost without it; where the connection does not keep
// to its deadline, Cut does not return before its Write.
func (l *Link) Cut(last []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil && l.err == nil {
		_ = l.put(last)
		_ = l.conn.Close()
	}
}
