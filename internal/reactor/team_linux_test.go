//go:build !portable

package reactor

import (
	"io"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// listener is a task of a loop of its own that does what the bytes say which its peer
// sends: see listeners.
type listener struct {
	*task
	far     net.Conn
	heard   chan byte     // each byte that came
	release chan struct{} // ends the feed of a 'w'
}

// send has the peer send a byte.
func (l *listener) send(t *testing.T, b byte) {
	t.Helper()
	if _, err := l.far.Write([]byte{b}); err != nil {
		t.Fatal(err)
	}
}

// listeners returns a driver of so many loops and a task for each. A task waits in the
// callback that brings it a 'w', and ends its goroutine when it hears a 'g'.
func listeners(t *testing.T, n int) (*epollDriver, []*listener) {
	t.Helper()
	d := loopsFor(t, n)
	if len(d.loops()) != n {
		t.Fatalf("%d loops for %d tasks", len(d.loops()), n)
	}
	var list []*listener
	for range n {
		near, far := pair(t, d, "TCP", nil)
		l := &listener{far: far, heard: make(chan byte, 64), release: make(chan struct{})}
		l.task, _ = held(d, t, near, func(b []byte) {
			for _, c := range b {
				l.heard <- c
				switch c {
				case 'w':
					<-l.release
				case 'g':
					runtime.Goexit()
				}
			}
		})
		list = append(list, l)
	}
	t.Cleanup(func() {
		for _, l := range list {
			l.far.Close()
			<-l.over
		}
	})
	return d, list
}

// hear waits until a byte has come, and fails if it is another.
func (l *listener) hear(t *testing.T, want byte) {
	t.Helper()
	if got := <-l.heard; got != want {
		t.Fatalf("heard %q, want %q", got, want)
	}
}

// confident waits until the leader is not wary any more, and runs loops itself.
func confident(t *testing.T, team *team) {
	until(t, "a leader that is not wary", func() bool {
		team.mu.Lock()
		defer team.mu.Unlock()
		return time.Now().After(team.wary)
	})
}

// Callbacks that do not return hold up their own loops, and no others: whoever led
// when they were called is replaced, and when they return at last nothing was lost.
func TestHeldUpLeaderIsReplaced(t *testing.T) {
	d, list := listeners(t, 4)
	last := list[len(list)-1]
	for round := range 3 {
		for i, l := range list[:3] {
			if round > 0 {
				confident(t, d.team)
			}
			l.send(t, 'w')
			l.hear(t, 'w')
			l.send(t, 'x') // for afterwards
			last.send(t, byte(i))
			last.hear(t, byte(i))
		}
		for _, l := range list[:3] {
			l.release <- struct{}{}
			l.hear(t, 'x')
		}
	}
}

// Where no descriptor is left for another leader, the first keeps the lead, and loses
// it as soon as there is one.
func TestReplacementOutOfDescriptors(t *testing.T) {
	d, list := listeners(t, 2)
	restore := limitDescriptors(t, 0)
	list[0].send(t, 'w')
	list[0].hear(t, 'w')
	before, serving := lead(d.team)
	d.team.relieve()
	if after, _ := lead(d.team); serving && after != before {
		restore()
		t.Fatal("another leads, on no descriptor")
	}
	list[1].send(t, 'x')
	restore()
	list[1].hear(t, 'x')
	list[0].release <- struct{}{}
}

// lead returns the seat of a team's leader, and whether that is running loops.
func lead(team *team) (*seat, bool) {
	team.mu.Lock()
	defer team.mu.Unlock()
	return team.seat, team.serving
}

// A callback that ends the leader's goroutine ends the tasks of its loop; the others
// find another leader.
func TestGoexitOfLeaders(t *testing.T) {
	_, list := listeners(t, 4)
	for i, l := range list[:3] {
		l.send(t, 'g')
		l.hear(t, 'g')
		<-l.over
		for _, other := range list[i+1:] {
			other.send(t, 'x')
			other.hear(t, 'x')
		}
	}
}

// A connection's label comes back with its events, whatever it is.
func TestLabels(t *testing.T) {
	p := openPoller(t)
	near, far := tcpPair(t)
	defer near.Close()
	defer far.Close()
	raw, err := near.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	op := syscall.EPOLL_CTL_ADD
	for _, loop := range []int32{0, 1, maxLoops - 1} {
		for _, index := range []int32{alarmIndex, 0, 1, 1<<31 - 1} {
			for _, generation := range []int32{0, 1, maxGeneration} {
				want := label{loop, index, generation}
				var got [2]syscall.EpollEvent
				n := 0
				err := raw.Control(func(fd uintptr) {
					if err := p.control(op, int(fd), want, syscall.EPOLLOUT); err != nil {
						t.Fatal(err)
					}
					n = p.wait(got[:])
				})
				if err != nil || n != 1 || labelOf(&got[0]) != want {
					t.Errorf("%+v came back as %+v: %d events, %v", want, labelOf(&got[0]), n, err)
				}
				op = syscall.EPOLL_CTL_MOD
			}
		}
	}
	l := &loop{gen: maxGeneration - 1}
	for _, want := range []int32{maxGeneration, 1, 2} {
		if got := l.nextGeneration(); got != want {
			t.Errorf("generation %d, want %d", got, want)
		}
	}
}

// The watchman's timer runs while a leader is at work, and hardly any system call is
// made for it: none where batches follow each other closely, and two for one that
// comes alone, behind which it does not run any more.
func TestWatchmanTimer(t *testing.T) {
	var w watchman
	if err := w.open(); err != nil {
		t.Skip(err)
	}
	defer w.close()
	now := time.Now()
	for _, c := range []struct {
		what    string
		after   time.Duration
		set     bool // by begin
		running bool // after end
	}{
		{"the first", time.Hour, true, false},
		{"one soon after", heldUp / 4, true, true},
		{"the next", heldUp / 4, false, true},
		{"before half of the time", heldUp/4 - 1, false, true},
		{"at half of it", 1, true, true},
		{"one that comes alone", heldUp, true, false},
		{"another", 2 * heldUp, true, false},
	} {
		now = now.Add(c.after)
		if set := w.begin(now); set != c.set {
			t.Errorf("%s: set: %v", c.what, set)
		}
		w.end()
		if running := !w.told.IsZero(); running != c.running {
			t.Errorf("%s: running behind it: %v", c.what, running)
		}
	}
	late := make(chan struct{}, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.watch(func() { late <- struct{}{} })
	}()
	w.begin(now.Add(time.Minute))
	<-late // by the real clock
	w.leave()
	<-ended
}

// Wakes by others and events by the poller come to tasks of many loops at once, and
// the last of each is heard: no loop is left with something to do.
func TestNoLoopIsForgotten(t *testing.T) {
	_, list := listeners(t, 4)
	const rounds = 2000
	errs := make(chan error, len(list))
	for _, l := range list {
		go func() {
			for range rounds {
				if _, err := l.far.Write([]byte{'x'}); err != nil {
					errs <- err
					return
				}
				l.loop.Wake()
				if <-l.heard != 'x' {
					errs <- io.ErrUnexpectedEOF
					return
				}
				l.loop.Wake()
			}
			errs <- nil
		}()
	}
	for range list {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
