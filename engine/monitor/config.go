package monitor

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/sluice-go/sluice/engine"
)

// Config is what [New] takes. Only Engine must be set.
type Config struct {
	// Engine is what is shown. Required. It may run already, or later.
	Engine *engine.Engine

	// Title is what the page calls the bot. Default "sluice".
	Title string

	// Metrics answers /metrics. Default: a 404 that says so.
	Metrics http.Handler

	// Bots, if set, returns who is connected to this process as to a gateway, for a table of the page and
	// /api/v1/bots: the bot sessions of a bridge.
	Bots func() []Bot

	// ReadyShare is the share of shards, above 0 and up to 1, that must be Ready for /readyz
	// to say so. Default 0: all.
	ReadyShare float64

	// Credential has to come with every action; it has at least 16 characters. Default "":
	// there are no actions.
	Credential string

	// Shared says that other processes run shards of the same bot, and that they agree on whose each is. Then there
	// are no actions that reshard or close: one process alone cannot do either. Default false.
	Shared bool

	// Level is set by the action log-level. Default nil: there is no such action.
	Level *slog.LevelVar

	// Pprof serves /debug/pprof. It shows what the program's memory holds, so whoever reads
	// it must be trusted like the program. Default false.
	Pprof bool

	// Hosts are names, besides loopback's own, that requests may have as Host where they
	// reach a loopback address: those of a proxy in front, say.
	Hosts []string
}

// minCredential is how short a credential may be: nobody guesses 16 random characters.
const minCredential = 16

func (c *Config) validate() error {
	var errs []error
	if c.Engine == nil {
		errs = append(errs, errors.New("monitor: Config.Engine: there is none; set the engine that is to be shown"))
	}
	if !(c.ReadyShare >= 0 && c.ReadyShare <= 1) {
		errs = append(errs, fmt.Errorf("monitor: Config.ReadyShare: %v is no share; it must be from 0 to 1, where 0 stands for all", c.ReadyShare))
	}
	if n := len(c.Credential); n > 0 && n < minCredential {
		errs = append(errs, fmt.Errorf("monitor: Config.Credential: %d characters can be guessed; take %d at least, at random", n, minCredential))
	}
	if c.Title == "" {
		c.Title = "sluice"
	}
	return errors.Join(errs...)
}

// Monitor is an [http.Handler] that shows an engine. Make one with [New].
type Monitor struct {
	config  Config
	engine  *engine.Engine
	handler http.Handler
	watch   *engine.Watch
	stream  hub
	guesses guesses
	born    time.Time

	mu         sync.Mutex // of what follows; the engine's loops never take it
	history    *history
	incidents  incidents
	last       sample // the newest
	ticked     time.Time
	resharding bool

	done   chan struct{} // closed by Close
	closed sync.Once
	work   sync.WaitGroup
}

// New returns a monitor that watches an engine until Close. The error names all fields that
// are wrong.
func New(config Config) (*Monitor, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	now := time.Now()
	m := &Monitor{
		config: config, engine: config.Engine, born: now, ticked: now,
		watch: config.Engine.Watch(watchBuffer), history: newHistory(), done: make(chan struct{}),
	}
	m.stream.done = m.done
	m.last = m.sample(now)
	m.handler = m.routes()
	m.work.Go(m.follow)
	return m, nil
}

// Close ends all streams and stops watching. Requests are answered with what was known.
func (m *Monitor) Close() {
	m.closed.Do(func() {
		close(m.done)
		m.watch.Close()
	})
	m.work.Wait()
}
