package fleet

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

const (
	// atOnce is how many shards are handed over at the same time: a shard is away for as
	// long as its whole group takes.
	atOnce = 25

	// balanceAfter is for how long the members must have been the same before shards move
	// only to be spread evenly.
	balanceAfter = time.Second

	// handTime is how long one group may take: the gateway has 2 s to answer a close.
	handTime = 4 * time.Second

	// leavingPoll is how often a drain looks whether others have handed over what they began to.
	leavingPoll = 20 * time.Millisecond

	// beginTime is how long what goes along may take before: the shards still run, and it may be hundreds of megabytes.
	beginTime = 10 * time.Second
)

// balance hands shards that this process has too many of to those that have too few, and all
// of them to one that replaces it.
func (f *Fleet) balance(ctx context.Context) {
	given := map[place]string{}
	f.mu.Lock()
	p := f.plan
	for at, to := range f.moves {
		if h := f.mine[at]; h != nil && h.shard != nil {
			given[at] = to
		}
		delete(f.moves, at)
	}
	replacer := ""
	for id, m := range f.members {
		if m.Replaces == f.config.Name && id != f.id && !m.Starting && !m.Draining && m.Name != f.config.Name {
			replacer = id
		}
	}
	if replacer != "" && f.replacedBy == "" {
		f.replacedBy = replacer
		f.once.Do(func() { close(f.leave) })
	}
	stable := time.Since(f.joined) >= balanceAfter
	t := newTally(f.shards(), f.members, f.records, p.has)
	f.mu.Unlock()
	if replacer != "" {
		return // Run drains
	}
	if stable {
		for _, at := range f.sorted() {
			if t.lacks(f.id) >= 0 {
				break
			}
			who := t.neediest()
			if who == "" || who == f.id || t.lacks(who) <= 0 {
				break
			}
			if _, moves := given[at]; !moves && !f.identifying(at) {
				given[at] = who
				t.runs[f.id]--
				t.runs[who]++
			}
		}
	}
	if len(given) > 0 {
		f.hand(ctx, given)
	}
}

// identifying reports whether a shard waits for READY: what it would be given then, nobody would know.
func (f *Fleet) identifying(at place) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := f.mine[at]
	return h != nil && h.shard != nil && h.shard.State() == lifecycle.Identifying
}

// hand hands shards to others, or to nobody (""), in groups.
func (f *Fleet) hand(ctx context.Context, given map[place]string) {
	group := map[place]string{}
	flush := func() {
		if len(group) > 0 {
			f.handGroup(ctx, group)
			group = map[place]string{}
		}
	}
	for at, to := range given {
		group[at] = to
		if len(group) == atOnce {
			flush()
		}
	}
	flush()
	f.hint() // all others count who has how many
}

// handGroup closes shards so that their sessions can be resumed, writes into the records whose they
// are now, and names them to their new owners. Shards that are being handed over already it leaves alone: a drain may begin
// while control moves some.
func (f *Fleet) handGroup(ctx context.Context, group map[place]string) {
	leaving := map[place]*holding{}
	var shards []*engine.Shard
	f.mu.Lock()
	for at := range group {
		if h := f.mine[at]; h != nil && h.shard != nil && !h.leaving {
			leaving[at] = h
			h.leaving = true
			shards = append(shards, h.shard)
		}
	}
	f.mu.Unlock()
	if len(leaving) == 0 {
		return
	}
	handovers := f.beginHandovers(ctx, leaving, group)
	limit, cancel := context.WithTimeout(ctx, handTime)
	specs, err := f.eng.Detach(limit, shards...)
	cancel()
	if err != nil {
		f.log.Warn("not all shards could be handed over in time; the others follow once they have closed", "cause", err)
	}
	sessions := map[place]engine.ShardSpec{}
	for _, s := range specs {
		sessions[place{s.Total, s.ID}] = s
	}
	var mu sync.Mutex
	moved := map[place]record{}
	_ = each(leaving, func(at place, h *holding) error {
		spec, closed := sessions[at]
		f.mu.Lock()
		next := h.record.with(group[at], spec.Session)
		f.mu.Unlock()
		if !closed {
			handovers[at].Stayed()
			f.mu.Lock()
			f.moves[at] = group[at] // once more, when it has closed
			h.leaving = false
			f.mu.Unlock()
			return nil
		}
		limit, cancel := context.WithTimeout(ctx, handTime)
		handovers[at].Finish(limit, spec.Session)
		cancel()
		if spec.Session.ID == "" {
			next.Session, next.URL, next.Seq = "", "", 0
		}
		err := f.handOne(ctx, at, next)
		f.mu.Lock()
		delete(f.mine, at)
		delete(f.began, at)
		f.mu.Unlock()
		if err == nil {
			mu.Lock()
			moved[at] = next
			mu.Unlock()
		}
		return err
	})
	f.mu.Lock()
	for at, r := range moved {
		r.rev = f.records[at].rev
		f.records[at] = r
	}
	f.mu.Unlock()
	f.tellOwners(moved)
	if f.handover != nil {
		f.hint() // bots come by way of any process
	}
	for at := range sessions {
		handovers[at].Left()
	}
	f.tellMany("handed over", moved)
}

// handOne writes one record, for as long as it takes: the shard is down meanwhile.
func (f *Fleet) handOne(ctx context.Context, at place, next record) error {
	for {
		rev, err := f.store.swap(ctx, at.key(), encode(next), next.rev, 0)
		switch err {
		case nil:
			f.mu.Lock()
			next.rev = rev
			f.records[at] = next
			f.mu.Unlock()
			return nil
		case errConflict:
			if e, readErr := f.store.get(ctx, at.key()); readErr == nil {
				now := parseRecord(e)
				if now.Owner != f.id {
					return err // another has it by now, or the answer to the swap before was lost
				}
				next.rev, next.Ready = now.rev, next.Ready || now.Ready // this process wrote it meanwhile
				continue
			}
		}
		select {
		case <-time.After(gateRetry):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// drainAll marks this process, so that nobody moves a shard here, and hands all of its
// shards to the others; where there are none, to nobody: the next process takes them up.
func (f *Fleet) drainAll(ctx context.Context) {
	f.mu.Lock()
	f.drain = true
	f.mu.Unlock()
	f.tell("draining", place{}, "")
	if err := f.renew(ctx); err != nil {
		f.log.Warn("the fleet cannot be told of the drain; others take the shards over", "cause", err)
	}
	for ctx.Err() == nil {
		all := f.sorted()
		if len(all) == 0 {
			return
		}
		f.mu.Lock()
		list := slices.DeleteFunc(all, func(at place) bool { return f.mine[at] == nil || f.mine[at].leaving })
		f.mu.Unlock()
		if len(list) == 0 { // control is about to be done with them
			select {
			case <-time.After(leavingPoll):
			case <-ctx.Done():
			}
			continue
		}
		f.mu.Lock()
		p, replacer := f.plan, f.replacedBy
		members := make(map[string]member, len(f.members))
		for id, m := range f.members {
			if id == f.id {
				m.Draining = true
			}
			members[id] = m
		}
		if _, there := members[replacer]; !there {
			replacer = ""
		}
		t := newTally(f.shards(), members, f.records, p.has)
		f.mu.Unlock()
		group := map[place]string{}
		for _, at := range list[:min(len(list), atOnce)] {
			who := replacer
			if who == "" {
				who = t.neediest()
			}
			if who != "" {
				t.runs[who]++
			}
			group[at] = who
		}
		f.handGroup(ctx, group)
	}
}
