//go:build linux && !portable

package reactor

import (
	"math"
	"math/bits"
	"time"
)

const (
	// tick is how finely a wheel tells times apart. Nothing here is more urgent:
	// the shortest time that matters is a heartbeat's.
	tick = 8 * time.Millisecond

	// wheelSlots is how many ticks a turn has: 4 s. What lies further ahead stays
	// in its slot for several turns.
	wheelSlots = 512
)

// wheel holds the deadlines of one loop's tasks. It belongs to the loop. Its
// zero value is not ready; see newWheel.
type wheel struct {
	start time.Time
	now   int64 // the tick up to which slots have been emptied
	slots [wheelSlots]*timer
	used  [wheelSlots / 64]uint64 // a bit for each slot that is not empty
	count int

	told    int64 // the tick that next returned last
	changed bool  // next may return an earlier one now
}

// timer is a task's place in a wheel. Its zero value is in none.
type timer struct {
	at         int64 // in ticks; rounded up, so that nothing fires early
	prev, next *timer
	set        bool
	source     *source
}

func newWheel(now time.Time) *wheel { return &wheel{start: now, told: math.MaxInt64} }

// ticks converts a deadline, rounding up.
func (w *wheel) ticks(now, deadline time.Time) int64 {
	return int64((now.Sub(w.start) + deadline.Sub(now) + tick - 1) / tick)
}

// time is the inverse of ticks.
func (w *wheel) time(ticks int64) time.Time { return w.start.Add(time.Duration(ticks) * tick) }

// set moves a timer to a deadline; the zero time takes it out. The deadline is counted
// from now: one without a monotonic reading (from a file, or a header) and the wheel's
// start would lie too close or too far apart after the wall clock was set.
func (w *wheel) set(t *timer, deadline, now time.Time) {
	if deadline.IsZero() {
		w.drop(t)
		return
	}
	at := max(w.ticks(now, deadline), w.now+1)
	if t.set && t.at == at {
		return
	}
	w.drop(t)
	t.at, t.set = at, true
	slot := at % wheelSlots
	t.prev, t.next = nil, w.slots[slot]
	if t.next != nil {
		t.next.prev = t
	}
	w.slots[slot] = t
	w.used[slot/64] |= 1 << (slot % 64)
	w.count++
	w.changed = w.changed || at < w.told
}

// drop takes a timer out, if it is in.
func (w *wheel) drop(t *timer) {
	if !t.set {
		return
	}
	t.set = false
	slot := t.at % wheelSlots
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		w.slots[slot] = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	}
	if w.slots[slot] == nil {
		w.used[slot/64] &^= 1 << (slot % 64)
	}
	t.prev, t.next = nil, nil
	w.count--
}

// expire takes out timers whose time has come, at most so many, and calls fire for each.
// fire may set and drop timers, also that one. It reports whether there are more.
func (w *wheel) expire(now time.Time, most int, fire func(*timer)) (more bool) {
	// Rounded down: a tick is over only when all of it is.
	today := int64(now.Sub(w.start) / tick)
	if today-w.now > wheelSlots {
		w.now = today - wheelSlots // one turn visits every slot
	}
	for w.now < today && w.count > 0 {
		w.now++
		for {
			t := w.due(w.slots[w.now%wheelSlots], today)
			if t == nil {
				break
			}
			if most--; most < 0 {
				w.now-- // the slot is not done with
				return true
			}
			w.drop(t)
			fire(t)
		}
	}
	w.now = max(w.now, today)
	w.changed = true
	return false
}

// due returns the first timer of a slot's list whose time has come.
func (w *wheel) due(t *timer, today int64) *timer {
	for ; t != nil; t = t.next {
		if t.at <= today {
			return t
		}
	}
	return nil
}

// next returns the earliest deadline, the zero time if there is none. Until changed is
// set, it holds.
func (w *wheel) next() time.Time {
	w.changed = false
	if w.count == 0 {
		w.told = math.MaxInt64
		return time.Time{}
	}
	w.told = w.earliest()
	return w.time(w.told)
}

// earliest is next in ticks, where there is a timer.
func (w *wheel) earliest() int64 {
	for ahead := int64(1); ahead <= wheelSlots; {
		slot := (w.now + ahead) % wheelSlots
		word := w.used[slot/64] >> (slot % 64)
		if word == 0 {
			ahead += 64 - slot%64
			continue
		}
		ahead += int64(bits.TrailingZeros64(word))
		if ahead > wheelSlots {
			break
		}
		at := w.now + ahead
		for t := w.slots[at%wheelSlots]; t != nil; t = t.next {
			if t.at == at {
				return at
			}
		}
		ahead++ // only timers of later turns
	}
	// None is due within a turn. To look at all of them is rare, and cheaper than a wake.
	first := int64(math.MaxInt64)
	for word, used := range w.used {
		for ; used != 0; used &= used - 1 {
			for t := w.slots[word*64+bits.TrailingZeros64(used)]; t != nil; t = t.next {
				first = min(first, t.at)
			}
		}
	}
	return first
}
