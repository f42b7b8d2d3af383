package fleet

import (
	"context"
	"errors"
	"time"
)

const (
	// freshFor is for how long a record that was just written or read needs no other look.
	freshFor = 500 * time.Millisecond

	// standstill is the gap behind which a process must have stood still: it may not be what
	// it was.
	standstill = 2 * time.Second

	fenceEvery = 250 * time.Millisecond
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
			return nil
		}
		if ours, known := f.verify(ctx, at, h); known {
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
// lost, tells nothing.
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
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Owner != f.id {
		return false, true
	}
	h.confirmed = asked
	return true, true
}

// keepFence has the engine deliver nothing after this process stood still, until all of its
// records were read again.
func (f *Fleet) keepFence(ctx context.Context) {
	tick := time.NewTicker(fenceEvery)
	defer tick.Stop()
	last := time.Now()
	f.eng.HoldFrom(last.Add(standstill))
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if gap := time.Since(last); gap > standstill {
			f.log.Warn("this process stood still; nothing is delivered before its records are read", "for", gap.Round(time.Millisecond))
			f.tell("stood still", place{}, gap.Round(time.Millisecond).String())
			if !f.verifyAll(ctx) {
				return
			}
		}
		last = time.Now()
		f.eng.HoldFrom(last.Add(standstill))
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
	for at, h := range list {
		for {
			ours, known := f.verify(ctx, at, h)
			if known {
				if !ours {
					f.abandon(ctx, at, h)
				}
				break
			}
			select {
			case <-time.After(gateRetry):
			case <-ctx.Done():
				return false
			}
		}
	}
	return true
}

// abandon hangs a shard up that is another's.
func (f *Fleet) abandon(ctx context.Context, at place, h *holding) {
	f.mu.Lock()
	if f.mine[at] != h || h.leaving {
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
