package gatewaytest

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// WithChaos has faults happen at random: one in about every so many times that a connection comes to
// a [Point]. They are such that a client can live with them: no close code that ends a
// bot, and nothing before the upgrade. seed decides which; 0 is one at random, which
// [Server.ChaosSeed] tells, as does the log of the test. With several connections at a time, which
// of them comes first is not the seed's to say. Shared traffic is encoded for each connection alone.
func WithChaos(seed uint64, every int) Option {
	return func(cfg *config) {
		cfg.chaosEvery = every
		cfg.addChaos(seed, every > 0, fmt.Sprintf("WithChaos(%d, %d): want at least every 1", seed, every))
	}
}

// WithChaosInterval has faults happen to each shard at random, about one an interval, whatever its
// connections come to meanwhile. A client can live with all of them, as with those of [WithChaos],
// which is not for the same server; beyond these, hello, an upgrade or an ACK is late, answers and
// whole connections fall silent, and now and then an address is down. What stands before READY, or
// in a resume, is brought about: the fault before it ends the connection.
//
// seed decides, for each shard by itself, which faults come in which order; 0 is one at random, as
// with [WithChaos]. A fault of the time before the shard is known (at accept, upgrade or hello)
// meets whoever comes next. Turns begin with the events of a shard, so it needs [WithTraffic] or
// [Server.Dispatch]. [Server.EndChaos] ends it.
func WithChaosInterval(seed uint64, interval time.Duration) Option {
	return func(cfg *config) {
		cfg.chaosInterval = interval
		cfg.addChaos(seed, interval > 0, fmt.Sprintf("WithChaosInterval(%d, %v): want a positive interval", seed, interval))
	}
}

// addChaos keeps the seed of chaos, or makes one up.
func (cfg *config) addChaos(seed uint64, ok bool, want string) {
	switch {
	case !ok:
		cfg.chaosErrs = append(cfg.chaosErrs, fmt.Errorf("gatewaytest: %s", want))
	case cfg.chaosEvery > 0 && cfg.chaosInterval > 0:
		cfg.chaosErrs = append(cfg.chaosErrs, fmt.Errorf("gatewaytest: WithChaos and WithChaosInterval: want one of them"))
	}
	if seed == 0 {
		seed = rand.Uint64() | 1
	}
	cfg.chaosSeed = seed
}

// ChaosSeed returns the seed of [WithChaos] or [WithChaosInterval], 0 without them.
func (s *Server) ChaosSeed() uint64 { return s.cfg.chaosSeed }

// EndChaos ends what [WithChaos] and [WithChaosInterval] began: no further fault is drawn, and
// connections that one left without a sound are reset, as at the end of an outage.
func (s *Server) EndChaos() {
	s.plan.endChaos()
	s.mu.Lock()
	var silent []*conn
	for c := range s.conns {
		if c.silent.Load() || c.wire.hung.Load() {
			silent = append(silent, c)
		}
	}
	s.mu.Unlock()
	for _, c := range silent {
		c.wire.reset()
		c.kill()
	}
}

func (p *plan) endChaos() {
	p.turns.end()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dice = nil
}

// dice draws faults for [WithChaos]. The plan's lock guards it.
type dice struct {
	*rand.Rand
	every int
}

func newDice(seed uint64, every int) *dice {
	return &dice{rand.New(rand.NewPCG(seed, 0)), every}
}

// at returns what happens at a point, if anything.
func (d *dice) at(point Point) (f Fault, ok bool) {
	if d == nil {
		return f, false
	}
	actions := chaosActions[point]
	if len(actions) == 0 || d.IntN(d.every) != 0 {
		return f, false
	}
	f = actions[d.IntN(len(actions))]
	f.Point = point
	f.chooseMalformed(d.Rand)
	return f, true
}

// chooseMalformed draws which envelope a fault of chaos sends.
func (f *Fault) chooseMalformed(random *rand.Rand) {
	if f.Action == ActionMalformed {
		names := Malformed()
		f.Text = names[random.IntN(len(names))]
	}
}

// chaosActions is what [WithChaos] chooses from. What a client notices only after a deadline of its
// own is rare.
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
