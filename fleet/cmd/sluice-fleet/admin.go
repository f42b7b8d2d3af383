//go:build !plan9 && !aix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/fleet"
)

// adminOptions are the flags of the commands that look at a fleet.
type adminOptions struct {
	natsOptions
	json bool
}

// newAdmin returns a command that does something with a fleet.
func newAdmin(use, short string, args int, do func(ctx context.Context, a *fleet.Admin, o *adminOptions, args []string, out io.Writer) error) *cobra.Command {
	o := &adminOptions{}
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(args),
		RunE: func(cmd *cobra.Command, args []string) error {
			secret, err := token()
			if err != nil {
				return fail(err)
			}
			conn, err := nats.Connect(o.urls, append(o.options(), nats.Name("sluice-fleet"), nats.Timeout(3*time.Second))...)
			if err != nil {
				return fail(fmt.Errorf("cannot reach NATS at %s: %w; name its servers with --nats", o.urls, err))
			}
			defer conn.Close()
			a, err := fleet.Open(cmd.Context(), conn, secret)
			if err == nil {
				err = do(cmd.Context(), a, o, args, cmd.OutOrStdout())
			}
			return fail(err)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

func newStatus() *cobra.Command {
	return newAdmin("status", "Show who runs how many shards", 0, func(ctx context.Context, a *fleet.Admin, o *adminOptions, _ []string, out io.Writer) error {
		s, err := a.Status(ctx)
		if err != nil {
			return err
		}
		if o.json {
			return json.NewEncoder(out).Encode(s)
		}
		return showStatus(out, s)
	})
}

// showStatus prints a status as a person reads it.
func showStatus(out io.Writer, s fleet.Status) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprint(w, "NODE\tSHARDS\tREADY\tEVENTS\tCAPACITY\tSTATE\n")
	for _, n := range s.Nodes {
		state := "runs"
		switch {
		case !n.Answers:
			state = "does not answer"
		case n.Draining:
			state = "drains"
		}
		_, _ = fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\n", n.Name, n.Shards, n.Ready, n.Events, n.Capacity, state)
	}
	_ = w.Flush()
	_, err := fmt.Fprintf(out, "%d shards, %d of them run by nobody", s.Total, len(s.Free))
	if s.Phase != "" {
		_, err = fmt.Fprintf(out, "; being resharded to %d (%s)", s.Next, s.Phase)
	}
	_, _ = fmt.Fprintln(out)
	return err
}

func newDrain() *cobra.Command {
	return newAdmin("drain NODE", "Have a process hand its shards to the others and end", 1,
		func(ctx context.Context, a *fleet.Admin, _ *adminOptions, args []string, _ io.Writer) error {
			return a.Drain(ctx, args[0])
		})
}

func newMove() *cobra.Command {
	return newAdmin("move SHARD NODE", "Hand one shard to a process", 2,
		func(ctx context.Context, a *fleet.Admin, _ *adminOptions, args []string, _ io.Writer) error {
			id, err := strconv.Atoi(args[0])
			if err != nil {
				return errors.New("SHARD is no number")
			}
			return a.Move(ctx, id, args[1])
		})
}

func newReshard() *cobra.Command {
	return newAdmin("reshard TOTAL", "Change the number of shards without a gap", 1,
		func(ctx context.Context, a *fleet.Admin, _ *adminOptions, args []string, _ io.Writer) error {
			total, err := strconv.Atoi(args[0])
			if err != nil {
				return errors.New("TOTAL is no number")
			}
			return a.Reshard(ctx, total)
		})
}

func newEvents() *cobra.Command {
	return newAdmin("events", "Print what the processes tell, until a signal", 0,
		func(ctx context.Context, a *fleet.Admin, o *adminOptions, _ []string, out io.Writer) error {
			lines := json.NewEncoder(out)
			return a.Events(ctx, func(h fleet.Happening) {
				if o.json {
					_ = lines.Encode(h)
					return
				}
				_, _ = fmt.Fprintln(out, time.Now().Format(time.TimeOnly), h)
			})
		})
}
