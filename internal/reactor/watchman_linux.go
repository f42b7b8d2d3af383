//go:build !portable

package reactor

import "time"

// heldUp is how long a leader may be at work on one batch before another takes its
// place: at least half of it, at most all of it. It is longer than what a system with
// much to do takes a thread its processor away for.
const heldUp = 8 * time.Millisecond

// watchman notices when a leader does not get on. The leader puts the watchman's timer
// off again and again; one that hardly has anything to do sets it before and takes it
// back behind, so that the watchman sleeps as well.
//
// begin and end are for the leader, with the team's mu held.
type watchman struct {
	timer  timerfd
	parked           // timer, in Go's netpoller
	last   time.Time // when a batch began
	sparse bool      // it was the first for long
	told   time.Time // when the timer was set; zero: it is not
}

// open makes the timer.
func (w *watchman) open() (err error) {
	if w.timer, err = openTimer(); err != nil {
		return err
	}
	w.parked, err = park(int(w.timer), "timerfd")
	return err
}

// watch calls late whenever a leader does not get on, until leave is called.
func (w *watchman) watch(late func()) {
	w.wait(func() (over bool) {
		if w.timer.expired() {
			late()
		}
		return false
	})
}

// begin says that the leader begins with a batch. It reports whether the timer was put
// off, which it is once in a while.
func (w *watchman) begin(now time.Time) (putOff bool) {
	w.sparse = now.Sub(w.last) >= heldUp
	w.last = now
	if !w.told.IsZero() && now.Sub(w.told) < heldUp/2 {
		return false
	}
	w.told = now
	w.timer.set(heldUp)
	return true
}

// end says that the leader has done with the batch.
func (w *watchman) end() {
	if w.sparse {
		w.told = time.Time{}
		w.timer.set(0)
	}
}
