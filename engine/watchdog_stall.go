package engine

import (
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
)

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

// promise is when a shard's loop is to look at it next, for the watchdog. It is
// kept in ns since the engine was made; 0: nothing is due.
type promise struct{ at atomic.Int64 }

// give sets the time; the zero time is for "when something happens".
func (p *promise) give(e *Engine, next time.Time) {
	var at int64
	if !next.IsZero() {
		at = max(1, int64(next.Sub(e.born)))
	}
	p.at.Store(at)
}

// now says that the loop is to look at once, unless it was to already.
func (p *promise) now(e *Engine, now time.Time) {
	for at := max(1, int64(now.Sub(e.born))); ; {
		old := p.at.Load()
		if old != 0 && old <= at || p.at.CompareAndSwap(old, at) {
			return
		}
	}
}

// wake has the loop look at the shard and its mail, and the watchdog see to it.
func (s *Shard) wake() {
	s.mail.arrived.Store(true)
	s.promise.now(s.engine, time.Now())
	s.loop.Wake()
}

// stalledFor returns for how long the shard has been overdue, 0 for less than
// stallLimit.
func (s *Shard) stalledFor(now time.Time) time.Duration {
	at := s.promise.at.Load()
	if at == 0 {
		return 0
	}
	if late := now.Sub(s.engine.born) - time.Duration(at); late >= stallLimit {
		return late
	}
	return 0
}

// rounds is what the watchdog remembers between two looks at all shards.
type rounds struct {
	looked  time.Time
	stalled time.Time // when stalled shards were last logged, zero: there were none
	unready time.Time // when shards that are not Ready were
}

// look finds what makes no progress, whatever the cause, and logs it: a few lines
// for all shards, however many there are.
func (r *rounds) look(e *Engine, now time.Time) {
	if now.Sub(r.looked) < lookEvery {
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
			"shards", stalled.shards, "longest", stalled.longest.Round(time.Second), "shard", stalled.worst.View())
	}
	if unready.shards > 0 && now.Sub(r.unready) >= complainEvery {
		r.unready = now
		log.Warn("shards have not been ready for long",
			"shards", unready.shards, "longest", unready.longest.Round(time.Second), "shard", unready.worst.View())
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
