// Package budget counts the identifies that a bot has left in its day, and refuses the
// last ones. It is told what the API answers, what was saved, and what is sent.
package budget

import (
	"log/slog"
	"sync"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
)

const (
	// Period is how long a budget lasts.
	Period = 24 * time.Hour

	// Retry is how soon the API is asked again where it could not be asked.
	Retry = 10 * time.Minute

	// Slack is by how much two answers about one period may differ in when
	// it ends.
	Slack = time.Minute
)

// Budget counts identifies, and refuses the last ones. Any goroutine may use it.
type Budget struct {
	reserve int // Config.IdentifyReserve
	logger  *slog.Logger
	changed func() // is called when it should be saved

	mu      sync.Mutex
	current identify.Budget // Total 0: nothing is known
	unsure  bool            // when current.ResetAt is, was not said: the API is to be asked again soon
	claimed int             // permits that may still be spent
	told    time.Time       // the ResetAt until which the log said that identifies are refused
}

// New returns a budget of which nothing is known yet. It keeps reserve identifies back; 0
// stands for a twentieth, and a negative one for none. changed is called when what is
// left should be saved.
func New(reserve int, logger *slog.Logger, changed func()) *Budget {
	return &Budget{reserve: reserve, logger: logger, changed: changed}
}

// Known returns the budget at a time.
func (b *Budget) Known(now time.Time) identify.Budget {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.renew(now)
	return b.current
}

// renew begins a new period when the old one is over. Until the API is asked, the
// new one is taken to be like it.
func (b *Budget) renew(now time.Time) {
	c := &b.current
	if c.Total == 0 || now.Before(c.ResetAt) {
		return
	}
	c.Remaining = c.Total
	c.ResetAt = now.Add(Period)
}

// set replaces the budget, and derives the reserve.
func (b *Budget) set(current identify.Budget, unsure bool) {
	b.unsure = unsure
	current.Reserve = max(0, b.reserve)
	if b.reserve == 0 {
		current.Reserve = current.Total / 20
	}
	b.current = current
}

// Restore takes what was saved, before anything else is known.
func (b *Budget) Restore(now time.Time, saved identify.Budget) {
	if saved.Total == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	// A clock that was put back must not make the wait longer than it can be.
	// Counted from now, so that it has a monotonic reading like every other deadline: if
	// the wall clock is set later, the wait stays as long as it was.
	saved.ResetAt = now.Add(min(saved.ResetAt.Sub(now), Period))
	b.set(saved, false)
	b.renew(now)
}

// Learn takes an answer of the API. Within one period the higher count of what
// was spent is right: the answer may not know yet what was sent just now, and
// this engine does not know what other processes send.
func (b *Budget) Learn(now time.Time, total, remaining int, resetAfter time.Duration) {
	if total <= 0 {
		return // an API that does not tell
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.renew(now)
	answer := identify.Budget{Total: total, Remaining: min(max(0, remaining), total), ResetAt: now.Add(resetAfter)}
	unsure := false
	if resetAfter <= 0 || resetAfter > 2*Period {
		// Where nothing is spent, the period begins with the first identify. Anything
		// else makes no sense, and must not be taken for a new budget: the period lasts
		// as long as it can, unless another answer says better.
		answer.ResetAt = now.Add(Period)
		unsure = answer.Remaining < total
	}
	if c := b.current; c.Total > 0 && !b.unsure && !answer.ResetAt.After(c.ResetAt.Add(Slack)) {
		answer.Remaining = min(answer.Remaining, max(0, total-(c.Total-c.Remaining)))
	}
	b.set(answer, unsure)
}

// AskAgain returns in how long the API is to be asked for a new budget.
func (b *Budget) AskAgain(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.current.Total == 0:
		return Period // there is no budget to follow
	case b.unsure:
		return Retry
	}
	return b.current.ResetAt.Sub(now)
}

// Refuses implements core.Budget: the core asks before it dials.
func (b *Budget) Refuses(now time.Time) *identify.BudgetError { return b.check(now, 0) }

// Claim sets one identify aside for a permit.
func (b *Budget) Claim(now time.Time) error {
	if refused := b.check(now, 1); refused != nil {
		return refused
	}
	return nil
}

// check claims so many identifies, or says why there is none. The log is told once
// for all shards, and without the lock: its handler is the user's, and may well ask
// for the budget.
func (b *Budget) check(now time.Time, claims int) *identify.BudgetError {
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

// Settle ends a claim; sent says that the identify went out.
func (b *Budget) Settle(now time.Time, sent bool) {
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

// Permit returns a permit of an identify queue's that counts, or refuses it: then it is
// given back.
func (b *Budget) Permit(p identify.Permit) (identify.Permit, error) {
	if err := b.Claim(time.Now()); err != nil {
		p.Release()
		return nil, err
	}
	return &permit{Permit: p, budget: b}, nil
}

// permit is a permit that counts.
type permit struct {
	identify.Permit
	budget *Budget
	once   sync.Once
}

// Sent implements [identify.Permit].
func (p *permit) Sent() {
	p.Permit.Sent()
	p.once.Do(func() { p.budget.Settle(time.Now(), true) })
}

// Release implements [identify.Permit].
func (p *permit) Release() {
	p.Permit.Release()
	p.once.Do(func() { p.budget.Settle(time.Now(), false) })
}

// Total implements core.Budget.
func (b *Budget) Total() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.current.Total
}
