//go:build !portable

package reactor

import "syscall"

// ear is an epoll set between a driver's sets and Go's netpoller: who waits for it can be deaf
// to connections for a time.
type ear struct {
	upper poller
	sets  *sets
}

// openEar makes one that hears. The error says what the system refused.
func openEar(s *sets) (e ear, err error) {
	e.sets = s
	if err = e.upper.open(); err != nil {
		return e, err
	}
	if err = e.add(s.connections.fd); err == nil && s.alarms != s.connections {
		err = e.add(s.alarms.fd)
	}
	if err != nil {
		e.upper.close()
	}
	return e, err
}

// add has it hear of another descriptor.
func (e *ear) add(fd int) error {
	return e.upper.control(syscall.EPOLL_CTL_ADD, fd, label{}, syscall.EPOLLIN|onlyOnce)
}

// hear has it hear of connections, or be deaf to them. It reports false, and leaves all as it was,
// if the system is out of memory.
//
// Who ends deafness reads the sets again: to ask for what is readable tells of what is readable
// already, but not where the upper set has that in its list of what is ready since before it was deaf,
// which only the netpoller takes out, when it looks.
func (e *ear) hear(on bool) bool {
	events := uint32(onlyOnce) // an epoll set has no errors, which are told unasked
	if on {
		events |= syscall.EPOLLIN
	}
	return e.upper.control(syscall.EPOLL_CTL_MOD, e.sets.connections.fd, label{}, events) == nil
}
