//go:build !plan9 && !aix

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

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
	"github.com/sluice-go/sluice/internal/flags"
)

// serveOptions are the flags of serve, besides those of node. Those that sluice serve has, too, are declared with it.
type serveOptions struct {
	nodeOptions
	bridge  flags.Bridge
	page    flags.Page
	listen  string
	unix    string
	dir     string
	peer    string
	peersCA string
}

func newServe() *cobra.Command {
	o := &serveOptions{}
	cmd := &cobra.Command{
		Use: "serve", Short: "Run a share of a bot's shards and be the gateway for bots in any language", Args: takes(),
		Long: `Run a share of a bot's shards, as sluice-fleet node does, and be the gateway for bots,
as sluice serve is. A bot may connect to any process of the fleet: where another one
has its shard, it is passed on there. A shard that moves takes its bots' sessions along,
so that they resume; where a process is killed, they begin anew, unless it has --data and
is back at once. All processes have the same bots. Discord's token is DISCORD_TOKEN of the
environment. See docs/bridge.md and docs/fleet.md.`,
		Example: `  sluice-fleet serve --nats nats://a,nats://b,nats://c --listen-bots 10.0.0.1:8080 --bots bots.txt
  sluice-fleet serve --embedded --dir nats --listen-bots 127.0.0.1:8081 --unix /run/sluice.sock --bots bots.txt --pass-rest`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return fail(o.run(cmd.Context()))
		},
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen-bots", "127.0.0.1:8080", "address for bots, and for the other processes that pass bots on: host:port")
	f.StringVar(&o.unix, "unix", "", "path of a Unix socket for bots of this machine, besides that address (default none)")
	adder(f)(flags.URL(&o.peer, "ws", "wss"), "peer-url", "that address as the other processes reach it, as ws:// or wss:// (default: that of --listen-bots)")
	f.StringVar(&o.peersCA, "peer-ca", "", "PEM file of the authority of the others' certificates (default the system's)")
	f.StringVar(&o.dir, "data", "", "directory in which bots' sessions, and the events that these may ask for, outlive this process,\nalso one that is killed, if it is back before another takes its shards over; one for each process\n(default: bots of a process that is killed begin anew)")
	o.bridge.Declare(adder(f))
	o.page.Declare(adder(f))
	return cmd
}

// serveDrain is how long a process of serve may take to end: what belongs to its shards may be gigabytes. Orchestrators kill
// after 30 s.
const serveDrain = 25 * time.Second

// check refuses what cannot be meant, and makes up what is left out.
func (o *serveOptions) check() error {
	host, port, err := net.SplitHostPort(o.listen)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	switch {
	case err != nil || host == "":
		return fmt.Errorf("--listen-bots %q is no address: want host:port, such as 10.0.0.1:8080, where other processes reach this one; a Unix socket for bots of this machine is --unix", o.listen)
	case o.peer == "" && port == "0":
		return errors.New("--listen-bots has port 0, by which the others cannot reach it: name a port, or give --peer-url")
	case o.peer == "" && (net.ParseIP(host) == nil || net.ParseIP(host).IsUnspecified()) && host != "localhost":
		return fmt.Errorf("--listen-bots %s does not say how the others reach this process: give --peer-url, such as ws://10.0.0.1:%s", o.listen, port)
	case strings.ContainsAny(o.peer, "?#"):
		return errors.New("--peer-url has something behind the address: want that alone, such as ws://10.0.0.1:8080")
	case strings.HasPrefix(o.unix, "unix:"):
		return fmt.Errorf("--unix %s is an address: want the path alone", o.unix)
	}
	if err := errors.Join(o.nodeOptions.check(), o.bridge.Check(), o.page.Check()); err != nil {
		return err
	}
	if o.peer == "" {
		o.peer = "ws://" + o.listen
		if o.bridge.Encrypted() {
			o.peer = "wss://" + o.listen
		}
	}
	return nil
}

func (o *serveOptions) run(ctx context.Context) error {
	c, err := o.bridge.Config()
	if err != nil {
		return err
	}
	credential, err := o.page.Credential()
	if err != nil {
		return err
	}
	if o.peersCA != "" {
		pool, err := readCA(o.peersCA)
		if err != nil {
			return fmt.Errorf("--peer-ca: %w", err)
		}
		c.PeersTLS = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	if o.dir != "" {
		if c.Data, err = bridge.OpenData(o.dir); err != nil {
			return err
		}
	}
	o.config.Address, o.drain = o.peer, serveDrain
	if c.Token, err = token(); err != nil {
		return err
	}
	signalled := ctx
	ctx, abort := context.WithCancelCause(signalled)
	defer abort(nil)
	err = o.nodeOptions.run(ctx, func(f *fleet.Fleet, level *slog.LevelVar, logger *slog.Logger) (func(), error) {
		return o.serve(ctx, f, c, credential, level, logger, abort)
	})
	if cause := context.Cause(ctx); err == nil && cause != context.Cause(signalled) { // that of a signal is no fault
		err = cause
	}
	return err
}

// serve opens the addresses; finish closes them when the shards have been handed over. start ends when the process is to end before.
func (o *serveOptions) serve(start context.Context, f *fleet.Fleet, c bridge.Config, credential string, level *slog.LevelVar, logger *slog.Logger, abort context.CancelCauseFunc) (finish func(), err error) {
	c.Engine, c.Peers, c.Logger = f.Engine(), peers{f}, logger
	b, err := bridge.New(c)
	if err != nil {
		return nil, flags.BridgeMistake(err)
	}
	if c.Data != nil {
		if err := c.Data.Take(start); err != nil {
			b.Close()
			return nil, fmt.Errorf("--data: %w", err)
		}
		f.Succeed(succeed(o.dir, f.Incarnation(), logger))
		f.BeforeAttach(b.Restore)
		f.BeforeSave(c.Data.Flush)
	}
	f.HandOver(func(ctx context.Context, s *engine.Shard, address string) fleet.Handover {
		return b.HandOver(ctx, s, address)
	})
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	closeAll := func() {
		cancel()
		b.Close()
		serving.Wait()
		if c.Data != nil {
			if err := c.Data.Close(); err != nil {
				logger.Error("what bots may ask for after a restart is not kept", "cause", err)
			}
		}
	}
	listen := func(flag, address string) error {
		l, err := bridge.Listen(address)
		if err != nil {
			return fmt.Errorf("%s: %w", flag, err)
		}
		if tcp, ok := l.Addr().(*net.TCPAddr); ok && c.TLS == nil && !tcp.IP.IsLoopback() {
			logger.Warn("bots reach this address in plain text, their tokens with it: give --cert and --key, or keep it on a private network", "address", l.Addr().String())
		}
		logger.Info("bots may connect", "address", l.Addr().String(), "tls", c.TLS != nil, "bots", len(c.Bots))
		serving.Go(func() {
			if err := b.Serve(ctx, l); err != nil {
				abort(fmt.Errorf("%s: %w", flag, err))
			}
		})
		return nil
	}
	err = listen("--listen-bots", o.listen)
	if err == nil && o.unix != "" {
		err = listen("--unix", "unix:"+o.unix)
	}
	hide := func() {}
	if err == nil && o.page.Address != "" {
		hide, err = o.openPage(f, b, credential, level, logger)
	}
	if err != nil {
		closeAll()
		return nil, err
	}
	return func() { hide(); closeAll() }, nil
}

// succeed returns the incarnation of the process that used a directory before, which has ended, since the directory is this
// one's now; "" for none. The next one finds this process's own.
func succeed(dir, incarnation string, logger *slog.Logger) string {
	name := filepath.Join(dir, "incarnation")
	before, err := flags.ReadFile(name, 64)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		logger.Warn("who used the data directory before is not known: its lease has to run out", "cause", err)
	}
	if err := os.WriteFile(name, []byte(incarnation), 0o600); err != nil {
		logger.Warn("the next process will not know who used the data directory before it: the lease has to run out then", "cause", err)
	}
	return string(before)
}

// openPage opens the page, with metrics.
func (o *serveOptions) openPage(f *fleet.Fleet, b *bridge.Bridge, credential string, level *slog.LevelVar, logger *slog.Logger) (hide func(), err error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), bridgemetrics.NewCollector(b))
	scrapes, err := metrics.NewHandler(f.Engine(), metrics.Options{PerShard: true, Registry: registry, Logger: logger})
	if err != nil {
		return nil, err
	}
	_, hide, err = o.page.Open(monitor.Config{
		Engine: f.Engine(), Title: f.Name(), Metrics: scrapes, Credential: credential, Level: level, Shared: true,
		Bots: func() []monitor.Bot { return botpage.Bots(b) },
	})
	return hide, err
}

// peers is a fleet as a bridge sees it.
type peers struct{ *fleet.Fleet }

// Owner implements [bridge.Peers].
func (p peers) Owner(shard, total int) string { return p.OwnerAddress(shard, total) }
