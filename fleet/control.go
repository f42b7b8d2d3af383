package fleet

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sluice-go/sluice/engine"
)

// settleTime is how long the owners of shards have to write their records into a store that
// has come back empty, before shards without one are taken to be nobody's.
const settleTime = 3 * time.Second

// afterwards is for how long the bucket is looked at more often once it can be read again: others
// are as late as this process is.
const afterwards = 3 * time.Second

// control looks at the bucket again and again, and does what it finds there to do. It is the
// only goroutine that starts, moves and gives up shards, but for what the fence finds, and what takeNamed starts.
func (f *Fleet) control(ctx context.Context) {
	failing := false
	var back time.Time // when it could be read again
	for {
		err := f.round(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failing:
			f.log.Warn("the fleet's bucket cannot be read; shards that run go on", "cause", err)
		case err == nil && failing:
			f.log.Info("the fleet's bucket can be read again")
			back = time.Now()
		}
		failing = err != nil
		var sooner <-chan time.Time
		if failing || time.Since(back) < afterwards {
			sooner = time.After(gateRetry)
		}
		select {
		case <-f.wake: // each Config.poll at least
		case <-sooner:
		case <-ctx.Done():
		}
	}
}

// round is one look.
func (f *Fleet) round(ctx context.Context) error {
	began := time.Now()
	var news *news
	ahead := make(chan struct{})
	if f.store.created.IsZero() {
		close(ahead)
	} else {
		go func() { // most often the store is still the one that it was
			news = f.ask(ctx)
			close(ahead)
		}()
	}
	reborn, err := f.store.open(ctx)
	<-ahead
	if err != nil {
		return err
	}
	if reborn {
		if err := f.refill(ctx); err != nil {
			f.store.created = time.Time{} // once more
			return err
		}
	}
	if reborn || news == nil {
		news = f.ask(ctx)
	}
	if err := f.read(ctx, news); err != nil {
		return err
	}
	f.giveUpLost(ctx, began)
	if err := f.takeGiven(maps.Keys(f.records), began); err != nil {
		return err
	}
	f.writeSessions(ctx)
	f.followPlan(ctx)
	if f.draining() {
		return nil // drainAll does the rest
	}
	if err := f.claim(ctx); err != nil {
		return err
	}
	f.balance(ctx)
	return nil
}

func (f *Fleet) draining() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.drain
}

// refill writes what this process knows into a store that is another one than before: its
// own key, the plan, and the records of its shards.
func (f *Fleet) refill(ctx context.Context) error {
	f.mu.Lock()
	first := f.cursor == 0 && len(f.mine) == 0
	f.cursor, f.records = 0, map[place]record{}
	p := f.plan
	mine := make(map[place]*holding, len(f.mine))
	for at, h := range f.mine {
		h.record.rev = 0 // whatever is read from now on is newer
		if h.shard != nil {
			mine[at] = h
		}
	}
	if !first {
		f.quiet = time.Now().Add(settleTime)
	}
	f.mu.Unlock()
	if first {
		return nil
	}
	f.log.Warn("the fleet's bucket is another one than before; writing this process's shards into it", "shards", len(mine))
	f.tell("refilled", place{}, "")
	if err := f.renew(ctx); err != nil {
		return err
	}
	if now, err := f.readPlan(ctx); err == errNoKey || err == errBadPlan {
		if _, err := f.store.swap(ctx, "plan", encode(p), now.rev, 0); err != nil && err != errConflict {
			return err
		}
	} else if err != nil {
		return err
	}
	return each(mine, func(at place, h *holding) error {
		asked := time.Now()
		e, err := f.store.get(ctx, at.key())
		if err != nil && err != errNoKey {
			return err
		}
		f.mu.Lock()
		r := h.record
		f.mu.Unlock()
		if now := parseRecord(e); e.value != nil && !now.bad && now.Epoch >= r.Epoch {
			return nil // read, and judged, like any other
		}
		s := h.shard.Settled()
		r.Session, r.URL, r.Seq = s.ID, s.ResumeURL, s.Seq
		if r.rev, err = f.store.swap(ctx, at.key(), encode(r), e.rev, 0); err == nil {
			f.own(at, h, r, asked)
		}
		if err == errConflict {
			return nil
		}
		return err
	})
}

// own notes that a record was written, by what was asked of NATS at a time: the process may have
// stood still since.
func (f *Fleet) own(at place, h *holding, r record, asked time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.rev > h.record.rev {
		h.record, h.confirmed = r, asked
		f.records[at] = r
	}
}

// parallel is how many requests to NATS are under way at a time.
const parallel = 64

// each does something for all items at the same time, and returns one of the errors.
func each[K comparable, V any](items map[K]V, do func(K, V) error) error {
	var (
		work  sync.WaitGroup
		mu    sync.Mutex
		first error
	)
	slots := make(chan struct{}, parallel)
	for k, v := range items {
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			if err := do(k, v); err != nil {
				mu.Lock()
				first = err
				mu.Unlock()
			}
		})
	}
	work.Wait()
	return first
}

// giveUpLost abandons what records, as they were at a time, say is another's.
func (f *Fleet) giveUpLost(ctx context.Context, read time.Time) {
	lost := map[place]*holding{}
	var mend []place
	f.mu.Lock()
	for at, h := range f.mine {
		switch r, known := f.records[at]; {
		case !known, h.leaving:
		case r.bad, r.removed() && f.plan.has(at): // by another program
			mend = append(mend, at)
		case r.Owner != f.id && r.rev > h.record.rev:
			lost[at] = h
		case r.rev > h.record.rev:
			h.record, h.confirmed = r, read
		}
	}
	f.mu.Unlock()
	_ = each(lost, func(at place, h *holding) error {
		f.abandon(ctx, at, h)
		return nil
	})
	for _, at := range mend {
		f.mu.Lock()
		h, r := f.mine[at], f.records[at]
		if h == nil { // the fence has given it up
			f.mu.Unlock()
			continue
		}
		next := h.record
		f.mu.Unlock()
		asked := time.Now()
		var err error
		if next.rev, err = f.store.swap(ctx, at.key(), encode(next), r.rev, 0); err == nil {
			f.own(at, h, next, asked)
		}
	}
}

// writeSessions writes sessions that have begun into their records.
func (f *Fleet) writeSessions(ctx context.Context) {
	f.mu.Lock()
	began := f.began
	f.began = map[place]engine.ShardSpec{}
	f.mu.Unlock()
	_ = each(began, func(at place, spec engine.ShardSpec) error {
		f.mu.Lock()
		h := f.mine[at]
		if h == nil {
			f.mu.Unlock()
			return nil
		}
		r := h.record
		f.mu.Unlock()
		r.Session, r.URL, r.Seq = spec.Session.ID, spec.Session.ResumeURL, spec.Session.Seq
		asked := time.Now()
		rev, err := f.store.swap(ctx, at.key(), encode(r), r.rev, 0)
		if err == nil {
			r.rev = rev
			f.own(at, h, r, asked)
			return nil
		}
		f.mu.Lock()
		if _, newer := f.began[at]; !newer {
			f.began[at] = spec // once more; where another has the record, it is read, and judged
		}
		f.mu.Unlock()
		return err
	})
}

// shards returns how many shards the plan has in all. mu is held.
func (f *Fleet) shards() (n int) {
	for _, total := range f.plan.totals() {
		n += total
	}
	return n
}

// sorted returns the places that run here, in order.
func (f *Fleet) sorted() []place {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []place
	for at, h := range f.mine {
		if h.shard != nil {
			list = append(list, at)
		}
	}
	slices.SortFunc(list, func(a, b place) int {
		if a.total != b.total {
			return a.total - b.total
		}
		return a.id - b.id
	})
	return list
}
