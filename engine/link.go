package engine

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/engine/internal/limit"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/pool"
)

// writeTimeout is how long a write may take: a peer that does not read costs
// its shard the connection.
const writeTimeout = 5 * time.Second

// link is the writing half of a shard's connection. Any goroutine may write,
// one at a time; there is no queue.
type link struct {
	failed  atomic.Bool // err is not nil
	mu      sync.Mutex
	conn    net.Conn
	err     error         // of the first write that failed; the loop picks it up
	open    bool          // the session is live: the user's payloads may go
	opened  chan struct{} // closed when open becomes true, or the shard stops
	ended   bool          // the shard has stopped
	session string        // the id of the session that is live
	max     int           // payloads in a period, heartbeats included; 0: Discord's 120, negative: no limit
	limit   int           // of these, the user's; negative: no limit
	turn    chan struct{} // held by the one Send that waits at the window; nil before the first
	window  limit.Window
	sent    atomic.Uint64 // bytes
}

// takingTurns returns what is held by the one Send that may wait at the window.
// Most shards never send, so it is made for the first that does.
func (l *link) takingTurns() chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turn == nil {
		l.turn = make(chan struct{}, 1)
	}
	return l.turn
}

// attach takes a new connection.
func (l *link) attach(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn, l.err = conn, nil
	l.failed.Store(false)
	l.window.Reset()
}

// detach lets go of the connection.
func (l *link) detach() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn, l.err = nil, nil
	l.failed.Store(false)
	l.open = false
}

// start lets the user's payloads go: a session is live on a connection with that
// heartbeat interval.
func (l *link) start(session string, interval time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open, l.session = true, session
	l.limit = limit.Commands(l.max, interval)
	l.announce()
}

// pause holds the user's payloads back.
func (l *link) pause() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = false
}

// whenOpen returns a channel that is closed when a session goes live or the shard
// stops; nil, and what stands in the way, if one is live or the shard has stopped.
func (l *link) whenOpen() (<-chan struct{}, error) {
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
func (l *link) opening() <-chan struct{} {
	if l.opened == nil {
		l.opened = make(chan struct{})
	}
	return l.opened
}

// end says that the shard has stopped for good.
func (l *link) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open, l.ended = false, true
	l.announce()
}

// announce wakes whoever waits for the link to open.
func (l *link) announce() {
	if l.opened != nil {
		close(l.opened)
		l.opened = nil
	}
}

// permits returns how many of the user's payloads can be sent at once, and when
// there will be one more: the zero time where none was spent. Where there is no
// limit, left is -1; while the session is not live, it is 0.
func (l *link) permits(now time.Time) (left int, next time.Time) {
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

// write sends frames of the engine's own.
func (l *link) write(frames []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.put(frames)
}

// put writes while mu is held. The first error ends the connection: part of a
// frame may be on its way.
func (l *link) put(frames []byte) error {
	if l.conn == nil {
		return ErrConnectionLost
	}
	if l.err != nil {
		return l.err
	}
	_ = l.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	n, err := l.conn.Write(frames)
	l.sent.Add(uint64(n))
	l.err = err
	l.failed.Store(err != nil)
	return err
}

// failure returns the error of a write that failed.
func (l *link) failure() error {
	if !l.failed.Load() {
		return nil // without the lock: it is asked after every read
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// try sends a command if the session is live and a permit is left. Otherwise it
// returns what to wait for: the channel, or else the time.
func (l *link) try(cmd *command) (done bool, opened <-chan struct{}, wait time.Duration, err error) {
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
	if cmd.admit != nil {
		if err := cmd.admit(now, l.session); err != nil {
			return true, nil, 0, err
		}
	}
	l.window.Note(now, l.limit)
	buf := pool.Get(len(cmd.payload) + frame.MaxHeader)
	defer buf.Release()
	buf.B = frame.AppendFrame(buf.B, frame.OpText, frame.NewMask(), cmd.payload)
	if err := l.put(buf.B); err != nil {
		return true, nil, 0, ErrConnectionLost
	}
	if cmd.sent != nil {
		cmd.sent()
	}
	return true, nil, 0, nil
}
