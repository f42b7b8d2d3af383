//go:build !portable

package reactor

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
)

// limitDescriptors has the system refuse descriptors from number n on, until restore.
func limitDescriptors(t *testing.T, n int) (restore func()) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Skip(err)
	}
	few := limit
	few.Cur = uint64(n)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Skip(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
	}
}

// openPoller returns a poller of the test's own.
func openPoller(t *testing.T) (p poller) {
	t.Helper()
	if err := p.open(); err != nil {
		t.Skip(err)
	}
	t.Cleanup(p.close)
	return p
}

// Where the system refuses descriptors, New says so and gives the driver that
// needs none, and what it had opened is closed.
func TestNewFallsBack(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip(err)
	}
	before := openDescriptors()
	restore := limitDescriptors(t, before) // one more, since what counts them is closed: it takes two
	d, why := New(8, 0, nil)
	restore()
	if _, ok := d.(PortableDriver); !ok || !errors.Is(why, syscall.EMFILE) {
		t.Fatalf("New gave a %T because of %v", d, why)
	}
	if after := openDescriptors(); after != before {
		t.Errorf("%d descriptors are open, %d were before", after, before)
	}
}

// What happens to a connection that is held is told once at most: its loop would
// otherwise never come to rest.
func TestHeldIsToldOnce(t *testing.T) {
	p := openPoller(t)
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(pair[0])
	for _, op := range []int{syscall.EPOLL_CTL_ADD, syscall.EPOLL_CTL_MOD} {
		if err := p.control(op, pair[0], label{}, onlyOnce); err != nil {
			t.Fatal(err)
		}
	}
	events := make([]syscall.EpollEvent, 8)
	if n := p.wait(events); n != 0 {
		t.Errorf("%d events before there was any", n)
	}
	syscall.Close(pair[1])
	told := 0
	for range 10 {
		n := p.wait(events)
		told += n
	}
	if told > 1 {
		t.Errorf("the end was told %d times", told)
	}
	if err := p.control(syscall.EPOLL_CTL_MOD, pair[0], label{}, readable); err != nil {
		t.Fatal(err)
	}
	if n := p.wait(events); n != 1 {
		t.Errorf("%d events once it is read again", n)
	}
}

// Tasks that come later are spread as evenly as the first ones, and the places of
// those that are over are taken again.
func TestGrowSpreadsEvenly(t *testing.T) {
	e := loops(t).(*epollDriver)
	most := loopsPerProcessor * runtime.GOMAXPROCS(0)
	counts := func() (list []int32) {
		for _, l := range e.loops() {
			list = append(list, l.tasks.Load())
		}
		return list
	}
	var over []chan struct{}
	add := func(n int) {
		e.Grow(n)
		for range n {
			end, ended := make(chan struct{}), make(chan struct{})
			k := &task{t: t, advance: func(time.Time, bool) (time.Time, bool) {
				select {
				case <-end:
					return time.Time{}, true
				default:
					return time.Time{}, false
				}
			}}
			k.loop = e.NewLoop(k)
			k.loop.Start()
			stop := make(chan struct{})
			go func() { <-stop; close(end); k.loop.Wake(); close(ended) }()
			over = append(over, stop)
		}
	}
	add(1)
	if len(e.loops()) != 1 {
		t.Fatalf("%d loops for a task", len(e.loops()))
	}
	add(2*most - 1)
	if got := counts(); len(got) != most || slices.Min(got) != 2 || slices.Max(got) != 2 {
		t.Errorf("tasks of each loop: %v", got)
	}
	close(over[0])
	until(t, "the end of a task", func() bool { return slices.Min(counts()) == 1 })
	add(1)
	if got := counts(); slices.Min(got) != 2 || slices.Max(got) != 2 {
		t.Errorf("after one was over and one came: %v", got)
	}
	for _, stop := range over[1:] {
		close(stop)
	}
}
