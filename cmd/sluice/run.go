package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/cmd/sluice/internal/demo"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/flags"
)

// runOptions are the flags of run. Their words are those of engine.Config.
type runOptions struct {
	gatewayURL string
	apiURL     string
	tokenFile  string
	sessions   string
	shards     shardsFlag
	part       partFlag
	intents    flags.Intents
	events     eventsFlag
	compress   compressFlag
	proxy      proxyFlag
	maxWindow  int
	caFile     string
	out        string
	duration   time.Duration
	retries    int
	driver     driverFlag
	latency    time.Duration
	log        flags.Log
	http       httpOptions

	token engine.Token  // once attached has read it
	store session.Store // in the place of --session-file; nil: none
}

func newRunOptions() runOptions {
	return runOptions{
		intents: flags.Intents{Intents: gateway.IntentsUnprivileged},
		events:  eventsFlag{gateway.AllDispatches()},
	}
}

func newRun() *cobra.Command {
	o := newRunOptions()
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run shards against Discord and write their events as JSON lines",
		Long: `Run shards against Discord, or any gateway that speaks its protocol.

The bot's token is read from the environment variable DISCORD_TOKEN or from
--token-file, never from an argument, which every user of the machine could see.

With --out each delivered event is written as one line: the whole payload as it
came. Lists are names as Discord writes them, separated by commas. SIGINT and
SIGTERM close all connections in a way that lets the sessions be resumed: with
--session-file the next run does that, sends no identify and misses no event.`,
		Example: `  sluice run --intents GUILDS,GUILD_MESSAGES --events MESSAGE_CREATE --out -
  sluice run --shards 0-7/16 --token-file /run/secrets/token
  sluice run --session-file sessions.json --out events.jsonl`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.flags(cmd, "append events to this file; - is standard output")
	return cmd
}

// flags adds the flags that run and record have in common; out is what --out means.
func (o *runOptions) flags(cmd *cobra.Command, out string) {
	f := cmd.Flags()
	f.Var(flags.URL(&o.gatewayURL, "ws", "wss"), "gateway-url", "first URL of each shard, as ws:// or wss:// (default: as the API says)")
	f.Var(flags.URL(&o.apiURL, "http", "https"), "api-url", "base of the REST API, as https:// or http:// (default https://discord.com/api/v10,\nwhich is not asked where both --gateway-url and --shards are given)")
	f.StringVar(&o.tokenFile, "token-file", "", "file that holds the bot's token (default: DISCORD_TOKEN of the environment)")
	f.StringVar(&o.sessions, "session-file", "", "keep the sessions in this file, and resume them from it; one for each process\n(default: every run identifies)")
	f.Var(&o.shards, "shards", "number of shards, or those of this process such as 0-7/16; 0: as many as Discord recommends")
	f.Var(&o.part, "part", "which part of the shards this process runs, such as 0/4 for the first of four (default: all)")
	f.Var(&o.intents, "intents", "intents, such as GUILDS,GUILD_MESSAGES, or their number")
	f.Var(&o.events, "events", "events to deliver, such as MESSAGE_CREATE,READY")
	f.Var(&o.compress, "compress", "compression")
	f.Var(&o.proxy, "proxy", "proxy to go through, such as http://host:3128 or socks5://host:1080; none: go directly\n(default: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY of the environment)")
	f.Var(flags.Int(&o.maxWindow, 1<<10, math.MaxInt32), "max-window", "largest window of a zstd-stream in bytes: what each shard may need (default 8388608)")
	f.StringVar(&o.caFile, "ca-file", "", "PEM file with certificate authorities to trust besides the system's")
	f.StringVar(&o.out, "out", "", out)
	f.Var(flags.Duration(&o.duration, 0), "duration", "end after this time (default: run until a signal)")
	f.Var(flags.Int(&o.retries, 0, 1<<30), "retries", "give up when this many retries in a row have failed (default: never)")
	f.Var(&o.driver, "driver", "how connections are read: auto takes event loops where the system has them")
	f.Var(flags.Duration(&o.latency, 0), "latency", "how long an event may wait so that one wake serves many, such as 1ms")
	o.log.Declare(adder(f))
	o.http.Declare(adder(f))
}

func (o *runOptions) run(ctx context.Context, stdout, stderr io.Writer) error {
	return o.attached(ctx, stderr, func(eng *engine.Engine, abort context.CancelCauseFunc, _ *slog.Logger) (func() error, error) {
		sink, err := openSink(o.out, stdout, abort)
		if err == nil && sink != nil {
			eng.On(o.events.EventSet, sink.event)
		}
		return sink.close, err
	})
}

// attached runs the engine until ctx or its duration ends. attach sees it before, and may end it; what it
// returns is called in the end.
func (o *runOptions) attached(ctx context.Context, stderr io.Writer, attach func(*engine.Engine, context.CancelCauseFunc, *slog.Logger) (finish func() error, err error)) error {
	if err := o.http.Check(); err != nil {
		return err
	}
	logger, level, flush := o.log.Open(stderr)
	defer flush()
	credential, err := o.http.Credential()
	if err != nil {
		return fail(err)
	}
	shards, err := o.part.of(o.shards.Shards)
	if err != nil {
		return err
	}
	token, err := readToken(o.tokenFile, logger)
	if err != nil {
		return fail(err)
	}
	roots, err := readRoots(o.caFile)
	if err != nil {
		return fail(err)
	}
	o.token = token
	config := engine.Config{
		Token:       token,
		Intents:     o.intents.Intents,
		Shards:      shards,
		Compression: o.compress.Compression,
		MaxWindow:   o.maxWindow,
		GatewayURL:  o.gatewayURL,
		APIURL:      o.apiURL,
		Proxy:       o.proxy.choose(),
		TLS:         roots,
		Retries:     o.retries,
		Driver:      o.driver.Driver,
		Latency:     o.latency,
		Logger:      logger,
	}
	if o.sessions != "" {
		config.Sessions = session.NewFile(o.sessions)
	}
	if o.store != nil {
		config.Sessions, config.SaveEvery = o.store, time.Second
	}
	eng, err := engine.New(config)
	if err != nil {
		return configMistake(err)
	}
	if o.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.duration)
		defer cancel()
	}
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	finish, err := attach(eng, abort, logger)
	if err != nil {
		return fail(err)
	}
	page, hide, err := o.http.show(eng, "sluice run", credential, level, logger)
	if err != nil {
		return fail(errors.Join(err, finish()))
	}
	defer hide()
	if page != "" {
		logger.Info("the page is open", "url", page, "actions", credential != "")
	}
	stopped, notified := logProgress(ctx, eng, logger), notify(ctx, eng, logger)
	err = eng.Run(ctx)
	abort(nil)
	<-stopped
	<-notified
	return fail(errors.Join(o.verdict(err, logger), finish()))
}

// verdict tells what of Run's error ends the command with a failure. That output
// was still being written when the time to shut down was over is none: the wish to
// end was met, only whoever reads did not keep up. A shard that stopped for good
// and sessions that are not saved are one all the same.
func (o *runOptions) verdict(err error, logger *slog.Logger) error {
	var mismatch *session.MismatchError
	if errors.As(err, &mismatch) {
		return o.sessionMistake(mismatch)
	}
	var stop *lifecycle.StopError
	if !errors.Is(err, engine.ErrShutdownTimeout) || errors.As(err, &stop) || errors.Is(err, session.ErrNotSaved) {
		return err
	}
	logger.Warn("events were still being written when the time to shut down was over", "cause", err)
	return nil
}

// sessionMistake says in words of the command what is wrong with a session file.
func (o *runOptions) sessionMistake(e *session.MismatchError) error {
	if e.OtherBot {
		return fmt.Errorf("--session-file %s holds the sessions of another bot, or of a token that was replaced: name another file, or remove this one", o.sessions)
	}
	return fmt.Errorf("--session-file %s holds the sessions of %d shards, but %d are to run: give --shards %[2]d to go on with them, or remove the file to begin anew",
		o.sessions, e.Saved, e.Running)
}

// configMistake shows what engine.New found in words of the command. The flags
// check themselves, but for how many shards are too many; the token is no flag, so
// a bad one is no wrong call.
func configMistake(err error) error {
	var mistake *engine.ConfigError
	if !errors.As(err, &mistake) {
		return err
	}
	switch mistake.Field {
	case "Token":
		return fail(fmt.Errorf("the token %s", mistake.Reason))
	case "Shards":
		return fmt.Errorf("--shards %s", mistake.Reason)
	case "Proxy":
		return fail(errors.New(strings.ReplaceAll(mistake.Reason, "set Config.Proxy", "choose with --proxy")))
	}
	return err
}

// logProgress logs every ten seconds what was received. The channel is closed
// when it has ended.
func logProgress(ctx context.Context, eng *engine.Engine, logger *slog.Logger) <-chan struct{} {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(10 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				ready, all := demo.CountReady(eng)
				s := eng.Stats()
				about := []any{"ready", ready, "shards", all, "events", s.Events,
					"bytes_wire", s.BytesWire, "bytes_json", s.BytesJSON, "reconnects", s.Reconnects, "latency", s.Latency}
				if b := eng.Budget(); b.Total > 0 {
					about = append(about, "identifies_left", b.Remaining)
				}
				logger.Info("running", about...)
			}
		}
	}()
	return stopped
}
