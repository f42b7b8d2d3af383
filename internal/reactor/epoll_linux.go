//go:build !portable

package reactor

import (
	"os"
	"syscall"
)

// poller is the epoll set of a driver's connections and alarms.
//
// Whoever waits for it has a [seat]. Whatever happens to a descriptor in the set is an
// edge of the set's own, also while the set has others to tell of.
type poller struct{ fd int }

// open makes the set.
func (p *poller) open() (err error) {
	p.fd, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	return os.NewSyscallError("epoll_create1", err)
}

// close gives the set back. From then on no method may be called.
func (p *poller) close() { _ = syscall.Close(p.fd) }

// wait returns how many events there are, at most len(events), without blocking.
func (p *poller) wait(events []syscall.EpollEvent) int {
	for {
		n, errno := epollWait(p.fd, events)
		switch errno {
		case 0:
			return n
		case syscall.EINTR:
		default:
			// Nothing that the set can contain makes it fail: somebody else has closed
			// the descriptor, and no connection would ever be heard of again.
			panic(os.NewSyscallError("epoll_pwait", errno))
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

// label is what comes back with a connection's events, to find its source by.
type label struct {
	loop       int32 // the loop's number, less than maxLoops
	index      int32 // of the source, in its loop; or alarmIndex
	generation int32 // of the connection, in its loop; not 0, at most maxGeneration
}

const (
	alarmIndex    = -1
	loopBits      = 12
	maxLoops      = 1 << loopBits
	maxGeneration = 1<<(31-loopBits) - 1 // an event is read within milliseconds, long before they come again
)

// labelOf is the inverse of what control does.
func labelOf(e *syscall.EpollEvent) label {
	return label{loop: e.Pad & (maxLoops - 1), index: e.Fd, generation: e.Pad >> loopBits}
}

// control adds, changes or removes (op) what the set tells of a descriptor.
func (p *poller) control(op, fd int, of label, events uint32) error {
	event := syscall.EpollEvent{Events: events, Fd: of.index, Pad: of.generation<<loopBits | of.loop}
	return os.NewSyscallError("epoll_ctl", syscall.EpollCtl(p.fd, op, fd, &event))
}

// seat is the place of whoever waits for a poller: one goroutine at a time.
type seat struct {
	parked // a duplicate of the poller's descriptor
	events [batch]syscall.EpollEvent
}

// seat makes one more. A poller can have any number.
func (p *poller) seat() (*seat, error) {
	fd, err := duplicate(p.fd)
	if err != nil {
		return nil, err
	}
	parked, err := park(fd, "epoll")
	if err != nil {
		return nil, err
	}
	return &seat{parked: parked}, nil
}
