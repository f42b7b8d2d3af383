//go:build !portable

package reactor

import (
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// readSize is how much is read at a time: nearly four full TLS records.
	readSize = 64 << 10

	// batch is how many descriptors are served before timers and wakes are looked
	// at again, so that a flood on some starves nothing.
	batch = 64
)

// loop is an event loop: one goroutine that serves the connections, timers and
// wakes of many tasks, with one set of buffers. It parks on Go's netpoller like
// any other goroutine that waits for a socket, and holds no thread meanwhile.
//
// Fields above mu are the goroutine's own, but for what poller says.
type loop struct {
	poller  poller
	wheel   *wheel
	sources []*source // of the tasks that live, by their index; nil: free
	free    []int32   // indexes
	gen     int32     // of the last connection
	pending []*source // to be looked at, whatever epoll says
	spare   []*source // memory for the next pending
	events  [batch]syscall.EpollEvent
	expired func(*timer) // fire, as a value that is made once

	cipher []byte // from the socket
	plain  []byte // decrypted

	woken bool // the inbox is to be looked at,
	timed bool // and so is the wheel
	over  bool // closed was seen

	wakes, reads uint64       // as in counts
	counts       Counts       // a copy, brought up to date once a turn
	tasks        atomic.Int32 // that were given to the loop and are not over
	start        time.Time
	busySince    atomic.Int64 // ns since start at which a task was turned to; 0: none is

	mu        sync.Mutex
	inbox     []*source // woken
	spareMail []*source // memory for the next inbox
	closed    bool      // nothing is woken any more
	done      chan struct{}
}

// newLoop makes a loop. The error says what the system refused.
func newLoop() (*loop, error) {
	now := time.Now()
	l := &loop{wheel: newWheel(now), start: now, done: make(chan struct{})}
	l.expired = func(t *timer) { l.fire(t.source) }
	if err := l.poller.open(); err != nil {
		l.poller.close()
		return nil, err
	}
	go l.run()
	return l, nil
}

// run serves whatever is ready, until the loop is closed. A task that panics
// ends the program; one that ends its goroutine ends all tasks of the loop, which
// must not stay dead in silence.
func (l *loop) run() {
	defer close(l.done)
	defer l.endAll()
	l.cipher = make([]byte, readSize+slack)
	l.plain = make([]byte, readSize+maxPlaintext)
	_ = l.poller.park(l.turn)
}

// turn serves what is ready, and reports whether the loop is closed.
//
// It need not ask again to learn that nothing more is ready: whatever comes after
// it asked is another edge for the netpoller, which has turn called once more.
func (l *loop) turn() (closed bool) {
	l.wakes++
	for {
		n, errno := l.poller.wait(l.events[:])
		if errno != 0 {
			return true
		}
		for i := range l.events[:n] {
			l.event(&l.events[i])
		}
		l.takePending()
		if l.woken {
			l.takeInbox()
		}
		if l.timed {
			l.timed = false
			l.wheel.expire(time.Now(), l.expired)
		}
		if l.wheel.changed {
			l.poller.arm(l.wheel.next())
		}
		l.publish()
		if n < len(l.events) && len(l.pending) == 0 {
			l.end()
			return l.over
		}
	}
}

// publish copies what others may see.
func (l *loop) publish() {
	l.counts.Wakes.Store(l.wakes)
	l.counts.Reads.Store(l.reads)
}

// event takes what epoll tells of a descriptor. It tells it once (see readable):
// what is to be done about it is done here, or queued.
func (l *loop) event(e *syscall.EpollEvent) {
	switch e.Fd {
	case wakeIndex:
		l.woken = true
		l.poller.quiet(e.Fd)
		return
	case timerIndex:
		l.timed = true
		l.poller.quiet(e.Fd)
		return
	}
	s := l.sources[e.Fd]
	if s == nil || s.sock == nil || s.sock.gen != e.Pad {
		return // of a connection that is gone
	}
	if e.Events&syscall.EPOLLOUT != 0 && !s.writable() {
		return
	}
	if e.Events&^syscall.EPOLLOUT == 0 {
		return
	}
	s.prefetch()
	s.ending = s.ending || e.Events&ending != 0
	s.look(l.begin(), false)
}

// queue has a source looked at soon: it may have bytes of which epoll does not
// tell.
func (l *loop) queue(s *source) {
	if !s.queued {
		s.queued = true
		l.pending = append(l.pending, s)
	}
}

// takePending looks once at each source that was queued.
func (l *loop) takePending() {
	pending := l.pending
	if len(pending) == 0 {
		return
	}
	l.pending = l.spare
	for _, s := range pending {
		s.queued = false
		s.look(l.begin(), false)
	}
	clear(pending)
	l.spare = pending[:0]
}

// takeInbox advances the tasks that were woken.
func (l *loop) takeInbox() {
	l.woken = false
	l.mu.Lock()
	inbox := l.inbox
	l.inbox = l.spareMail
	for _, s := range inbox {
		s.woken = false
		l.admit(s) // all, before any is called: endAll must know them
	}
	l.over = l.closed
	l.mu.Unlock()
	for _, s := range inbox {
		s.wakeUp()
	}
	clear(inbox)
	l.spareMail = inbox[:0]
}

// fire advances a task whose time has come, after a look at its connection: a
// proof of life may lie unread there.
func (l *loop) fire(s *source) {
	now := l.begin()
	if !s.look(now, true) {
		s.advance(now, !s.held)
	}
}

// add puts a task into the loop, which calls it soon. It reports false if the
// loop has ended.
func (l *loop) add(s *source) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	s.started = true
	l.post(s)
	return true
}

// wake has a source's task advanced soon.
func (l *loop) wake(s *source) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.started && !l.closed {
		l.post(s)
	}
}

// post puts a source into the inbox while mu is held, which keeps the poller open.
func (l *loop) post(s *source) {
	if s.woken {
		return
	}
	s.woken = true
	l.inbox = append(l.inbox, s)
	if len(l.inbox) == 1 {
		l.poller.signal()
	}
}

// close ends the loop when no task is left; the caller must have seen to that.
func (l *loop) close() {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		l.poller.signal()
	}
	l.mu.Unlock()
	<-l.done
	// Nobody signals any more: that needs mu, and that closed is not set.
	l.poller.close()
}

// endAll ends the tasks that are left when the loop's goroutine ends.
func (l *loop) endAll() {
	l.end()
	l.mu.Lock()
	l.closed = true
	inbox := l.inbox
	l.inbox = nil
	l.mu.Unlock()
	for _, s := range inbox {
		s.end()
	}
	for _, s := range l.sources {
		if s != nil {
			s.end()
		}
	}
}

// begin returns the time for the calls of a task, and notes that the loop is at
// work on them; end notes that it is not any more.
func (l *loop) begin() time.Time {
	now := time.Now()
	l.busySince.Store(max(1, int64(now.Sub(l.start))))
	return now
}

func (l *loop) end() { l.busySince.Store(0) }

// admit gives a source an index, if it has none, for as long as its task lives.
func (l *loop) admit(s *source) {
	if s.index >= 0 || s.ended {
		return
	}
	if n := len(l.free); n > 0 {
		s.index = l.free[n-1]
		l.free = l.free[:n-1]
		l.sources[s.index] = s
		return
	}
	s.index = int32(len(l.sources))
	l.sources = append(l.sources, s)
}

// dismiss takes the index back.
func (l *loop) dismiss(s *source) {
	l.sources[s.index] = nil
	l.free = append(l.free, s.index)
}
