package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/budget"
	"github.com/sluice-go/sluice/engine/internal/transport"
	"github.com/sluice-go/sluice/internal/reactor"
)

// New checks the configuration and makes an engine, which does nothing before
// Run. The error joins every mistake, each a [*ConfigError].
func New(config Config) (*Engine, error) {
	e := &Engine{config: config, random: rand.Float64, wall: wallClock, overlap: overlap, born: time.Now(), stopped: make(chan struct{}, 1), accepting: make(chan struct{}), ended: make(chan struct{})}
	if err := e.config.validate(); err != nil {
		return nil, err
	}
	e.figures.init()
	e.handlers.onPanic = config.OnPanic
	e.handlers.logger = e.config.Logger
	e.handlers.drain = e.drainForPanic
	e.guardDial()
	c := &e.config
	e.dialer = &transport.Dialer{Dial: c.Dial, Proxy: c.proxy, TLS: c.TLS, Logger: c.Logger}
	e.gateway = transport.NewGateway(e.dialer, c.TLS, &e.workers, c.Logger)
	e.budget = budget.New(config.IdentifyReserve, e.config.Logger, func() { e.saver.Poke() })
	if e.queue = config.IdentifyQueue; e.queue == nil {
		e.queue = identify.NewLocal(1)
	}
	e.asked, e.ask = context.WithCancel(context.Background())
	e.background, e.end = context.WithCancel(context.Background())
	return e, nil
}

// Run connects all shards and keeps them connected. With Config.Sessions it first
// takes over the sessions that were saved, and resumes them. It returns nil when
// ctx ended, or [Engine.Shutdown] or [Engine.Logout] was called, and everything
// was closed; otherwise it joins a [*lifecycle.StopError] for each shard that stopped for
// good, or says why the gateway's URL could not be learned or saved sessions not be
// used. A shard that stops for good ends all others. Unless that is Logout, every
// end closes the connections so that the sessions can be resumed, and saves them.
//
// Run may be called once.
func (e *Engine) Run(ctx context.Context) error {
	e.mu.Lock()
	started := e.started
	e.started = true
	e.mu.Unlock()
	if started {
		return ErrStarted
	}
	defer close(e.ended)
	defer e.end()
	returned := false
	defer func() {
		if !returned {
			e.crash(nil)
			e.saver.Abandon()
		}
	}()
	err := e.run(ctx)
	if e.dying.Load() {
		select {} // until the panic has ended the program
	}
	returned = true
	return err
}

// run is Run, once.
func (e *Engine) run(ctx context.Context) error {
	given := ctx
	e.given.Store(&given)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.asked, cancel)()
	if ctx.Err() != nil || e.asked.Err() != nil {
		return nil
	}

	first, shards, err := e.prepare(ctx)
	if err != nil {
		err = errors.Join(err, e.saver.Finish(ctx))
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	e.config.GatewayURL = first
	e.config.core = e.config.forCore()
	if err := e.start(shards); err != nil {
		return errors.Join(err, e.saver.Finish(ctx))
	}
	if e.api != nil {
		e.work(e.followBudget)
	}
	watchdog := time.NewTicker(busyLimit)
	defer watchdog.Stop()
	var clock clockWatch
	var rounds rounds
	var tidy tidy
	var activity activity
	for running := true; running; {
		select {
		case <-ctx.Done():
			running = false
		case <-e.stopped:
			running = e.replaceRefused()
		case now := <-watchdog.C:
			for s := range e.Shards() {
				s.watch(now)
			}
			rounds.look(e, now)
			e.checkClock(&clock, time.Now()) // not now, when the ticker's channel took it
			e.tidyUp(&tidy, now)
			watchdog.Reset(activity.pace(e, now))
		}
	}
	watchdog.Reset(busyLimit)
	limit, cancel, how := e.depart()
	defer cancel()
	err = e.drain(limit, how, e.close(), watchdog.C)
	return errors.Join(append(e.stopErrors(), err, e.saver.Finish(limit))...)
}

// start makes the first shards and runs their loops. Where that fails, nothing of it is
// left.
func (e *Engine) start(shards Shards) error {
	e.driver = e.newDriver(shards.Count)
	e.gateway.Wrap = e.driver.Wrap
	started := false
	defer func() {
		if !started { // also where PerShard panics
			<-e.close()
		}
	}()
	e.mu.Lock()
	e.fleet.open = true
	e.mu.Unlock()
	_, err := e.add(shards.list(), false)
	if started = err == nil; started {
		close(e.accepting)
	}
	return err
}

// Accepting returns a channel that is closed once Run has its first shards and takes
// others, by [Engine.Attach] and [Engine.AddShards]. It stays open where Run ends before.
func (e *Engine) Accepting() <-chan struct{} { return e.accepting }

// close takes no more shards. The channel is closed when all have ended, and
// everything that they had under way.
func (e *Engine) close() (done <-chan struct{}) {
	e.refuse()
	shards, all := e.Shards(), make(chan struct{})
	go func() {
		for s := range shards {
			<-s.done
		}
		e.end()
		e.workers.Wait()
		e.driver.Close()
		close(all)
	}()
	return all
}

// newDriver chooses how sockets are read.
func (e *Engine) newDriver(shards int) reactor.Driver {
	if e.config.Driver == PortableDriver {
		return reactor.PortableDriver{Guard: e.guarded}
	}
	driver, why := reactor.New(shards, e.config.Latency, e.guarded)
	if why != nil {
		e.config.Logger.Warn("event loops are refused by the system; each shard gets a goroutine instead", "cause", why)
	}
	return driver
}

// stopErrors returns why shards stopped for good.
func (e *Engine) stopErrors() []error {
	var errs []error
	for s := range e.Shards() {
		if err := s.stopError(); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}
