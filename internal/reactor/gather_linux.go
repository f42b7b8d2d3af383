//go:build !portable

package reactor

import (
	"syscall"
	"time"
)

// gather has one wake serve what comes within a driver's latency, while that is worth it.
//
// Most of what a lone event costs is the wake: the processor comes out of idle, a thread is
// switched to, caches are cold. So when many wakes bring few events each, the seat is
// deaf to connections, and a timer wakes it once per latency. Alarms have a set of their own,
// and always wake: no heartbeat waits. Where a wake brings many events anyway, or hardly any
// come, nothing waits.
//
// It belongs to whoever sits in the seat.
type gather struct {
	ear     // what the seat waits for
	latency time.Duration
	tick    timerfd // also in upper

	on     bool
	at     time.Time     // on: when the timer is to go off, or was to go off last
	since  time.Time     // when counting began
	last   time.Time     // when what came last was served
	idle   time.Duration // since counting began, while not on
	wakes  int           // since then
	events int           // that these brought
}

const (
	// gatherSample is over how many wakes, or ticks, it is judged what is worth it.
	gatherSample = 16

	// It is worth it to gather from gatherFrom wakes per latency on, of at most gatherFew
	// events each on average, where the seat was idle for gatherIdle in front of each (less is
	// no sleep: the next event came while the last was served), and no more below gatherUntil
	// events a tick.
	gatherFrom  = 2
	gatherFew   = 8
	gatherIdle  = 20 * time.Microsecond
	gatherUntil = 1.25
)

// newGather makes one that does not gather yet. The error says what the system refused.
func newGather(s *sets) (g *gather, err error) {
	now := time.Now()
	g = &gather{latency: s.latency, since: now, last: now}
	if g.ear, err = openEar(s); err != nil {
		return nil, err
	}
	if g.tick, err = openTimer(); err == nil {
		if err = g.add(int(g.tick)); err == nil {
			return g, nil
		}
		_ = syscall.Close(int(g.tick))
	}
	g.upper.close()
	return nil, err
}

// close gives back what the seat does not.
func (g *gather) close() { _ = syscall.Close(int(g.tick)) }

// woken takes the news that the seat was woken.
func (g *gather) woken(now time.Time) {
	if !g.on {
		g.idle += now.Sub(g.last)
	}
}

// served takes the news that all is served that a wake, or a tick, brought. It reports whether
// the sets are to be read again: the next tick is due already, or there will be none.
func (g *gather) served(now time.Time) (again bool) {
	g.last = now
	if g.on && now.Before(g.at) {
		return false // an alarm's wake, in front of the tick
	}
	g.wakes++
	if !g.on {
		if g.wakes >= gatherSample {
			g.judge(now)
		}
		return false
	}
	next := g.at.Add(g.latency)
	few := g.wakes >= gatherSample && float64(g.events) < gatherUntil*float64(g.wakes)
	switch {
	case (few || !now.Before(next.Add(g.latency))) && g.turn(now, false):
		return true // hardly anything comes, or there is always something to read
	case !now.Before(next):
		g.at, again = now, true
	default:
		g.arm(now, next)
	}
	if g.wakes >= gatherSample {
		g.wakes, g.events = 0, 0
	}
	return again
}

// judge begins to gather if that is worth it.
func (g *gather) judge(now time.Time) {
	if g.events <= gatherFew*g.wakes && g.idle >= gatherIdle*time.Duration(g.wakes) && now.Sub(g.since) <= g.latency*time.Duration(g.wakes)/gatherFrom {
		g.turn(now, true)
		return
	}
	g.since, g.idle, g.wakes, g.events = now, 0, 0, 0
}

// turn begins to gather, or ends it. It reports false, and leaves all as it was, if the system
// is out of memory. Who ends it reads the sets again (see hear).
func (g *gather) turn(now time.Time, on bool) bool {
	if !g.hear(!on) {
		return false
	}
	g.on, g.since, g.idle, g.wakes, g.events = on, now, 0, 0, 0
	if on {
		g.arm(now, now.Add(g.latency))
	}
	return true
}

// arm has the next tick come at a time.
func (g *gather) arm(now, next time.Time) {
	g.at = next
	g.tick.set(next.Sub(now))
}
