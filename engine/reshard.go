package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

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
	fresh, err := e.add(shards.resolve(0), true)
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
