package core

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/budget"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// newTestBudget has so many identifies left of 100, until an hour from now.
func newTestBudget(now time.Time, reserve, remaining int) *budget.Budget {
	b := budget.New(reserve, slog.New(slog.DiscardHandler), func() {})
	b.Learn(now, 100, remaining, time.Hour)
	return b
}

// TestPain05_NoConnectionWithoutBudget: a shard that may not identify does not
// even dial, does not count that as a failure, and goes on by itself.
func TestPain05_NoConnectionWithoutBudget(t *testing.T) {
	var causes []error
	r := newRig(t, func(c *settings) { c.Retries = 1 })
	r.on(gateway.Events(gateway.EventStateChanged), func(ev *delivery) {
		if c, _ := ev.StateChange(); c.Cause != nil {
			causes = append(causes, c.Cause)
		}
	})
	r.core.budget = newTestBudget(r.now, 0, 5)
	for range 3 {
		r.advance()
		r.want(lifecycle.Disconnected)
	}
	var refused *identify.BudgetError
	if len(r.dialed) != 0 || len(causes) != 1 || !errors.As(causes[0], &refused) {
		t.Fatalf("dialled %q, causes %v", r.dialed, causes)
	}
	if want := r.start.Add(time.Hour + budgetSpread/2); !r.core.Next().Equal(want) { // 0.5 is the random number
		t.Errorf("tries again at %v, want %v", r.core.Next(), want)
	}
	r.timer()
	r.want(lifecycle.Connecting)
	if r.core.redial.failures != 0 {
		t.Error("waiting is counted as a failure")
	}
}

// TestPain05_RefusedInTheQueue: where the last identify went to another shard
// while this one was queued, the connection is closed until there are new ones.
func TestPain05_RefusedInTheQueue(t *testing.T) {
	r := newRig(t, func(c *settings) { c.Retries = 1 })
	b := newTestBudget(r.now, -1, 1)
	r.core.budget = b
	for range 3 {
		r.dial()
		r.recv(testHello)
		r.want(lifecycle.Queued)
		for b.Claim(r.now) == nil {
			b.Settle(r.now, true)
		}
		r.core.giveUp(r.now, fmt.Errorf("identify queue: %w", b.Refuses(r.now)))
		r.settle()
		r.want(lifecycle.Closing)
		r.timer()
		r.want(lifecycle.Disconnected)
		if wait := r.core.Next().Sub(r.now); wait < 59*time.Minute {
			t.Errorf("tries again in %v", wait)
		}
	}
}

// TestPain08_OneBudgetedIdentify: after the resumes that bring nothing comes one
// identify, and only within the budget. A resume costs none.
func TestPain08_OneBudgetedIdentify(t *testing.T) {
	r := newRig(t).ready()
	r.core.budget = newTestBudget(r.now, -1, 0)
	r.fail(errReset)
	r.unanswered()
	resumes := r.core.counter.Resumes
	r.timer()
	r.want(lifecycle.Disconnected)
	if r.core.session.resumable() {
		t.Fatal("the session is still there")
	}
	r.dial() // with the new budget
	if waited := r.now.Sub(r.start); waited < time.Hour {
		t.Errorf("dialled after %v, without budget", waited)
	}
	r.recv(testHello)
	r.permit()
	r.want(lifecycle.Identifying)
	if c := r.core.counter; c.Identifies != 2 || c.Resumes != resumes {
		t.Errorf("%d identifies and %d resumes", c.Identifies, c.Resumes)
	}
}
