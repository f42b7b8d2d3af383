//go:build !portable

package reactor

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// stay has the leader wait for events in the system call itself while many wakes bring few events
// each: that is one system call an event, in the place of three through Go's netpoller and another
// set, and Go's scheduler has no part in it.
//
// The call holds one of Go's processors, which nobody else can have until it returns, so it
//   - is only made where the process leaves half of its processors idle, and by at most half of them;
//   - is not made where callbacks hand events on, whose other end is better off with this processor;
//   - is over soon after events cease to come. A timer in the set ends it, because a timeout of the
//     call's own would have the system set up a timer, and take it back, for each event.
//
// When Go wants the processor, to collect garbage say, its signal interrupts the call. Somebody else
// waits for the netpoller meanwhile, and the seat is deaf, so that it is not woken as well.
//
// It belongs to whoever sits in the seat.
type stay struct {
	ear
	terms stayTerms
	limit timerfd // in the set of connections

	on     bool
	since  time.Time // when counting began
	used   usage     // by the process, then
	wakes  int       // since then
	events int       // that these brought
	wary   time.Time // until then it is not tried again
}

// stayTerms say when to stay is worth it.
type stayTerms struct {
	sample int           // wakes over which it is judged
	from   time.Duration // between wakes, at most, while the seat is waited for
	until  time.Duration // or at most that, while it is not
	always bool          // whatever else the process does
}

const (
	stayFew   = 8                    // events a wake: with more of them, the wake is the lesser part of their price
	stayCheck = 2 * time.Millisecond // is how often it is judged anew while it is on
	stayLimit = 3 * stayCheck        // is when the call ends, after the last of these
)

// usualTerms: below a thousand wakes a second the timer would be another one for each or two.
var usualTerms = stayTerms{sample: 16, from: time.Second / 2000, until: time.Second / 1000}

// staying is how many do in this process.
var staying atomic.Int32

// newStay makes one that is not on. The error says what the system refused.
func newStay(s *sets) (*stay, error) {
	e, err := openEar(s)
	if err != nil {
		return nil, err
	}
	y := &stay{ear: e, terms: s.terms}
	if y.limit, err = openTimer(); err == nil {
		if err = s.connections.control(syscall.EPOLL_CTL_ADD, int(y.limit), label{index: limitIndex}, syscall.EPOLLIN|onlyOnce); err == nil {
			y.count(time.Now(), processUsage())
			return y, nil
		}
		_ = syscall.Close(int(y.limit))
	}
	y.upper.close()
	return nil, err
}

// close gives back what the seat does not.
func (y *stay) close() {
	if y.on && !y.off() {
		staying.Add(-1)
	}
	_ = syscall.Close(int(y.limit))
}

// next takes the news that n events are served, and returns how many have come then, which may
// take a while; 0: the leader is to wait for the seat.
func (y *stay) next(n int, events []syscall.EpollEvent) int {
	y.wakes++
	y.events += n
	now := time.Now()
	apart := y.terms.from
	judge := y.wakes >= y.terms.sample
	if y.on {
		apart = y.terms.until
		judge = now.Sub(y.since) >= stayCheck
	}
	if judge {
		if !y.judge(now, processUsage(), apart) {
			return y.leave(events)
		}
		y.limit.set(stayLimit)
	}
	if !y.on {
		return 0
	}
	n = y.sets.connections.await(events)
	if n == 1 && labelOf(&events[0]).index == limitIndex {
		return y.leave(events)
	}
	return n
}

// judge decides whether to stay, with wakes so far apart at most, and begins to count anew.
func (y *stay) judge(now time.Time, used usage, apart time.Duration) bool {
	took := now.Sub(y.since)
	worth := took <= apart*time.Duration(y.wakes) && y.events <= stayFew*y.wakes
	processors := runtime.GOMAXPROCS(0)
	busy := used.cpu-y.used.cpu > took*time.Duration(processors)/2
	shared := used.switches-y.used.switches > y.wakes*3/2
	if (busy || shared) && !y.terms.always {
		y.wary = now.Add(waryFor)
	}
	y.count(now, used)
	if !worth || now.Before(y.wary) {
		return false
	}
	return y.on || y.begin(processors)
}

// begin stays, if that leaves others enough processors.
func (y *stay) begin(processors int) bool {
	if staying.Add(1) > int32(processors/2) || !y.hear(false) {
		staying.Add(-1)
		return false
	}
	y.on = true
	go func() {}() // wakes another thread, which then waits for the netpoller
	return true
}

// count begins to count.
func (y *stay) count(now time.Time, used usage) {
	y.since, y.used, y.wakes, y.events = now, used, 0, 0
}

// leave ends it, if it is on, and returns how many events have come while the seat was deaf.
func (y *stay) leave(events []syscall.EpollEvent) int {
	switch {
	case !y.on:
		return 0
	case y.off():
		return y.sets.wait(events)
	}
	y.limit.set(stayLimit)
	return y.sets.connections.await(events)
}

// off has the seat hear again. It reports false, and stays, if the system is out of memory.
func (y *stay) off() bool {
	if !y.hear(true) {
		return false
	}
	y.on = false
	staying.Add(-1)
	y.limit.set(0)
	return true
}

// usage is what a process has had of the system.
type usage struct {
	cpu      time.Duration
	switches int // of threads that had to wait
}

// processUsage returns that of this process.
func processUsage() usage {
	var r syscall.Rusage
	// It fails only for what cannot be here: another process, another address.
	//
	// Proof: r lives on this stack frame for the length of the call and is the platform's struct rusage.
	_, _, _ = syscall.RawSyscall(syscall.SYS_GETRUSAGE, syscall.RUSAGE_SELF, uintptr(unsafe.Pointer(&r)), 0)
	return usage{time.Duration(r.Utime.Nano() + r.Stime.Nano()), int(r.Nvcsw)}
}
