package main

import (
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/cmd/sluice/internal/top"
	"github.com/sluice-go/sluice/internal/flags"
)

// orderFlag is --sort.
type orderFlag struct{ top.Order }

// Set implements pflag.Value.
func (f *orderFlag) Set(s string) (err error) {
	f.Order, err = top.ParseOrder(s)
	return err
}

func (f *orderFlag) Type() string { return "COLUMN" }

func newTop() *cobra.Command {
	o := top.Options{Interval: 2 * time.Second}
	order := orderFlag{top.ByRate}
	cmd := &cobra.Command{
		Use:   "top URL",
		Short: "Show a running bot in the terminal",
		Long: `Show a running bot in the terminal: all shards with their rate, latency, time in
callbacks and reconnects. URL is the page of a bot that runs with --http.

Keys: s, r, l, c and n sort by shard, rate, latency, callbacks and reconnects; tab
takes the next of them. The arrows and page keys scroll. q quits.`,
		Example: `  sluice top http://127.0.0.1:9600
  sluice top 127.0.0.1:9600 --sort latency`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("want the URL of a bot's page, such as http://127.0.0.1:9600")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := top.NewClient(args[0])
			if err != nil {
				return err
			}
			o.Order = order.Order
			return fail(top.Run(cmd.Context(), client, o, os.Stdin, cmd.OutOrStdout()))
		},
	}
	f := cmd.Flags()
	f.Var(&order, "sort", "column to sort by: shard, rate, latency, callbacks or reconnects")
	f.Var(flags.Duration(&o.Interval, 100*time.Millisecond), "interval", "time between two looks")
	return cmd
}
