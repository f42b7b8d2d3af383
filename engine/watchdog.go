package engine

import (
	"runtime"
	"runtime/debug"
	"time"

	"github.com/sluice-go/sluice/engine/internal/inflow"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
)

// This file is what Run looks after every 200 ms, or seldom while nothing happens: loops that a callback holds up, shards
// that make no progress, a machine that stood still, memory that a storm has left.

// busyLimit is how long a callback may hold up its loop before the watchdog
// beats in the loop's place, and how often it looks. A beat is then late by twice
// that at most, or by idleLook for a callback that ends a silence, which matters only where
// the gateway asks for one every few seconds; a look costs a few atomic loads for each shard.
const busyLimit = 200 * time.Millisecond

// idleLook is how often the watchdog looks while nothing happens. A timer of Go's that goes
// off in an idle process costs three wakes, two of them of the runtime's monitor.
const idleLook = 2500 * time.Millisecond

// activity tells whether loops do anything.
type activity struct{ wakes uint64 }

// pace returns when the watchdog is to look again: soon if any loop was woken since it last
// did, or is at work.
func (a *activity) pace(e *Engine, now time.Time) time.Duration {
	before, busy := a.wakes, false
	a.wakes = 0
	for s := range e.Shards() {
		a.wakes += s.loop.Counts().Wakes.Load()
		busy = busy || s.loop.BusyFor(now) > 0
	}
	if busy || a.wakes != before {
		return busyLimit
	}
	return idleLook
}

// watch sends a due heartbeat while a callback holds up the loop. The verdict
// on the connection waits until the loop has looked at it again. The write has a
// goroutine of its own: a peer that does not read must not hold up the watchdog.
func (s *Shard) watch(now time.Time) {
	if s.loop.BusyFor(now) < busyLimit {
		return // at leisure
	}
	conn := s.link.Idle()
	if conn == nil || !s.core.BeatFor(now) {
		return
	}
	payload := gateway.AppendHeartbeat(nil, s.seq.Load())
	beat := frame.AppendFrame(nil, frame.OpText, frame.NewMask(), payload)
	// It ends with the write, which has a deadline, or the connection. The loop finds an
	// error when it is back.
	go s.engine.guarded(func() {
		if s.link.WriteTo(conn, beat) && s.noteSent(time.Now(), payload) {
			s.wake()
		}
	})
}

// abandon closes the connection under a loop that is held up by a callback, so that
// what becomes of the session does not depend on what the callback does. It waits for
// a write that is under way.
func (s *Shard) abandon(code gateway.CloseCode) {
	s.link.Cut(frame.AppendClose(nil, frame.NewMask(), uint16(code), ""))
}

const (
	// stallLimit is from when on a shard whose time had come, and that did nothing,
	// counts as stalled.
	stallLimit = 30 * time.Second

	// unreadyLimit is from when on shards that are not Ready are logged. One in
	// Queued has to wait for its turn, which can take hours, and is not counted.
	unreadyLimit = 5 * time.Minute

	// lookEvery is how often all shards are looked at, complainEvery how often the
	// log says the same of them.
	lookEvery     = time.Second
	complainEvery = 5 * time.Minute
)

// rounds is what the watchdog remembers between two looks at all shards.
type rounds struct {
	looked  time.Time
	stalled time.Time // when stalled shards were last logged, zero: there were none
	unready time.Time // when shards that are not Ready were
}

// look finds what makes no progress, whatever the cause, and logs it: a few lines
// for all shards, however many there are.
func (r *rounds) look(e *Engine, now time.Time) {
	if now.Sub(r.looked) < lookEvery-busyLimit/2 { // a tick may come a little early
		return
	}
	stoodStill := !r.looked.IsZero() && now.Sub(r.looked) > jumpLimit
	if r.looked = now; stoodStill {
		return // the whole process did, and its loops have yet to catch up
	}
	var stalled, unready struct {
		shards  int
		longest time.Duration
		worst   *Shard
	}
	for s := range e.Shards() {
		if late := s.stalledFor(now); late > 0 {
			stalled.shards++
			if late > stalled.longest {
				stalled.longest, stalled.worst = late, s
			}
		}
		if since, counts := s.unreadySince(); counts && now.Sub(since) >= unreadyLimit {
			unready.shards++
			if long := now.Sub(since); long > unready.longest {
				unready.longest, unready.worst = long, s
			}
		}
	}
	log := e.config.Logger
	switch {
	case stalled.shards == 0 && !r.stalled.IsZero():
		r.stalled = time.Time{}
		log.Info("no shard is stalled any more")
	case stalled.shards > 0 && now.Sub(r.stalled) >= complainEvery:
		r.stalled = now
		log.Error("shards are stalled: a callback does not return, and holds up all shards of its loop",
			"shards", stalled.shards, "longest", stalled.longest.Round(time.Second), "shard", stalled.worst.View().Public())
	}
	if unready.shards > 0 && now.Sub(r.unready) >= complainEvery {
		r.unready = now
		log.Warn("shards have not been ready for long",
			"shards", unready.shards, "longest", unready.longest.Round(time.Second), "shard", unready.worst.View().Public())
	}
}

// unreadySince returns since when the shard is not Ready, and whether that is worth
// a line in the log.
func (s *Shard) unreadySince() (since time.Time, counts bool) {
	s.public.mu.Lock()
	defer s.public.mu.Unlock()
	since = s.public.life.NotReady
	return since, !since.IsZero() && s.public.state != lifecycle.Queued && s.public.state != lifecycle.Stopped
}

// What follows notices that the machine stood still: a laptop slept, a virtual machine
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

const (
	// stormSize is how many connections that became ready are a storm. Each leaves
	// some 75 KB of garbage, most of it crypto/tls's, and its guilds leave more. Windows that were
	// packed count, too: those of zstd-stream lie on the heap.
	stormSize = 64

	// stormCalm is how long after the last of them a storm is over.
	stormCalm = 5 * time.Second

	// tidyEvery is how often it is tidied up, at most: a collection costs what the
	// whole process keeps on its heap.
	tidyEvery = 10 * time.Minute
)

// tidy has the memory that storms leave returned to the system. Without it the
// process keeps twice of what its shards hold: in steady traffic nothing is
// allocated, so that the next collection may be days away.
type tidy struct {
	seen uint64    // connections that became ready, and windows that were packed
	last time.Time // when seen last changed
	done uint64    // seen, when it was last tidied up
	at   time.Time // when that was; zero: never
}

// due reports whether to tidy up now, when so many connections became ready.
func (t *tidy) due(now time.Time, ready uint64) bool {
	if ready != t.seen {
		t.seen, t.last = ready, now
		return false
	}
	if t.seen-t.done < stormSize || now.Sub(t.last) < stormCalm || !t.at.IsZero() && now.Sub(t.at) < tidyEvery {
		return false
	}
	t.done, t.at = t.seen, now
	return true
}

// tidyUp returns memory to the system if a storm is over. It does not wait.
func (e *Engine) tidyUp(t *tidy, now time.Time) {
	if !e.config.KeepMemory && t.due(now, e.readied.Load()+inflow.Packs()) {
		e.workers.Go(freeMemory)
	}
}

// freeMemory collects garbage and returns what is free to the system. Pools let go of what lies
// unused in them at the second collection.
var freeMemory = func() {
	runtime.GC()
	debug.FreeOSMemory()
}
