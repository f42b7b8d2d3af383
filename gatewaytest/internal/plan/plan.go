// Package plan decides which faults happen: those that were asked for, and those that
// chaos draws.
package plan

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/gatewaytest/fault"
)

// Plan is the faults that are to come.
type Plan struct {
	armed atomic.Uint32 // bit p: something may happen at Point p

	turns *turns // nil without WithChaosInterval

	mu       sync.Mutex
	rules    []*rule
	dice     *dice // nil without WithChaos
	happened map[string]int64
}

// rule is a fault and how far it has come.
type rule struct {
	fault.Fault
	fits  int // how often it fitted
	times int // how often it happened
}

// Config says what happens.
type Config struct {
	Faults []fault.Fault

	// Chaos, if Every or Interval is positive: one in about Every comings to a point, or
	// one about each Interval for each shard.
	Seed     uint64
	Every    int
	Interval time.Duration
}

// New returns the plan of a server's faults.
func New(cfg Config) *Plan {
	p := &Plan{happened: make(map[string]int64)}
	if cfg.Every > 0 {
		p.dice = newDice(cfg.Seed, cfg.Every)
		for point := range chaosActions {
			p.arm(point)
		}
	}
	if cfg.Interval > 0 {
		p.turns = newTurns(cfg.Seed, cfg.Interval)
	}
	p.Add(cfg.Faults)
	return p
}

// Add has faults happen from now on.
func (p *Plan) Add(faults []fault.Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range faults {
		f.Shards = slices.Clone(f.Shards)
		p.rules = append(p.rules, &rule{Fault: f})
		p.arm(f.Point)
	}
}

func (p *Plan) arm(point fault.Point) { p.armed.Or(1 << point) }

// May reports whether something may happen at a point to a shard.
func (p *Plan) May(point fault.Point, shard int) bool {
	return p.armed.Load()&(1<<point) != 0 || p.turns.may(point, shard, time.Now())
}

// NoShard is the shard of a connection that has not identified.
const NoShard = -1

// At returns what happens at a point that a connection has come to.
func (p *Plan) At(point fault.Point, shard int, via fault.Address) (faults []fault.Fault) {
	if !p.May(point, shard) {
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
		p.happened[faults[i].Kind()]++
	}
	if !live && p.dice == nil {
		p.armed.And(^uint32(1 << point))
	}
	return faults
}

// meets counts a connection that has come to the rule's point, and reports whether it is hit.
func (r *rule) meets(shard int, via fault.Address) bool {
	if len(r.Shards) > 0 && !slices.Contains(r.Shards, shard) || r.Address != fault.AnyAddress && r.Address != via {
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
func (r *rule) over() bool { return r.Times != fault.Always && r.times >= max(1, r.Times) }

// Done reports whether every fault has happened as often as it should.
func (p *Plan) Done() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !slices.ContainsFunc(p.rules, func(r *rule) bool { return r.times < max(1, r.Times) })
}

// Kinds returns how often each kind of fault has happened.
func (p *Plan) Kinds() map[string]int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.happened)
}
