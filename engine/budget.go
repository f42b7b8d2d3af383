package engine

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
)

const (
	// budgetPeriod is how long a budget lasts.
	budgetPeriod = 24 * time.Hour

	// budgetSlack is by how much two answers about one period may differ in when
	// it ends.
	budgetSlack = time.Minute

	// budgetSpread is over how long the shards that waited for a new budget come
	// back.
	budgetSpread = 5 * time.Second
)

// Budget returns what is known of the identifies that are left. It comes from the
// API, is counted down with each identify that this engine sends, and is kept in
// Config.Sessions. What other processes spend shows when the API is asked again,
// which is when the engine starts and when the budget is reset.
func (e *Engine) Budget() identify.Budget { return e.budget.known(time.Now()) }

// budget counts identifies, and refuses the last ones. A nil budget allows all.
type budget struct {
	reserve int // Config.IdentifyReserve
	logger  *slog.Logger
	changed func() // is called when it should be saved

	mu      sync.Mutex
	current identify.Budget // Total 0: nothing is known
	unsure  bool            // when current.ResetAt is, was not said: the API is to be asked again soon
	claimed int             // permits that may still be spent
	told    time.Time       // the ResetAt until which the log said that identifies are refused
}

func newBudget(config *Config) *budget {
	return &budget{reserve: config.IdentifyReserve, logger: config.Logger, changed: func() {}}
}

// known returns the budget at a time.
func (b *budget) known(now time.Time) identify.Budget {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.renew(now)
	return b.current
}

// renew begins a new period when the old one is over. Until the API is asked, the
// new one is taken to be like it.
func (b *budget) renew(now time.Time) {
	c := &b.current
	if c.Total == 0 || now.Before(c.ResetAt) {
		return
	}
	c.Remaining = c.Total
	c.ResetAt = now.Add(budgetPeriod)
}

// set replaces the budget, and derives the reserve.
func (b *budget) set(current identify.Budget, unsure bool) {
	b.unsure = unsure
	current.Reserve = max(0, b.reserve)
	if b.reserve == 0 {
		current.Reserve = current.Total / 20
	}
	b.current = current
}

// restore takes what was saved, before anything else is known.
func (b *budget) restore(now time.Time, saved identify.Budget) {
	if saved.Total == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	// A clock that was put back must not make the wait longer than it can be.
	// Counted from now, so that it has a monotonic reading like every other deadline: if
	// the wall clock is set later, the wait stays as long as it was.
	saved.ResetAt = now.Add(min(saved.ResetAt.Sub(now), budgetPeriod))
	b.set(saved, false)
	b.renew(now)
}

// learn takes an answer of the API. Within one period the higher count of what
// was spent is right: the answer may not know yet what was sent just now, and
// this engine does not know what other processes send.
func (b *budget) learn(now time.Time, total, remaining int, resetAfter time.Duration) {
	if total <= 0 {
		return // an API that does not tell
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.renew(now)
	answer := identify.Budget{Total: total, Remaining: min(max(0, remaining), total), ResetAt: now.Add(resetAfter)}
	unsure := false
	if resetAfter <= 0 || resetAfter > 2*budgetPeriod {
		// Where nothing is spent, the period begins with the first identify. Anything
		// else makes no sense, and must not be taken for a new budget: the period lasts
		// as long as it can, unless another answer says better.
		answer.ResetAt = now.Add(budgetPeriod)
		unsure = answer.Remaining < total
	}
	if c := b.current; c.Total > 0 && !b.unsure && !answer.ResetAt.After(c.ResetAt.Add(budgetSlack)) {
		answer.Remaining = min(answer.Remaining, max(0, total-(c.Total-c.Remaining)))
	}
	b.set(answer, unsure)
}

// askAgain returns in how long the API is to be asked for a new budget.
func (b *budget) askAgain(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.current.Total == 0:
		return budgetPeriod // there is no budget to follow
	case b.unsure:
		return budgetRetry
	}
	return b.current.ResetAt.Sub(now)
}

// refuses says why an identify may not be sent now, nil if it may. The core asks
// before it dials.
func (b *budget) refuses(now time.Time) *identify.BudgetError {
	if b == nil {
		return nil
	}
	return b.check(now, 0)
}

// claim sets one identify aside for a permit.
func (b *budget) claim(now time.Time) error {
	if refused := b.check(now, 1); refused != nil {
		return refused
	}
	return nil
}

// check claims so many identifies, or says why there is none. The log is told once
// for all shards, and without the lock: its handler is the user's, and may well ask
// for the budget.
func (b *budget) check(now time.Time, claims int) *identify.BudgetError {
	b.mu.Lock()
	b.renew(now)
	c := b.current
	if c.Total == 0 || c.Remaining-b.claimed > c.Reserve {
		b.claimed += claims
		b.mu.Unlock()
		return nil
	}
	tell := !b.told.Equal(c.ResetAt)
	b.told = c.ResetAt
	b.mu.Unlock()
	if tell {
		b.logger.Error("identifies are refused, so that the token is not reset; shards without a session wait",
			"remaining", c.Remaining, "total", c.Total, "reserve", c.Reserve, "until", c.ResetAt.Format(time.RFC3339))
	}
	return &identify.BudgetError{Budget: c, Until: c.ResetAt}
}

// settle ends a claim; sent says that the identify went out.
func (b *budget) settle(now time.Time, sent bool) {
	b.mu.Lock()
	b.claimed--
	spent := sent && b.current.Total > 0
	if spent {
		b.renew(now)
		b.current.Remaining = max(0, b.current.Remaining-1)
	}
	b.mu.Unlock()
	if spent {
		b.changed()
	}
}

// unlimited reports whether no identify is counted, since a proxy sends them.
func (e *Engine) unlimited() bool {
	switch e.queue.(type) {
	case identify.Unlimited, *identify.Unlimited:
		return true
	}
	return false
}

// acquire asks the queue for a permit, and the budget for an identify.
func (e *Engine) acquire(ctx context.Context, shard int) (identify.Permit, error) {
	permit, err := e.calls.acquire(ctx, e.queue, shard)
	if err != nil {
		return nil, err
	}
	if permit == nil {
		return nil, errors.New("it gave neither a permit nor an error")
	}
	if err := e.budget.claim(time.Now()); err != nil {
		permit.Release()
		return nil, err
	}
	return &budgetedPermit{Permit: permit, budget: e.budget}, nil
}

// budgetedPermit is a permit that counts.
type budgetedPermit struct {
	identify.Permit
	budget *budget
	once   sync.Once
}

// Sent implements [identify.Permit].
func (p *budgetedPermit) Sent() {
	p.Permit.Sent()
	p.once.Do(func() { p.budget.settle(time.Now(), true) })
}

// Release implements [identify.Permit].
func (p *budgetedPermit) Release() {
	p.Permit.Release()
	p.once.Do(func() { p.budget.settle(time.Now(), false) })
}

// share returns how many identifies one shard may spend in an hour; 0: as many as
// it likes, since no budget counts them.
func (b *budget) share() int {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(leastShare, b.current.Total/shareOf)
}
