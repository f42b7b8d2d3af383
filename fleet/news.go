package fleet

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"
)

// news is what the bucket says.
type news struct {
	members map[string]member
	renewed map[string]renewal
	left    map[string]bool // who ended in order
	plan    plan
	cursor  uint64
	records []entry // that have changed

	membersErr, planErr, recordsErr error
}

// ask reads the members, the plan, and what changed of the records, all at the same time: they share
// their way to NATS and back.
func (f *Fleet) ask(ctx context.Context) *news {
	n := &news{members: map[string]member{}, renewed: map[string]renewal{}, left: map[string]bool{}}
	f.mu.Lock()
	n.cursor = f.cursor
	f.mu.Unlock()
	var reads sync.WaitGroup
	reads.Go(func() { n.plan, n.planErr = f.readPlan(ctx) })
	reads.Go(func() {
		n.cursor, n.recordsErr = f.store.changes(ctx, "shard.>", n.cursor, func(e entry) { n.records = append(n.records, e) })
	})
	_, n.membersErr = f.store.changes(ctx, "node.*", 0, func(e entry) {
		if e.taken {
			n.left[strings.TrimPrefix(e.key, "node.")] = true
		}
		var m member
		if e.value != nil && !f.store.expired(&e) && json.Unmarshal(e.value, &m) == nil && "node."+m.Incarnation == e.key {
			n.members[m.Incarnation] = m
			n.renewed[m.Incarnation] = renewal{e.rev, time.Now()}
		}
	})
	reads.Wait()
	return n
}

// read takes over what the bucket says.
func (f *Fleet) read(ctx context.Context, n *news) error {
	members, renewed, left, p, planErr := n.members, n.renewed, n.left, n.plan, n.planErr
	if n.membersErr != nil {
		return n.membersErr
	}
	if planErr == errNoKey || planErr == errBadPlan {
		p, planErr = f.mendPlan(ctx, p.rev)
	}
	if planErr != nil {
		return planErr
	}
	f.mu.Lock()
	members[f.id] = f.self() // also where the store kept it from renewing
	for id, m := range members {
		old, known := f.members[id]
		if !known || old.Draining != m.Draining || old.Starting != m.Starting {
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
		if _, listed := members[id]; !listed && !left[id] && !f.lapsedLocked(id) {
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
	f.noteNamesakes()
	if p.Total > 0 {
		f.plan = p
	}
	defer f.mu.Unlock()
	f.cursor = n.cursor
	for _, e := range n.records {
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
	return n.recordsErr
}

func (f *Fleet) readPlan(ctx context.Context) (p plan, err error) {
	e, err := f.store.get(ctx, "plan")
	if err != nil {
		return plan{}, err
	}
	if e.value == nil {
		return plan{rev: e.rev}, errNoKey
	}
	if json.Unmarshal(e.value, &p) != nil || !p.valid() {
		return plan{rev: e.rev}, errBadPlan
	}
	p.rev = e.rev
	return p, nil
}

// mendPlan writes the plan that this process follows in place of none, or of what is none.
func (f *Fleet) mendPlan(ctx context.Context, rev uint64) (plan, error) {
	f.mu.Lock()
	p := f.plan
	f.mu.Unlock()
	f.log.Error("the key plan in the fleet's bucket is gone or makes no sense: another program has changed it; it is written again")
	var err error
	if p.rev, err = f.store.swap(ctx, "plan", encode(p), rev, 0); err == errConflict {
		err = nil // another was faster; it is read in the next round
	}
	return p, err
}
