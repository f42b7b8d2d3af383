//go:build !portable

package reactor

import (
	"encoding/binary"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const (
	// readSize is how much is read at a time: four full TLS records.
	readSize = 64 << 10

	// batch is how many descriptors are served before timers and wakes are looked
	// at again, so that a flood on some starves nothing.
	batch = 64
)

// loop is an event loop: one goroutine that serves the connections, timers and
// wakes of many tasks, with one set of buffers.
//
// Its epoll descriptor is itself registered with Go's netpoller. The goroutine
// parks there like any other that waits for a socket, holds no thread meanwhile,
// and when the descriptor becomes readable asks it, without blocking, for what is
// ready, until nothing is. Descriptors are level-triggered: what was not read is
// told again.
type loop struct {
	epfd, wakefd, timerfd int
	file                  *os.File // of epfd, in Go's poller

	wheel   *wheel
	armed   time.Time // what timerfd is set to; zero: nothing
	sources []*source // by the index in an epoll event; nil: free
	free    []int32
	gen     int32
	pending []*source // attached just now: what was read before comes first
	events  [batch]syscall.EpollEvent
	expired func(*timer) // fire, as a value that is made once

	cipher []byte // from the socket
	plain  []byte // decrypted

	start     time.Time
	busySince atomic.Int64 // ns since start at which a task was called; 0: none is

	mu     sync.Mutex
	inbox  []*source // woken
	closed bool
	done   chan struct{}
}

// The indexes of the loop's own descriptors in epoll events.
const (
	wakeIndex  = -1
	timerIndex = -2
)

// newLoop makes a loop. The error says what the system refused.
func newLoop() (*loop, error) {
	now := time.Now()
	l := &loop{
		epfd: -1, wakefd: -1, timerfd: -1,
		wheel: newWheel(now), start: now, done: make(chan struct{}),
	}
	l.expired = func(t *timer) { l.fire(t.source) }
	if err := l.open(); err != nil {
		l.closeFDs()
		return nil, err
	}
	go l.run()
	return l, nil
}

func (l *loop) open() (err error) {
	if l.epfd, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if l.wakefd, err = fdCall("eventfd2", syscall.SYS_EVENTFD2, 0, syscall.O_NONBLOCK|syscall.O_CLOEXEC); err != nil {
		return err
	}
	if l.timerfd, err = fdCall("timerfd_create", syscall.SYS_TIMERFD_CREATE, clockMonotonic, syscall.O_NONBLOCK|syscall.O_CLOEXEC); err != nil {
		return err
	}
	for fd, index := range map[int]int32{l.wakefd: wakeIndex, l.timerfd: timerIndex} {
		event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: index}
		if err := syscall.EpollCtl(l.epfd, syscall.EPOLL_CTL_ADD, fd, &event); err != nil {
			return os.NewSyscallError("epoll_ctl", err)
		}
	}
	// os.NewFile puts a descriptor into the poller only if it does not block.
	if err := syscall.SetNonblock(l.epfd, true); err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	l.file = os.NewFile(uintptr(l.epfd), "epoll")
	return nil
}

// clockMonotonic is CLOCK_MONOTONIC of clock_gettime(2).
const clockMonotonic = 1

func fdCall(name string, number, a, b uintptr) (int, error) {
	fd, _, errno := syscall.Syscall(number, a, b, 0)
	if errno != 0 {
		return -1, os.NewSyscallError(name, errno)
	}
	return int(fd), nil
}

func (l *loop) closeFDs() {
	for _, fd := range []int{l.wakefd, l.timerfd} {
		if fd >= 0 {
			_ = syscall.Close(fd)
		}
	}
	switch {
	case l.file != nil:
		_ = l.file.Close()
	case l.epfd >= 0:
		_ = syscall.Close(l.epfd)
	}
}

// run parks the goroutine on the netpoller and serves whatever is ready, until
// the loop is closed. A task that panics ends the program; one that ends its
// goroutine ends all tasks of the loop, which must not stay dead in silence.
func (l *loop) run() {
	defer close(l.done)
	defer l.endAll()
	raw, err := l.file.SyscallConn()
	if err != nil {
		return
	}
	l.cipher = make([]byte, readSize+slack)
	l.plain = make([]byte, readSize+maxPlaintext)
	_ = raw.Read(func(uintptr) bool { return l.turn() })
}

// turn serves until nothing is ready. It reports whether the loop is closed.
func (l *loop) turn() (closed bool) {
	for {
		n, errno := epollWait(l.epfd, l.events[:])
		if errno != 0 && errno != syscall.EINTR {
			return true
		}
		for i := range l.events[:n] {
			l.event(&l.events[i])
		}
		worked := l.takePending()
		worked = l.takeInbox() || worked
		l.wheel.expire(time.Now(), l.expired)
		l.armTimer()
		if n == 0 && !worked && len(l.pending) == 0 {
			return l.isClosed()
		}
	}
}

func (l *loop) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed && len(l.inbox) == 0
}

func (l *loop) event(e *syscall.EpollEvent) {
	switch e.Fd {
	case wakeIndex:
		l.drainFD(l.wakefd)
	case timerIndex:
		l.drainFD(l.timerfd)
		l.armed = time.Time{}
	default:
		s := l.sources[e.Fd]
		if s == nil || s.gen != e.Pad {
			return // of a connection that is gone
		}
		if e.Events&syscall.EPOLLOUT != 0 && !s.writable() {
			return
		}
		if e.Events&^syscall.EPOLLOUT != 0 {
			s.look(time.Now(), false)
		}
	}
}

// drainFD empties an eventfd or a timerfd.
func (l *loop) drainFD(fd int) {
	var count [8]byte
	_, _ = readFD(fd, count[:])
}

// takePending serves what came with a new connection.
func (l *loop) takePending() (any bool) {
	for len(l.pending) > 0 {
		pending := l.pending
		l.pending = nil
		for _, s := range pending {
			s.begin()
		}
		any = true
	}
	return any
}

// takeInbox advances the tasks that were woken.
func (l *loop) takeInbox() (any bool) {
	l.mu.Lock()
	inbox := l.inbox
	l.inbox = nil
	for _, s := range inbox {
		s.woken = false
	}
	l.mu.Unlock()
	for _, s := range inbox {
		s.takePumped()
		s.advance(time.Now(), false)
	}
	return len(inbox) > 0
}

// fire advances a task whose time has come, after a look at its connection: a
// proof of life may lie unread there.
func (l *loop) fire(s *source) {
	if s.ended {
		return
	}
	now := time.Now()
	if !s.look(now, true) {
		s.advance(now, true)
	}
}

// armTimer has timerfd wake the loop at the next deadline.
func (l *loop) armTimer() {
	next := l.wheel.next()
	if next.IsZero() || !l.armed.IsZero() && !l.armed.After(next) {
		return // an earlier one will look again
	}
	// An itimerspec: interval and value, each seconds and nanoseconds.
	var spec struct{ interval, value syscall.Timespec }
	spec.value = syscall.NsecToTimespec(int64(max(time.Until(next), 1)))
	// Proof: spec lives on this stack frame for the length of the call and has the
	// layout of the kernel's struct itimerspec, two timespecs of the platform.
	_, _, errno := syscall.RawSyscall6(syscall.SYS_TIMERFD_SETTIME, uintptr(l.timerfd), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
	if errno == 0 {
		l.armed = next
	}
}

// wake has a source's task advanced soon.
func (l *loop) wake(s *source) {
	l.mu.Lock()
	if s.woken || l.closed {
		l.mu.Unlock()
		return
	}
	s.woken = true
	l.inbox = append(l.inbox, s)
	first := len(l.inbox) == 1
	l.mu.Unlock()
	if first {
		l.signal()
	}
}

// signal makes the loop's descriptor readable.
func (l *loop) signal() {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = writeFD(l.wakefd, one[:])
}

// close ends the loop when no task is left; the caller must have seen to that.
func (l *loop) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.signal()
	<-l.done
	l.closeFDs()
}

// endAll ends the tasks that are left when the loop's goroutine ends.
func (l *loop) endAll() {
	l.mu.Lock()
	l.closed = true
	inbox := l.inbox
	l.mu.Unlock()
	for _, s := range l.sources {
		if s != nil {
			s.end()
		}
	}
	for _, s := range inbox {
		s.end()
	}
}

// enter notes that a task is called; leave, that it returned.
func (l *loop) enter(now time.Time) { l.busySince.Store(max(1, int64(now.Sub(l.start)))) }
func (l *loop) leave()              { l.busySince.Store(0) }

// add gives a connection's descriptor to epoll.
func (l *loop) add(s *source, fd int) error {
	if n := len(l.free); n > 0 {
		s.index = l.free[n-1]
		l.free = l.free[:n-1]
		l.sources[s.index] = s
	} else {
		s.index = int32(len(l.sources))
		l.sources = append(l.sources, s)
	}
	l.gen++
	s.gen = l.gen
	event := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP, Fd: s.index, Pad: s.gen}
	if err := syscall.EpollCtl(l.epfd, syscall.EPOLL_CTL_ADD, fd, &event); err != nil {
		l.forget(s)
		return os.NewSyscallError("epoll_ctl", err)
	}
	return nil
}

// watch says whether the loop wants to hear when the peer reads again.
func (l *loop) watch(s *source, fd int, writable bool) {
	event := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP, Fd: s.index, Pad: s.gen}
	if writable {
		event.Events |= syscall.EPOLLOUT
	}
	_ = syscall.EpollCtl(l.epfd, syscall.EPOLL_CTL_MOD, fd, &event)
}

// remove takes a descriptor back from epoll.
func (l *loop) remove(s *source, fd int) {
	_ = syscall.EpollCtl(l.epfd, syscall.EPOLL_CTL_DEL, fd, nil)
	l.forget(s)
}

func (l *loop) forget(s *source) {
	l.sources[s.index] = nil
	l.free = append(l.free, s.index)
}
