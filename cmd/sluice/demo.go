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

	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
)

// demoOptions are the flags of demo.
type demoOptions struct {
	shards         int
	rate           rateFlag
	duration       time.Duration
	compress       compressFlag
	tls            bool
	maxConcurrency int
	guilds         int
	guildSize      int
	longChain      bool
	json           bool
	driver         driverFlag
	logLevel       levelFlag
	storm          bool
	chaosOptions
}

func newDemo() *cobra.Command {
	o := &demoOptions{
		shards:    16,
		rate:      200,
		duration:  10 * time.Second,
		guilds:    2,
		guildSize: 134_000,
		logLevel:  levelFlag{slog.LevelError},

		chaosOptions: chaosOptions{chaosEvery: 4 * time.Second},
	}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run shards against a gateway in a second process, and show what it costs",
		Long: `Run shards against a gateway in a second process, and show what it costs.

The gateway to test against is a child process, so that the figures for CPU,
allocations and memory are the client's alone. Each shard connects, identifies
and gets a burst of guilds, then events at --rate. At the end the gateway says
what it wrote to each session, and the events are counted by their sequence:
lost and duplicates must both be 0, or the command fails.

Figures: cpu_us_per_event, allocs_per_event, gc_cycles and the latencies are of
the time from all shards ready to the end; all others are of the whole run.
rss_per_shard is the growth of resident memory since before the first dial,
divided by the shards.

With --chaos the gateway misbehaves: each shard meets a fault every few seconds,
drawn from all that the mock knows. Afterwards every event must have come once,
or its loss have been announced. --shards is then 200, --duration 10m, --rate 10,
--guild-size 2048 and --max-concurrency a quarter of the shards, where the call
does not say otherwise. --seed has each shard meet the same faults again.

With --storm the gateway drops all connections at once when --duration is over.
--shards is then 2000, --duration 5s, --rate 2 and --guild-size 2048.`,
		Example: `  sluice demo
  sluice demo --shards 200 --rate max --compress zstd --json
  sluice demo --chaos --shards 50 --duration 20s`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.complete(cmd.Flags().Changed); err != nil {
				return err
			}
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.Var(intFlag{&o.shards, 1, 100_000}, "shards", "number of shards")
	f.Var(&o.rate, "rate", "events a second for each shard, or max: as fast as they are taken")
	f.Var(durationFlag{&o.duration, time.Millisecond}, "duration", "how long, from all shards ready")
	f.Var(&o.compress, "compress", "compression")
	f.BoolVar(&o.tls, "tls", true, "speak TLS")
	f.Var(intFlag{&o.maxConcurrency, 0, 100_000}, "max-concurrency", "identifies in 5 s (default: the number of shards)")
	f.Var(intFlag{&o.guilds, 0, maxGuilds}, "guilds", "guilds of each shard, sent as GUILD_CREATE after READY")
	f.Var(intFlag{&o.guildSize, 0, maxGuildSize}, "guild-size", "bytes of each GUILD_CREATE")
	f.BoolVar(&o.longChain, "long-chain", false, "use a certificate chain of 3 to 4 KB, as public servers do")
	f.BoolVar(&o.chaos, "chaos", false, "have the gateway misbehave at random")
	f.Var(durationFlag{&o.chaosEvery, time.Millisecond}, "chaos-interval", "with --chaos, the time between two faults of a shard")
	f.Var(seedFlag{&o.seed}, "seed", "of --chaos; 0: one at random, which the summary tells")
	f.BoolVar(&o.storm, "storm", false, "have the gateway drop all connections at once")
	f.BoolVar(&o.json, "json", false, "print one JSON object on standard output instead of text")
	f.Var(&o.driver, "driver", "how connections are read: auto takes event loops where the system has them")
	f.Var(&o.logLevel, "log-level", "debug, info, warn or error; the log goes to standard error")
	return cmd
}

// complete sets what the call left open.
func (o *demoOptions) complete(given func(flag string) bool) error {
	if o.chaos && o.storm {
		return errors.New("--chaos and --storm do not go together: want one of them")
	}
	if !o.chaos && (given("seed") || given("chaos-interval")) {
		return errors.New("--seed and --chaos-interval are of use only with --chaos")
	}
	unless := func(flag string, set func()) {
		if !given(flag) {
			set()
		}
	}
	if o.chaos || o.storm {
		unless("guild-size", func() { o.guildSize = 2048 })
	}
	switch {
	case o.chaos:
		unless("shards", func() { o.shards = 200 })
		unless("duration", func() { o.duration = 10 * time.Minute })
		unless("rate", func() { o.rate = 10 })
		unless("max-concurrency", func() { o.maxConcurrency = (o.shards + 3) / 4 })
	case o.storm:
		unless("shards", func() { o.shards = 2000 })
		unless("duration", func() { o.duration = 5 * time.Second })
		unless("rate", func() { o.rate = 2 })
	}
	if o.maxConcurrency == 0 {
		o.maxConcurrency = o.shards
	}
	return nil
}

// mockArgs returns the call of the child process.
func (o *demoOptions) mockArgs() []string {
	return append([]string{
		"mock", "--control",
		fmt.Sprintf("--tls=%t", o.tls),
		fmt.Sprintf("--long-chain=%t", o.longChain),
		fmt.Sprintf("--shards=%d", o.shards),
		fmt.Sprintf("--max-concurrency=%d", o.maxConcurrency),
		fmt.Sprintf("--guilds=%d", o.guilds),
		fmt.Sprintf("--guild-size=%d", o.guildSize),
		"--rate=" + o.rate.String(),
		fmt.Sprintf("--probes=%d", probeShards(o.shards)),
	}, o.chaosOptions.mockArgs(o.shards)...)
}

// probeShards returns how many shards measure the latency. Their events are
// encoded live, which costs the gateway more, so they are few.
func probeShards(shards int) int { return min(max(shards/16, 1), 8) }

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
	config, err := d.config()
	if err != nil {
		return nil, err
	}
	if d.engine, err = engine.New(config); err != nil {
		return nil, err
	}
	d.tally = newTally(o.shards, probeShards(o.shards), o.maxConcurrency)
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
		Token:       engine.Token(hello.Token),
		Intents:     gateway.IntentsUnprivileged,
		Shards:      engine.Shards{Total: d.options.shards},
		Compression: d.options.compress.Compression,
		Driver:      d.options.driver.Driver,
		APIURL:      hello.APIURL,
		Logger:      d.logger,
	}
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
	limit := time.NewTimer(time.Minute + time.Duration(rounds)*6*time.Second + time.Duration(o.shards)*20*time.Millisecond)
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
