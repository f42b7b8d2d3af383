//go:build !portable

package reactor

import (
	"sync"
	"sync/atomic"
	"time"
)

// team is the goroutines that run a driver's loops: a leader and its followers
// (Schmidt and others, "Leader/Followers", PLoP 2000). It has one more of them than
// loops, so that there is always one for each loop that has something to do, and one
// to lead.
//
// The leader waits for the sets, and runs itself the loops that have events: at a few
// thousand a second each comes alone, and to wake another goroutine, and often a
// thread for it, would cost a third of what it costs to serve it. It calls a follower when there is
// enough to do for two, and is replaced when a callback holds it up (see relieve).
type team struct {
	sets     sets
	clock    clock
	watchman watchman
	loops    atomic.Pointer[[]*loop] // by their numbers
	alive    sync.WaitGroup          // goroutines

	mu          sync.Mutex
	change      sync.Cond // for followers: there is something to do
	first, last *loop     // that are to be run; linked by behind
	length      int       // of that list
	seat        *seat     // the leader's
	seated      bool      // it has one
	serving     bool      // who is running loops
	wary        time.Time // until then the leader runs none

	// usual is how long a loop runs at a time: about the median, which a few that take
	// far longer, or a system that has other things to do, do not change.
	usual      time.Duration
	worthwhile time.Duration // from when on a follower helps

	closed bool
}

// newTeam makes a team without loops. latency is how long an event may wait for others;
// without one, terms say when its leader stays. The error says what the system refused.
func newTeam(latency time.Duration, terms stayTerms) (t *team, err error) {
	t = &team{clock: openClock(), worthwhile: max(worthwhile, latency)}
	t.change.L = &t.mu
	t.loops.Store(new([]*loop))
	if err = t.sets.open(latency, terms); err != nil {
		return nil, err
	}
	if t.seat, err = t.sets.seat(); err != nil {
		t.sets.close()
		return nil, err
	}
	if err = t.watchman.open(); err != nil {
		t.seat.close()
		t.sets.close()
		return nil, err
	}
	t.alive.Go(func() { t.watchman.watch(t.relieve) })
	t.hire()
	return t, nil
}

// grow gives the team one more loop. One goroutine may call it at a time. The error
// says what the system refused.
func (t *team) grow() error {
	loops := *t.loops.Load()
	l, err := newLoop(t, int32(len(loops)))
	if err != nil {
		return err
	}
	loops = append(loops[:len(loops):len(loops)], l) // a copy: others read the old one
	t.loops.Store(&loops)
	t.hire()
	return nil
}

// hire adds a goroutine.
func (t *team) hire() {
	t.alive.Add(1)
	go t.work()
}

// work does what there is to do, until the team is closed: it leads if nobody does,
// and runs a loop if one is waiting.
func (t *team) work() {
	defer t.alive.Done()
	b := newBuffers()
	t.mu.Lock()
	defer t.mu.Unlock()
	over := false
	defer func() {
		if !over { // a callback has ended the goroutine
			t.hire()
		}
	}()
	for !t.closed {
		switch {
		case !t.seated:
			t.lead(b)
		case t.length > 0:
			if t.length > 1 {
				t.change.Signal()
			}
			t.run(b, time.Now())
		default:
			t.change.Wait()
		}
	}
	over = true
}

// call has a loop run soon, which is not to be already; help says that the leader may
// not be about to do it.
func (t *team) call(l *loop, help bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if help {
		t.change.Signal()
	}
	if t.length == 0 {
		t.first = l
	} else {
		t.last.behind = l
	}
	t.last = l
	t.length++
}

// run runs the first of the loops that are to be run, and returns the time. mu is held,
// but not meanwhile.
func (t *team) run(b *buffers, now time.Time) (then time.Time) {
	l := t.first
	t.first, l.behind = l.behind, nil
	t.length--
	t.unlocked(func() { l.run(b) })
	then = time.Now()
	l.counts.Busy.Add(int64(then.Sub(now)))
	if step := t.usual / 8; then.Sub(now) > t.usual {
		t.usual += step
	} else {
		t.usual -= step
	}
	t.usual = max(t.usual, time.Microsecond)
	return then
}

// unlocked lets go of mu while f runs. It has mu again also if f ends the goroutine.
func (t *team) unlocked(f func()) {
	t.mu.Unlock()
	defer t.mu.Lock()
	f()
}

// close ends the team when no task is left; the caller must have seen to that.
func (t *team) close() {
	loops := *t.loops.Load()
	for _, l := range loops {
		l.shut()
	}
	t.mu.Lock()
	t.closed = true
	t.change.Broadcast()
	t.seat.leave()
	t.mu.Unlock()
	t.watchman.leave()
	t.alive.Wait()
	for _, l := range loops {
		l.alarm.close()
	}
	t.watchman.close()
	t.seat.close()
	t.sets.close()
}
