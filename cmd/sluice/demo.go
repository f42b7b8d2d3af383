package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/cmd/sluice/internal/demo"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/internal/flags"
)

// demoOptions are the flags of demo.
type demoOptions struct {
	shards         int
	rate           rateFlag
	pacing         pacingFlag
	duration       time.Duration
	warmUp         time.Duration
	heartbeat      time.Duration
	compress       compressFlag
	maxWindow      int
	tls            bool
	maxConcurrency int
	guilds         int
	guildSize      int
	longChain      bool
	json           bool
	driver         driverFlag
	latency        time.Duration
	log            flags.Log
	http           httpOptions
	storm          bool
	trace          string
	speed          speedFlag
	chaos          bool
	chaosEvery     time.Duration
	seed           uint64
}

func newDemo() *cobra.Command {
	o := &demoOptions{
		shards:     16,
		rate:       200,
		duration:   10 * time.Second,
		heartbeat:  defaultHeartbeat,
		guilds:     2,
		speed:      1,
		guildSize:  134_000,
		log:        flags.Log{Level: flags.Level{Level: slog.LevelError}},
		chaosEvery: 4 * time.Second,
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
--duration, which begins with all shards ready, or --warm-up later; all others are
of the whole run. heartbeats are those that were acknowledged, heartbeats_least
those of the shard with the fewest; it must not have missed any. rss_per_shard is
the growth of resident memory since before the first dial, divided by the shards:
where these are 64 or more, 5 s after the last became ready the engine returns
what their handshakes left.

As many shards as wanted: the limit on open files is raised as far as the system
allows, and where one address has not the ports for all connections, they come
from several (Linux).

With --chaos the gateway misbehaves: each shard meets a fault every few seconds,
drawn from all that the mock knows. Afterwards every event must have come once,
or its loss have been announced. --shards is then 200, --duration 10m, --rate 10,
--guild-size 2048 and --max-concurrency a quarter of the shards, where the call
does not say otherwise. --seed has each shard meet the same faults again.

With --trace the events are those of a recording (see sluice record). --shards is then
what the trace says and --guilds 0; --speed takes the place of --rate. One shard's
events carry the time at which they are written, and have another type, to measure the
latency; that of a trace of one shard is not measured.

With --http there is a page to watch all that on. --duration is then 10m, where the
call does not say otherwise.

With --storm the gateway drops all connections at once when --duration is over.
--shards is then 2000, --duration 5s, --rate 2 and --guild-size 2048.`,
		Example: `  sluice demo
  sluice demo --shards 200 --rate max --compress zstd --json
  sluice demo --chaos --shards 50 --duration 20s
  sluice demo --http 127.0.0.1:9600 --chaos`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.complete(cmd.Flags().Changed); err != nil {
				return err
			}
			credential, err := o.http.Credential()
			if err != nil {
				return fail(err)
			}
			if credential == "" {
				credential = newCredential()
			}
			options, flush := o.demo(cmd.ErrOrStderr(), credential)
			defer flush()
			return fail(demo.Run(cmd.Context(), options, cmd.OutOrStdout(), cmd.ErrOrStderr()))
		},
	}
	f := cmd.Flags()
	f.Var(flags.Int(&o.shards, 1, 100_000), "shards", "number of shards")
	f.Var(&o.rate, "rate", "events a second for each shard, or max: as fast as they are taken")
	f.Var(&o.pacing, "pacing", "exact: the gateway writes each event by itself when it is due; burst: what a millisecond brings together")
	f.Var(flags.Duration(&o.duration, time.Millisecond), "duration", "how long, from all shards ready")
	f.Var(flags.Duration(&o.warmUp, 0), "warm-up", "time from all shards ready until --duration begins")
	f.Var(flags.Duration(&o.heartbeat, time.Millisecond), "heartbeat-interval", "what the gateway asks for")
	f.Var(&o.compress, "compress", "compression")
	f.Var(flags.Int(&o.maxWindow, 1<<10, math.MaxInt32), "max-window", "largest window of a zstd-stream in bytes: what each shard may need (default 8388608)")
	f.BoolVar(&o.tls, "tls", true, "speak TLS")
	f.Var(flags.Int(&o.maxConcurrency, 0, 100_000), "max-concurrency", "identifies in 5 s (default: the number of shards)")
	f.Var(flags.Int(&o.guilds, 0, maxGuilds), "guilds", "guilds of each shard, sent as GUILD_CREATE after READY")
	f.Var(flags.Int(&o.guildSize, 0, maxGuildSize), "guild-size", "bytes of each GUILD_CREATE")
	f.BoolVar(&o.longChain, "long-chain", false, "use a certificate chain of 3 to 4 KB, as public servers do")
	f.BoolVar(&o.chaos, "chaos", false, "have the gateway misbehave at random")
	f.Var(flags.Duration(&o.chaosEvery, time.Millisecond), "chaos-interval", "with --chaos, the time between two faults of a shard")
	f.Var(seedFlag{&o.seed}, "seed", "of --chaos; 0: one at random, which the summary tells")
	f.BoolVar(&o.storm, "storm", false, "have the gateway drop all connections at once")
	f.StringVar(&o.trace, "trace", "", "play this trace in the place of generated traffic, again and again")
	f.Var(&o.speed, "speed", "with --trace, how many times as fast as it was recorded, or max")
	f.BoolVar(&o.json, "json", false, "print one JSON object on standard output instead of text")
	f.Var(&o.driver, "driver", "how connections are read: auto takes event loops where the system has them")
	f.Var(flags.Duration(&o.latency, 0), "latency", "how long an event may wait so that one wake serves many, such as 1ms")
	o.log.Declare(adder(f))
	o.http.Declare(adder(f))
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
	if err := o.http.Check(); err != nil {
		return err
	}
	switch {
	case o.trace == "" && given("speed"):
		return errors.New("--speed is of use only with --trace")
	case o.trace != "" && given("rate"):
		return errors.New("--rate is of generated traffic: choose with --speed how fast the trace is played back")
	}
	unless := func(flag string, set func()) {
		if !given(flag) {
			set()
		}
	}
	if o.trace != "" {
		shards, err := traceShards(o.trace)
		if err != nil {
			return fail(err)
		}
		unless("shards", func() { o.shards = min(shards, 100_000) })
		unless("guilds", func() { o.guilds = 0 })
		o.rate = 0
	}
	if o.chaos || o.storm {
		unless("guild-size", func() { o.guildSize = 2048 })
	}
	switch {
	case o.chaos:
		unless("shards", func() { o.shards = 200 })
		unless("duration", func() { o.duration = 10 * time.Minute })
		if o.trace == "" {
			unless("rate", func() { o.rate = 10 })
		}
		unless("max-concurrency", func() { o.maxConcurrency = (o.shards + 3) / 4 })
	case o.storm:
		unless("shards", func() { o.shards = 2000 })
		unless("duration", func() { o.duration = 5 * time.Second })
		if o.trace == "" {
			unless("rate", func() { o.rate = 2 })
		}
	}
	if o.http.Address != "" {
		unless("duration", func() { o.duration = max(o.duration, 10*time.Minute) })
	}
	if o.maxConcurrency == 0 {
		o.maxConcurrency = o.shards
	}
	return nil
}

// mockArgs returns the call of the child process.
func (o *demoOptions) mockArgs() []string {
	args := []string{
		"mock", "--control",
		fmt.Sprintf("--tls=%t", o.tls),
		fmt.Sprintf("--long-chain=%t", o.longChain),
		fmt.Sprintf("--shards=%d", o.shards),
		fmt.Sprintf("--max-concurrency=%d", o.maxConcurrency),
		fmt.Sprintf("--guilds=%d", o.guilds),
		fmt.Sprintf("--guild-size=%d", o.guildSize),
		"--rate=" + o.rate.String(),
		"--pacing=" + o.pacing.String(),
		fmt.Sprintf("--heartbeat-interval=%v", o.heartbeat),
		fmt.Sprintf("--probes=%d", o.probes()),
	}
	if o.trace != "" {
		args = append(args, "--trace="+o.trace, "--speed="+o.speed.String(), "--loop")
	}
	if o.chaos {
		args = append(args, demo.ChaosArgs(o.shards, o.chaosEvery, o.seed)...)
	}
	return args
}

// demo returns what the flags ask for. flush writes what the log has kept back.
func (o *demoOptions) demo(errOut io.Writer, credential string) (options *demo.Options, flush func()) {
	logger, level, flush := o.log.Open(errOut)
	options = &demo.Options{
		Shards: o.shards, Duration: o.duration, WarmUp: o.warmUp, Heartbeat: o.heartbeat,
		Compression: o.compress.Compression, MaxWindow: o.maxWindow, TLS: o.tls,
		MaxConcurrency: o.maxConcurrency, Guilds: o.guilds, Probes: o.probes(), Driver: o.driver.Driver, Latency: o.latency,
		Storm: o.storm, Chaos: o.chaos, JSON: o.json, Logger: logger,
		Gateway: o.mockArgs(),
	}
	options.Show = func(eng *engine.Engine) (hide func(), err error) {
		page, hide, err := o.http.show(eng, "sluice demo", credential, level, logger)
		if page != "" {
			_, _ = fmt.Fprint(errOut, o.invitation(page, credential))
		}
		return hide, err
	}
	return options, flush
}

// invitation says where the page is, and what there is to see.
func (o *demoOptions) invitation(page, credential string) string {
	about := "All shards are well, unless you restart one."
	switch {
	case o.chaos:
		about = "The gateway misbehaves on purpose: watch shards drop and come back, and nothing get lost."
	case o.storm:
		about = "At the end the gateway drops all connections at once."
	}
	return fmt.Sprintf(`
  Open %s in a browser, or run: sluice top %s
  Each mark is a shard. %s
  Click one for its story. To restart it there, the credential is %s
  The demo goes on for %v; Ctrl-C ends it earlier.

`, page, page, about, credential, o.duration)
}

// probes returns how many shards measure the latency; of a trace, whose events are changed by that, one.
func (o *demoOptions) probes() int {
	if o.trace != "" {
		return min(o.shards-1, 1)
	}
	return probeShards(o.shards)
}

// probeShards returns how many shards measure the latency. Their events are
// encoded live, which costs the gateway more, so they are few.
func probeShards(shards int) int { return min(max(shards/16, 1), 8) }
