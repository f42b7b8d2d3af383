package gatewaytest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/sluice-go/sluice/gatewaytest/fault"
)

// WithFaults has the faults happen as if [Server.Inject] had been called before the first client
// came; several calls add up. A fault that cannot be is an error of [Start], which names it.
func WithFaults(faults ...fault.Fault) Option {
	return func(cfg *config) { cfg.faults = append(cfg.faults, faults...) }
}

// WithScript has the faults of a script happen; see [fault.ParseScript] for the language.
func WithScript(r io.Reader) Option {
	return func(cfg *config) {
		faults, err := fault.ParseScript(r)
		cfg.faults = append(cfg.faults, faults...)
		cfg.scriptErr = errors.Join(cfg.scriptErr, err)
	}
}

// Inject has faults happen from now on, those of one point in the order in which they came. On an
// error, which names the fault, none of them does.
func (s *Server) Inject(faults ...fault.Fault) error {
	for i := range faults {
		if err := faults[i].Check(); err != nil {
			return fmt.Errorf("gatewaytest: fault %d: %w", i, err)
		}
	}
	s.plan.Add(faults)
	return nil
}

// WaitFaults waits until every fault has happened as often as it should; one that should always
// happen, once. It returns ctx's error if that ends first.
func (s *Server) WaitFaults(ctx context.Context) error { return s.until(ctx, s.plan.Done) }

// fault returns what happens at a point, and says so.
func (s *Server) fault(point fault.Point, shard int, via fault.Address) []fault.Fault {
	faults := s.plan.At(point, shard, via)
	for i := range faults {
		s.cfg.logger.Info("fault", "shard", shard, "fault", faults[i].String())
	}
	if len(faults) > 0 {
		s.change()
	}
	return faults
}

// replaced reports whether a fault comes instead of what is due.
func replaced(faults []fault.Fault) bool {
	return slices.ContainsFunc(faults, func(f fault.Fault) bool { return f.Action.Replaces() })
}

// checkFaults says what is wrong with the options that concern faults.
func (cfg *config) checkFaults() []error {
	var errs []error
	if cfg.scriptErr != nil {
		errs = append(errs, cfg.scriptErr)
	}
	for i := range cfg.faults {
		if err := cfg.faults[i].Check(); err != nil {
			errs = append(errs, fmt.Errorf("gatewaytest: WithFaults: %s: %w", strings.ToValidUTF8(cfg.faults[i].String(), "?"), err))
		}
	}
	return append(errs, cfg.chaosErrs...)
}

// WithChaos has faults happen at random: one in about every so many times that a connection comes to
// a [fault.Point]. They are such that a client can live with them: no close code that ends a
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
	s.plan.EndChaos()
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
