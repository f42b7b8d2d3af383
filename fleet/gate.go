package fleet

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

const (
	// freshFor is for how long a record that was just written or read needs no other look.
	freshFor = 500 * time.Millisecond

	// standstill is the gap behind which a process must have stood still, at most: it may not
	// be what it was.
	standstill = 2 * time.Second

	// stragglers is for how long a shard that was claimed delivers nothing once it has asked to
	// resume. From then on the gateway sends nothing to who had it before; but if that process
	// lives, what it was sent until then is still on its way to callbacks.
	stragglers = 100 * time.Millisecond

	fenceEvery = 500 * time.Millisecond
	gateRetry  = 250 * time.Millisecond
)

var errNotOurs = errors.New("fleet: another process runs the shard now")

// confirm returns nil once the record of a shard is known to be this process's, and an error
// once it is known to be another's. It waits as long as the record cannot be read.
func (f *Fleet) confirm(ctx context.Context, at place) error {
	for {
		f.mu.Lock()
		h := f.mine[at]
		fresh := h != nil && time.Since(h.confirmed) < freshFor
		f.mu.Unlock()
		switch {
		case h == nil:
			return errNotOurs
		case fresh:
			f.doubt(h, false)
			return nil
		}
		ours, known := f.verify(ctx, at, h)
		f.doubt(h, !known)
		if known {
			if ours {
				return nil
			}
			f.look()
			return errNotOurs
		}
		select {
		case <-time.After(gateRetry):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// verify reads a shard's record. What cannot be read, or is not there since the store was
// lost, tells nothing. Where several servers keep the bucket, one that has lost the others takes
// itself to lead for some seconds more: there a record counts once it could be written as it is,
// which takes most of them.
func (f *Fleet) verify(ctx context.Context, at place, h *holding) (ours, known bool) {
	asked := time.Now()
	e, err := f.store.get(ctx, at.key())
	if err != nil || e.value == nil {
		return false, false
	}
	r := parseRecord(e)
	if r.bad {
		return false, false
	}
	if r.Owner == f.id && f.store.replicated.Load() {
		if r.rev, err = f.store.swap(ctx, at.key(), e.value, e.rev, 0); err != nil {
			return false, false
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.records[at].rev < r.rev {
		f.records[at] = r // or the control goroutine may start it again
	}
	if r.Owner != f.id {
		return false, true
	}
	if h.confirmed = asked; h.record.rev < r.rev {
		h.record = r
	}
	return true, true
}

// doubt notes whether a shard waits for its record, which cannot be read.
func (f *Fleet) doubt(h *holding, doubted bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h.doubted = doubted
}

// Doubts reports whether another process may have one of this process's shards by now: the shard has lost its connection,
// or this process stood still, and whose the shard is cannot be read. It delivers nothing meanwhile.
func (f *Fleet) Doubts(id, total int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := f.mine[place{total, id}]
	return h != nil && h.doubted
}

// stateChanged holds a claimed shard that has asked to resume. It runs on the shard's loop, before
// that reads the answer.
func (f *Fleet) stateChanged(ev *engine.Event) {
	if change, ok := ev.StateChange(); !ok || change.To != lifecycle.Resuming {
		return
	}
	f.mu.Lock()
	h := f.mine[placeOf(ev.Shard)]
	wary := h != nil && h.wary
	if wary {
		h.wary = false
	}
	f.mu.Unlock()
	if wary {
		_ = ev.Shard.Hold(context.Background()) // in a callback it does not wait
		time.AfterFunc(stragglers, ev.Shard.Release)
	}
}

// stillFor is the gap behind which this process must have stood still: others may have claimed its
// shards, but not before its lease was over.
func (f *Fleet) stillFor() time.Duration { return min(standstill, f.config.Lease/2) }

// fence returns what has the engine deliver nothing after this process stood still, until all of its
// records were read again, which it begins by aside. It does not wait.
func (f *Fleet) fence(aside func(func())) func(context.Context) {
	last := time.Now()
	f.eng.HoldFrom(last.Add(f.stillFor()))
	var reading atomic.Bool
	return func(ctx context.Context) {
		// The monotonic clock may stand still with a machine that sleeps; the other one may leap,
		// which costs no more than a look.
		now := time.Now()
		gap := max(now.Sub(last), now.Round(0).Sub(last.Round(0)))
		last = now
		switch {
		case reading.Load():
		case gap <= f.stillFor():
			f.eng.HoldFrom(now.Add(f.stillFor()))
		default:
			f.log.Warn("this process stood still; nothing is delivered before its records are read", "for", gap.Round(time.Millisecond))
			reading.Store(true)
			aside(func() {
				f.tell("stood still", place{}, gap.Round(time.Millisecond).String())
				if f.verifyAll(ctx) {
					f.eng.HoldFrom(time.Now().Add(f.stillFor()))
					reading.Store(false)
				}
			})
		}
	}
}

// verifyAll reads the records of all shards that run here, and abandons those that are
// another's. It reports false if ctx ended before.
func (f *Fleet) verifyAll(ctx context.Context) bool {
	f.mu.Lock()
	list := make(map[place]*holding, len(f.mine))
	for at, h := range f.mine {
		list[at] = h
	}
	f.mu.Unlock()
	return each(list, func(at place, h *holding) error {
		for {
			ours, known := f.verify(ctx, at, h)
			f.doubt(h, !known)
			if known {
				if !ours {
					f.abandon(ctx, at, h)
				}
				return nil
			}
			select {
			case <-time.After(gateRetry):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}) == nil
}

// abandon hangs a shard up that is another's.
func (f *Fleet) abandon(ctx context.Context, at place, h *holding) {
	f.mu.Lock()
	if f.mine[at] != h || h.leaving || h.shard == nil { // nil: it is just being started, and its gate will read the record
		f.mu.Unlock()
		return
	}
	delete(f.mine, at)
	delete(f.began, at)
	f.mu.Unlock()
	f.log.Warn("a shard is run by another process now; hanging up", "shard", at)
	f.tell("abandoned", at, "")
	limit, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, _ = h.shard.Abandon(limit)
}
