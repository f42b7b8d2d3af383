//go:build !plan9 && !aix

package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/fleet/cmd/sluice-fleet/internal/demo"
	"github.com/sluice-go/sluice/fleet/embedded"
)

func newDemo() *cobra.Command {
	o := demo.Options{}
	asJSON := false
	cmd := &cobra.Command{
		Use: "demo", Short: "Start a gateway and a fleet as processes of their own, and one scenario", Args: takes(),
		Long: `Start a gateway and a fleet as processes of their own, and do what the scenario
says to them; in the end the gateway counts what was lost and what came twice.

  kill     kill -9 of a process (with --nats embedded, of the one whose server leads)
  term     SIGTERM to a process
  roll     each process in turn: SIGTERM, and a new one
  surge    each process in turn: a new one that replaces it
  stop     SIGSTOP to a process for --pause, and on
  cut      a process cannot reach NATS for --pause, in the way of --cut
  down     NATS is down for --pause and comes back, then comes back empty, then kill -9
  reshard  the number of shards changes to --reshard-to
  chaos    for --duration, processes are killed, stopped, cut off and started at random`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Seed == 0 {
				o.Seed = rand.Uint64()>>11 | 1 // exact in JSON
			}
			o.Out = cmd.ErrOrStderr()
			r, err := demo.Run(cmd.Context(), o)
			if err != nil {
				return fail(err)
			}
			if asJSON {
				return fail(json.NewEncoder(cmd.OutOrStdout()).Encode(r))
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), r)
			return fail(err)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Scenario, "scenario", "kill", strings.Join(demo.Scenarios(), "|"))
	f.IntVar(&o.Nodes, "nodes", 3, "processes")
	f.IntVar(&o.Shards, "shards", 150, "shards")
	f.Float64Var(&o.Rate, "rate", 5, "events a second of each shard")
	f.StringVar(&o.NATS, "nats", "external", "external (one server, a process of its own) or embedded (one in each process, a cluster)")
	f.DurationVar(&o.Pause, "pause", time.Minute, "of stop, cut and down")
	f.StringVar(&o.Cut, "cut", "refused", "refused, hole (nothing passes) or oneway (nothing comes back)")
	f.IntVar(&o.ReshardTo, "reshard-to", 0, "shards after reshard (default 1.3 times --shards)")
	f.DurationVar(&o.Duration, "duration", 10*time.Minute, "of chaos")
	f.DurationVar(&o.Lease, "lease", 4*time.Second, "of the processes")
	f.DurationVar(&o.SaveEvery, "save-every", 250*time.Millisecond, "how old saved sequences may become")
	f.Uint64Var(&o.Seed, "seed", 0, "of what is at random (default one at random)")
	f.BoolVar(&o.Publish, "publish", false, "have the processes publish all events to JetStream, and count what is there too")
	f.BoolVar(&o.Calm, "calm", false, "in chaos, have no faults of the gateway's beside")
	f.BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// newGateway is the gateway of demo, in a process of its own.
func newGateway() *cobra.Command {
	var o demo.GatewayOptions
	cmd := &cobra.Command{
		Use: "gateway", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return fail(demo.ServeGateway(o, cmd.InOrStdin(), cmd.OutOrStdout()))
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Shards, "shards", 1, "")
	f.IntVar(&o.MaxConcurrency, "max-concurrency", 1, "")
	f.Float64Var(&o.Rate, "rate", 5, "")
	f.Uint64Var(&o.ChaosSeed, "chaos-seed", 0, "")
	return cmd
}

// newNATS is the NATS server of demo, in a process of its own.
func newNATS() *cobra.Command {
	var c embedded.Config
	cmd := &cobra.Command{
		Use: "nats", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := embedded.Start(c)
			if err != nil {
				return fail(err)
			}
			defer server.Close()
			_, _ = fmt.Fprintln(cmd.OutOrStdout(), server.URL())
			<-cmd.Context().Done()
			return nil
		},
	}
	cmd.Flags().StringVar(&c.Dir, "dir", "", "")
	cmd.Flags().StringVar(&c.Listen, "listen", "", "")
	return cmd
}
