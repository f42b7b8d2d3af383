// Package engine runs the shards of a Discord bot: import it to write a bot that takes
// gateway events as raw JSON. It connects the shards to the gateway, keeps their sessions
// alive over reconnects and restarts, and delivers events to callbacks or loops, without
// an allocation for each.
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
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/budget"
	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/internal/limit"
	"github.com/sluice-go/sluice/engine/internal/saver"
	"github.com/sluice-go/sluice/engine/internal/transport"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/reactor"
)

// Engine is a process's owner of shards. Make one with [New].
type Engine struct {
	config   Config
	handlers handlers
	reads    readers
	gateway  *transport.Gateway
	dialer   *transport.Dialer // of the gateway's connections and the API's
	queue    identify.Queue
	budget   *budget.Budget
	driver   reactor.Driver
	api      *transport.API // nil: it is not asked
	random   func() float64
	wall     func(now time.Time) time.Time // the wall clock
	overlap  func(context.Context) error   // lets old and new shards run when resharding

	holdFrom atomic.Int64 // see HoldFrom, in ns since born; 0: never

	listeners listeners    // requests that wait for answers
	watches   watches      // of whoever wants to know what happens
	guilds    limit.Guilds // on asking for all members

	born time.Time // what the watchdog counts from

	// background outlives Run's context, so that a shutdown can be orderly; it
	// ends when Run returns.
	background context.Context
	end        context.CancelFunc
	workers    sync.WaitGroup // dials and waits for permits
	readied    atomic.Uint64  // connections that became Ready

	readingTold sync.Once // how TLS records are read

	figures figures

	// How Run is asked to end, other than by its context; see shutdown.go.
	asked     context.Context
	given     atomic.Pointer[context.Context] // Run's
	ask       context.CancelFunc
	accepting chan struct{} // closed when Run takes shards
	ended     chan struct{} // Run has returned

	saver *saver.Saver // nil: no Config.Sessions
	calls userCalls

	mu       sync.Mutex
	started  bool
	leaving  *core.Departure // how Run ends, once that is decided
	patience context.Context // of Shutdown or Logout; nil: Config.ShutdownTimeout
	fleet    fleet
	refused  refusal
	stopped  chan struct{} // a shard stopped for good

	crashed sync.Once   // the user's code panicked, see shutdown.go
	dying   atomic.Bool // the program ends of it
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

// fleet is an engine's shards. The list is replaced, never changed, so that
// whoever took it can go through it without a lock.
type fleet struct {
	shards []*Shard           // the older total first, within a total by id
	coming map[place]struct{} // are being made
	open   bool               // Run takes shards
	gone   Stats              // of shards that were closed and forgotten

	// loops is what these did on their loops, by the numbers of these.
	loops map[int]LoopStats
}

// listeners counts an engine's requests. While there are any, they hear of events
// by a callback; otherwise an answer costs no more than any event.
type listeners struct {
	mu     sync.Mutex
	count  int
	handle *handler
}

// userCalls counts the calls of code from outside that are under way in goroutines of
// the engine, so that Run can say which it no longer waits for.
type userCalls struct {
	dials    atomic.Int64 // of Config.Dial
	acquires atomic.Int64 // of Config.IdentifyQueue
}

// refusal is how far the replacement of shards that the gateway refuses has come.
// The engine's mutex guards it.
type refusal struct {
	underway   bool
	failed     error // why refused shards end Run all the same
	resharding int   // calls of Reshard under way, the user's too
}

// String returns how many shards the engine has, and how many are ready.
func (e *Engine) String() string {
	shards, ready := e.readiness()
	return fmt.Sprintf("engine with %d of %d shards ready", ready, shards)
}

// Format implements [fmt.Formatter]: all verbs print what String returns.
func (e *Engine) Format(s fmt.State, verb rune) {
	text := e.String()
	formatAs(s, verb, text, "&engine.Engine{"+text+"}")
}

// LogValue implements [slog.LogValuer].
func (e *Engine) LogValue() slog.Value {
	shards, ready := e.readiness()
	return slog.GroupValue(slog.Int("shards", shards), slog.Int("ready", ready))
}

// readiness counts the shards.
func (e *Engine) readiness() (shards, ready int) {
	for s := range e.Shards() {
		shards++
		if s.State() == lifecycle.Ready {
			ready++
		}
	}
	return shards, ready
}

// Shards returns the engine's shards by id; while there are shards of several
// totals, those of the total that was added first come first. There are none
// before Run has learned how many.
func (e *Engine) Shards() iter.Seq[*Shard] {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Values(e.fleet.shards)
}

// lookAgain has Run look at shards that have stopped.
func (e *Engine) lookAgain() {
	select {
	case e.stopped <- struct{}{}:
	default: // it is about to
	}
}

// guard drains the engine if the code above did not return. own is the shard whose
// loop this is; nil: none.
func (e *Engine) guard(own *Shard, returned *bool) {
	if !*returned {
		e.crash(own)
	}
}

// guarded calls something that runs at the bottom of a goroutine.
func (e *Engine) guarded(do func()) {
	returned := false
	defer e.guard(nil, &returned)
	do()
	returned = true
}

// work has something done in a goroutine that Run waits for.
func (e *Engine) work(do func()) { e.workers.Go(func() { e.guarded(do) }) }
