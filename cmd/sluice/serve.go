package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/bridge"
	"github.com/sluice-go/sluice/bridge/botpage"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/metrics/bridgemetrics"
	"github.com/sluice-go/sluice/engine/monitor"
)

// serveOptions are the flags of serve, besides those of run. Their words are those of bridge.Config.
type serveOptions struct {
	runOptions
	listen      string
	bots        string
	share       string
	url         string
	replay      time.Duration
	replayBytes int
	maxLag      int
	connections int
	passREST    bool
	passTo      string
	cert, key   string
	members     bool
	dir         string
	data        *bridge.Data // of dir; nil: none
}

func newServe() *cobra.Command {
	o := &serveOptions{runOptions: newRunOptions()}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run shards against Discord and be the gateway for bots in any language",
		Long: `Run shards against Discord, as sluice run does, and be the gateway for bots: they
connect here instead, by any client library, and restart without an identify at
Discord and without losing an event.

Each bot has a token of this gateway's own, which --bots or SLUICE_BOTS of the
environment names: a name and a token on each line. Discord's token never leaves
this process. A bot is pointed here by the base URL of its REST API. See
docs/bridge.md.`,
		Example: `  sluice serve --listen 127.0.0.1:8080 --bots bots.txt
  sluice serve --listen unix:/run/sluice.sock --bots bots.txt --data /var/lib/sluice --pass-rest
  SLUICE_BOTS='blue 0123456789abcdef' sluice serve --listen 127.0.0.1:8080`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.flags(cmd, "append events to this file, too; - is standard output")
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "address for bots: host:port, or unix:PATH for a Unix socket; port 0 is a free one")
	f.StringVar(&o.bots, "bots", "", "file with the bots that may connect, a name and a token of 16 characters or more on each\nline (default: SLUICE_BOTS of the environment)")
	f.StringVar(&o.dir, "data", "", "directory in which sessions, those of bots too, and the events that these may ask for outlive\nthis process, also one that is killed (default: a restart identifies)")
	f.StringVar(&o.share, "share", "", "names of bots, separated by commas, whose connections to a shard share its events")
	f.Var(urlFlag{&o.url, [2]string{"ws", "wss"}}, "url", "address of the gateway as bots reach it, as wss:// or ws:// (default: as they named it)")
	f.Var(durationFlag{&o.replay, time.Millisecond}, "replay", "how long a bot may be away and resume (default 3m)")
	f.Var(sizeFlag{&o.replayBytes}, "replay-bytes", "size of the events that are kept for that, over all shards (default 256MiB, or 4MiB\nfor each shard where that is more)")
	f.Var(sizeFlag{&o.maxLag}, "max-lag", "how far a bot may read behind on a shard before it is closed (default: half of what\nis kept for the shard)")
	f.Var(intFlag{&o.connections, 1, math.MaxInt32}, "max-connections", "connections of bots at once (default 10000)")
	f.BoolVar(&o.members, "members", false, "tell bots that begin all members that Discord's GUILD_CREATE had, at the memory these take")
	f.BoolVar(&o.passREST, "pass-rest", false, "pass REST requests on to Discord, with Discord's token in the place of the bot's")
	f.Var(urlFlag{&o.passTo, [2]string{"http", "https"}}, "pass-to", "where --pass-rest passes them, as https:// or http:// (default https://discord.com)")
	f.StringVar(&o.cert, "cert", "", "PEM file with the certificate chain to speak TLS with (default: plain text)")
	f.StringVar(&o.key, "key", "", "PEM file with the certificate's key")
	return cmd
}

func (o *serveOptions) check() error {
	switch {
	case (o.cert == "") != (o.key == ""):
		return errors.New("--cert and --key go together: give both, or neither")
	case o.sessions != "":
		return errors.New("--session-file is not for serve, whose sessions are of use only with what bots begin with: name a directory for both with --data")
	case o.passTo != "" && !o.passREST:
		return errors.New("--pass-to is of use only with --pass-rest")
	}
	return checkListen(o.listen)
}

func (o *serveOptions) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	bots, err := readBots(o.bots)
	if err != nil {
		return fail(err)
	}
	var encrypted *tls.Config
	if o.cert != "" {
		pair, err := tls.LoadX509KeyPair(o.cert, o.key)
		if err != nil {
			return fail(fmt.Errorf("cannot read --cert and --key: %w", err))
		}
		encrypted = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	if o.dir != "" {
		if o.data, err = bridge.OpenData(o.dir); err != nil {
			return fail(err)
		}
		o.store = o.data.Sessions()
	}
	return o.attached(ctx, stderr, func(eng *engine.Engine, abort context.CancelCauseFunc, logger *slog.Logger) (func() error, error) {
		sink, err := openSink(o.out, stdout, abort)
		if err != nil {
			return nil, err
		}
		if sink != nil {
			eng.On(o.events.EventSet, sink.event)
		}
		finish, err := o.serve(eng, bots, encrypted, abort, stderr, logger)
		if err != nil {
			return nil, errors.Join(err, sink.close())
		}
		return func() error { return errors.Join(finish(), sink.close()) }, nil
	})
}

// serve opens the address for bots. finish ends their connections and closes it.
func (o *serveOptions) serve(eng *engine.Engine, bots []bridge.Bot, encrypted *tls.Config, abort context.CancelCauseFunc, stderr io.Writer, logger *slog.Logger) (finish func() error, err error) {
	config := bridge.Config{
		Engine: eng, Bots: bots, URL: o.url, TLS: encrypted, Replay: o.replay, ReplayBytes: o.replayBytes, MaxLag: o.maxLag,
		MaxConnections: o.connections, PassREST: o.passREST, Token: o.token, API: o.passTo, Members: o.members, Data: o.data, Logger: logger,
	}
	if o.share != "" {
		config.Share = strings.Split(o.share, ",")
	}
	b, err := bridge.New(config)
	if err != nil {
		return nil, bridgeMistake(err)
	}
	o.http.bots = func() []monitor.Bot { return botpage.Bots(b) }
	o.http.collectors = []prometheus.Collector{bridgemetrics.NewCollector(b)}
	l, err := bridge.Listen(o.listen)
	if err != nil {
		b.Close()
		return nil, fmt.Errorf("--listen: %w", err)
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && encrypted == nil && !tcp.IP.IsLoopback() {
		logger.Warn("bots reach this address in plain text, their tokens with it: give --cert and --key, or listen on 127.0.0.1", "address", l.Addr().String())
	}
	logger.Info("bots may connect", "address", l.Addr().String(), "tls", encrypted != nil, "bots", len(bots))
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := b.Serve(ctx, l); err != nil {
			abort(fmt.Errorf("--listen: %w", err))
		}
	})
	return func() error {
		cancel()
		b.Close()
		serving.Wait()
		return nil
	}, nil
}

// bridgeMistake shows what bridge.New found in words of the command.
func bridgeMistake(err error) error {
	var mistake *bridge.ConfigError
	if !errors.As(err, &mistake) {
		return err
	}
	flags := map[string]string{"Bots": "--bots", "Share": "--share", "MaxLag": "--max-lag"}
	if flag := flags[mistake.Field]; flag != "" {
		return fmt.Errorf("%s %s", flag, mistake.Reason)
	}
	return err
}
