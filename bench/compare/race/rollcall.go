package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/sluice-go/sluice/bench/compare/client"
	"github.com/sluice-go/sluice/bench/compare/server/wire"
)

// rollLoad is what every client must receive to the last event before it may race.
var rollLoad = load{name: "roll call", shards: 6, rate: 300, guilds: 2, size: 4096, heartbeat: 10 * time.Second, window: 1500 * time.Millisecond}

// rollCall builds all clients, and checks that they receive everything.
func (r *race) rollCall(ctx context.Context) error {
	if err := r.build(ctx); err != nil {
		return err
	}
	r.present(ctx)
	for _, absence := range r.absent {
		fmt.Printf("left out: %s, %s: %s\n", absence.Client, absence.Compression, absence.Why)
	}
	return ctx.Err()
}

// present has every client answer the roll call; whoever cannot is absent.
func (r *race) present(ctx context.Context) {
	for _, e := range field {
		for _, compression := range e.compressions {
			if !r.enters(e, compression) {
				continue
			}
			events, err := attend(ctx, e, compression)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				r.leaveOut(e.name, compression, err)
				continue
			}
			fmt.Fprintf(os.Stderr, "%-16s %-12s present: %d events, none missing\n", e.name, compression, events)
		}
	}
}

// attend runs a client until the gateway has fallen silent, and compares the
// sequences of every shard with those that were written.
func attend(ctx context.Context, e entrant, compression string) (events int64, err error) {
	dir, remove, err := scratchDir()
	if err != nil {
		return 0, err
	}
	defer remove()
	g, err := startGateway(ctx, rollLoad, dir)
	if err != nil {
		return 0, err
	}
	defer g.Stop()
	c, err := g.startClient(ctx, e, compression)
	if err != nil {
		return 0, err
	}
	defer c.Stop()
	if err := c.Order("start"); err != nil {
		return 0, err
	}
	if _, err := c.until(ctx, readyTime, "ready", func(a client.Answer) bool { return slices.Min(a.Last) > 0 }); err != nil {
		return 0, err
	}
	if err := sleep(ctx, rollLoad.window); err != nil {
		return 0, err
	}
	var report wire.Report
	if err := g.Ask("quiesce", &report); err != nil {
		return 0, err
	}
	a, err := c.until(ctx, 5*time.Second, "told everything", func(a client.Answer) bool { return slices.Equal(a.Last, report.Last) })
	if err != nil {
		return 0, err
	}
	return a.Events, c.sound(a, report)
}
