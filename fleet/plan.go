package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
)

// Reshard changes the number of shards of the whole fleet without a gap: the new shards run
// beside the old ones, spread over all processes, until every one is Ready and has its guilds,
// and for 5 s more; only then the old ones end. Callbacks get events from both meanwhile. It
// writes the plan and returns; what follows is the fleet's to do, and survives the end of any
// process, this one included. An error says that a plan is being carried out already.
func (f *Fleet) Reshard(ctx context.Context, total int) error {
	return writePlan(ctx, f.store, total)
}

func writePlan(ctx context.Context, st *store, total int) error {
	if total < 1 || total > gateway.MaxShards {
		return fmt.Errorf("fleet: %d is no number of shards: 1 to %d", total, gateway.MaxShards)
	}
	p, err := readPlanOf(ctx, st)
	switch {
	case err != nil:
		return err
	case p.Phase != "":
		return fmt.Errorf("fleet: it is being resharded from %d to %d already", p.Total, p.Next)
	case p.Total == total:
		return nil
	}
	p.Next, p.Phase = total, phaseBoth
	_, err = st.swap(ctx, "plan", encode(p), p.rev, 0)
	return err
}

// overlap is how long the old shards go on once the new ones are ready, as in
// [engine.Engine.Reshard].
const overlap = 5 * time.Second

// guildsReady notes a shard that has its guilds. One that was resumed has moved here, or come
// back: its guilds came to whoever had it before, or with the replay.
func (f *Fleet) guildsReady(ev *engine.Event) {
	f.mu.Lock()
	f.arrived[placeOf(ev.Shard)] = true
	f.mu.Unlock()
	f.look()
}

// followPlan does this process's part of a plan: it marks its new shards that are ready, ends
// its old ones, and, whichever process gets there first, goes to the next phase.
func (f *Fleet) followPlan(ctx context.Context) {
	f.mu.Lock()
	p := f.plan
	f.mu.Unlock()
	switch p.Phase {
	case phaseBoth:
		f.markReady(ctx, p)
	case phaseCut:
		f.endOld(ctx, p)
	default:
		f.endOther(ctx, p)
	}
}

// markReady marks this process's new shards that are ready, and, once all of all processes have
// been for long enough, has the old ones end.
func (f *Fleet) markReady(ctx context.Context, p plan) {
	f.mu.Lock()
	all := true
	ready := map[place]*holding{}
	for id := range p.Next {
		at := place{p.Next, id}
		r, known := f.records[at]
		if !known || !r.Ready {
			all = false
		}
		h := f.mine[at]
		if h == nil || h.shard == nil || h.record.Ready || h.record.Session == "" {
			continue
		}
		if f.config.Engine.Intents&gateway.IntentGuilds == 0 || f.arrived[at] {
			ready[at] = h
		}
	}
	f.mu.Unlock()
	_ = each(ready, func(at place, h *holding) error {
		f.mu.Lock()
		r := h.record
		f.mu.Unlock()
		r.Ready = true
		asked := time.Now()
		rev, err := f.store.swap(ctx, at.key(), encode(r), r.rev, 0)
		if err == nil {
			r.rev = rev
			f.own(at, h, r, asked)
		}
		return err
	})
	if len(ready) > 0 {
		f.hint()
	}
	if !all {
		f.overlapped = time.Time{}
		return
	}
	if f.overlapped.IsZero() {
		f.overlapped = time.Now()
	}
	if time.Since(f.overlapped) < overlap {
		return
	}
	p.Phase = phaseCut
	if _, err := f.store.swap(ctx, "plan", encode(p), p.rev, 0); err == nil {
		f.tell("cut over", place{}, fmt.Sprintf("from %d to %d shards", p.Total, p.Next))
		f.hint()
	}
}

// endOld ends the sessions of this process's old shards, and settles the plan when no old
// shard is left.
func (f *Fleet) endOld(ctx context.Context, p plan) {
	f.endOther(ctx, p)
	f.mu.Lock()
	left := 0
	for at, r := range f.records {
		if _, lives := f.members[r.Owner]; at.total == p.Total && r.Owner != "" && lives {
			left++
		}
	}
	f.mu.Unlock()
	if left > 0 {
		return
	}
	settled := plan{Total: p.Next}
	if _, err := f.store.swap(ctx, "plan", encode(settled), p.rev, 0); err == nil {
		f.tell("resharded", place{}, fmt.Sprintf("to %d shards", p.Next))
		f.hint()
	}
}

// endOther ends shards that the plan does not have any more.
func (f *Fleet) endOther(ctx context.Context, p plan) {
	old := map[place]*holding{}
	f.mu.Lock()
	for at, h := range f.mine {
		if !p.has(at) && h.shard != nil {
			old[at] = h
		}
	}
	f.mu.Unlock()
	if len(old) == 0 {
		return
	}
	var shards []*engine.Shard
	for _, h := range old {
		shards = append(shards, h.shard)
	}
	limit, cancel := context.WithTimeout(ctx, handTime)
	defer cancel()
	if err := f.eng.RemoveShards(limit, shards...); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		f.log.Warn("an old shard did not end in order", "cause", err)
	}
	_ = each(old, func(at place, h *holding) error {
		f.mu.Lock()
		rev := h.record.rev
		delete(f.mine, at)
		delete(f.records, at)
		f.mu.Unlock()
		return f.store.remove(ctx, at.key(), rev)
	})
	f.hint()
}

func readPlanOf(ctx context.Context, st *store) (plan, error) {
	f := Fleet{store: st}
	return f.readPlan(ctx)
}
