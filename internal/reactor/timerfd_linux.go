//go:build !portable

package reactor

import (
	"syscall"
	"time"
	"unsafe"
)

// timerfd is a timer of the system's, a descriptor that becomes readable. A few hundred
// times a second it is far cheaper than one of Go's, which wakes a thread or two for
// each, and for each that was put off.
type timerfd int

// clockMonotonic is CLOCK_MONOTONIC of clock_gettime(2).
const clockMonotonic = 1

// openTimer makes a timer that is not set.
func openTimer() (timerfd, error) {
	fd, err := newFD("timerfd_create", syscall.SYS_TIMERFD_CREATE, clockMonotonic, syscall.O_NONBLOCK|syscall.O_CLOEXEC)
	return timerfd(fd), err
}

// set has the timer expire once, after d; 0: never.
func (t timerfd) set(d time.Duration) {
	// An itimerspec: interval and value, each seconds and nanoseconds.
	var spec struct{ interval, value syscall.Timespec }
	spec.value = syscall.NsecToTimespec(int64(d))
	// It fails only for what cannot be here: another descriptor, another address, a
	// negative time.
	//
	// Proof: spec lives on this stack frame for the length of the call and has the
	// layout of the kernel's struct itimerspec, two timespecs of the platform.
	_, _, _ = syscall.RawSyscall6(syscall.SYS_TIMERFD_SETTIME, uintptr(t), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
}

// expired reports whether the timer has expired since it was asked last.
func (t timerfd) expired() bool {
	var count [8]byte
	n, _ := readFD(int(t), count[:])
	return n > 0
}

// alarm is a loop's timer. It goes off in the poller, like a connection that has
// bytes.
type alarm struct {
	timerfd
	at time.Time // that it is set to; zero: it is not
}

// open makes the alarm and adds it to a poller.
func (a *alarm) open(p *poller, of label) (err error) {
	if a.timerfd, err = openTimer(); err != nil {
		return err
	}
	if err = p.control(syscall.EPOLL_CTL_ADD, int(a.timerfd), of, syscall.EPOLLIN|onlyOnce); err != nil {
		a.close()
	}
	return err
}

// arm has the alarm go off at next, or earlier; the zero time is for "need not".
func (a *alarm) arm(next time.Time) {
	if next.IsZero() || !a.at.IsZero() && !a.at.After(next) {
		return
	}
	a.at = next
	a.set(max(time.Until(next), 1))
}

// quiet takes back that the alarm went off.
func (a *alarm) quiet() {
	a.expired()
	a.at = time.Time{}
}

// close gives the alarm back.
func (a *alarm) close() { _ = syscall.Close(int(a.timerfd)) }
