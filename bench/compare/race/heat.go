package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/sluice-go/sluice/bench/compare/client"
	"github.com/sluice-go/sluice/bench/compare/proc"
	"github.com/sluice-go/sluice/bench/compare/server/wire"
)

const (
	// readyTime is how long a client may take until all of its shards have READY, or
	// all events of a startup.
	readyTime = 90 * time.Second

	// pollTime is how often a client is asked meanwhile.
	pollTime = 20 * time.Millisecond
)

// gatewayProcess is the gateway of one load.
type gatewayProcess struct {
	*proc.Process
	hello wire.Hello
	ca    string
	load  load
}

// startGateway starts the gateway of a load. dir is for its certificate.
func startGateway(ctx context.Context, l load, dir string) (*gatewayProcess, error) {
	g := &gatewayProcess{ca: filepath.Join(dir, "ca.pem"), load: l}
	_, server := pair()
	var err error
	g.Process, err = proc.Start(ctx, "gateway", server, nil, []string{
		"bin/server",
		"-shards", strconv.Itoa(l.shards),
		"-rate", strconv.FormatFloat(l.generated(), 'f', -1, 64),
		"-events", strconv.Itoa(l.events()),
		"-trace", l.trace,
		"-exact=" + strconv.FormatBool(l.exact),
		"-speed", strconv.FormatFloat(l.speed(), 'f', -1, 64),
		"-guilds", strconv.Itoa(l.guilds),
		"-guild-size", strconv.Itoa(max(l.size, 2048)),
		"-heartbeat", l.heartbeat.String(),
		"-ca", g.ca,
	})
	if err != nil {
		return nil, err
	}
	if err := g.Answer(&g.hello); err != nil {
		g.Stop()
		return nil, err
	}
	return g, nil
}

// pair returns the cores of the client and of the gateway, negative where the
// system does not let them be chosen.
func pair() (client, server int) {
	list := proc.Cores()
	if len(list) < 2 || proc.OnCore(list[0], func() error { return nil }) != nil {
		return -1, -1
	}
	return list[0], list[1]
}

// runner is a client in a heat.
type runner struct {
	*proc.Process
	shards int
}

// startClient starts a client, which does not connect yet.
func (g *gatewayProcess) startClient(ctx context.Context, e entrant, compression string) (*runner, error) {
	core, _ := pair()
	env := append([]string{
		"RACE_GATEWAY_URL=" + g.hello.URL,
		"RACE_API_URL=" + g.hello.APIURL,
		"RACE_TOKEN=" + g.hello.Token,
		"RACE_SHARDS=" + strconv.Itoa(g.load.shards),
		"RACE_COMPRESS=" + compression,
		"SSL_CERT_FILE=" + g.ca,
		"SSL_CERT_DIR=" + filepath.Dir(g.ca),
		"NODE_EXTRA_CA_CERTS=" + g.ca,
	}, e.env...)
	if core >= 0 {
		env = append(env, "GOMAXPROCS=2") // what Go takes in a container of one processor
	}
	p, err := proc.Start(ctx, e.name, core, env, e.command)
	if err != nil {
		return nil, err
	}
	r := &runner{Process: p, shards: g.load.shards}
	if _, err := r.count(); err != nil { // it has started, and the runtime below it
		r.Stop()
		return nil, err
	}
	return r, nil
}

// count asks what the client has received.
func (r *runner) count() (client.Answer, error) {
	var a client.Answer
	if err := r.Ask("count", &a); err != nil {
		return a, err
	}
	if len(a.Last) != r.shards {
		return a, r.Failure(fmt.Sprintf("counts %d shards, not %d", len(a.Last), r.shards))
	}
	return a, nil
}

// until asks until the answer is as it should be.
func (r *runner) until(ctx context.Context, limit time.Duration, what string, ok func(client.Answer) bool) (client.Answer, error) {
	deadline := time.Now().Add(limit)
	for {
		a, err := r.count()
		switch {
		case err != nil || ok(a):
			return a, err
		case time.Now().After(deadline):
			return a, r.Failure(fmt.Sprintf("not %s after %v: %d events", what, limit, a.Events))
		}
		if err := sleep(ctx, pollTime); err != nil {
			return a, err
		}
	}
}

// sound reports what is wrong with the sequences, compared with what was written.
func (r *runner) sound(a client.Answer, report wire.Report) error {
	var sum int64
	for shard, last := range a.Last {
		sum += last
		if shard >= len(report.Last) || last > report.Last[shard] {
			return r.Failure(fmt.Sprintf("shard %d counts to %d, further than was written", shard, last))
		}
	}
	if a.Faults > 0 || a.Events != sum {
		return r.Failure(fmt.Sprintf("%d of %d events did not follow the one before", a.Faults, a.Events))
	}
	return nil
}

// heat has a client run under a load, and measures it.
func (g *gatewayProcess) heat(ctx context.Context, e entrant, compression string, scale float64) (*heat, error) {
	r, err := g.startClient(ctx, e, compression)
	if err != nil {
		return nil, err
	}
	h := &heat{Load: g.load.name, Compression: compression, Client: e.name, Shards: g.load.shards}
	err = g.measure(ctx, r, h, scale)
	used, stopErr := r.Stop()
	if err != nil {
		return nil, err
	}
	if stopErr != nil {
		return nil, stopErr
	}
	h.Lifetime = used
	return h, nil
}

func (g *gatewayProcess) measure(ctx context.Context, r *runner, h *heat, scale float64) error {
	l := g.load
	before, err := r.Account()
	if err != nil {
		return err
	}
	h.RSSStart = before.RSS
	if err := r.Order("start"); err != nil {
		return err
	}
	burst := int64(1 + l.guilds)
	first := client.Answer{}
	last, err := r.until(ctx, readyTime, "ready", func(a client.Answer) bool { return slices.Min(a.Last) >= burst })
	if err != nil {
		return err
	}
	after, err := r.Account()
	if err != nil {
		return err
	}
	h.Connect = after.Since(before)
	if l.window > 0 {
		if err := sleep(ctx, scaled(l.settle, scale)); err != nil {
			return err
		}
		if first, err = r.count(); err != nil {
			return err
		}
		r.CountInstructions()
		if before, err = r.Account(); err != nil {
			return err
		}
		if err := sleep(ctx, scaled(l.window, scale)); err != nil {
			return err
		}
		if last, err = r.count(); err != nil {
			return err
		}
		if after, err = r.Account(); err != nil {
			return err
		}
	}
	h.RSS = after.RSS
	h.Span = after.Since(before)
	h.Events = last.Events - first.Events
	return g.vouch(ctx, r, last)
}

// vouch compares what a client received with what was written, of which the
// gateway may know a little later than the client.
func (g *gatewayProcess) vouch(ctx context.Context, r *runner, a client.Answer) error {
	for deadline := time.Now().Add(proc.AnswerTime); ; {
		var report wire.Report
		if err := g.Ask("report", &report); err != nil {
			return err
		}
		err := r.sound(a, report)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		if err := sleep(ctx, pollTime); err != nil {
			return err
		}
	}
}

func scaled(d time.Duration, scale float64) time.Duration {
	return time.Duration(float64(d) * scale)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// scratchDir makes a directory for the files of one gateway.
func scratchDir() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp("", "race-")
	return dir, func() { os.RemoveAll(dir) }, err
}
