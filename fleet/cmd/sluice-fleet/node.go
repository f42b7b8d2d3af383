//go:build !plan9 && !aix

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/fleet"
	"github.com/sluice-go/sluice/fleet/cmd/sluice-fleet/internal/demo"
	"github.com/sluice-go/sluice/fleet/embedded"
	"github.com/sluice-go/sluice/fleet/internal/natsurl"
	"github.com/sluice-go/sluice/fleet/publish"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/flags"
)

// nodeOptions are the flags of node.
type nodeOptions struct {
	natsOptions
	given      *pflag.FlagSet
	embedded   bool
	server     embedded.Config
	config     fleet.Config
	apiURL     string
	caFile     string
	intents    flags.Intents
	deliveries string
	publish    string
	stream     []string
	log        flags.Log
	drain      time.Duration // how long the end may take; 0: the engine's default
}

func newNode() *cobra.Command {
	o := &nodeOptions{}
	cmd := &cobra.Command{
		Use: "node", Short: "Run a share of a bot's shards", Args: takes(),
		Long: `Run a share of a bot's shards, until a signal ends it: then they are handed to
the other processes. The bot's token is DISCORD_TOKEN of the environment. A user and a
password for NATS are NATS_USER and NATS_PASSWORD; an embedded server asks for the same.

With --publish events go to NATS, as PREFIX.ev.TOTAL.SHARD.TYPE, and commands come from
PREFIX.cmd.SHARD; otherwise they are only counted.`,
		Example: `  sluice-fleet node --nats nats://a,nats://b,nats://c
  sluice-fleet node --embedded --dir nats --listen 10.0.0.1:4222 --cluster 10.0.0.1:6222 --join 10.0.0.2:6222 --replicas 3`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return fail(o.run(cmd.Context(), nil))
		},
	}
	o.flags(cmd)
	return cmd
}

// flags are those of all commands that run shards.
func (o *nodeOptions) flags(cmd *cobra.Command) {
	o.natsOptions.flags(cmd)
	f := cmd.Flags()
	o.given = f
	f.BoolVar(&o.embedded, "embedded", false, "run a NATS server in the process, in place of --nats")
	f.StringVar(&o.server.Dir, "dir", "", "directory of the embedded server's files")
	f.StringVar(&o.server.Listen, "listen", "127.0.0.1:4222", "address of the embedded server for clients")
	f.StringVar(&o.server.Cluster, "cluster", "", "address of the embedded server for other servers")
	f.StringSliceVar(&o.server.Join, "join", nil, "addresses of other embedded servers of the cluster")
	f.IntVar(&o.config.Replicas, "replicas", 1, "servers that keep the bucket: 1, 3 or 5")
	f.StringVar(&o.config.Name, "name", "", "name of this process (default the host's and the process id)")
	f.StringVar(&o.config.Replaces, "replaces", "", "name of a process to take the place of")
	f.Var(flags.Int(&o.config.Total, 0, gateway.MaxShards), "total", "number of shards (default the fleet's, or what Discord recommends)")
	f.Var(flags.Int(&o.config.Capacity, 1, math.MaxInt32), "capacity", "part of the shards, relative to the others' (default 10)")
	f.Var(flags.Duration(&o.config.Lease, 2*time.Second), "lease", "how long a process that is gone keeps its shards at most (default 4s)")
	f.Var(flags.Duration(&o.config.SaveEvery, 10*time.Millisecond), "save-every", "how old saved sequences may become (default 250ms)")
	o.intents.Intents = gateway.IntentGuilds | gateway.IntentGuildMessages
	f.Var(&o.intents, "intents", "intents, such as GUILDS,GUILD_MESSAGES, or their number")
	f.StringVar(&o.apiURL, "api-url", "", "base of the REST API (default Discord's)")
	f.StringVar(&o.caFile, "ca-file", "", "PEM file of an authority to trust besides the system's")
	f.StringVar(&o.publish, "publish", "", "publish events to NATS under this prefix, and take commands")
	f.StringSliceVar(&o.stream, "stream", nil, "event types that go to JetStream, such as INTERACTION_CREATE, or all; others go over core NATS")
	o.log.Level.Level = slog.LevelWarn
	o.log.Declare(adder(f))
	f.StringVar(&o.deliveries, "deliveries", "", "")
	_ = f.MarkHidden("deliveries") // for demo
}

// check refuses what cannot be meant. A flag that would be passed over without a word may be the one that counts.
func (o *nodeOptions) check() error {
	if o.embedded && o.given.Changed("nats") {
		return errors.New("--embedded is a NATS server in the place of --nats: give one of them; other embedded servers are named with --join")
	}
	for _, flag := range []string{"dir", "listen", "cluster", "join"} {
		if !o.embedded && o.given.Changed(flag) {
			return fmt.Errorf("--%s is of use only with --embedded", flag)
		}
	}
	if len(o.stream) > 0 && o.publish == "" {
		return errors.New("--stream is of use only with --publish")
	}
	if _, err := o.streamed(); err != nil {
		return err
	}
	return o.natsOptions.check()
}

// streamed returns the events that go to JetStream.
func (o *nodeOptions) streamed() (stream gateway.EventSet, err error) {
	for _, name := range o.stream {
		t := gateway.ParseEventType([]byte(name))
		switch {
		case name == "all":
			stream = published
		case t == gateway.EventUnknown:
			return stream, fmt.Errorf("--stream: %q is no event type of Discord's; give names such as INTERACTION_CREATE, or all", name)
		default:
			stream = stream.Union(gateway.Events(t))
		}
	}
	return stream, nil
}

// published are the events that --publish hands on.
var published = gateway.AllDispatches().Without(gateway.Events(gateway.EventResumed))

// run runs shards until ctx ends. attach, if there is any, sees the fleet before, and the log with its level; what it returns
// is called in the end.
func (o *nodeOptions) run(ctx context.Context, attach func(*fleet.Fleet, *slog.LevelVar, *slog.Logger) (finish func(), err error)) error {
	secret, err := token()
	if err != nil {
		return err
	}
	logger, level, flush := o.log.Open(os.Stderr)
	defer flush()
	c := &o.config
	c.NATS, c.Options = o.urls, o.options()
	if o.embedded {
		o.server.Name = c.Name
		if err := o.secure(&o.server); err != nil {
			return err
		}
		server, err := embedded.Start(o.server)
		if err != nil {
			return err
		}
		defer server.Close()
		c.NATS = server.URL()
	}
	c.Engine = engine.Config{Token: secret, APIURL: o.apiURL, Intents: o.intents.Intents, Logger: logger, ShutdownTimeout: o.drain}
	if o.caFile != "" {
		pool, err := readCA(o.caFile)
		if err != nil {
			return fmt.Errorf("--ca-file: %w", err)
		}
		c.Engine.TLS = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	f, err := fleet.Join(ctx, *c)
	if err != nil {
		return err
	}
	if o.deliveries != "" {
		log, err := demo.OpenDeliveries(o.deliveries)
		if err != nil {
			return err
		}
		defer log.Close()
		f.Engine().On(gateway.AllDispatches().Union(gateway.Events(gateway.EventSessionLost)), log.Note)
	}
	ended, err := o.startPublishing(f, logger)
	if err != nil {
		return err
	}
	if attach != nil {
		finish, err := attach(f, level, logger)
		if err != nil {
			return errors.Join(err, ended())
		}
		defer finish()
	}
	began := time.Now()
	err = errors.Join(f.Run(ctx), ended())
	st := f.Engine().Stats()
	logger.Info("ended", "after", time.Since(began).Round(time.Second), "events", st.Events)
	return err
}

// startPublishing publishes the engine's events, if that is wanted; ended waits for what JetStream
// has yet to acknowledge.
func (o *nodeOptions) startPublishing(f *fleet.Fleet, logger *slog.Logger) (ended func() error, err error) {
	if o.publish == "" {
		return func() error { return nil }, nil
	}
	stream, err := o.streamed()
	if err != nil {
		return nil, err
	}
	conn, err := nats.Connect(o.config.NATS, append(o.options(), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond))...)
	if err != nil {
		return nil, fmt.Errorf("cannot publish to NATS: %w", natsurl.Cause(err))
	}
	p, err := publish.New(publish.Config{Conn: conn, Prefix: o.publish, Stream: stream, Logger: logger})
	if err != nil {
		return nil, err
	}
	p.Attach(f.Engine(), published)
	if _, err := p.ServeCommands(f.Engine()); err != nil {
		return nil, err
	}
	return func() error {
		defer conn.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return p.Close(ctx)
	}, nil
}
