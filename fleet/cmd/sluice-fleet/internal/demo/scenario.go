package demo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-go/sluice/fleet"
	"github.com/sluice-go/sluice/fleet/internal/relay"
)

// scenarios are what can be done to a fleet.
var scenarios = map[string]func(*stage, context.Context, *Result) error{
	"kill": (*stage).doKill, "term": (*stage).doTerm, "roll": (*stage).doRoll, "surge": (*stage).doSurge,
	"stop": (*stage).doStop, "cut": (*stage).doCut, "down": (*stage).doDown, "reshard": (*stage).doReshard, "chaos": (*stage).doChaos,
}

// Scenarios returns their names.
func Scenarios() []string { return slices.Sorted(maps.Keys(scenarios)) }

// Run runs one scenario.
func Run(ctx context.Context, o Options) (Result, error) {
	do, known := scenarios[o.Scenario]
	r := Result{Scenario: o.Scenario, NATS: o.NATS, Nodes: o.Nodes, Seed: o.Seed}
	switch {
	case !known:
		return r, fmt.Errorf("there is no scenario %q: choose %s", o.Scenario, strings.Join(Scenarios(), ", "))
	case o.NATS != "external" && o.NATS != "embedded":
		return r, fmt.Errorf("--nats is external or embedded, not %q", o.NATS)
	case o.Nodes < 2 || o.Shards < o.Nodes || o.Rate < 0:
		return r, fmt.Errorf("%d processes and %d shards: want two processes and a shard for each at least", o.Nodes, o.Shards)
	case o.NATS == "embedded" && (o.Publish || o.Scenario == "cut" || o.Scenario == "down" || o.Scenario == "surge"):
		return r, fmt.Errorf("scenario %s, and --publish, need --nats external", o.Scenario)
	}
	if o.Scenario == "reshard" && o.ReshardTo == 0 {
		o.ReshardTo = o.Shards * 13 / 10
	}
	st, err := setUp(ctx, o)
	if err != nil {
		return r, err
	}
	defer st.tearDown()
	if err := st.even(ctx); err != nil {
		return r, err
	}
	time.Sleep(time.Second)
	before, err := st.gateway.report()
	if err != nil {
		return r, err
	}
	began := time.Now()
	if err := do(st, ctx, &r); err != nil {
		return r, err
	}
	ended := time.Now()
	if err := st.allReady(ctx, 2*time.Minute); err != nil {
		r.Notes = append(r.Notes, err.Error())
	}
	r.ReadyIn = time.Since(ended).Seconds()
	time.Sleep(2 * time.Second)
	return r, st.finish(ctx, &r, before, began)
}

// victim is a process at random; with embedded servers, the one whose server leads.
func (st *stage) victim(ctx context.Context) *process {
	if st.NATS == "embedded" {
		var leader string
		_ = st.admin(ctx, func(a *fleet.Admin) (err error) {
			leader, err = a.Leader(ctx)
			return err
		})
		for _, p := range st.nodes {
			if p.name == leader {
				return p
			}
		}
	}
	return st.nodes[st.rng.IntN(len(st.nodes))]
}

func (st *stage) doKill(ctx context.Context, r *Result) error {
	p := st.victim(ctx)
	r.Notes = append(r.Notes, "killed "+p.name)
	st.kill(p)
	return nil
}

func (st *stage) doTerm(ctx context.Context, _ *Result) error { return st.term(ctx, st.victim(ctx)) }

func (st *stage) doRoll(ctx context.Context, _ *Result) error {
	for _, p := range append([]*process(nil), st.nodes...) {
		if err := st.term(ctx, p); err != nil {
			return err
		}
		if _, err := st.start(p.slot, ""); err != nil {
			return err
		}
		if err := st.allReady(ctx, time.Minute); err != nil {
			return err
		}
		if err := st.even(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (st *stage) doSurge(ctx context.Context, _ *Result) error {
	for _, p := range append([]*process(nil), st.nodes...) {
		if _, err := st.start(p.slot, p.name); err != nil {
			return err
		}
		if err := st.awaitEnd(ctx, p); err != nil {
			return err
		}
		if err := st.allReady(ctx, time.Minute); err != nil {
			return err
		}
	}
	return nil
}

func (st *stage) doStop(ctx context.Context, _ *Result) error {
	p := st.victim(ctx)
	if err := p.command.Process.Signal(signalStop); err != nil {
		return err
	}
	pause(ctx, st.Pause)
	return p.command.Process.Signal(signalContinue)
}

func (st *stage) doCut(ctx context.Context, r *Result) error {
	p := st.victim(ctx)
	ways := map[string]relay.Way{"refused": relay.Refused, "hole": relay.Hole, "oneway": relay.OneWay}
	way, known := ways[st.Cut]
	if !known {
		return fmt.Errorf("--cut is refused, hole or oneway, not %q", st.Cut)
	}
	r.Notes = append(r.Notes, "cut off "+p.name+": "+st.Cut)
	p.relay.Cut(way)
	pause(ctx, st.Pause)
	p.relay.Heal()
	return nil
}

func (st *stage) doDown(ctx context.Context, r *Result) error {
	connections := func() int64 {
		report, err := st.gateway.report()
		if err != nil {
			return -1
		}
		return report.Connections
	}
	was := connections()
	address := strings.TrimPrefix(st.natsURL, "nats://")
	st.stopNATS(false)
	pause(ctx, st.Pause)
	if n := connections(); n != was {
		r.Notes = append(r.Notes, fmt.Sprintf("%d new connections while NATS was down", n-was))
	}
	for _, lose := range []bool{false, true} {
		if lose {
			st.stopNATS(true)
		}
		if err := st.startNATS(address); err != nil {
			return err
		}
		back := time.Now()
		if err := st.allReady(ctx, time.Minute); err != nil {
			return err
		}
		r.Notes = append(r.Notes, fmt.Sprintf("ownership complete %.1f s after NATS came back, empty: %v", time.Since(back).Seconds(), lose))
		pause(ctx, 5*time.Second)
	}
	return st.doKill(ctx, r)
}

func (st *stage) doReshard(ctx context.Context, _ *Result) error {
	if err := st.admin(ctx, func(a *fleet.Admin) error { return a.Reshard(ctx, st.ReshardTo) }); err != nil {
		return err
	}
	st.total = st.ReshardTo
	return st.allReady(ctx, 3*time.Minute)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
