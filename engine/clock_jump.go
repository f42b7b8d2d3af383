package engine

import "time"

// This file notices that the machine stood still: a laptop slept, a virtual machine
// was paused or moved, the process was stopped. The gateway has given up connections
// meanwhile, or another machine has their addresses, and nothing would tell before
// the next heartbeat is missed: 40 to 80 s, in which events are late.

// jumpLimit is by how much time must have jumped for connections to be checked.
const jumpLimit = 10 * time.Second

// checkEvery is how far apart checks are at least, so that their heartbeats stay
// within what is kept for them where a clock is set to and fro.
const checkEvery = 20 * time.Second

// clockWatch compares two clocks: the monotonic one, which on most systems stands
// still while the machine sleeps, and the wall clock, which does not.
type clockWatch struct {
	last, wall time.Time     // at the last look
	checked    time.Time     // when connections were last checked
	jump       time.Duration // for which they are to be checked; 0: none
}

// look returns by how much time has jumped since the last look, 0 for less than
// jumpLimit. now has a monotonic reading, wall is the wall clock at the same
// moment. Looks are to be much more frequent than jumpLimit: if one comes late by
// that, the process has stood still.
func (w *clockWatch) look(now, wall time.Time) time.Duration {
	last, lastWall := w.last, w.wall
	w.last, w.wall = now, wall.Round(0)
	if last.IsZero() {
		return 0
	}
	stood := now.Sub(last)
	parted := (w.wall.Sub(lastWall) - stood).Abs()
	if jump := max(stood, parted); jump > jumpLimit {
		return jump
	}
	return 0
}

// wallClock is the wall clock at a moment.
func wallClock(now time.Time) time.Time { return now.Round(0) }

// checkClock has every shard check its connection if time has jumped.
func (e *Engine) checkClock(w *clockWatch, now time.Time) {
	w.jump = max(w.jump, w.look(now, e.wall(now)))
	jump := w.jump
	if jump == 0 || now.Sub(w.checked) < checkEvery {
		return
	}
	w.checked, w.jump = now, 0
	e.config.Logger.Warn("time has jumped: the machine slept, or was paused or moved, or its clock was set; all connections are checked",
		"by", jump.Round(time.Millisecond))
	for s := range e.Shards() {
		s.mail.mu.Lock()
		s.mail.probe = true
		s.mail.mu.Unlock()
		s.wake()
	}
}
