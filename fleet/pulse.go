package fleet

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// chore is something that is done again and again. What it asks of NATS may take long; until it is
// done, it is not begun again.
type chore struct {
	every  time.Duration
	do     func(context.Context)
	atOnce bool // it waits for nothing, and needs no goroutine
}

// pulse does chores until ctx ends. All of them go by one timer, so that what falls due at the same
// time wakes the process once: beside an engine's work, most of what a small chore costs is
// that a thread is woken for it, and put to sleep again.
func pulse(ctx context.Context, chores ...chore) {
	beat := chores[0].every
	for _, c := range chores {
		beat = min(beat, c.every)
	}
	tick := time.NewTicker(beat)
	defer tick.Stop()
	due := make([]time.Time, len(chores))
	for i, c := range chores {
		due[i] = time.Now().Add(c.every)
	}
	busy := make([]atomic.Bool, len(chores))
	var work sync.WaitGroup
	defer work.Wait()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := time.Now()
		for i, c := range chores {
			early := due[i].Sub(now)
			if early > beat/2 || busy[i].Load() {
				continue
			}
			if due[i] = due[i].Add(c.every); early < -c.every {
				due[i] = now.Add(c.every) // it was late, and does not catch up
			}
			if c.atOnce {
				c.do(ctx)
				continue
			}
			busy[i].Store(true)
			work.Go(func() {
				defer busy[i].Store(false)
				c.do(ctx)
			})
		}
	}
}
