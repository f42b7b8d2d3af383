package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// Reshard replaces all shards by others of another total, without a gap: both
// run beside each other until every new one is Ready and has its guilds (see
// [lifecycle.GuildsReady]), and for 5 s more, so that what was on its way to the old ones
// before that still arrives. Only then the old ones are closed and their sessions
// ended. The zero value asks Discord for the number that it recommends now.
//
// Meanwhile callbacks get events from both; [Shard.Total] tells which. No event is
// missing, but one may come from both.
//
// If ctx ends or a new shard stops for good before that, the new ones are removed,
// the old ones go on, and the error says why. Each new shard costs an identify.
// A callback, which cannot wait for that, gets [ErrInCallback], and nothing happens.
//
// Where several processes share a bot's shards, none may remove its old ones
// before all have their new ones: have each call AddShards, wait for all, and only
// then call RemoveShards in each.
func (e *Engine) Reshard(ctx context.Context, shards Shards) error {
	if inCallback() {
		return ErrInCallback
	}
	if shards == (Shards{}) {
		total, err := e.recommended(ctx)
		if err != nil {
			return err
		}
		shards.Total = total
	}
	if err := shards.check(); err != nil {
		return err
	}
	defer e.reshards()()
	var arrivals arrivals
	defer e.On(gateway.Events(gateway.EventGuildsReady), arrivals.see)()
	old := slices.Collect(e.Shards())
	fresh, err := e.add(shards.resolve(0).list(), true)
	if err != nil {
		return err
	}
	if err = e.awaitAll(ctx, fresh, &arrivals); err == nil {
		err = e.overlap(ctx)
	}
	if stops := e.endTrial(fresh, err == nil); stops != nil {
		err = stops // why, rather than that a shard has stopped
	}
	if err != nil {
		_ = e.RemoveShards(ctx, fresh...)
		return fmt.Errorf("engine: resharding to %d failed, the old shards go on: %w", shards.Total, err)
	}
	return e.RemoveShards(ctx, old...)
}

// recommended asks Discord how many shards there should be.
func (e *Engine) recommended(ctx context.Context) (int, error) {
	e.mu.Lock()
	open := e.fleet.open
	e.mu.Unlock()
	switch {
	case !open:
		return 0, ErrNotRunning
	case e.api == nil:
		return 0, errors.New("engine: without Config.APIURL Discord is not asked how many shards there should be; name a Total")
	}
	bot, err := e.discover(ctx)
	if err != nil {
		return 0, err
	}
	return bot.Shards, nil
}

// overlapTime is how long the old shards go on once the new ones are ready. An
// event from before that may still be in a queue of the gateway's, or on the wire.
const overlapTime = 5 * time.Second

// overlap lets both fleets run.
func overlap(ctx context.Context) error {
	select {
	case <-time.After(overlapTime):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// awaitAll waits until shards are Ready and have their guilds, if these come.
func (e *Engine) awaitAll(ctx context.Context, shards []*Shard, arrivals *arrivals) error {
	for _, s := range shards {
		if err := s.WaitReady(ctx); err != nil {
			return err
		}
		if e.config.Intents&gateway.IntentGuilds == 0 {
			continue
		}
		select {
		case <-arrivals.of(s):
		case <-s.done:
			return ErrStopped
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// endTrial makes shards full members if they have passed, unless one of them has
// stopped for good.
func (e *Engine) endTrial(shards []*Shard, passed bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var errs []error
	for _, s := range shards {
		if s.stop != nil {
			errs = append(errs, s.stop)
		}
	}
	if errs == nil && passed {
		for _, s := range shards {
			s.trial = false
		}
	}
	return errors.Join(errs...)
}

// arrivals notes which shards have their guilds.
type arrivals struct {
	mu    sync.Mutex
	ready map[*Shard]chan struct{}
}

// of returns a channel that is closed when a shard has its guilds.
func (a *arrivals) of(s *Shard) chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ready == nil {
		a.ready = make(map[*Shard]chan struct{})
	}
	if a.ready[s] == nil {
		a.ready[s] = make(chan struct{})
	}
	return a.ready[s]
}

// see is the callback of GuildsReady; those of one shard come one after another.
func (a *arrivals) see(ev *Event) {
	ready := a.of(ev.Shard)
	select {
	case <-ready: // of an earlier session
	default:
		close(ready)
	}
}

// What follows is what an engine does whose number of shards is left to Discord, when
// the gateway does not take that number any more: the bot has grown, or the saved
// sessions are of a number from before. A bot that nobody watches must go on.

// replaceRefused takes the news that a shard may have stopped for good. It reports
// whether Run goes on: none has, or all that have are refused for their number, and are
// being replaced.
func (e *Engine) replaceRefused() (running bool) {
	chosen := !e.leftOpen()
	e.mu.Lock()
	defer e.mu.Unlock()
	total, stopped, mixed, trial := 0, false, false, false
	for _, s := range e.fleet.shards {
		switch {
		case s.trial: // also of a Reshard that was called off, until it is closed
			trial = true
			continue
		case s.ended && !refusedForNumber(s.stop):
			return false
		}
		mixed = mixed || total != 0 && s.total != total
		total, stopped = s.total, stopped || s.ended
	}
	switch r := &e.refused; {
	case !stopped:
		return true
	case chosen:
		return false
	case trial, r.underway, r.resharding > 0:
		return true
	case r.failed != nil, mixed: // the user has added shards of another total, and knows what is meant
		return false
	}
	e.refused.underway = true
	e.work(func() { e.replace(total) })
	return true
}

// leftOpen reports whether the number of shards is Discord's to choose.
func (e *Engine) leftOpen() bool {
	return e.config.Shards == (Shards{}) && !e.config.StartEmpty && e.api != nil
}

// reshards notes that a call of Reshard begins. done says that it has ended: Run looks
// whether refused shards are left.
func (e *Engine) reshards() (done func()) {
	count := func(n int) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.refused.resharding += n
	}
	count(1)
	return func() {
		count(-1)
		e.lookAgain()
	}
}

// refusedForNumber reports whether a shard was stopped by close code 4010 or 4011.
func refusedForNumber(stop error) bool {
	var why *lifecycle.StopError
	return errors.As(stop, &why) && (why.Code == gateway.CloseInvalidShard || why.Code == gateway.CloseShardingRequired)
}

// replace asks Discord for the number of shards, and reshards to it.
func (e *Engine) replace(refused int) {
	total, err := e.recommended(e.background)
	switch {
	case err != nil:
	case total == refused:
		err = fmt.Errorf("engine: the gateway refuses %d shards, and Discord recommends no other number", total)
	default:
		e.config.Logger.Warn("the gateway refuses this number of shards; resharding to what Discord recommends",
			"refused", refused, "recommended", total)
		err = e.Reshard(e.background, Shards{Total: total})
	}
	e.mu.Lock()
	e.refused.underway, e.refused.failed = false, err
	e.mu.Unlock()
	if err != nil {
		e.config.Logger.Error("shards that the gateway refuses could not be replaced", "cause", err)
	}
	e.lookAgain() // others may have stopped meanwhile
}
