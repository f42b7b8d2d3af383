package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/cmd/sluice/internal/child"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/internal/flags"
)

// mockOptions are the flags of mock.
type mockOptions struct {
	listen         string
	tls            bool
	longChain      bool
	shards         int
	maxConcurrency int
	starts         int
	heartbeat      time.Duration
	helloDelay     time.Duration
	publicURL      string
	resumeURL      string
	guilds         int
	guildSize      int
	members        int
	rate           rateFlag
	pacing         pacingFlag
	events         int
	probes         int
	worlds         int
	seed           uint64
	caOut          string
	control        bool
	trace          traceOptions
	faultOptions
}

// defaultHeartbeat is the interval that Discord's hello asks for.
const defaultHeartbeat = 41250 * time.Millisecond

const (
	maxGuilds    = 2500 // of a shard, as Discord has it
	maxGuildSize = 64 << 20
	maxMembers   = 250_000 // of a guild
)

func newMockOptions() *mockOptions {
	return &mockOptions{
		trace:          traceOptions{speed: 1},
		shards:         1,
		maxConcurrency: 1,
		starts:         1_000_000,
		seed:           1,
		heartbeat:      defaultHeartbeat,
		guilds:         2,
		guildSize:      2048,
		events:         250_000,
		worlds:         16,
	}
}

func newMock() *cobra.Command {
	o := newMockOptions()
	cmd := &cobra.Command{
		Use:   "mock [flags] [-- PROGRAM ARGUMENTS…]",
		Short: "Serve a gateway to test against, for bots in any language",
		Long: `Serve a gateway to test against, for bots in any language.

It prints its URLs and the token that it accepts, and serves until a signal ends
it: the REST API, TLS or plain, four compressions, sessions that can be resumed,
and a bot's traffic. The token is MOCK_TOKEN of the environment, or a new one.

With a program behind --, it runs that and ends with it. The program finds the
server by DISCORD_TOKEN, DISCORD_API_URL and DISCORD_GATEWAY_URL of its environment.`,
		Example: `  sluice mock --listen 127.0.0.1:8080 --tls=false --rate 5
  sluice mock --ca-out ca.pem --shards 16 --guilds 20
  sluice mock --tls=false --rate 5 -- go run ./mybot`,
		Args:                  programArgs,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, program []string) error {
			return o.run(cmd.Context(), program, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.trace.file, "trace", "", "")
	f.Var(&o.trace.speed, "speed", "")
	f.BoolVar(&o.trace.loop, "loop", false, "")
	for _, name := range []string{"trace", "speed", "loop"} {
		_ = f.MarkHidden(name) // for demo; people have replay
	}
	return cmd
}

// flags adds the flags that mock and replay have in common.
func (o *mockOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:0", "address to listen on; port 0 is a free one")
	f.BoolVar(&o.tls, "tls", true, "serve TLS, with a certificate made for the occasion")
	f.BoolVar(&o.longChain, "long-chain", false, "use a certificate chain of 3 to 4 KB, as public servers do")
	f.Var(flags.Int(&o.shards, 1, 100_000), "shards", "number of shards that the API recommends")
	f.Var(flags.Int(&o.maxConcurrency, 1, 100_000), "max-concurrency", "identifies in 5 s")
	f.Var(flags.Int(&o.starts, 1, 1<<30), "session-start-limit", "identifies in a day")
	f.Var(flags.Duration(&o.heartbeat, time.Millisecond), "heartbeat-interval", "what hello asks for")
	f.Var(flags.Duration(&o.helloDelay, 0), "hello-delay", "have hello come so long after the upgrade")
	f.Var(toldURLFlag{&o.publicURL, false}, "public-url", "WebSocket URL that clients are told of, for use behind a front end")
	f.Var(toldURLFlag{&o.resumeURL, true}, "resume-url", "resume_gateway_url of READY, or none to leave it out (default the --public-url)")
	f.Var(flags.Int(&o.guilds, 0, maxGuilds), "guilds", "guilds of each shard, sent as GUILD_CREATE after READY")
	f.Var(flags.Int(&o.guildSize, 0, maxGuildSize), "guild-size", "bytes of each GUILD_CREATE")
	f.Var(flags.Int(&o.members, 0, maxMembers), "members", "members of each guild, of whom GUILD_CREATE lists what fits; 0: at random")
	f.Var(&o.rate, "rate", "events a second for each shard, or max: as fast as they are taken (default 0)")
	f.Var(&o.pacing, "pacing", "exact: write each event by itself when it is due, at some 10 µs of CPU more; burst: what a millisecond brings together")
	f.Var(flags.Int(&o.events, 1, 1<<30), "traffic", "events of each session before it is asked to begin a new one")
	f.Var(flags.Int(&o.probes, 0, 100_000), "probes", "first shards whose events carry the time of writing, as probe_ns")
	f.Var(flags.Int(&o.worlds, 0, 100_000), "worlds", "shards up to which each has traffic about its own guilds; more share theirs")
	f.Var(seedFlag{&o.seed}, "seed", "of the traffic")
	f.StringVar(&o.caOut, "ca-out", "", "write the certificate authority to this PEM file")
	f.Var(&o.faults, "fault", "a fault such as 'ready: close 4000'; may be given more than once (see docs/testing.md)")
	f.StringVar(&o.script, "script", "", "file of faults, one a line")
	f.Var(flags.Int(&o.chaos, 0, 1<<30), "chaos", "have a fault at random, one in so many occasions")
	f.Var(flags.Duration(&o.chaosEach, time.Millisecond), "chaos-interval", "have a fault at random for each shard, one in such a time")
	f.Var(seedFlag{&o.chaosSeed}, "chaos-seed", "of --chaos or --chaos-interval; 0: one at random, which is printed")
	f.BoolVar(&o.control, "control", false, "talk JSON with a parent process over standard input and output")
	_ = f.MarkHidden("control")
}

// run serves until ctx or the program ends; program may be empty.
func (o *mockOptions) run(ctx context.Context, program []string, in io.Reader, out, errOut io.Writer) error {
	if host, _, err := net.SplitHostPort(o.listen); err != nil || host == "" {
		return fmt.Errorf("invalid argument %q for \"--listen\": want host:port, such as 127.0.0.1:8080", o.listen)
	}
	if o.chaos > 0 && o.chaosEach > 0 {
		return errors.New("--chaos and --chaos-interval do not go together: want one of them")
	}
	if o.trace.file != "" && o.rate != 0 {
		return errors.New("--rate is of generated traffic: choose with --speed how fast the trace is played back")
	}
	options := []gatewaytest.Option{
		gatewaytest.WithListen(o.listen),
		gatewaytest.WithTLS(o.tls),
		gatewaytest.WithShards(o.shards),
		gatewaytest.WithMaxConcurrency(o.maxConcurrency),
		gatewaytest.WithSessionStartLimit(o.starts, o.starts),
		gatewaytest.WithHeartbeatInterval(o.heartbeat),
		gatewaytest.WithHelloDelay(o.helloDelay),
		gatewaytest.WithGuilds(o.guilds, o.guildSize),
		gatewaytest.WithMembers(o.members),
		gatewaytest.WithTraffic(float64(o.rate)),
		gatewaytest.WithPacing(o.pacing.Pacing),
		gatewaytest.WithEvents(o.events),
		gatewaytest.WithProbeShards(o.probes),
		gatewaytest.WithWorlds(o.worlds),
		gatewaytest.WithSeed(o.seed),
	}
	faults, err := o.options()
	if err != nil {
		return fail(err)
	}
	options = append(options, faults...)
	played, closeTrace, err := o.trace.open()
	if err != nil {
		return fail(err)
	}
	defer closeTrace()
	options = append(options, played...)
	if o.longChain {
		options = append(options, gatewaytest.WithLongChain())
	}
	if o.publicURL != "" {
		options = append(options, gatewaytest.WithPublicURL(o.publicURL))
	}
	switch o.resumeURL {
	case "":
	case noURL:
		options = append(options, gatewaytest.WithResumeURL(""))
	default:
		options = append(options, gatewaytest.WithResumeURL(o.resumeURL))
	}
	if token := os.Getenv("MOCK_TOKEN"); token != "" {
		options = append(options, gatewaytest.WithToken(token))
	}
	server, err := gatewaytest.Start(options...)
	if err != nil {
		return fail(err)
	}
	defer server.Close()
	if o.caOut != "" {
		if err := os.WriteFile(o.caOut, server.CertPEM(), 0o644); err != nil {
			return fail(fmt.Errorf("cannot write --ca-out: %w", err))
		}
	}
	if o.control {
		return fail(child.Serve(server, in, out))
	}
	if len(program) > 0 {
		return fail(o.runProgram(ctx, server, program, in, out, errOut))
	}
	if err := o.announce(server, out); err != nil {
		return fail(err)
	}
	<-ctx.Done()
	return nil
}

// announce prints what a client needs to know.
func (o *mockOptions) announce(server *gatewaytest.Server, out io.Writer) error {
	lines := []string{
		"gateway  " + o.gatewayURL(server),
		"api      " + server.APIURL(),
		"token    " + server.Token(),
	}
	switch {
	case o.caOut != "":
		lines = append(lines, "ca       "+o.caOut)
	case o.tls:
		lines = append(lines, "ca       (name a file with --ca-out to get the certificate authority)")
	}
	if server.ChaosSeed() != 0 {
		lines = append(lines, fmt.Sprintf("chaos    seed %d", server.ChaosSeed()))
	}
	_, err := fmt.Fprintln(out, strings.Join(lines, "\n"))
	return err
}

// gatewayURL returns the URL that clients are told of.
func (o *mockOptions) gatewayURL(server *gatewaytest.Server) string {
	if o.publicURL != "" {
		return o.publicURL
	}
	return server.URL()
}
