package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/sluice-go/sluice/fleet/internal/relay"
)

// fault is something that is done to a process.
type fault struct {
	at   time.Duration // since the beginning
	what string
	slot int           // of the process
	wait time.Duration // how long a process is stopped or cut off; a slot is empty for half of it
	way  relay.Way     // of a cut
}

func (f fault) String() string {
	s := fmt.Sprintf("%v: %s in slot %d", f.at, f.what, f.slot)
	switch f.what {
	case "cut":
		s += fmt.Sprintf(", %s for %v", [...]string{relay.Refused: "refused", relay.Hole: "hole", relay.OneWay: "oneway"}[f.way], f.wait)
	case "stop":
		s += fmt.Sprintf(" for %v", f.wait)
	case "kill":
		s += fmt.Sprintf(", empty for %v", f.wait/2)
	}
	return s
}

// replacing is how long a process may take to drain, and a new one to take its place, until the next
// fault's time is counted.
const replacing = 4 * time.Second

// schedule decides what is done when. The seed and the options alone decide it, and nothing that
// happens meanwhile: with the same seed the same comes at the same times.
func schedule(o *Options) (list []fault) {
	rng := rand.New(rand.NewPCG(o.Seed, 2))
	for at := time.Duration(0); ; {
		at += time.Duration(3+rng.IntN(10)) * time.Second
		f := fault{
			at: at, slot: rng.IntN(o.Nodes), wait: time.Duration(1+rng.IntN(20)) * time.Second,
			what: []string{"kill", "term", "stop", "cut", "surge"}[rng.IntN(5)],
			way:  []relay.Way{relay.Refused, relay.Hole, relay.OneWay}[rng.IntN(3)],
		}
		if o.NATS == "embedded" && (f.what == "cut" || f.what == "surge") {
			f.what = "kill"
		}
		if at >= o.Duration {
			return list
		}
		list = append(list, f)
		switch f.what {
		case "kill":
			at += f.wait / 2
		case "stop", "cut":
			at += f.wait
		default:
			at += replacing
		}
	}
}

// doChaos does something at random every few seconds; a slot whose process has ended is filled
// again.
func (st *stage) doChaos(ctx context.Context, r *Result) error {
	began := time.Now()
	var late time.Duration
	for _, f := range schedule(&st.Options) {
		pause(ctx, time.Until(began.Add(f.at)))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		late = max(late, time.Since(began.Add(f.at)))
		_, _ = fmt.Fprintln(st.Out, f)
		r.Faults = append(r.Faults, f.String())
		if err := st.do(ctx, f); err != nil {
			return err
		}
	}
	pause(ctx, time.Until(began.Add(st.Duration)))
	r.Notes = append(r.Notes, fmt.Sprintf("%d faults, each at its time or up to %v later", len(r.Faults), late.Round(time.Millisecond)))
	return st.gateway.ask("calm", &struct{}{})
}

// do does one fault to the process in its slot.
func (st *stage) do(ctx context.Context, f fault) error {
	p := st.in(f.slot)
	if p == nil {
		return fmt.Errorf("no process runs in slot %d", f.slot)
	}
	switch f.what {
	case "kill":
		st.kill(p)
		pause(ctx, f.wait/2)
		_, err := st.start(p.slot, "")
		return err
	case "term":
		if err := st.term(ctx, p); err != nil {
			return err
		}
		_, err := st.start(p.slot, "")
		return err
	case "stop":
		_ = p.command.Process.Signal(signalStop)
		pause(ctx, f.wait)
		return p.command.Process.Signal(signalContinue)
	case "cut":
		p.relay.Cut(f.way)
		pause(ctx, f.wait)
		p.relay.Heal()
	case "surge":
		if _, err := st.start(p.slot, p.name); err != nil {
			return err
		}
		return st.awaitEnd(ctx, p)
	}
	return nil
}

// in returns the process that runs in a slot.
func (st *stage) in(slot int) *process {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, p := range st.nodes {
		if p.slot == slot {
			return p
		}
	}
	return nil
}
