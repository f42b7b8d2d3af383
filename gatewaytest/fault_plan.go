package gatewaytest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// WithFaults has the faults happen, as [Server.Inject] does from the start.
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

// WithChaos has faults happen at random: one in about every so many times that a connection comes to
// a [Point]. They are such that a client can live with them: no close code that ends a
// bot, and nothing before the upgrade. seed decides which; 0 is one at random, which
// [Server.ChaosSeed] tells, as does the log of the test. With several connections at a time, which
// of them comes first is not the seed's to say. Shared traffic is encoded for each connection alone.
func WithChaos(seed uint64, every int) Option {
	return func(cfg *config) { cfg.chaos, cfg.chaosSeed, cfg.chaosEvery = true, seed, every }
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

// ChaosSeed returns the seed of [WithChaos], 0 without it.
func (s *Server) ChaosSeed() uint64 { return s.cfg.chaosSeed }

// plan is the faults that are to come.
type plan struct {
	armed atomic.Uint32 // bit p: something may happen at Point p

	mu    sync.Mutex
	rules []*rule
	dice  *rand.Rand // nil without chaos
	every int
}

// rule is a fault and how far it has come.
type rule struct {
	Fault
	fits  int // how often it fitted
	times int // how often it happened
}

func newPlan(cfg *config) *plan {
	p := new(plan)
	if cfg.chaos {
		p.dice, p.every = rand.New(rand.NewPCG(cfg.chaosSeed, 0)), cfg.chaosEvery
		for point := range chaosActions {
			p.arm(point)
		}
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

// may reports whether something may happen at a point.
func (p *plan) may(point Point) bool { return p.armed.Load()&(1<<point) != 0 }

// noShard is the shard of a connection that has not identified.
const noShard = -1

// at returns what happens at a point that a connection has come to.
func (p *plan) at(point Point, shard int, via Address) (faults []Fault) {
	if !p.may(point) {
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
	if actions := chaosActions[point]; p.dice != nil && len(actions) > 0 && p.dice.IntN(p.every) == 0 {
		f := actions[p.dice.IntN(len(actions))]
		f.Point = point
		if f.Action == ActionMalformed {
			f.Text = Malformed()[p.dice.IntN(len(malformed))]
		}
		faults = append(faults, f)
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

// chaosActions is what chaos chooses from. What a client notices only after a deadline of its own
// is rare.
var chaosActions = map[Point][]Fault{
	AtUpgrade:   chaosFaults("refuse 503", "refuse 429", "wrong-accept", "reset", "drop"),
	AtHello:     chaosFaults("reconnect", "close 4000", "reset", "drop", "cut-frames 1", "cut-records 3"),
	AtIdentify:  chaosFaults("invalid-session false", "close 4000", "reset"),
	AtResume:    chaosFaults("invalid-session false", "close 4007", "close 4009", "close 4000", "reset"),
	AtHeartbeat: chaosFaults("burst 50", "reset", "request-heartbeat"),
	AtReplay:    chaosFaults("reset", "close 4000", "reconnect"),
	AtBurst:     chaosFaults("reset", "reconnect", "tear"),
	AtEvent: chaosFaults(
		"close 1000", "close 1001", "close 1011", "close 4000", "close 4001", "close 4002", "close 4003", "close 4005",
		"close 4007", "close 4008", "close 4009", "drop", "reset", "tear", "hang",
		"reconnect", "invalid-session true", "invalid-session false", "request-heartbeat",
		"stall-reads 20ms", "stall-writes 20ms", "cut-frames 7", "cut-records 5",
		"corrupt", "truncate", "bomb 268435456", "malformed null", "repeat", "back 3", "skip 3"),
}

// chaosFaults parses actions, which are part of this package.
func chaosFaults(lines ...string) []Fault {
	faults := make([]Fault, len(lines))
	for i, line := range lines {
		if err := faults[i].parseWhat(line); err != nil {
			panic(err)
		}
	}
	return faults
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
	if cfg.chaos && cfg.chaosEvery < 1 {
		errs = append(errs, fmt.Errorf("gatewaytest: WithChaos(%d, %d): want at least every 1", cfg.chaosSeed, cfg.chaosEvery))
	}
	return errs
}

// chooseSeed makes up the seed of chaos that nobody gave.
func (cfg *config) chooseSeed() {
	if cfg.chaos && cfg.chaosSeed == 0 {
		cfg.chaosSeed = rand.Uint64() | 1
	}
}
