// Package engine runs the shards of a Discord bot: it connects them to the
// gateway, keeps their sessions alive over reconnects, and delivers raw events to
// callbacks, without an allocation for each.
//
//	eng, err := engine.New(engine.Config{
//		Token:   engine.NewToken(os.Getenv("DISCORD_TOKEN")),
//		Intents: gateway.IntentGuilds | gateway.IntentGuildMessages,
//	})
//	…
//	eng.On(gateway.Events(gateway.EventMessageCreate), func(ev *engine.Event) {
//		use(ev.Shard.ID(), ev.Type, ev.Seq, ev.Data) // borrowed until return
//	})
//	err = eng.Run(ctx)
//
// # Concurrency
//
// Callbacks of one shard run one after another, in the order in which they were
// registered; those of shards on different loops run at the same time where there is
// enough to do. A callback that takes long holds up its shard and the others of its
// loop, and all others for some milliseconds at most; heartbeats go on without it, so
// that no connection is lost. [Async] has it called away from the loop.
//
// No method of this package waits in a callback: what would have to returns
// [ErrInCallback]. Commands on a shard that is Ready need not wait.
//
// # Ends
//
// Run returns when its context ends or Shutdown is called, after all connections
// were closed in a way that lets the sessions be resumed, or when a shard stops for
// good, for a cause that a retry cannot mend. With Config.Sessions the sessions
// are saved, and the next process resumes them. Everything else (lost connections,
// damaged data, a gateway that is down) is logged, counted in [Stats], and tried
// again.
package engine

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/budget"
	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/internal/limit"
	"github.com/sluice-go/sluice/engine/internal/saver"
	"github.com/sluice-go/sluice/engine/internal/secret"
	"github.com/sluice-go/sluice/engine/internal/transport"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/reactor"
)

// Engine is a process's owner of shards. Make one with [New].
type Engine struct {
	config   Config
	handlers handlers
	gateway  *transport.Gateway
	dialer   *transport.Dialer // of the gateway's connections and the API's
	queue    identify.Queue
	budget   *budget.Budget
	driver   reactor.Driver
	api      *transport.API // nil: it is not asked
	random   func() float64
	wall     func(now time.Time) time.Time // the wall clock
	overlap  func(context.Context) error   // lets old and new shards run when resharding

	listeners listeners    // requests that wait for answers
	guilds    limit.Guilds // on asking for all members

	born time.Time // what the watchdog counts from

	// background outlives Run's context, so that a shutdown can be orderly; it
	// ends when Run returns.
	background context.Context
	end        context.CancelFunc
	workers    sync.WaitGroup // dials and waits for permits
	readied    atomic.Uint64  // connections that became Ready

	readingTold sync.Once // how TLS records are read

	// How Run is asked to end, other than by its context; see shutdown.go.
	asked context.Context
	ask   context.CancelFunc
	ended chan struct{} // Run has returned

	saver *saver.Saver // nil: no Config.Sessions
	calls userCalls

	mu       sync.Mutex
	started  bool
	leaving  *core.Departure // how Run ends, once that is decided
	patience context.Context // of Shutdown or Logout; nil: Config.ShutdownTimeout
	fleet    fleet
	refused  refusal
	stopped  chan struct{} // a shard stopped for good

	crashed sync.Once   // the user's code panicked, see crash.go
	dying   atomic.Bool // the program ends of it
}

// New checks the configuration and makes an engine, which does nothing before
// Run. The error joins every mistake, each a [*ConfigError].
func New(config Config) (*Engine, error) {
	e := &Engine{config: config, random: rand.Float64, wall: wallClock, overlap: overlap, born: time.Now(), stopped: make(chan struct{}, 1), ended: make(chan struct{})}
	if err := e.config.validate(); err != nil {
		return nil, err
	}
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

// On registers a callback for the events of a set and returns a function that
// takes it away again. Both may be called at any time, by any goroutine, also
// from callbacks; an event that is being delivered at that moment may still
// reach, or not yet reach, the callback.
//
// The event and its bytes are borrowed until the callback returns. A callback
// that can never fire, for want of an intent, is warned of in the log.
func (e *Engine) On(events gateway.EventSet, callback func(*Event)) (remove func()) {
	if callback == nil {
		panic("engine: On needs a callback")
	}
	h := &handler{events: events, call: callback}
	e.handlers.add(h)
	e.warnSilent(events)
	return func() { e.handlers.remove(h) }
}

// warnSilent logs which events of a set can never come, for want of an intent.
func (e *Engine) warnSilent(events gateway.EventSet) {
	dispatches := gateway.AllDispatches()
	if events.Intersect(dispatches) == dispatches {
		return // whoever asks for everything means everything that comes
	}
	possible := e.config.Intents.Events().Union(gateway.EventsWithoutIntent())
	if silent := events.Intersect(dispatches).Without(possible); !silent.IsEmpty() {
		e.config.Logger.Warn("a callback waits for events that Config.Intents do not bring", "events", silent.String())
	}
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
		}
	}
	limit, cancel, how := e.depart()
	defer cancel()
	err = e.drain(limit, how, e.close(), watchdog.C)
	return errors.Join(append(e.stopErrors(), err, e.saver.Finish(limit))...)
}

// prepare learns what Config leaves open: the first URL, the shards, how
// identifies are to be spaced, and what sessions there are.
func (e *Engine) prepare(ctx context.Context) (first string, shards Shards, err error) {
	c := &e.config
	if err := e.loadSessions(ctx); err != nil {
		return "", Shards{}, err
	}
	first, shards = c.GatewayURL, c.Shards
	if first == "" || shards == (Shards{}) || c.APIURL != "" {
		e.api = transport.NewAPI(cmp.Or(c.APIURL, defaultAPIURL), c.Token.secret(), c.TLS, e.dialer,
			"DiscordBot ("+projectURL+", "+Version+")",
			func(status int, retryAfter time.Duration) error { return &APIError{status, retryAfter} })
		bot, err := e.discover(ctx)
		if err != nil {
			return "", Shards{}, err
		}
		if first == "" {
			first = bot.URL
		}
		shards = e.choose(shards, bot.Shards).resolve(bot.Shards)
		e.limit(bot)
		c.Logger.Info("gateway known", "url", secret.ShowURL(first), "recommended_shards", bot.Shards,
			"identifies_left", bot.Limit.Remaining, "max_concurrency", bot.Limit.MaxConcurrency)
	}
	shards = shards.resolve(0)
	return first, shards, e.saver.Begin(shards.Total)
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
	_, err := e.add(shards, false)
	started = err == nil
	return err
}

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
	driver, why := reactor.New(shards, e.guarded)
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
