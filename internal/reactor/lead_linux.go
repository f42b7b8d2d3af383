//go:build !portable

package reactor

import (
	"slices"
	"syscall"
	"time"
)

const (
	// worthwhile is how long the leader would have to be at work for a follower to be
	// woken for it, unless events may wait for longer.
	worthwhile = 100 * time.Microsecond

	// waryFor is how long the leader leaves all loops to its followers after a
	// callback that took long. There may be more of them.
	waryFor = 50 * time.Millisecond
)

// lead waits for events and serves them, until the team is closed or another leads. mu
// is held, but not meanwhile.
func (t *team) lead(b *buffers) {
	t.seated = true
	s := t.seat
	defer t.resign(s)
	t.unlocked(func() {
		s.wait(func() (over bool) { return t.round(s, b) })
	})
}

// round serves what there is, and reports whether another leads.
func (t *team) round(s *seat, b *buffers) (over bool) {
	if s.gather != nil {
		s.gather.woken(time.Now())
	}
	n := t.sets.wait(s.events[:])
	for {
		t.tell(s.events[:n])
		more, over := t.serve(s, b)
		if over {
			return over
		}
		again := more || n == len(s.events)
		// Otherwise it need not ask again to learn that nothing more is ready: whatever comes
		// after it asked is another edge for the netpoller.
		switch {
		case s.gather != nil:
			s.gather.events += n
			again = again || s.gather.served(time.Now())
		case !again:
			if n = s.stay.next(n, s.events[:]); n == 0 {
				return false
			}
			continue
		}
		if !again {
			return false
		}
		n = t.sets.wait(s.events[:])
	}
}

// tell gives events to the loops that they are for, which are to be run then.
func (t *team) tell(events []syscall.EpollEvent) {
	loops := *t.loops.Load()
	for i := range events {
		of := labelOf(&events[i])
		if of.index == limitIndex {
			continue
		}
		loops[of.loop].tell(of, events[i].Events)
	}
}

// serve runs the loops that are to be run, once each, or leaves them to followers. It
// reports whether there are more, and whether s is not the leader's seat any more.
func (t *team) serve(s *seat, b *buffers) (more, over bool) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if over = t.over(s); over || t.length == 0 {
		return false, over
	}
	if t.watchman.begin(now) {
		t.beWary(now)
	}
	leave := t.usual > t.worthwhile || now.Before(t.wary)
	if leave || t.length > 1 && time.Duration(t.length)*t.usual > t.worthwhile {
		t.change.Signal() // who signals to the next
	}
	if leave {
		return false, false
	}
	t.serving = true
	for n := t.length; n > 0 && t.length > 0 && !over; n-- {
		now = t.run(b, now)
		over = t.over(s)
	}
	if !over {
		t.serving = false
		t.watchman.end()
	}
	return t.length > 0, over
}

// over reports whether the seat is not the leader's any more. mu is held.
func (t *team) over(s *seat) bool { return t.seat != s || t.closed }

// beWary keeps the leader wary for as long as callbacks take long. mu is held.
func (t *team) beWary(now time.Time) {
	if now.Before(t.wary) && slices.ContainsFunc(*t.loops.Load(), func(l *loop) bool { return l.busyFor(now) >= heldUp/2 }) {
		t.wary = now.Add(waryFor)
	}
}

// relieve gives the lead to a follower if the leader is held up, by one callback or by
// many. The watchman calls it.
func (t *team) relieve() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.serving || t.closed {
		return
	}
	seat, err := t.sets.seat()
	if err != nil { // out of descriptors: perhaps later
		t.watchman.timer.set(heldUp)
		return
	}
	t.seat, t.seated, t.serving = seat, false, false
	t.wary = time.Now().Add(waryFor)
	t.change.Signal()
}

// resign gives the seat back that the leader had, or leaves it to another if a
// callback has ended the leader's goroutine. mu is held.
func (t *team) resign(s *seat) {
	switch {
	case t.seat != s:
		s.close()
	case !t.closed:
		t.seated, t.serving = false, false
		t.change.Signal()
	}
}
