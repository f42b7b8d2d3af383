// Package demo runs shards against a gateway in a second process, and says what that
// cost: counted by sequence, apart from the engine's own counting.
package demo

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/sluice-go/sluice/cmd/sluice/internal/child"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// Options say what a demo does.
type Options struct {
	Shards         int
	Duration       time.Duration // that is measured, from all shards ready or WarmUp later
	WarmUp         time.Duration
	Heartbeat      time.Duration // the interval that the gateway asks for
	Compression    engine.Compression
	MaxWindow      int
	TLS            bool
	MaxConcurrency int
	Guilds         int // of each shard
	Probes         int // shards that measure the latency
	Driver         engine.Driver
	Latency        time.Duration // of engine.Config
	Storm          bool          // drop all connections at the end of Duration
	Chaos          bool          // have the gateway misbehave until then
	JSON           bool          // print one object instead of text
	Logger         *slog.Logger

	// Show has the engine shown while it runs; hide ends that.
	Show func(*engine.Engine) (hide func(), err error)

	// Gateway is what the gateway's process is called with, ChaosArgs besides.
	Gateway []string
}

// Run runs a demo, and prints its summary to out. The error says what went wrong, or what
// of the summary must not be.
func Run(ctx context.Context, o *Options, out, errOut io.Writer) error {
	gateway, err := child.Start(ctx, o.Gateway, errOut)
	if err != nil {
		return err
	}
	defer gateway.Stop()
	progressTo := out
	if o.JSON {
		progressTo = errOut
	}
	d := &demo{options: o, child: gateway, logger: o.Logger, progress: newProgress(progressTo)}
	summary, err := d.run(ctx)
	d.progress.end()
	if summary != nil {
		err = errors.Join(err, summary.print(out, o.JSON), summary.verdict())
	}
	return err
}

// demo is one run of the command.
type demo struct {
	options  *Options
	child    *child.Gateway
	logger   *slog.Logger
	progress *progress
	engine   *engine.Engine
	tally    *tally
	dials    dialLog

	interrupted bool // by a signal, before all shards were ready
}

// run connects, measures, and compares what was written with what arrived. The
// summary is nil where there is nothing to sum up.
func (d *demo) run(ctx context.Context) (*summary, error) {
	o := d.options
	if err := reserveDescriptors(o.Shards); err != nil {
		return nil, err
	}
	config, err := d.config()
	if err != nil {
		return nil, err
	}
	if d.engine, err = engine.New(config); err != nil {
		return nil, err
	}
	d.tally = newTally(o.Shards, o.Probes, o.MaxConcurrency)
	d.engine.On(d.tally.events(), d.tally.event)

	hide, err := o.Show(d.engine)
	if err != nil {
		return nil, err
	}
	defer hide()

	debug.FreeOSMemory()
	start, err := measureProcess()
	if err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- d.engine.Run(running) }()
	summary, err := d.observe(ctx, ended, start)
	stop()
	if errors.Is(err, errEngineEnded) {
		return nil, err
	}
	err = errors.Join(err, <-ended)
	if summary != nil {
		err = errors.Join(err, d.farewell(summary.chaosFigures))
	}
	return summary, err
}

// observe goes through the stages of the demo while the engine runs. A signal
// ends them early, with the figures of what there was.
func (d *demo) observe(ctx context.Context, ended <-chan error, start usage) (*summary, error) {
	began := time.Now()
	o := d.options
	if err := d.awaitReady(ctx, ended); err != nil {
		return nil, err
	}
	if ctx.Err() == nil {
		d.progress.line("all %d shards ready after %.1f s", o.Shards, time.Since(began).Seconds())
	}
	if err := d.warmUp(ctx, ended); err != nil {
		return nil, err
	}
	window, err := d.measure(ctx, ended)
	if err != nil {
		return nil, err
	}
	recovered, err := d.calm()
	if err != nil {
		return nil, err
	}
	storm, err := d.storm()
	if err != nil {
		return nil, err
	}
	if err := d.child.Quiesce(); err != nil {
		return nil, err
	}
	d.awaitRenewed(ctx.Done(), renewal)
	report, err := d.child.Report()
	if err != nil {
		return nil, err
	}
	d.tally.awaitAll(report, o.pause())
	d.awaitRenewed(ctx.Done(), renewal)
	s := d.summarize(window, start)
	account := d.tally.reckon(report)
	s.Lost, s.Duplicates, s.unheard, s.losers = account.lost, account.duplicates, account.unborn, d.tally.losers(report)
	s.chaosFigures, s.stormFigures = d.chaosFigures(account, report, recovered), storm
	return s, nil
}

// errEngineEnded is joined to why the engine ended before it was asked to.
var errEngineEnded = errors.New("the engine ended early")

// config returns the engine's configuration for the child's gateway.
func (d *demo) config() (engine.Config, error) {
	hello := d.child.Hello()
	config := engine.Config{
		Token:       engine.NewToken(hello.Token),
		Intents:     gateway.IntentsUnprivileged,
		Shards:      engine.Shards{Total: d.options.Shards},
		Compression: d.options.Compression,
		MaxWindow:   d.options.MaxWindow,
		Driver:      d.options.Driver,
		Latency:     d.options.Latency,
		APIURL:      hello.APIURL,
		Logger:      d.logger,
	}
	d.dials.addresses = sourceAddresses(d.options.Shards)
	config.Dial = d.dials.spread.DialContext
	if d.options.Storm {
		config.Dial = d.dials.DialContext
	}
	if d.options.TLS {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM([]byte(hello.CA)) {
			return config, errors.New("the mock gateway gave no certificate")
		}
		config.TLS = &tls.Config{RootCAs: roots}
	}
	return config, nil
}

// awaitReady waits until every shard has READY and its burst of guilds, or until
// a signal.
func (d *demo) awaitReady(ctx context.Context, ended <-chan error) error {
	o := d.options
	rounds := (o.Shards + o.MaxConcurrency - 1) / o.MaxConcurrency
	limit := time.NewTimer(o.patience() + time.Duration(rounds)*6*time.Second + time.Duration(o.Shards)*20*time.Millisecond)
	defer limit.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	shown := time.Now()
	for {
		ready := d.tally.settled(o.Guilds)
		if ready == o.Shards {
			return nil
		}
		if time.Since(shown) >= time.Second {
			shown = time.Now()
			d.progress.update("%d of %d shards ready", ready, o.Shards)
		}
		select {
		case <-tick.C:
		case err := <-ended:
			return errors.Join(errEngineEnded, err)
		case <-d.child.Ended():
			return child.ErrEnded
		case <-ctx.Done():
			d.interrupted = true
			d.progress.line("ended by a signal when %d of %d shards were ready", ready, o.Shards)
			return nil
		case <-limit.C:
			return fmt.Errorf("only %d of %d shards became ready in time", ready, o.Shards)
		}
	}
}

// awaitRenewed waits until every shard is ready again, but no longer than limit,
// nor than until done. With --rate max a session can come to the end of the mock's
// traffic, and its shard is then about to begin another; with --chaos a sequence
// that was skipped is noticed when the next comes.
func (d *demo) awaitRenewed(done <-chan struct{}, within time.Duration) {
	limit := time.NewTimer(within)
	defer limit.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if ready, all := CountReady(d.engine); ready == all {
			return
		}
		select {
		case <-tick.C:
		case <-done:
			return
		case <-limit.C:
			return
		}
	}
}

// renewal is more than the wait after Invalid Session and the interval of
// identifies together.
const renewal = 15 * time.Second

// warmUp lets events come that do not count for the figures.
func (d *demo) warmUp(ctx context.Context, ended <-chan error) error {
	limit := time.NewTimer(d.options.WarmUp)
	defer limit.Stop()
	select {
	case <-limit.C:
	case <-ctx.Done():
	case err := <-ended:
		return errors.Join(errEngineEnded, err)
	case <-d.child.Ended():
		return child.ErrEnded
	}
	return nil
}

// measure lets the events come for the duration, and returns what that cost. A
// signal ends it early.
func (d *demo) measure(ctx context.Context, ended <-chan error) (*window, error) {
	from, err := measureProcess()
	if err != nil {
		return nil, err
	}
	d.tally.startLatency()
	first, began := d.engine.Stats(), time.Now()
	limit := time.NewTimer(d.options.Duration)
	defer limit.Stop()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := first
	for waiting := true; waiting; {
		select {
		case <-tick.C:
			now := d.engine.Stats()
			ready, all := CountReady(d.engine)
			d.progress.update("%3.0f s  %d/%d ready  %7d events/s  %6.1f MB/s wire  %6.1f MB/s JSON",
				time.Since(began).Seconds(), ready, all, now.Events-last.Events,
				float64(now.BytesWire-last.BytesWire)/1e6, float64(now.BytesJSON-last.BytesJSON)/1e6)
			last = now
		case err := <-ended:
			return nil, errors.Join(errEngineEnded, err)
		case <-d.child.Ended():
			return nil, child.ErrEnded
		case <-ctx.Done():
			waiting = false
		case <-limit.C:
			waiting = false
		}
	}
	to, err := measureProcess()
	if err != nil {
		return nil, err
	}
	return &window{
		events:   d.engine.Stats().Events - first.Events,
		duration: time.Since(began),
		cost:     to.since(from),
		latency:  d.tally.latency(),
		rss:      to.rss,
	}, nil
}

// CountReady returns how many shards of an engine are ready, and how many there are.
func CountReady(eng *engine.Engine) (ready, all int) {
	for s := range eng.Shards() {
		all++
		if s.State() == lifecycle.Ready {
			ready++
		}
	}
	return ready, all
}
