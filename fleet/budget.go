package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
)

// This file is the other half of the queue: one count of the day's identifies for all processes.

// allowance is what the key budget says; its TTL ends when the budget is reset.
type allowance struct {
	Total     int   `json:"total"`
	Remaining int   `json:"remaining"`
	ResetIn   int64 `json:"reset_in"` // seconds, from when this was written
}

// readBudget reads the budget, and remembers it. ok is false where nothing is known.
func (q *queue) readBudget(ctx context.Context) (a allowance, e entry, left time.Duration, ok bool) {
	e, err := q.f.store.get(ctx, "budget")
	if err != nil || e.value == nil || json.Unmarshal(e.value, &a) != nil || a.Total < 1 {
		return a, e, 0, false
	}
	left = max(0, time.Duration(a.ResetIn)*time.Second-q.f.store.now().Sub(e.at))
	reserve := q.f.config.Engine.IdentifyReserve
	if reserve == 0 {
		reserve = a.Total / 20
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.budget = identify.Budget{Total: a.Total, Remaining: a.Remaining, ResetAt: time.Now().Add(left), Reserve: max(0, reserve)}
	return a, e, left, true
}

// refuse says why no identify may be sent, where the budget is used up.
func (q *queue) refuse(ctx context.Context) error {
	if _, _, _, known := q.readBudget(ctx); !known {
		q.askAPI()
		return nil
	}
	b := q.Budget()
	if b.Remaining > b.Reserve {
		return nil
	}
	return &identify.BudgetError{Budget: b, Until: b.ResetAt}
}

// askAPI has the API asked where the budget has been reset, at most once a minute.
func (q *queue) askAPI() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if time.Since(q.asked) < time.Minute || q.f.config.Engine.GatewayURL != "" && q.f.config.Engine.APIURL == "" {
		return
	}
	q.asked = time.Now()
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		_, _ = q.f.eng.GatewayBot(ctx) // which has Learn called
	}()
}

// Learn implements [identify.Ledger].
func (q *queue) Learn(l identify.Limits) {
	if l.Total < 1 {
		return
	}
	q.mu.Lock()
	q.asked = time.Now()
	q.mu.Unlock()
	go q.learn(l)
}

func (q *queue) learn(l identify.Limits) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	reset := l.ResetAfter.Round(time.Second)
	if reset <= 0 || reset > 48*time.Hour {
		reset = 24 * time.Hour
	}
	for range 10 {
		a, e, left, known := q.readBudget(ctx)
		next := allowance{Total: l.Total, Remaining: l.Remaining}
		if known && reset < left+time.Minute {
			next.Remaining = min(l.Remaining, max(0, l.Total-(a.Total-a.Remaining))) // of one period the higher count is right
		}
		if err := q.writeBudget(ctx, next, e.rev, reset); err != errConflict {
			return
		}
	}
}

func (q *queue) writeBudget(ctx context.Context, a allowance, rev uint64, left time.Duration) error {
	left = max(left.Round(time.Second), time.Second)
	a.ResetIn = int64(left / time.Second)
	_, err := q.f.store.swap(ctx, "budget", encode(a), rev, left)
	if err == nil {
		q.readBudget(ctx)
	}
	return err
}

// claim counts one identify, before it is sent: many processes may be about to send the last
// one. It reports whether it did, and why no identify may be sent.
func (q *queue) claim(ctx context.Context) (counted bool, err error) {
	q.counting.Lock()
	defer q.counting.Unlock()
	for range 50 {
		a, e, left, known := q.readBudget(ctx)
		if !known {
			return false, nil
		}
		if b := q.Budget(); a.Remaining <= b.Reserve {
			return false, &identify.BudgetError{Budget: b, Until: b.ResetAt}
		}
		a.Remaining--
		if err := q.writeBudget(ctx, a, e.rev, left); err != errConflict {
			return err == nil, nil
		}
	}
	return false, errBusy
}

var errBusy = errors.New("fleet: too many processes count identifies at the same time")

// giveBack takes a claim back: nothing was sent.
func (q *queue) giveBack(ctx context.Context) {
	q.counting.Lock()
	defer q.counting.Unlock()
	for range 50 {
		a, e, left, known := q.readBudget(ctx)
		if !known {
			return
		}
		a.Remaining = min(a.Total, a.Remaining+1)
		if err := q.writeBudget(ctx, a, e.rev, left); err != errConflict {
			return
		}
	}
}

// Budget implements [identify.Ledger].
func (q *queue) Budget() identify.Budget {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.budget
}
