package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/sluice-go/sluice/bench/compare/client"
	"github.com/sluice-go/sluice/bench/compare/proc"
	"github.com/sluice-go/sluice/bench/compare/server/wire"
)

const (
	// readyTime is how long a bridge, and then the bots, may take until they have all guilds.
	readyTime = 2 * time.Minute

	pollTime = 20 * time.Millisecond
)

// figures are what a bridge cost under a load.
type figures struct {
	events    int64   // that bots received in the window
	delivered float64 // share of those that were written in it
	span      proc.Span
	alone     int64 // RSS before there were bots
	rss       int64 // at the end
}

func (f *figures) cpuPerEvent() float64 { return f.span.CPU / float64(f.events) * 1e6 }

func (f *figures) String() string {
	text := fmt.Sprintf("%.1f MB, %.1f MB before the bots", float64(f.rss)/1e6, float64(f.alone)/1e6)
	if f.events > 0 {
		text = fmt.Sprintf("%.2f µs/event, %d events, %.4f of those written, %.1f MB", f.cpuPerEvent(), f.events, f.delivered, float64(f.rss)/1e6)
	}
	return text
}

// pair returns the cores of the bridge, and of the gateway and the bots; negative where there are not two.
func pair() (bridge, others int) {
	if list := proc.Cores(); len(list) > 1 {
		return list[0], list[1]
	}
	return -1, -1
}

// measure runs a gateway, a bridge on it and the bots of the bridge.
func measure(ctx context.Context, l load, c contender) (*figures, error) {
	core, others := pair()
	gateway, err := proc.Start(ctx, "gateway", others, nil, []string{
		"bin/server", "-tls=false", "-shards", strconv.Itoa(l.shards), "-rate", strconv.Itoa(l.rate), "-exact=" + strconv.FormatBool(l.exact),
		"-guilds", strconv.Itoa(l.guilds), "-guild-size", strconv.Itoa(l.size), "-events", strconv.Itoa(max(1, l.rate) * 120),
	})
	if err != nil {
		return nil, err
	}
	defer gateway.Stop()
	var hello wire.Hello
	if err := gateway.Answer(&hello); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bridges-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	env, command, token, err := c.prepare(dir, hello, l.shards, port)
	if err != nil {
		return nil, err
	}
	bridge, err := proc.Start(ctx, c.name, core, append(env, "GOMAXPROCS=2"), command)
	if err != nil {
		return nil, err
	}
	defer bridge.Kill()
	burst := int64(1 + l.guilds)
	err = until(ctx, "the bridge has not all guilds", func() (bool, error) {
		var report wire.Report
		err := gateway.Ask("report", &report)
		return len(report.Last) == l.shards && slices.Min(report.Last) >= burst, err
	})
	if err != nil {
		return nil, bridge.Failure(err.Error())
	}
	if err := sleep(ctx, l.settle); err != nil {
		return nil, err
	}
	before, err := bridge.Account()
	if err != nil {
		return nil, err
	}
	f := &figures{alone: before.RSS}
	return f, f.withBots(ctx, l, gateway, bridge, port, token)
}

// withBots starts the bots, and measures the bridge when they have their guilds.
func (f *figures) withBots(ctx context.Context, l load, gateway, bridge *proc.Process, port int, token string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	_, others := pair()
	bots, err := proc.Start(ctx, botsRole, others, []string{
		roleVariable + "=" + botsRole, "RACE_GATEWAY_URL=ws://127.0.0.1:" + strconv.Itoa(port), "RACE_TOKEN=" + token,
		"RACE_SHARDS=" + strconv.Itoa(l.shards), "RACE_COMPRESS=none",
	}, []string{self})
	if err != nil {
		return err
	}
	defer bots.Stop()
	if err := bots.Order("start"); err != nil {
		return err
	}
	var first, last client.Answer
	err = until(ctx, "the bots have not all guilds", func() (bool, error) {
		err := bots.Ask("count", &first)
		return len(first.Last) == l.shards && slices.Min(first.Last) >= int64(1+l.guilds), err
	})
	if err != nil {
		return bots.Failure(err.Error())
	}
	if err := sleep(ctx, l.settle); err != nil {
		return err
	}
	begin, wrote, err := look(gateway, bridge, bots, &first)
	if err != nil {
		return err
	}
	if err := sleep(ctx, l.window); err != nil {
		return err
	}
	end, written, err := look(gateway, bridge, bots, &last)
	if err != nil {
		return err
	}
	if last.Faults > 0 {
		return fmt.Errorf("%d of %d events did not follow the one before", last.Faults, last.Events)
	}
	f.span, f.rss, f.events = end.Since(begin), end.RSS, last.Events-first.Events
	if written > wrote {
		f.delivered = float64(f.events) / float64(written-wrote)
	}
	return nil
}

// look takes the bridge's account, and counts what was written to it and what bots have.
func look(gateway, bridge, bots *proc.Process, a *client.Answer) (account proc.Account, written int64, err error) {
	if account, err = bridge.Account(); err != nil {
		return account, 0, err
	}
	*a = client.Answer{}
	if err := bots.Ask("count", a); err != nil {
		return account, 0, err
	}
	var report wire.Report
	if err := gateway.Ask("report", &report); err != nil {
		return account, 0, err
	}
	for _, last := range report.Last {
		written += last
	}
	return account, written, nil
}

// until asks until the answer is yes.
func until(ctx context.Context, what string, ok func() (bool, error)) error {
	for deadline := time.Now().Add(readyTime); ; {
		if done, err := ok(); done || err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s after %v", what, readyTime)
		}
		if err := sleep(ctx, pollTime); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// freePort returns a port that a bridge can listen on, which is told its own.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
