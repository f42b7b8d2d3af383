package fleet

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/sluice-go/sluice/engine"
)

// takeGiven starts those of some shards whose records, as they were at a time, say that they are this process's.
func (f *Fleet) takeGiven(places iter.Seq[place], read time.Time) error {
	given := map[place]record{}
	f.mu.Lock()
	for at := range places {
		if r := f.records[at]; f.mine[at] == nil && r.Owner == f.id && !r.bad && f.plan.has(at) {
			given[at] = r
		}
	}
	f.mu.Unlock()
	return f.attach(given, read, false)
}

// attach starts shards with the sessions of their records, which were this process's at a time.
// wary says that who had them may still be there.
func (f *Fleet) attach(given map[place]record, confirmed time.Time, wary bool) error {
	var places []place
	var specs []engine.ShardSpec
	var holdings []*holding
	f.mu.Lock()
	for at, r := range given { // before the shards' gates ask
		if f.mine[at] != nil {
			continue // control and takeNamed both found it
		}
		spec := engine.ShardSpec{ID: at.id, Total: at.total, Session: r.session()}
		h := &holding{record: r, confirmed: confirmed, wary: wary && spec.Session.ID != ""}
		f.mine[at] = h
		places, specs, holdings = append(places, at), append(specs, spec), append(holdings, h)
	}
	f.mu.Unlock()
	if len(specs) == 0 {
		return nil
	}
	if f.prepare != nil {
		f.prepare(specs)
	}
	shards, err := f.eng.Attach(specs)
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, at := range places {
		if err != nil {
			delete(f.mine, at)
			continue
		}
		holdings[i].shard = shards[i]
	}
	return err
}

func (f *Fleet) readVector(ctx context.Context, incarnation string) (vector, error) {
	e, err := f.store.get(ctx, "seq."+incarnation)
	if err == errNoKey || err == nil && e.value == nil {
		return vector{}, nil
	}
	if err != nil {
		return nil, err
	}
	v, err := parseVector(e.value)
	if err != nil {
		f.log.Error("saved sequences cannot be used; events may come twice", "of", incarnation, "cause", err)
		v = vector{}
	}
	return v, nil
}

// claim takes shards that nobody runs, as many as are this process's to take.
func (f *Fleet) claim(ctx context.Context) error {
	calmed := f.calmed() // while NATS was gone, nobody could renew a lease
	f.mu.Lock()
	if !calmed || time.Now().Before(f.quiet) {
		f.mu.Unlock()
		return nil
	}
	p := f.plan
	list := free(&p, f.members, f.records)
	t := newTally(f.shards(), f.members, f.records, p.has)
	wanted := map[place]record{}
	for _, at := range list {
		who := t.neediest()
		if who == "" {
			break
		}
		t.runs[who]++
		if who == f.id && f.mine[at] == nil {
			wanted[at] = f.records[at]
		}
	}
	f.mu.Unlock()
	if len(wanted) == 0 {
		return nil
	}
	vectors := map[string]vector{}
	for _, was := range wanted {
		if was.Owner == "" || vectors[was.Owner] != nil {
			continue
		}
		v, err := f.readVector(ctx, was.Owner)
		if err != nil {
			return err
		}
		vectors[was.Owner] = v
	}
	asked := time.Now()
	var mu sync.Mutex
	got := map[place]record{}
	err := each(wanted, func(at place, was record) error {
		next := was.with(f.id, vectors[was.Owner].newer(at, was.session()))
		rev, err := f.store.swap(ctx, at.key(), encode(next), was.rev, 0)
		switch err {
		case nil:
			next.rev = rev
			mu.Lock()
			got[at] = next
			mu.Unlock()
		case errConflict:
			err = nil // another was faster, or the answer to an earlier claim was lost
		}
		return err
	})
	f.mu.Lock()
	for at, r := range got {
		f.records[at] = r
	}
	f.mu.Unlock()
	if len(got) > 0 {
		f.tellMany("claimed", got)
		f.hint()
	}
	if attachErr := f.attach(got, asked, true); attachErr != nil {
		return attachErr
	}
	return err
}
