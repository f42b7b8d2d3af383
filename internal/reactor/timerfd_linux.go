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
func (t timerfd) set(d time.Duration) { t.settime(0, syscall.NsecToTimespec(int64(d))) }

// settime has the timer expire once; flags say what the value is.
func (t timerfd) settime(flags uintptr, value syscall.Timespec) {
	// An itimerspec: interval and value, each seconds and nanoseconds.
	var spec struct{ interval, value syscall.Timespec }
	spec.value = value
	// It fails only for what cannot be here: another descriptor, another address, a
	// negative time.
	//
	// Proof: spec lives on this stack frame for the length of the call and has the
	// layout of the kernel's struct itimerspec, two timespecs of the platform.
	_, _, _ = syscall.RawSyscall6(syscall.SYS_TIMERFD_SETTIME, uintptr(t), flags, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
}

// expired reports whether the timer has expired since it was asked last.
func (t timerfd) expired() bool {
	var count [8]byte
	n, _ := readFD(int(t), count[:])
	return n > 0
}

// clock relates the times of package time to the system's clock. All alarms of a team count by
// one, so that those for the same tick go off at the same moment, in one wake.
type clock struct {
	start  time.Time
	system int64 // ns of clockMonotonic at start
}

// openClock reads both, the system's last: an alarm may be late by what lies between, and must
// not be early.
func openClock() clock {
	start := time.Now()
	var ts syscall.Timespec
	// It fails only for what cannot be here: another clock, another address.
	//
	// Proof: ts lives on this stack frame for the length of the call and is the timespec that the
	// platform's system call fills in.
	_, _, _ = syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&ts)), 0)
	return clock{start, ts.Nano()}
}

// at returns a time by the system's clock.
func (c *clock) at(t time.Time) int64 { return c.system + int64(t.Sub(c.start)) }

// alarm is a loop's timer. It goes off in the poller, like a connection that has
// bytes, and need not be read there: to arm it takes back that it went off.
type alarm struct {
	timerfd
	at int64 // that it is set to, by the system's clock; 0: it is not
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

// timerAbstime is TFD_TIMER_ABSTIME of timerfd_settime(2).
const timerAbstime = 1

// arm has the alarm go off at next, or earlier; the zero time is for "need not".
func (a *alarm) arm(c *clock, next time.Time) {
	if next.IsZero() {
		return
	}
	if at := max(c.at(next), 1); a.at == 0 || at < a.at {
		a.at = at
		a.settime(timerAbstime, syscall.NsecToTimespec(at))
	}
}

// close gives the alarm back.
func (a *alarm) close() { _ = syscall.Close(int(a.timerfd)) }
