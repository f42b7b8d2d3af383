package gatewaytest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// WithFaults has the faults happen as if [Server.Inject] had been called before the first client
// came; several calls add up. A fault that cannot be is an error of [Start], which names it.
func WithFaults(faults ...Fault) Option {
	return func(cfg *config) { cfg.faults = append(cfg.faults, faults...) }
}

// WithScript has the faults of a script happen; see [ParseScript] for the language.
func WithScript(r io.Reader) Option {
	return func(cfg *config) {
		faults, err := ParseScript(r)
		cfg.faults = append(cfg.faults, faults...)
		cfg.scriptErr = errors.Join(cfg.scriptErr, err)
	}
}

// Inject has faults happen from now on, those of one point in the order in which they came. On an
// error, which names the fault, none of them does.
func (s *Server) Inject(faults ...Fault) error {
	for i := range faults {
		if err := faults[i].check(); err != nil {
			return fmt.Errorf("gatewaytest: fault %d: %w", i, err)
		}
	}
	s.plan.add(faults)
	return nil
}

// WaitFaults waits until every fault has happened as often as it should; one that should always
// happen, once. It returns ctx's error if that ends first.
func (s *Server) WaitFaults(ctx context.Context) error { return s.until(ctx, s.plan.done) }

// plan is the faults that are to come.
type plan struct {
	armed atomic.Uint32 // bit p: something may happen at Point p

	turns *turns // nil without WithChaosInterval

	mu       sync.Mutex
	rules    []*rule
	dice     *dice // nil without WithChaos
	happened map[string]int64
}

// rule is a fault and how far it has come.
type rule struct {
	Fault
	fits  int // how often it fitted
	times int // how often it happened
}

func newPlan(cfg *config) *plan {
	p := &plan{happened: make(map[string]int64)}
	if cfg.chaosEvery > 0 {
		p.dice = newDice(cfg.chaosSeed, cfg.chaosEvery)
		for point := range chaosActions {
			p.arm(point)
		}
	}
	if cfg.chaosInterval > 0 {
		p.turns = newTurns(cfg.chaosSeed, cfg.chaosInterval)
	}
	p.add(cfg.faults)
	return p
}

func (p *plan) add(faults []Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range faults {
		f.Shards = slices.Clone(f.Shards)
		p.rules = append(p.rules, &rule{Fault: f})
		p.arm(f.Point)
	}
}

func (p *plan) arm(point Point) { p.armed.Or(1 << point) }

// may reports whether something may happen at a point to a shard.
func (p *plan) may(point Point, shard int) bool {
	return p.armed.Load()&(1<<point) != 0 || p.turns.may(point, shard, time.Now())
}

// noShard is the shard of a connection that has not identified.
const noShard = -1

// at returns what happens at a point that a connection has come to.
func (p *plan) at(point Point, shard int, via Address) (faults []Fault) {
	if !p.may(point, shard) {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	live := false
	for _, r := range p.rules {
		if r.Point == point {
			if r.meets(shard, via) {
				faults = append(faults, r.Fault)
			}
			live = live || !r.over()
		}
	}
	if f, ok := p.dice.at(point); ok {
		faults = append(faults, f)
	}
	if f, ok := p.turns.at(point, shard, via, time.Now()); ok {
		faults = append(faults, f)
	}
	for i := range faults {
		p.happened[faults[i].kind()]++
	}
	if !live && p.dice == nil {
		p.armed.And(^uint32(1 << point))
	}
	return faults
}

// meets counts a connection that has come to the rule's point, and reports whether it is hit.
func (r *rule) meets(shard int, via Address) bool {
	if len(r.Shards) > 0 && !slices.Contains(r.Shards, shard) || r.Address != AnyAddress && r.Address != via {
		return false
	}
	r.fits++
	if r.fits < r.Nth || r.over() {
		return false
	}
	r.times++
	return true
}

// over reports whether the fault will not happen again.
func (r *rule) over() bool { return r.Times != Always && r.times >= max(1, r.Times) }

// done reports whether every fault has happened as often as it should.
func (p *plan) done() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !slices.ContainsFunc(p.rules, func(r *rule) bool { return r.times < max(1, r.Times) })
}

// kinds returns how often each kind of fault has happened.
func (p *plan) kinds() map[string]int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.happened)
}

// fault returns what happens at a point, and says so.
func (s *Server) fault(point Point, shard int, via Address) []Fault {
	faults := s.plan.at(point, shard, via)
	for i := range faults {
		s.cfg.logger.Info("fault", "shard", shard, "fault", faults[i].String())
	}
	if len(faults) > 0 {
		s.change()
	}
	return faults
}

// replaced reports whether a fault comes instead of what is due.
func replaced(faults []Fault) bool {
	return slices.ContainsFunc(faults, func(f Fault) bool { return f.Action.spec().replaces })
}

// checkFaults says what is wrong with the options that concern faults.
func (cfg *config) checkFaults() []error {
	var errs []error
	if cfg.scriptErr != nil {
		errs = append(errs, cfg.scriptErr)
	}
	for i := range cfg.faults {
		if err := cfg.faults[i].check(); err != nil {
			errs = append(errs, fmt.Errorf("gatewaytest: WithFaults: %s: %w", strings.ToValidUTF8(cfg.faults[i].String(), "?"), err))
		}
	}
	return append(errs, cfg.chaosErrs...)
}
