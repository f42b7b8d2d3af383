package reactor

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/pool"
)

const (
	// smallRead is the buffer of a connection on which little happens: a
	// goroutine that is blocked in Read must hold one.
	smallRead = 4 << 10

	// largeRead is the buffer of a connection that filled the small one. It
	// holds four full TLS records.
	largeRead = 64 << 10

	// calmReads is after how many reads in a row that a small buffer would have
	// held the large one is given back.
	calmReads = 32

	// lastLook is how long a read waits when its deadline has already passed. A
	// deadline in the past would make Read return without looking at the socket.
	lastLook = 5 * time.Millisecond
)

// longAgo is a read deadline that makes a blocked Read return at once.
var longAgo = time.Unix(1, 0)

// Portable is a loop that has a goroutine of its own and blocks in the
// connection's Read until the next deadline of its task.
type Portable struct {
	task  Task
	guard Guard
	wake  chan struct{} // ends a wait without a connection

	// busySince is the time, in nanoseconds since start, at which the task was
	// called; 0 while the loop waits.
	busySince atomic.Int64
	start     time.Time
	counts    Counts

	// mu orders a wake against the setting of a read deadline: without it, a
	// deadline set just after a wake would put the wake to sleep.
	mu       sync.Mutex
	conn     net.Conn
	woken    bool
	deadline time.Time // the one set on conn

	head []byte // read before the connection was attached, not yet fed
	held bool   // nothing is read
	buf  *pool.Buffer
	calm int // reads in a row that a small buffer would have held
}

// NewPortable returns a loop for task. Run must be called to drive it.
func NewPortable(task Task) *Portable {
	return &Portable{task: task, guard: unguarded, wake: make(chan struct{}, 1), start: time.Now()}
}

// Start implements [Loop].
func (l *Portable) Start() {
	go func() {
		defer l.task.Done()
		l.guard(l.Run)
	}()
}

// Run drives the task on the calling goroutine until the task is over. A
// connection that is still attached then is closed.
func (l *Portable) Run() {
	defer func() {
		l.Detach()
		if l.buf != nil {
			l.buf.Release()
			l.buf = nil
		}
	}()
	drained := true
	for {
		now := l.begin()
		next, done := l.task.Advance(now, drained)
		l.end()
		if done {
			return
		}
		switch {
		case l.conn == nil, l.held:
			l.wait(next)
			l.counts.Wakes.Add(1)
			drained = l.conn == nil
		case len(l.head) > 0:
			head := l.head
			l.head = nil
			l.feed(head)
			drained = false
		default:
			drained = l.read(next)
			l.counts.Wakes.Add(1)
		}
	}
}

// BusyFor returns for how long the task has been at work on one call, 0 if it
// is not. Any goroutine may ask.
func (l *Portable) BusyFor(now time.Time) time.Duration {
	since := l.busySince.Load()
	if since == 0 {
		return 0
	}
	return now.Sub(l.start) - time.Duration(since)
}

func (l *Portable) begin() time.Time {
	now := time.Now()
	l.busySince.Store(max(1, int64(now.Sub(l.start))))
	return now
}

func (l *Portable) end() { l.busySince.Store(0) }

func (l *Portable) feed(b []byte) {
	now := l.begin()
	l.task.Feed(now, b)
	l.end()
}

// wait blocks until next or a wake: there is nothing to read from, or reading is
// held.
func (l *Portable) wait(next time.Time) {
	if l.takeWake() {
		return
	}
	var due <-chan time.Time
	if !next.IsZero() {
		timer := time.NewTimer(time.Until(next))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-l.wake:
		l.takeWake()
	case <-due:
	}
}

// takeWake reports whether there was a wake since it was last asked.
func (l *Portable) takeWake() (woken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	woken = l.woken
	l.woken = false
	// A wake leaves a deadline in the past, so the next one must be set anew.
	l.deadline = longAgo
	return woken
}

// read waits for bytes until next and feeds them. It reports whether the
// connection had nothing to give until the deadline.
func (l *Portable) read(next time.Time) (drained bool) {
	conn := l.conn
	if !l.arm(next) {
		return false
	}
	buf := l.buffer()
	n, err := conn.Read(buf)
	if n > 0 {
		l.counts.Reads.Add(1)
		l.feed(buf[:n])
		l.adapt(n)
	}
	if err == nil || l.conn != conn {
		return false
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return !l.takeWake() && n == 0
	}
	l.Detach()
	now := l.begin()
	l.task.Fail(now, err)
	l.end()
	return false
}

// arm sets the deadline of the next read; false means that a wake came first.
func (l *Portable) arm(next time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.woken {
		l.woken = false
		l.deadline = longAgo
		return false
	}
	if !next.IsZero() {
		if soonest := time.Now().Add(lastLook); next.Before(soonest) {
			next = soonest
		}
	}
	if !next.Equal(l.deadline) {
		// An error means that the connection is closed; Read will say so.
		_ = l.conn.SetReadDeadline(next)
		l.deadline = next
	}
	return true
}

// buffer returns where the next read goes to. Its whole length counts as used,
// so that the pool keeps it for the next busy connection.
func (l *Portable) buffer() []byte {
	if l.buf == nil {
		l.buf = pool.Get(smallRead)
	}
	l.buf.B = l.buf.B[:cap(l.buf.B)]
	return l.buf.B
}

// adapt chooses the buffer of the next read by what the last one brought.
func (l *Portable) adapt(n int) {
	switch size := cap(l.buf.B); {
	case n == size && size < largeRead:
		l.buf.Release()
		l.buf = pool.Get(largeRead)
		l.calm = 0
	case n > smallRead || size < largeRead:
		l.calm = 0
	default:
		if l.calm++; l.calm >= calmReads {
			l.buf.Release()
			l.buf = nil
		}
	}
}

// Attach implements [Loop].
func (l *Portable) Attach(conn net.Conn, head []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = conn
	l.deadline = longAgo
	l.head = head
}

// Detach implements [Loop].
func (l *Portable) Detach() {
	l.mu.Lock()
	conn := l.conn
	l.conn = nil
	l.head, l.held = nil, false
	l.mu.Unlock()
	if conn != nil {
		_ = conn.Close()
	}
}

// Records implements [Loop].
func (l *Portable) Records() Records {
	if _, encrypted := l.conn.(*tls.Conn); encrypted {
		return Records{Plain: "the portable driver has a goroutine wait in each connection's Read"}
	}
	return Records{}
}

// Hold implements [Loop].
func (l *Portable) Hold(held bool) { l.held = held && l.conn != nil }

// Counts implements [Loop].
func (l *Portable) Counts() *Counts { return &l.counts }

// Wake implements [Loop].
func (l *Portable) Wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.woken {
		return
	}
	l.woken = true
	if l.conn != nil {
		_ = l.conn.SetReadDeadline(longAgo)
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
