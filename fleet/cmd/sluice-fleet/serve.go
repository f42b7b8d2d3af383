//go:build !plan9 && !aix

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/bridge"
	"github.com/sluice-go/sluice/bridge/botpage"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/metrics"
	"github.com/sluice-go/sluice/engine/metrics/bridgemetrics"
	"github.com/sluice-go/sluice/engine/monitor"
	"github.com/sluice-go/sluice/fleet"
)

// serveOptions are the flags of serve, besides those of node. Their words are those of sluice serve.
type serveOptions struct {
	nodeOptions
	bridge    bridge.Config
	listen    string
	peer      string
	peersCA   string
	botsFile  string
	cert, key string
	page      string
}

func newServe() *cobra.Command {
	o := &serveOptions{}
	cmd := &cobra.Command{
		Use: "serve", Short: "Run a share of a bot's shards and be the gateway for bots in any language", Args: cobra.NoArgs,
		Long: `Run a share of a bot's shards, as sluice-fleet node does, and be the gateway for bots,
as sluice serve is. A bot may connect to any process of the fleet: where another one
has its shard, it is passed on there. A shard that moves takes its bots' sessions along,
so that they resume; where a process is killed, they begin anew. All processes have
the same bots. See docs/bridge.md and docs/fleet.md.`,
		Example: `  sluice-fleet serve --nats nats://a,nats://b,nats://c --listen-bots 10.0.0.1:8080 --bots bots.txt
  sluice-fleet serve --embedded --dir nats --listen-bots 127.0.0.1:8081 --bots bots.txt --pass-rest`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return fail(o.run(cmd.Context()))
		},
	}
	o.flags(cmd)
	f, c := cmd.Flags(), &o.bridge
	f.StringVar(&o.listen, "listen-bots", "127.0.0.1:8080", "address for bots, and for the other processes that pass bots on: host:port")
	f.StringVar(&o.peer, "peer-url", "", "that address as the other processes reach it, as ws:// or wss:// (default: that of --listen-bots)")
	f.StringVar(&o.peersCA, "peer-ca", "", "PEM file of the authority of the others' certificates (default the system's)")
	f.StringVar(&o.botsFile, "bots", "", "file with the bots that may connect, a name and a token of 16 characters or more on each\nline (default: SLUICE_BOTS of the environment)")
	f.StringSliceVar(&c.Share, "share", nil, "names of bots whose connections to a shard share its events")
	f.StringVar(&c.URL, "url", "", "address of the gateway as bots reach it, as wss:// or ws:// (default: as they named it)")
	f.DurationVar(&c.Replay, "replay", 0, "how long a bot may be away and resume (default 3m)")
	f.IntVar(&c.ReplayBytes, "replay-bytes", 0, "bytes of events that are kept for that, over all shards (default 256 MiB, or 4 MiB for each\nshard where that is more)")
	f.IntVar(&c.MaxLag, "max-lag", 0, "bytes that a bot may read behind on a shard before it is closed (default: half of what is\nkept for the shard)")
	f.IntVar(&c.MaxConnections, "max-connections", 0, "connections of bots at once (default 10000)")
	f.BoolVar(&c.Members, "members", false, "tell bots that begin all members that Discord's GUILD_CREATE had, at the memory these take")
	f.BoolVar(&c.PassREST, "pass-rest", false, "pass REST requests on to Discord, with Discord's token in the place of the bot's")
	f.StringVar(&c.API, "pass-to", "", "where --pass-rest passes them, as https:// or http:// (default https://discord.com)")
	f.StringVar(&o.cert, "cert", "", "PEM file with the certificate chain to speak TLS with (default: plain text)")
	f.StringVar(&o.key, "key", "", "PEM file with the certificate's key")
	f.StringVar(&o.page, "http", "", "show a page, health, JSON and metrics at this address, such as 127.0.0.1:9600")
	return cmd
}

// check refuses what cannot be meant, and makes up what is left out.
func (o *serveOptions) check() error {
	c := &o.bridge
	host, port, err := net.SplitHostPort(o.listen)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	switch {
	case err != nil || host == "":
		return fmt.Errorf("--listen-bots %q is no address: want host:port, such as 10.0.0.1:8080; other processes must reach it, so that it cannot be a Unix socket", o.listen)
	case (o.cert == "") != (o.key == ""):
		return errors.New("--cert and --key go together: give both, or neither")
	case c.API != "" && !c.PassREST:
		return errors.New("--pass-to is of use only with --pass-rest")
	case o.peer == "" && port == "0":
		return errors.New("--listen-bots has port 0, by which the others cannot reach it: name a port, or give --peer-url")
	case o.peer == "" && (net.ParseIP(host) == nil || net.ParseIP(host).IsUnspecified()) && host != "localhost":
		return fmt.Errorf("--listen-bots %s does not say how the others reach this process: give --peer-url, such as ws://10.0.0.1:%s", o.listen, port)
	}
	if o.peer == "" {
		o.peer = "ws://" + o.listen
		if o.cert != "" {
			o.peer = "wss://" + o.listen
		}
	}
	if !strings.HasPrefix(o.peer, "ws://") && !strings.HasPrefix(o.peer, "wss://") {
		return fmt.Errorf("--peer-url %q begins neither with ws:// nor with wss://", o.peer)
	}
	return nil
}

func (o *serveOptions) run(ctx context.Context) error {
	c := &o.bridge
	var err error
	if c.Bots, err = readBots(o.botsFile); err != nil {
		return err
	}
	if o.cert != "" {
		pair, err := tls.LoadX509KeyPair(o.cert, o.key)
		if err != nil {
			return fmt.Errorf("cannot use --cert and --key: %w", err)
		}
		c.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	if o.peersCA != "" {
		pool, err := readCA(o.peersCA)
		if err != nil {
			return fmt.Errorf("--peer-ca: %w", err)
		}
		c.PeersTLS = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	o.config.Address = o.peer
	if c.Token, err = token(); err != nil {
		return err
	}
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	err = o.nodeOptions.run(ctx, func(f *fleet.Fleet, logger *slog.Logger) (func(), error) { return o.serve(f, logger, abort) })
	if cause := context.Cause(ctx); err == nil && cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return err
}

// serve opens the addresses; finish closes them when the shards have been handed over.
func (o *serveOptions) serve(f *fleet.Fleet, logger *slog.Logger, abort context.CancelCauseFunc) (finish func(), err error) {
	c := o.bridge
	c.Engine, c.Peers, c.Logger = f.Engine(), peers{f}, logger
	b, err := bridge.New(c)
	if err != nil {
		return nil, bridgeMistake(err)
	}
	f.HandOver(func(ctx context.Context, s *engine.Shard, address string) fleet.Handover {
		return b.HandOver(ctx, s, address)
	})
	l, err := bridge.Listen(o.listen)
	if err != nil {
		b.Close()
		return nil, fmt.Errorf("--listen-bots: %w", err)
	}
	var pages net.Listener
	var page *monitor.Monitor
	if o.page != "" {
		page, pages, err = o.openPage(f, b, logger)
		if err != nil {
			l.Close()
			b.Close()
			return nil, fmt.Errorf("--http: %w", err)
		}
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && c.TLS == nil && !tcp.IP.IsLoopback() {
		logger.Warn("bots reach this address in plain text, their tokens with it: give --cert and --key, or keep it on a private network", "address", l.Addr().String())
	}
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := b.Serve(ctx, l); err != nil {
			abort(fmt.Errorf("--listen-bots: %w", err))
		}
	})
	if page != nil {
		serving.Go(func() { _ = monitor.Serve(ctx, pages, page) })
	}
	return func() {
		if page != nil {
			page.Close()
		}
		cancel()
		b.Close()
		serving.Wait()
	}, nil
}

// openPage opens the page, with metrics.
func (o *serveOptions) openPage(f *fleet.Fleet, b *bridge.Bridge, logger *slog.Logger) (*monitor.Monitor, net.Listener, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), bridgemetrics.NewCollector(b))
	scrapes, err := metrics.NewHandler(f.Engine(), metrics.Options{PerShard: true, Registry: registry, Logger: logger})
	if err != nil {
		return nil, nil, err
	}
	page, err := monitor.New(monitor.Config{
		Engine: f.Engine(), Title: f.Name(), Metrics: scrapes, Bots: func() []monitor.Bot { return botpage.Bots(b) },
	})
	if err != nil {
		return nil, nil, err
	}
	l, err := monitor.Listen(o.page)
	if err != nil {
		page.Close()
	}
	return page, l, err
}

// peers is a fleet as a bridge sees it.
type peers struct{ *fleet.Fleet }

// Owner implements [bridge.Peers].
func (p peers) Owner(shard, total int) string { return p.OwnerAddress(shard, total) }

// readBots reads who may connect, from a file or from the environment, from which it takes them away.
func readBots(file string) ([]bridge.Bot, error) {
	source, text := "SLUICE_BOTS", os.Getenv("SLUICE_BOTS")
	_ = os.Unsetenv("SLUICE_BOTS")
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("cannot read --bots: %w", err)
		}
		source, text = "--bots "+file, string(b)
	} else if strings.TrimSpace(text) == "" {
		return nil, errors.New("no bot could connect: name a file with --bots, or set SLUICE_BOTS, with a name and a token on each line")
	}
	return bridge.ParseBots(source, text)
}

// bridgeMistake shows what bridge.New found in words of the command.
func bridgeMistake(err error) error {
	var mistake *bridge.ConfigError
	if !errors.As(err, &mistake) {
		return err
	}
	flags := map[string]string{
		"Bots": "--bots", "Share": "--share", "URL": "--url", "API": "--pass-to", "Replay": "--replay",
		"ReplayBytes": "--replay-bytes", "MaxLag": "--max-lag", "MaxConnections": "--max-connections",
	}
	if flag := flags[mistake.Field]; flag != "" {
		return fmt.Errorf("%s %s", flag, mistake.Reason)
	}
	return err
}
