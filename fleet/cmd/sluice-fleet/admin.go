//go:build !plan9 && !aix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/fleet"
	"github.com/sluice-go/sluice/fleet/internal/natsurl"
)

// adminOptions are the flags of the commands that look at a fleet.
type adminOptions struct {
	natsOptions
	json bool // of those that print something
}

// newAdmin returns a command that does something with a fleet. Behind its name, use has the names of its arguments.
func newAdmin(use, short string, do func(ctx context.Context, a *fleet.Admin, o *adminOptions, args []string, out io.Writer) error) (*cobra.Command, *adminOptions) {
	o := &adminOptions{}
	cmd := &cobra.Command{
		Use: use, Short: short, Args: takes(strings.Fields(use)[1:]...),
		Long: short + `.

The fleet is that of the bot whose token is DISCORD_TOKEN of the environment, on the NATS
servers of --nats, whose user and password are NATS_USER and NATS_PASSWORD.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			secret, err := token()
			if err != nil {
				return fail(err)
			}
			conn, err := nats.Connect(o.urls, append(o.options(), nats.Name("sluice-fleet"), nats.Timeout(3*time.Second))...)
			if err != nil {
				return fail(fmt.Errorf("cannot reach NATS at %s: %w; name its servers with --nats", natsurl.Shown(o.urls), natsurl.Cause(err)))
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
	return cmd, o
}

// printing returns a command that prints something, as JSON if that is wanted.
func printing(cmd *cobra.Command, o *adminOptions) *cobra.Command {
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

// ordering returns a command that gives an order, which is carried out behind its end.
func ordering(cmd *cobra.Command, _ *adminOptions) *cobra.Command {
	cmd.Long += "\nAn order that was taken prints nothing: sluice-fleet status and sluice-fleet events show what becomes of it."
	return cmd
}

func newStatus() *cobra.Command {
	return printing(newAdmin("status", "Show who runs how many shards", func(ctx context.Context, a *fleet.Admin, o *adminOptions, _ []string, out io.Writer) error {
		s, err := a.Status(ctx)
		if err != nil {
			return err
		}
		if o.json {
			return json.NewEncoder(out).Encode(s)
		}
		return showStatus(out, s)
	}))
}

// showStatus prints a status as a person reads it.
func showStatus(out io.Writer, s fleet.Status) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprint(w, "NODE\tSHARDS\tREADY\tEVENTS\tCAPACITY\tSTATE\tWHICH\n")
	for _, n := range s.Nodes {
		state := "runs"
		switch {
		case !n.Answers:
			state = "does not answer"
		case n.Draining:
			state = "drains"
		}
		_, _ = fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\t%s\n", n.Name, n.Shards, n.Ready, n.Events, n.Capacity, state, cut(n.IDs))
	}
	_ = w.Flush()
	text := fmt.Sprintf("%d shards, %d of them run by nobody", s.Total, len(s.Free))
	switch s.Phase {
	case "":
	case "both":
		text = fmt.Sprintf("%d shards, being resharded: %d start beside them; of all these %d are run by nobody", s.Total, s.Next, len(s.Free))
	default:
		text = fmt.Sprintf("%d shards, being resharded: %d have taken their place; of these %d are run by nobody", s.Total, s.Next, len(s.Free))
	}
	_, err := fmt.Fprintln(out, text)
	return err
}

// cut has a list of shards fit into a line; --json has all of it.
func cut(ids string) string {
	const most = 50
	if len(ids) <= most {
		return ids
	}
	return ids[:strings.LastIndexByte(ids[:most], ',')+1] + "…"
}

func newDrain() *cobra.Command {
	return ordering(newAdmin("drain NODE", "Have a process hand its shards to the others and end",
		func(ctx context.Context, a *fleet.Admin, _ *adminOptions, args []string, _ io.Writer) error {
			return a.Drain(ctx, args[0])
		}))
}

func newMove() *cobra.Command {
	return ordering(newAdmin("move SHARD NODE", "Hand one shard to a process",
		func(ctx context.Context, a *fleet.Admin, _ *adminOptions, args []string, _ io.Writer) error {
			id, err := strconv.Atoi(args[0])
			if err != nil {
				return err
			}
			return a.Move(ctx, id, args[1])
		}))
}

func newReshard() *cobra.Command {
	return ordering(newAdmin("reshard TOTAL", "Change the number of shards without a gap",
		func(ctx context.Context, a *fleet.Admin, _ *adminOptions, args []string, _ io.Writer) error {
			total, err := strconv.Atoi(args[0])
			if err != nil {
				return err
			}
			return a.Reshard(ctx, total)
		}))
}

func newEvents() *cobra.Command {
	return printing(newAdmin("events", "Print what the processes tell, until a signal",
		func(ctx context.Context, a *fleet.Admin, o *adminOptions, _ []string, out io.Writer) error {
			lines := json.NewEncoder(out)
			return a.Events(ctx, func(h fleet.Happening) {
				if o.json {
					_ = lines.Encode(h)
					return
				}
				_, _ = fmt.Fprintln(out, time.Now().Format(time.TimeOnly), told(h))
			})
		}))
}

// told is what a process tells, as a person reads it.
func told(h fleet.Happening) string {
	text := h.Node + ": " + h.What
	if h.Shard != "" {
		text += ", shard " + h.Shard
	}
	switch h.Count {
	case 0:
	case 1:
		text += ", 1 shard"
	default:
		text += fmt.Sprintf(", %d shards", h.Count)
	}
	if h.Detail != "" {
		text += ", " + h.Detail
	}
	return text
}
