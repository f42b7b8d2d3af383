package main

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

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
)

func (o *demoOptions) run(ctx context.Context, out, errOut io.Writer) error {
	child, err := startMock(ctx, o.mockArgs(), errOut)
	if err != nil {
		return fail(err)
	}
	defer child.stop()
	progressTo := out
	if o.json {
		progressTo = errOut
	}
	d := &demo{options: o, child: child, logger: newLog(errOut, o.logLevel.Level), progress: newProgress(progressTo)}
	summary, err := d.run(ctx)
	d.progress.end()
	if summary != nil {
		err = errors.Join(err, summary.print(out, o.json), summary.verdict())
	}
	return fail(err)
}

// demo is one run of the command.
type demo struct {
	options  *demoOptions
	child    *mockProcess
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
	if err := reserveDescriptors(o.shards); err != nil {
		return nil, err
	}
	config, err := d.config()
	if err != nil {
		return nil, err
	}
	if d.engine, err = engine.New(config); err != nil {
		return nil, err
	}
	d.tally = newTally(o.shards, o.probes(), o.maxConcurrency)
	d.engine.On(d.tally.events(), d.tally.event)

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
		d.progress.line("all %d shards ready after %.1f s", o.shards, time.Since(began).Seconds())
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
	if err := d.child.quiesce(); err != nil {
		return nil, err
	}
	d.awaitRenewed(ctx.Done(), renewal)
	report, err := d.child.report()
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
	hello := d.child.hello
	config := engine.Config{
		Token:       engine.NewToken(hello.Token),
		Intents:     gateway.IntentsUnprivileged,
		Shards:      engine.Shards{Total: d.options.shards},
		Compression: d.options.compress.Compression,
		MaxWindow:   d.options.maxWindow,
		Driver:      d.options.driver.Driver,
		APIURL:      hello.APIURL,
		Logger:      d.logger,
	}
	d.dials.addresses = sourceAddresses(d.options.shards)
	config.Dial = d.dials.spread.DialContext
	if d.options.storm {
		config.Dial = d.dials.DialContext
	}
	if d.options.tls {
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
	rounds := (o.shards + o.maxConcurrency - 1) / o.maxConcurrency
	limit := time.NewTimer(o.patience() + time.Duration(rounds)*6*time.Second + time.Duration(o.shards)*20*time.Millisecond)
	defer limit.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	shown := time.Now()
	for {
		ready := d.tally.settled(o.guilds)
		if ready == o.shards {
			return nil
		}
		if time.Since(shown) >= time.Second {
			shown = time.Now()
			d.progress.update("%d of %d shards ready", ready, o.shards)
		}
		select {
		case <-tick.C:
		case err := <-ended:
			return errors.Join(errEngineEnded, err)
		case <-d.child.answers:
			return errMockEnded
		case <-ctx.Done():
			d.interrupted = true
			d.progress.line("ended by a signal when %d of %d shards were ready", ready, o.shards)
			return nil
		case <-limit.C:
			return fmt.Errorf("only %d of %d shards became ready in time", ready, o.shards)
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
		if ready, all := countReady(d.engine); ready == all {
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
	limit := time.NewTimer(d.options.warmUp)
	defer limit.Stop()
	select {
	case <-limit.C:
	case <-ctx.Done():
	case err := <-ended:
		return errors.Join(errEngineEnded, err)
	case <-d.child.answers:
		return errMockEnded
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
	limit := time.NewTimer(d.options.duration)
	defer limit.Stop()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := first
	for waiting := true; waiting; {
		select {
		case <-tick.C:
			now := d.engine.Stats()
			ready, all := countReady(d.engine)
			d.progress.update("%3.0f s  %d/%d ready  %7d events/s  %6.1f MB/s wire  %6.1f MB/s JSON",
				time.Since(began).Seconds(), ready, all, now.Events-last.Events,
				float64(now.BytesWire-last.BytesWire)/1e6, float64(now.BytesJSON-last.BytesJSON)/1e6)
			last = now
		case err := <-ended:
			return nil, errors.Join(errEngineEnded, err)
		case <-d.child.answers:
			return nil, errMockEnded
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
	}, nil
}
