//go:build !portable

package reactor

import (
	"encoding/binary"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// poller is a loop's descriptors: an epoll set with an eventfd that wakes it and
// a timerfd that ends its waiting.
//
// The epoll descriptor is itself registered with Go's netpoller, which is
// edge-triggered. Whatever happens to a descriptor in the set is an edge of the set's
// own, also while the set has others to tell of. So an edge that comes after the set
// was asked is not lost: the netpoller keeps it for the next wait.
type poller struct {
	epfd, wakefd, timerfd int
	file                  *os.File  // of epfd, in Go's poller
	armed                 time.Time // what timerfd is set to; zero: nothing
}

// The indexes of the poller's own descriptors in its events. A connection's is
// not negative.
const (
	wakeIndex  = -1
	timerIndex = -2
)

// clockMonotonic is CLOCK_MONOTONIC of clock_gettime(2).
const clockMonotonic = 1

// open makes the descriptors. After an error close must be called.
func (p *poller) open() (err error) {
	p.epfd, p.wakefd, p.timerfd = -1, -1, -1
	if p.epfd, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if p.wakefd, err = newFD("eventfd2", syscall.SYS_EVENTFD2, 0, syscall.O_NONBLOCK|syscall.O_CLOEXEC); err != nil {
		return err
	}
	if p.timerfd, err = newFD("timerfd_create", syscall.SYS_TIMERFD_CREATE, clockMonotonic, syscall.O_NONBLOCK|syscall.O_CLOEXEC); err != nil {
		return err
	}
	if err := p.control(syscall.EPOLL_CTL_ADD, p.wakefd, wakeIndex, 0, syscall.EPOLLIN|onlyOnce); err != nil {
		return err
	}
	if err := p.control(syscall.EPOLL_CTL_ADD, p.timerfd, timerIndex, 0, syscall.EPOLLIN|onlyOnce); err != nil {
		return err
	}
	// os.NewFile puts a descriptor into the netpoller only if it does not block.
	if err := syscall.SetNonblock(p.epfd, true); err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	p.file = os.NewFile(uintptr(p.epfd), "epoll")
	// It does not say whether that succeeded, but only then are there deadlines.
	return p.file.SetReadDeadline(time.Time{})
}

// newFD calls a system call that makes a descriptor.
func newFD(name string, number, a, b uintptr) (int, error) {
	fd, _, errno := syscall.Syscall(number, a, b, 0)
	if errno != 0 {
		return -1, os.NewSyscallError(name, errno)
	}
	return int(fd), nil
}

// close gives the descriptors back. From then on no method may be called.
func (p *poller) close() {
	for _, fd := range []int{p.wakefd, p.timerfd} {
		if fd >= 0 {
			_ = syscall.Close(fd)
		}
	}
	switch {
	case p.file != nil:
		_ = p.file.Close()
	case p.epfd >= 0:
		_ = syscall.Close(p.epfd)
	}
}

// park waits until the epoll descriptor is readable and calls turn, again and
// again until it returns true.
func (p *poller) park(turn func() (over bool)) error {
	raw, err := p.file.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Read(func(uintptr) bool { return turn() })
}

// wait returns how many events there are, at most len(events), without blocking.
func (p *poller) wait(events []syscall.EpollEvent) (int, syscall.Errno) {
	for {
		n, errno := epollWait(p.epfd, events)
		if errno != syscall.EINTR {
			return n, errno
		}
	}
}

// What is asked of a connection's events: bytes to read, or the end of them, each
// told once (EPOLLET, which is negative in package syscall): whoever is told reads
// until the socket is empty, or queues the source, and an end that came with bytes lies
// behind them. Level-triggered, a descriptor would stay in the set's ready list after
// it was read, only to be found empty when the set is asked the next time, its socket
// long out of the cache: 6 % of what an event costs that comes alone.
const (
	readable = syscall.EPOLLIN | syscall.EPOLLRDHUP | onlyOnce
	onlyOnce = 1 << 31
	ending   = syscall.EPOLLRDHUP | syscall.EPOLLHUP | syscall.EPOLLERR
)

// control adds, changes or removes (op) what the poller tells of a descriptor.
// index and generation come back with its events.
func (p *poller) control(op, fd int, index, generation int32, events uint32) error {
	event := syscall.EpollEvent{Events: events, Fd: index, Pad: generation}
	return os.NewSyscallError("epoll_ctl", syscall.EpollCtl(p.epfd, op, fd, &event))
}

// signal makes the epoll descriptor readable. Any goroutine may call it, as long
// as the poller is open.
func (p *poller) signal() {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = writeFD(p.wakefd, one[:])
}

// quiet takes back a signal, or the expiry of the timer.
func (p *poller) quiet(index int32) {
	fd := p.wakefd
	if index == timerIndex {
		fd = p.timerfd
		p.armed = time.Time{}
	}
	var count [8]byte
	_, _ = readFD(fd, count[:])
}

// arm makes the epoll descriptor readable at next, or earlier.
func (p *poller) arm(next time.Time) {
	if next.IsZero() || !p.armed.IsZero() && !p.armed.After(next) {
		return
	}
	// An itimerspec: interval and value, each seconds and nanoseconds.
	var spec struct{ interval, value syscall.Timespec }
	spec.value = syscall.NsecToTimespec(int64(max(time.Until(next), 1)))
	// Proof: spec lives on this stack frame for the length of the call and has the
	// layout of the kernel's struct itimerspec, two timespecs of the platform.
	_, _, errno := syscall.RawSyscall6(syscall.SYS_TIMERFD_SETTIME, uintptr(p.timerfd), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
	if errno == 0 {
		p.armed = next
	}
}
