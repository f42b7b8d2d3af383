package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/engine/trace"
	"github.com/sluice-go/sluice/gatewaytest"
)

// traceOptions are the flags of replay that mock has not.
type traceOptions struct {
	file  string
	speed speedFlag
	loop  bool
}

func newReplay() *cobra.Command {
	o := newMockOptions()
	o.guilds = 0
	cmd := &cobra.Command{
		Use:   "replay FILE",
		Short: "Serve a gateway that plays recorded traffic back",
		Long: `Serve a gateway to test against, as sluice mock does, whose traffic is that of a trace.

Sessions, resumes, faults and limits are real, and each session's events are numbered
anew. A shard gets the events of the same shard in the trace; where a client has fewer
shards, they share those of the trace out. --speed 1 keeps the recorded pauses, 10
makes them a tenth, max leaves them out. Behind the last event nothing comes, or, with
--loop, the first again.`,
		Example: `  sluice replay bot.trace --listen 127.0.0.1:8080 --tls=false
  sluice replay bot.trace --speed max --loop --shards 16 --ca-out ca.pem`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.trace.file = args[0]
			return o.run(cmd.Context(), nil, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.Var(&o.trace.speed, "speed", "how many times as fast as it was recorded, or max: as fast as events are taken")
	f.BoolVar(&o.trace.loop, "loop", false, "begin again at the end, until a session has had --traffic events")
	for _, name := range []string{"rate", "worlds", "seed"} {
		_ = f.MarkHidden(name) // of generated traffic
	}
	return cmd
}

// open opens the trace, if there is one, and returns the options that have it played back.
func (o *traceOptions) open() (options []gatewaytest.Option, close func() error, err error) {
	if o.file == "" {
		return nil, func() error { return nil }, nil
	}
	r, err := trace.Open(o.file)
	if err != nil {
		return nil, nil, err
	}
	return []gatewaytest.Option{gatewaytest.WithTrace(r, float64(o.speed)), gatewaytest.WithTraceLoop(o.loop)}, r.Close, nil
}

// traceShards returns how many shards the bot had whose traffic a trace holds.
func traceShards(file string) (shards int, err error) {
	r, err := trace.Open(file)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if shards = r.Header().Shards; shards > 0 {
		return shards, nil
	}
	for rec, err := range r.All() {
		if err != nil {
			return 0, err
		}
		shards = max(shards, rec.Shard+1)
	}
	if shards == 0 {
		return 0, fmt.Errorf("%s holds no events", file)
	}
	return shards, nil
}
