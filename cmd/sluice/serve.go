package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/bridge"
	"github.com/sluice-go/sluice/bridge/botpage"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/metrics/bridgemetrics"
	"github.com/sluice-go/sluice/engine/monitor"
	"github.com/sluice-go/sluice/internal/flags"
)

// serveOptions are the flags of serve, besides those of run.
type serveOptions struct {
	runOptions
	bridge flags.Bridge
	listen string
	dir    string
	data   *bridge.Data // of dir; nil: none
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
	f.Lookup("events").Usage = "events that --out takes, such as MESSAGE_CREATE,READY; bots choose their own"
	_ = f.MarkHidden("session-file") // check says what there is in its place
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "address for bots: host:port, or unix:PATH for a Unix socket; port 0 is a free one")
	f.StringVar(&o.dir, "data", "", "directory in which sessions, those of bots too, and the events that these may ask for outlive\nthis process, also one that is killed (default: a restart identifies)")
	o.bridge.Declare(adder(f))
	return cmd
}

func (o *serveOptions) check() error {
	if o.sessions != "" {
		return errors.New("--session-file is not for serve, whose sessions are of use only with what bots begin with: name a directory for both with --data")
	}
	if err := bridge.CheckAddress(o.listen); err != nil {
		return fmt.Errorf("invalid argument %q for \"--listen\": %w", o.listen, err)
	}
	return o.bridge.Check()
}

func (o *serveOptions) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	config, err := o.bridge.Config()
	if err != nil {
		return fail(err)
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
		finish, err := o.serve(eng, config, abort, logger)
		if err != nil {
			return nil, errors.Join(err, sink.close())
		}
		return func() error { return errors.Join(finish(), sink.close()) }, nil
	})
}

// serve opens the address for bots. finish ends their connections and closes it.
func (o *serveOptions) serve(eng *engine.Engine, config bridge.Config, abort context.CancelCauseFunc, logger *slog.Logger) (finish func() error, err error) {
	config.Engine, config.Token, config.Data, config.Logger = eng, o.token, o.data, logger
	b, err := bridge.New(config)
	if err != nil {
		return nil, flags.BridgeMistake(err)
	}
	o.http.bots = func() []monitor.Bot { return botpage.Bots(b) }
	o.http.collectors = []prometheus.Collector{bridgemetrics.NewCollector(b)}
	l, err := bridge.Listen(o.listen)
	if err != nil {
		b.Close()
		return nil, fmt.Errorf("--listen: %w", err)
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && config.TLS == nil && !tcp.IP.IsLoopback() {
		logger.Warn("bots reach this address in plain text, their tokens with it: give --cert and --key, or listen on 127.0.0.1", "address", l.Addr().String())
	}
	logger.Info("bots may connect", "address", l.Addr().String(), "tls", config.TLS != nil, "bots", len(config.Bots))
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
