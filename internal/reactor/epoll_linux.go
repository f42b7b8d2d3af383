//go:build !portable

package reactor

import (
	"os"
	"runtime"
	"syscall"
	"time"
)

// poller is an epoll set.
//
// Every event of a member makes the set itself readable again, even if earlier events were not
// read yet.
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
		if n, interrupted := p.read(events, 0); !interrupted {
			return n
		}
	}
}

// await is wait, but blocks until there is one, and does not tell Go's scheduler. That
// interrupts it by a signal when it wants the processor for something else.
func (p *poller) await(events []syscall.EpollEvent) int {
	for {
		if n, interrupted := p.read(events, -1); !interrupted {
			return n
		}
		runtime.Gosched()
	}
}

// read waits for so many milliseconds; -1: for ever.
func (p *poller) read(events []syscall.EpollEvent, timeout int) (n int, interrupted bool) {
	n, errno := epollWait(p.fd, events, timeout)
	if errno != 0 && errno != syscall.EINTR {
		// Nothing that the set can contain makes it fail: somebody else has closed
		// the descriptor, and no connection would ever be heard of again.
		panic(os.NewSyscallError("epoll_pwait", errno))
	}
	return n, errno == syscall.EINTR
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
	index      int32 // of the source, in its loop; or one of those below
	generation int32 // of the connection, in its loop; not 0, at most maxGeneration
}

const (
	alarmIndex    = -1 // of the loop's alarm
	limitIndex    = -2 // of stay's limit, which is no loop's
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

// sets are what a driver waits for. Whoever waits for them has a [seat].
type sets struct {
	connections poller
	alarms      poller        // connections, unless there is a latency
	latency     time.Duration // how long a connection's event may wait; 0: not at all
	terms       stayTerms     // without a latency
}

// open makes the sets.
func (s *sets) open(latency time.Duration, terms stayTerms) (err error) {
	s.latency, s.terms = latency, terms
	if err = s.connections.open(); err != nil {
		return err
	}
	s.alarms = s.connections
	if latency > 0 {
		if err = s.alarms.open(); err != nil {
			s.connections.close()
		}
	}
	return err
}

// close gives the sets back. From then on no method may be called.
func (s *sets) close() {
	if s.alarms != s.connections {
		s.alarms.close()
	}
	s.connections.close()
}

// wait returns how many events there are, at most len(events), without blocking. Those of
// alarms come first, lest a flood of others keep them off.
func (s *sets) wait(events []syscall.EpollEvent) (n int) {
	if s.alarms != s.connections {
		n = s.alarms.wait(events)
	}
	return n + s.connections.wait(events[n:])
}

// seat is the place of whoever waits for sets: one goroutine at a time.
type seat struct {
	parked         // what a wake comes from: the upper set of one of these
	gather *gather // with a latency
	stay   *stay   // without
	events [batch]syscall.EpollEvent
}

// seat makes one more. There can be any number.
func (s *sets) seat() (made *seat, err error) {
	made = &seat{}
	var upper poller
	if s.latency > 0 {
		if made.gather, err = newGather(s); err == nil {
			upper = made.gather.upper
		}
	} else if made.stay, err = newStay(s); err == nil {
		upper = made.stay.upper
	}
	if err != nil {
		return nil, err
	}
	if made.parked, err = park(upper.fd, "epoll"); err != nil {
		made.closeMode()
		return nil, err
	}
	return made, nil
}

// close gives the seat back.
func (s *seat) close() {
	s.closeMode()
	s.parked.close()
}

// closeMode gives back what is not parked.
func (s *seat) closeMode() {
	if s.gather != nil {
		s.gather.close()
	} else {
		s.stay.close()
	}
}
