package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/internal/transport"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/reactor"
)

// This file is which shards an engine has: it changes while Run runs.

// Shard returns the shard with an id, or nil; while there are shards of several
// totals, the first in the order of [Engine.Shards].
func (e *Engine) Shard(id int) *Shard {
	for s := range e.Shards() {
		if s.id == id {
			return s
		}
	}
	return nil
}

// AddShards adds shards and connects them, while Run runs, and returns them.
// Their Total must be named, and may be another one than that of the shards that
// run already: Discord allows sessions of different totals beside each other, and
// sends each event to one shard of every total. An id that runs already with the
// same total is refused with [ErrShardExists], and then no shard is added.
//
// Before Run has learned its shards, and once it ends, the error is
// [ErrNotRunning]; mistakes of [Config.PerShard] come as [*ConfigError].
func (e *Engine) AddShards(shards Shards) ([]*Shard, error) {
	if err := shards.check(); err != nil {
		return nil, err
	}
	return e.add(shards.resolve(0).list(), false)
}

// add makes shards and starts their loops. Those on trial do not end Run when
// they stop for good.
func (e *Engine) add(list []ShardSpec, trial bool) ([]*Shard, error) {
	if err := e.reserve(list); err != nil {
		return nil, err
	}
	defer e.release(list)
	fresh, err := e.newShards(list)
	for _, s := range fresh {
		s.trial = trial
		s.expect(s.core.Session().ID == "") // all of them, before the first can ask
	}
	e.mu.Lock()
	if err == nil && !e.fleet.open {
		err = ErrNotRunning
	}
	if err != nil {
		e.mu.Unlock()
		for _, s := range fresh {
			s.expect(false)
		}
		return nil, err
	}
	e.fleet.insert(fresh)
	for _, s := range fresh {
		s.promise.now(e, time.Now())
		s.loop.Start() // under mu: a drain that begins now must find them started
	}
	e.mu.Unlock()
	for _, s := range fresh {
		e.saver.HandOver(s.id, s.total)
	}
	return fresh, nil
}

// reserve keeps others from adding the same shards while these are being made. Run
// does not end before that either: it counts as one of the workers.
func (e *Engine) reserve(list []ShardSpec) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.fleet.admits(list); err != nil {
		return err
	}
	if e.fleet.coming == nil {
		e.fleet.coming = make(map[place]struct{})
	}
	for _, s := range list {
		e.fleet.coming[s.place()] = struct{}{}
	}
	e.workers.Add(1)
	return nil
}

// release ends the reservation.
func (e *Engine) release(list []ShardSpec) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range list {
		delete(e.fleet.coming, s.place())
	}
	if len(e.fleet.coming) == 0 {
		e.fleet.coming = nil // a map keeps the memory of all that it ever held
	}
	e.workers.Done()
}

// refuse takes no more shards.
func (e *Engine) refuse() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fleet.open = false
}

// newShards makes shards, unless one has a mistake in its configuration.
func (e *Engine) newShards(list []ShardSpec) ([]*Shard, error) {
	configs := make([]*Config, len(list))
	sessions := make([]session.Session, len(list))
	var errs []error
	for i, s := range list {
		var err error
		if configs[i], sessions[i], err = e.config.forShard(s); err != nil {
			errs = append(errs, err)
		}
	}
	if errs != nil {
		return nil, errors.Join(errs...)
	}
	running := 0
	for range e.Shards() {
		running++
	}
	transport.ReserveDescriptors(running+len(list), e.config.Logger)
	e.driver.Grow(len(list))
	fresh := make([]*Shard, len(list))
	for i, s := range list {
		fresh[i] = newShard(e, s.ID, s.Total, configs[i], sessions[i])
	}
	return fresh, nil
}

// insert adds shards: those of a total that there is among them and in the order of their
// ids, those of another behind all.
func (f *fleet) insert(fresh []*Shard) {
	f.shards = slices.Concat(f.shards, fresh)
	rank := make(map[int]int) // of each total, by its first shard
	for i, s := range f.shards {
		if _, known := rank[s.total]; !known {
			rank[s.total] = i
		}
	}
	slices.SortFunc(f.shards, func(a, b *Shard) int {
		return cmp.Or(rank[a.total]-rank[b.total], a.id-b.id)
	})
}

// admits says why shards cannot be added.
func (f *fleet) admits(list []ShardSpec) error {
	if !f.open {
		return ErrNotRunning
	}
	runs := make(map[place]struct{}, len(f.shards))
	for _, s := range f.shards {
		runs[place{s.id, s.total}] = struct{}{}
	}
	for _, s := range list {
		if _, there := runs[s.place()]; there {
			return fmt.Errorf("%w: %v", ErrShardExists, s)
		}
		if _, soon := f.coming[s.place()]; soon {
			return fmt.Errorf("%w: %v is being added", ErrShardExists, s)
		}
	}
	return nil
}

// RemoveShards closes shards for good, with code 1000: their sessions end. It
// returns when they are closed and callbacks made by [Async] have taken what is queued,
// or with the error of ctx, or with [ErrInCallback] in a callback, also in one made by
// Async that it would have to wait for; they close nevertheless. Run goes on, even
// without shards. To keep a session use [Shard.Close].
func (e *Engine) RemoveShards(ctx context.Context, shards ...*Shard) error {
	d, err := core.NewDeparture(gateway.CloseNormal, "")
	if err != nil {
		return err
	}
	e.dismiss(shards)
	for _, s := range shards {
		s.leave(d)
	}
	for _, s := range shards {
		if err := awaitLoop(ctx, s.done); err != nil {
			return err
		}
		if err := awaitCallbacks(ctx, s.backlog.drained()); err != nil {
			return err
		}
	}
	e.forget(shards)
	return nil
}

// dismiss has the sessions of shards not be saved any more, all at once: they are about
// to end, and of what is left of a fleet nothing could be made.
func (e *Engine) dismiss(shards []*Shard) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range shards {
		s.dismissed = s.dismissed || s.mail.mayEndSession()
	}
}

// staying returns the shards whose sessions are to be saved.
func (e *Engine) staying() []*Shard {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(e.fleet.shards), func(s *Shard) bool { return s.dismissed })
}

// forget takes shards off the list that had stopped for a cause of their own before
// they were removed.
func (e *Engine) forget(shards []*Shard) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range shards {
		e.fleet.remove(s)
	}
}

// remove takes a shard off the list, if it is there; what it counted stays in the sum.
func (f *fleet) remove(s *Shard) {
	if i := slices.Index(f.shards, s); i >= 0 {
		past := s.Stats().past()
		f.gone.add(&past)
		f.leaves(s.counts, &past)
		f.shards = slices.Delete(slices.Clone(f.shards), i, i+1)
	}
}

// leaves keeps what a shard that is gone did on its loop.
func (f *fleet) leaves(loop *reactor.Counts, past *Stats) {
	if f.loops == nil {
		f.loops = make(map[int]LoopStats)
	}
	l := f.loops[loop.Loop]
	if loop.Loop == 0 { // it was the shard's own
		own := loopStats(loop)
		l.Wakes += own.Wakes
		l.Reads += own.Reads
	}
	l.Number = loop.Loop
	l.serve(past)
	f.loops[loop.Loop] = l
}

// retire takes a shard whose loop has ended. One that the user closed, or that was
// on trial, is forgotten; any other ends Run.
func (e *Engine) retire(s *Shard) {
	e.mu.Lock()
	survived, trial := false, s.trial
	e.mu.Unlock()
	if why := s.core.Stop(); why != nil && !trial && e.config.OnStop != nil && !(refusedForNumber(why) && e.leftOpen()) {
		survived = !e.config.OnStop(s, why)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s.stop, s.ended = s.core.Stop(), true
	switch {
	case s.core.Left(), s.trial, survived:
		e.fleet.remove(s)
		if s.trial {
			e.lookAgain() // refused shards may wait for its end
		}
	default:
		e.lookAgain()
	}
}
