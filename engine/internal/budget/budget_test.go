package budget

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
)

// newTestBudget has so many identifies left of 100, until an hour from now.
func newTestBudget(now time.Time, reserve, remaining int) *Budget {
	b := New(reserve, slog.New(slog.DiscardHandler), func() {})
	b.Learn(now, 100, remaining, time.Hour)
	return b
}

// TestBudgetLearns: within one period the higher count of what was spent is right,
// and a new period begins anew.
func TestBudgetLearns(t *testing.T) {
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	type answer struct {
		total, remaining int
		resetAfter       time.Duration
	}
	tests := []struct {
		name      string
		saved     identify.Budget
		answer    answer
		remaining int
		resetIn   time.Duration
	}{
		{"nothing is known", identify.Budget{}, answer{}, 0, 0},
		{"an answer alone", identify.Budget{}, answer{100, 70, time.Hour}, 70, time.Hour},
		{"what was saved alone", identify.Budget{Total: 100, Remaining: 7, ResetAt: now.Add(time.Hour)}, answer{}, 7, time.Hour},
		{"the answer is lower", identify.Budget{Total: 100, Remaining: 70, ResetAt: now.Add(time.Hour)}, answer{100, 60, time.Hour}, 60, time.Hour},
		{"the answer is behind", identify.Budget{Total: 100, Remaining: 60, ResetAt: now.Add(time.Hour)}, answer{100, 61, time.Hour}, 60, time.Hour},
		{"the total grew", identify.Budget{Total: 100, Remaining: 60, ResetAt: now.Add(time.Hour)}, answer{200, 170, time.Hour}, 160, time.Hour},
		{"the total shrank", identify.Budget{Total: 100, Remaining: 10, ResetAt: now.Add(time.Hour)}, answer{50, 50, time.Hour}, 0, time.Hour},
		{"a new period", identify.Budget{Total: 100, Remaining: 60, ResetAt: now.Add(time.Hour)}, answer{100, 99, 23 * time.Hour}, 99, 23 * time.Hour},
		{"what was saved is over", identify.Budget{Total: 100, Remaining: 0, ResetAt: now.Add(-time.Hour)}, answer{}, 100, Period},
		{"over, and asked", identify.Budget{Total: 100, Remaining: 0, ResetAt: now.Add(-time.Hour)}, answer{100, 3, time.Minute}, 3, time.Minute},
		{"a clock put back", identify.Budget{Total: 100, Remaining: 0, ResetAt: now.Add(1000 * time.Hour)}, answer{}, 0, Period},
		{"more than there is", identify.Budget{}, answer{100, 170, time.Hour}, 100, time.Hour},
		{"less than nothing", identify.Budget{}, answer{100, -1, time.Hour}, 0, time.Hour},
		{"not begun", identify.Budget{}, answer{100, 100, 0}, 100, Period},
		{"no sense", identify.Budget{}, answer{100, 3, 0}, 3, Period},
		{"nothing left, no sense", identify.Budget{}, answer{100, 0, 0}, 0, Period},
		{"three days", identify.Budget{}, answer{100, 0, 3 * Period}, 0, Period},
		{"a year", identify.Budget{}, answer{100, 3, 365 * Period}, 3, Period},
	}
	for _, test := range tests {
		b := New(0, slog.New(slog.DiscardHandler), func() {})
		b.Restore(now, test.saved)
		b.Learn(now, test.answer.total, test.answer.remaining, test.answer.resetAfter)
		got := b.Known(now)
		if got.Total == 0 {
			if test.resetIn != 0 {
				t.Errorf("%s: nothing is known", test.name)
			}
			continue
		}
		if got.Remaining != test.remaining || got.ResetAt.Sub(now) != test.resetIn {
			t.Errorf("%s: %d until %v, want %d until %v", test.name, got.Remaining, got.ResetAt.Sub(now), test.remaining, test.resetIn)
		}
	}
}

// TestBudgetReserve: what is kept back by default, by choice, and by none.
func TestBudgetReserve(t *testing.T) {
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct{ reserve, spend int }{{0, 95}, {1, 99}, {40, 60}, {-1, 100}, {100, 0}, {1000, 0}} {
		b := newTestBudget(now, test.reserve, 100)
		spent := 0
		for b.Claim(now) == nil {
			spent++
			b.Settle(now, true)
		}
		if spent != test.spend {
			t.Errorf("a reserve of %d: %d of 100 were spent, want %d", test.reserve, spent, test.spend)
		}
		refused := b.Refuses(now)
		if refused == nil || !refused.Until.Equal(now.Add(time.Hour)) || !strings.Contains(refused.Error(), "2026-08-01T13:00:00Z") {
			t.Errorf("refused: %v", refused)
		}
		if b.Refuses(now.Add(time.Hour)) != nil && test.spend > 0 {
			t.Error("refused in a new period")
		}
	}
}

// TestBudgetClaims: shards that hold a permit at the same time cannot overspend
// together, and what was not sent is not spent.
func TestBudgetClaims(t *testing.T) {
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	b := newTestBudget(now, -1, 2)
	if err := errors.Join(b.Claim(now), b.Claim(now)); err != nil {
		t.Fatal(err)
	}
	if b.Claim(now) == nil {
		t.Error("three claims on two identifies")
	}
	b.Settle(now, false)
	if err := b.Claim(now); err != nil {
		t.Error("what was not sent is spent:", err)
	}
	b.Settle(now, true)
	b.Settle(now, true)
	if got := b.Known(now).Remaining; got != 0 {
		t.Errorf("%d left", got)
	}
}
