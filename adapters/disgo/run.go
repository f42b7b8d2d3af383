package sluicedisgo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/disgoorg/disgo/sharding"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	discord "github.com/sluice-go/sluice/gateway"
)

// run is one engine of a manager's, from its start to its end.
type run struct {
	manager *Manager
	plan    *plan
	engine  *engine.Engine
	ended   chan struct{} // closed when the engine's Run has returned
	err     error         // what it returned, once it has

	splitting sync.Once
}

// start returns the engine that runs, or makes one. alone has it begin without shards.
func (m *Manager) start(ctx context.Context, alone bool) (*run, error) {
	m.mu.Lock()
	r := m.running
	if r == nil {
		var err error
		if r, err = m.launch(alone); err != nil {
			m.mu.Unlock()
			return nil, err
		}
		m.running = r
	}
	m.mu.Unlock()
	select {
	case <-r.engine.Accepting():
		return r, nil
	case <-r.ended:
		return nil, r.ending()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// launch makes an engine and has it run. The manager's mutex is held.
func (m *Manager) launch(alone bool) (*run, error) {
	p, err := m.newPlan()
	if err != nil {
		return nil, err
	}
	r := &run{manager: m, plan: p, ended: make(chan struct{})}
	config := p.config
	if alone || p.list != nil {
		config.Shards, config.StartEmpty = engine.Shards{}, true
	}
	config.OnStop = r.stopped
	if r.engine, err = engine.New(config); err != nil {
		return nil, err
	}
	deliver := engine.Async(r.deliver, engine.AsyncOptions{})
	if m.options.inline {
		deliver = r.deliver
	}
	r.engine.On(handled, deliver)
	if m.options.engine != nil {
		m.options.engine(r.engine)
	}
	go r.run()
	return r, nil
}

// run runs the engine.
func (r *run) run() {
	r.err = r.engine.Run(context.Background())
	if r.err != nil {
		r.plan.config.Logger.Error("the engine ended", "err", r.err)
	}
	m := r.manager
	m.mu.Lock()
	if m.running == r {
		m.running = nil
	}
	m.mu.Unlock()
	close(r.ended)
}

// ending returns why the engine ended, once it has.
func (r *run) ending() error {
	if r.err != nil {
		return r.err
	}
	return engine.ErrNotRunning
}

// stop ends the engine. Where ctx has no deadline, a listener that does not return holds it
// up for no longer than Config.ShutdownTimeout.
func (r *run) stop(ctx context.Context) {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, cmp.Or(r.plan.config.ShutdownTimeout, 10*time.Second))
		defer cancel()
	}
	end := r.engine.Logout
	if r.plan.config.Sessions != nil {
		end = r.engine.Shutdown
	}
	if err := end(ctx); err != nil {
		return // it is being waited for in vain, by a listener or for too long
	}
	select {
	case <-r.ended:
	case <-ctx.Done():
	}
}

// attach adds shards, but for those that run already.
func (r *run) attach(list []engine.ShardSpec) ([]*engine.Shard, error) {
	runs := make(map[place]bool)
	for s := range r.engine.Shards() {
		runs[placeOf(s)] = true
	}
	var missing []engine.ShardSpec
	for _, spec := range list {
		if at := (place{spec.ID, spec.Total}); !runs[at] {
			if last := r.manager.gatewayAt(at).takeLast(); spec.Session == (session.Session{}) {
				spec.Session = last
			}
			missing = append(missing, spec)
		}
	}
	return r.engine.Attach(missing)
}

// total returns how many shards one is out of that is opened by itself.
func (r *run) total(ctx context.Context) (int, error) {
	if r.plan.total > 0 {
		return r.plan.total, nil
	}
	for s := range r.engine.Shards() {
		return s.Total(), nil
	}
	answer, err := r.engine.GatewayBot(ctx)
	return answer.Shards, err
}

// awaitReady waits until shards are ready or have stopped.
func (r *run) awaitReady(ctx context.Context, shards []*engine.Shard) error {
	var errs []error
	for _, s := range shards {
		err := s.WaitReady(ctx)
		if errors.Is(err, engine.ErrStopped) {
			_, _ = s.Close(ctx, 0, "") // waits until it has told why
			if why := r.manager.gatewayAt(placeOf(s)).failure(s); why != nil {
				err = why
			}
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// stopped is the engine's OnStop: one shard has stopped for good, the others go on, as
// with disgo's own manager.
func (r *run) stopped(s *engine.Shard, why error) (end bool) {
	g := r.manager.gatewayAt(placeOf(s))
	err := newStopError(why)
	g.fail(s, err)
	if r.plan.split > 1 && errors.Is(why, lifecycle.ErrShardingRequired) {
		r.splitting.Do(func() { go r.splitAll(s.Total() * r.plan.split) })
		return false
	}
	r.plan.config.Logger.Error("a shard stopped for good", "shard", s.ID(), "err", err)
	if r.plan.closed != nil {
		go r.plan.closed(g, err, false)
	}
	if on := r.manager.config.OnStop; on != nil {
		return on(s, why)
	}
	return false
}

// splitAll replaces the shards by more. Where disgo splits those that are refused, this
// replaces all, so that no guild is without a shard or on two for long.
func (r *run) splitAll(total int) {
	log := r.plan.config.Logger
	log.Warn("the gateway refuses this number of shards; resharding", "shards", total)
	if err := r.engine.Reshard(context.Background(), engine.Shards{Total: total}); err != nil {
		log.Error("resharding failed", "err", err)
	}
}

// sessionOfState returns a session as the engine has it.
func sessionOfState(s sharding.ShardState) session.Session {
	return session.Session{ID: s.SessionID, ResumeURL: s.ResumeURL, Seq: int64(s.Sequence)}
}

// sessionOf returns the session of disgo's options, the zero value where they have none.
func sessionOf(id, url *string, seq *int) session.Session {
	if id == nil || seq == nil {
		return session.Session{}
	}
	s := session.Session{ID: *id, Seq: int64(*seq)}
	if url != nil {
		s.ResumeURL = *url
	}
	return s
}

// closeCode checks a close code of disgo's, an int.
func closeCode(code int) (discord.CloseCode, error) {
	if code < 1000 || code > 4999 {
		return 0, fmt.Errorf("sluicedisgo: %d is no close code: it is from 1000 to 4999", code)
	}
	return discord.CloseCode(code), nil
}
