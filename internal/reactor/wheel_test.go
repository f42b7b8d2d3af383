//go:build linux && !portable

package reactor

import (
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"
)

// A wheel must fire what a sorted list would: nothing early, nothing more than a
// tick late, nothing twice, and next must be the earliest.
func TestWheelAgainstAList(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		start := time.Unix(1_700_000_000, 0)
		now := start
		w := newWheel(start)
		timers := make([]timer, 200)
		deadlines := make([]time.Time, len(timers))
		for range 3000 {
			switch r.IntN(3) {
			case 0, 1:
				i := r.IntN(len(timers))
				deadlines[i] = now.Add(time.Duration(r.Int64N(int64(20 * time.Second))))
				if r.IntN(8) == 0 {
					deadlines[i] = time.Time{}
				}
				w.set(&timers[i], deadlines[i], now)
			case 2:
				step := time.Duration(r.Int64N(int64(100 * time.Millisecond)))
				if r.IntN(50) == 0 {
					step *= 100
				}
				checkNext(t, w, deadlines)
				now = now.Add(step)
				for w.expire(now, 1+r.IntN(5), func(fired *timer) {
					i := index(timers, fired)
					if deadlines[i].IsZero() || now.Before(deadlines[i]) {
						t.Fatalf("seed %d: timer %d fired at %v, its deadline is %v", seed, i, now.Sub(start), deadlines[i].Sub(start))
					}
					deadlines[i] = time.Time{}
				}) {
				}
				for i, d := range deadlines {
					if !d.IsZero() && now.Sub(d) > 2*tick {
						t.Fatalf("seed %d: timer %d did not fire: now %v, deadline %v", seed, i, now.Sub(start), d.Sub(start))
					}
				}
			}
		}
	}
}

func checkNext(t *testing.T, w *wheel, deadlines []time.Time) {
	t.Helper()
	var earliest time.Time
	for _, d := range deadlines {
		if !d.IsZero() && (earliest.IsZero() || d.Before(earliest)) {
			earliest = d
		}
	}
	if !w.changed && !earliest.IsZero() && w.time(w.told).After(earliest.Add(2*tick)) {
		t.Fatalf("nothing has changed since next was %v, but the earliest deadline is %v", w.time(w.told), earliest)
	}
	next := w.next()
	if earliest.IsZero() != next.IsZero() || next.After(earliest.Add(2*tick)) || next.Before(earliest) {
		t.Fatalf("next is %v, the earliest deadline is %v", next, earliest)
	}
}

func index(timers []timer, t *timer) int {
	for i := range timers {
		if &timers[i] == t {
			return i
		}
	}
	return -1
}

// A timer that is set again while it fires must fire again.
func TestWheelSetWhileFiring(t *testing.T) {
	start := time.Unix(0, 0)
	w := newWheel(start)
	var tm timer
	fired := 0
	w.set(&tm, start.Add(time.Second), start)
	for now := start; now.Before(start.Add(10 * time.Second)); now = now.Add(tick) {
		w.expire(now, batch, func(*timer) {
			fired++
			w.set(&tm, now.Add(time.Second), now)
		})
	}
	if fired != 9 {
		t.Fatalf("fired %d times in 10 s, want 9", fired)
	}
}

// setBack returns a time as it is after the wall clock was set back by so many
// seconds: its monotonic reading is the same. Where there is one, a Time begins with a
// word that has the seconds above 30 bits of nanoseconds.
func setBack(t time.Time, seconds uint64) time.Time {
	*(*uint64)(unsafe.Pointer(&t)) -= seconds << 30
	return t
}

// A deadline without a monotonic reading, as from a file, fires when the wall clock
// comes to it, and once, although that was set back since the wheel was made.
func TestWheelAfterWallClockWasSetBack(t *testing.T) {
	start := time.Now()
	now := setBack(start, 3600)
	if now.Sub(start) != 0 || start.Round(0).Sub(now.Round(0)) != time.Hour {
		t.Skip("times are made otherwise in this version of Go")
	}
	w := newWheel(start)
	deadline := now.Add(10 * time.Second).Round(0)
	var tm timer
	w.set(&tm, deadline, now)
	fired := 0
	for end := now.Add(20 * time.Second); now.Before(end); now = now.Add(tick) {
		w.expire(now, batch, func(*timer) {
			fired++
			if now.Before(deadline) {
				w.set(&tm, deadline, now)
			}
		})
	}
	if fired != 1 {
		t.Errorf("fired %d times, want once", fired)
	}
}
