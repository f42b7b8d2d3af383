package fleet

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/sluice-go/sluice/engine"
)

// settleTime is how long the owners of shards have to write their records into a store that
// has come back empty, before shards without one are taken to be nobody's.
const settleTime = 3 * time.Second

// control looks at the bucket again and again, and does what it finds there to do. It is the
// only goroutine that starts, moves and gives up shards, but for keepFence.
func (f *Fleet) control(ctx context.Context) {
	failing := false
	for {
		err := f.round(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failing:
			f.log.Warn("the fleet's bucket cannot be read; shards that run go on", "cause", err)
		case err == nil && failing:
			f.log.Info("the fleet's bucket can be read again")
		}
		failing = err != nil
		wait := f.config.poll
		if failing {
			wait = min(wait, gateRetry)
		}
		poll := time.NewTimer(wait)
		select {
		case <-f.wake:
		case <-poll.C:
		case <-ctx.Done():
		}
		poll.Stop()
	}
}

// round is one look.
func (f *Fleet) round(ctx context.Context) error {
	reborn, err := f.store.open(ctx)
	if err != nil {
		return err
	}
	if reborn {
		if err := f.refill(ctx); err != nil {
			f.store.created = time.Time{} // once more
			return err
		}
	}
	if err := f.read(ctx); err != nil {
		return err
	}
	f.giveUpLost(ctx)
	if err := f.takeGiven(); err != nil {
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

// read reads the members, the plan, and what changed of the records.
func (f *Fleet) read(ctx context.Context) error {
	members := map[string]member{}
	renewed := map[string]renewal{}
	if _, err := f.store.changes(ctx, "node.*", 0, func(e entry) {
		var m member
		if e.value != nil && json.Unmarshal(e.value, &m) == nil && "node."+m.Incarnation == e.key {
			members[m.Incarnation] = m
			renewed[m.Incarnation] = renewal{e.rev, time.Now()}
		}
	}); err != nil {
		return err
	}
	p, err := f.readPlan(ctx)
	if err != nil && err != errNoKey {
		return err
	}
	f.mu.Lock()
	for id, m := range members {
		old, known := f.members[id]
		if !known || old.Draining != m.Draining {
			f.joined = time.Now()
		}
	}
	for id, now := range renewed {
		if was := f.renewed[id]; was.rev == now.rev {
			renewed[id] = was
		}
	}
	f.renewed = renewed
	for id, m := range f.members {
		if _, listed := members[id]; !listed && id != f.id && f.livesLocked(id) {
			members[id] = m
		}
	}
	for id := range f.answered {
		if _, listed := members[id]; !listed {
			delete(f.answered, id)
		}
	}
	for id := range f.suspects {
		if _, listed := members[id]; !listed {
			delete(f.suspects, id) // its lease has run out: nobody asks for it any more
		} else if f.absentLocked(id) {
			if _, was := f.members[id]; was {
				f.log.Warn("a process of the fleet is gone: nobody answers in its name, and it no longer writes its key", "incarnation", id)
			}
			delete(members, id) // although its lease still runs
		}
	}
	f.members = members
	if p.Total > 0 {
		f.plan = p
	}
	cursor := f.cursor
	f.mu.Unlock()
	var fresh []entry
	cursor, err = f.store.changes(ctx, "shard.>", cursor, func(e entry) { fresh = append(fresh, e) })
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cursor = cursor
	for _, e := range fresh {
		at, ok := parsePlace(e.key)
		if !ok {
			continue
		}
		r := parseRecord(e)
		if r.bad {
			f.log.Error("a shard's record in the bucket makes no sense: another program has written it; remove the key", "key", e.key)
		}
		f.records[at] = r
	}
	return err
}

func (f *Fleet) readPlan(ctx context.Context) (p plan, err error) {
	e, err := f.store.get(ctx, "plan")
	if err != nil {
		return plan{}, err
	}
	p.rev = e.rev
	if e.value == nil || json.Unmarshal(e.value, &p) != nil || p.Total < 1 {
		return plan{rev: e.rev}, errNoKey
	}
	p.rev = e.rev
	return p, nil
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
		mine[at] = h
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
	if now, err := f.readPlan(ctx); err == errNoKey {
		if _, err := f.store.swap(ctx, "plan", encode(p), now.rev, 0); err != nil && err != errConflict {
			return err
		}
	} else if err != nil {
		return err
	}
	return each(mine, func(at place, h *holding) error {
		e, err := f.store.get(ctx, at.key())
		if err == nil && e.value != nil {
			return nil // read, and judged, like any other
		}
		if err != nil && err != errNoKey {
			return err
		}
		f.mu.Lock()
		r := h.record
		f.mu.Unlock()
		s := h.shard.Settled()
		r.Session, r.URL, r.Seq = s.ID, s.ResumeURL, s.Seq
		if r.rev, err = f.store.swap(ctx, at.key(), encode(r), e.rev, 0); err == nil {
			f.own(at, h, r)
		}
		if err == errConflict {
			return nil
		}
		return err
	})
}

// own notes that a record was written.
func (f *Fleet) own(at place, h *holding, r record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h.record, h.confirmed = r, time.Now()
	f.records[at] = r
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

// giveUpLost abandons what records say is another's.
func (f *Fleet) giveUpLost(ctx context.Context) {
	lost := map[place]*holding{}
	var mend []place
	f.mu.Lock()
	for at, h := range f.mine {
		switch r, read := f.records[at]; {
		case !read, h.leaving:
		case r.bad:
			mend = append(mend, at)
		case r.Owner != f.id && r.rev > h.record.rev:
			lost[at] = h
		case r.rev > h.record.rev:
			h.record, h.confirmed = r, time.Now()
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
		next := h.record
		f.mu.Unlock()
		var err error
		if next.rev, err = f.store.swap(ctx, at.key(), encode(next), r.rev, 0); err == nil {
			f.own(at, h, next)
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
		rev, err := f.store.swap(ctx, at.key(), encode(r), r.rev, 0)
		switch {
		case err == nil:
			r.rev = rev
			f.own(at, h, r)
		case err != errConflict: // then it is read, and judged
			f.mu.Lock()
			if _, newer := f.began[at]; !newer {
				f.began[at] = spec
			}
			f.mu.Unlock()
		}
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
