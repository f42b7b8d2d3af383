package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// newTestBudget has so many identifies left of 100, until an hour from now.
func newTestBudget(t *testing.T, now time.Time, reserve, remaining int) *budget {
	b := newBudget(testConfig(t, func(c *Config) { c.IdentifyReserve = reserve }))
	b.learn(now, 100, remaining, time.Hour)
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
		{"what was saved is over", identify.Budget{Total: 100, Remaining: 0, ResetAt: now.Add(-time.Hour)}, answer{}, 100, budgetPeriod},
		{"over, and asked", identify.Budget{Total: 100, Remaining: 0, ResetAt: now.Add(-time.Hour)}, answer{100, 3, time.Minute}, 3, time.Minute},
		{"a clock put back", identify.Budget{Total: 100, Remaining: 0, ResetAt: now.Add(1000 * time.Hour)}, answer{}, 0, budgetPeriod},
		{"more than there is", identify.Budget{}, answer{100, 170, time.Hour}, 100, time.Hour},
		{"less than nothing", identify.Budget{}, answer{100, -1, time.Hour}, 0, time.Hour},
		{"not begun", identify.Budget{}, answer{100, 100, 0}, 100, budgetPeriod},
		{"no sense", identify.Budget{}, answer{100, 3, 0}, 3, budgetPeriod},
		{"nothing left, no sense", identify.Budget{}, answer{100, 0, 0}, 0, budgetPeriod},
		{"three days", identify.Budget{}, answer{100, 0, 3 * budgetPeriod}, 0, budgetPeriod},
		{"a year", identify.Budget{}, answer{100, 3, 365 * budgetPeriod}, 3, budgetPeriod},
	}
	for _, test := range tests {
		b := newBudget(testConfig(t))
		b.restore(now, test.saved)
		b.learn(now, test.answer.total, test.answer.remaining, test.answer.resetAfter)
		got := b.known(now)
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
		b := newTestBudget(t, now, test.reserve, 100)
		spent := 0
		for b.claim(now) == nil {
			spent++
			b.settle(now, true)
		}
		if spent != test.spend {
			t.Errorf("a reserve of %d: %d of 100 were spent, want %d", test.reserve, spent, test.spend)
		}
		refused := b.refuses(now)
		if refused == nil || !refused.Until.Equal(now.Add(time.Hour)) || !strings.Contains(refused.Error(), "2026-08-01T13:00:00Z") {
			t.Errorf("refused: %v", refused)
		}
		if b.refuses(now.Add(time.Hour)) != nil && test.spend > 0 {
			t.Error("refused in a new period")
		}
	}
}

// TestBudgetClaims: shards that hold a permit at the same time cannot overspend
// together, and what was not sent is not spent.
func TestBudgetClaims(t *testing.T) {
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	b := newTestBudget(t, now, -1, 2)
	if err := errors.Join(b.claim(now), b.claim(now)); err != nil {
		t.Fatal(err)
	}
	if b.claim(now) == nil {
		t.Error("three claims on two identifies")
	}
	b.settle(now, false)
	if err := b.claim(now); err != nil {
		t.Error("what was not sent is spent:", err)
	}
	b.settle(now, true)
	b.settle(now, true)
	if got := b.known(now).Remaining; got != 0 {
		t.Errorf("%d left", got)
	}
}

// TestPain05_NoConnectionWithoutBudget: a shard that may not identify does not
// even dial, does not count that as a failure, and goes on by itself.
func TestPain05_NoConnectionWithoutBudget(t *testing.T) {
	var causes []error
	r := newRig(t, func(c *Config) { c.Retries = 1 })
	r.core.handlers.add(&handler{events: gateway.Events(gateway.EventStateChanged), call: func(ev *Event) {
		if c, _ := ev.StateChange(); c.Cause != nil {
			causes = append(causes, c.Cause)
		}
	}})
	r.core.budget = newTestBudget(t, r.now, 0, 5)
	for range 3 {
		r.advance()
		r.want(lifecycle.Disconnected)
	}
	var refused *identify.BudgetError
	if len(r.dialed) != 0 || len(causes) != 1 || !errors.As(causes[0], &refused) {
		t.Fatalf("dialled %q, causes %v", r.dialed, causes)
	}
	if want := r.start.Add(time.Hour + budgetSpread/2); !r.core.next().Equal(want) { // 0.5 is the random number
		t.Errorf("tries again at %v, want %v", r.core.next(), want)
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
	r := newRig(t, func(c *Config) { c.Retries = 1 })
	r.core.budget = newTestBudget(t, r.now, -1, 1)
	for range 3 {
		r.dial()
		r.recv(testHello)
		r.want(lifecycle.Queued)
		for r.core.budget.claim(r.now) == nil {
			r.core.budget.settle(r.now, true)
		}
		r.core.giveUp(r.now, fmt.Errorf("identify queue: %w", r.core.budget.refuses(r.now)))
		r.settle()
		r.want(lifecycle.Closing)
		r.timer()
		r.want(lifecycle.Disconnected)
		if wait := r.core.next().Sub(r.now); wait < 59*time.Minute {
			t.Errorf("tries again in %v", wait)
		}
	}
}

// TestPain08_OneBudgetedIdentify: after the resumes that bring nothing comes one
// identify, and only within the budget. A resume costs none.
func TestPain08_OneBudgetedIdentify(t *testing.T) {
	r := newRig(t).ready()
	r.core.budget = newTestBudget(t, r.now, -1, 0)
	r.fail(errReset)
	r.unanswered()
	resumes := r.core.counter.resumes
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
	if c := r.core.counter; c.identifies != 2 || c.resumes != resumes {
		t.Errorf("%d identifies and %d resumes", c.identifies, c.resumes)
	}
}

// budgetAnswer is what the API says with so many identifies left.
func budgetAnswer(shards, concurrency, total, remaining int, resetAfter time.Duration) string {
	return httpAnswer(200, "Content-Type: application/json\r\n", fmt.Sprintf(
		`{"url":"ws://gw.test","shards":%d,"session_start_limit":{"total":%d,"remaining":%d,"reset_after":%d,"max_concurrency":%d}}`,
		shards, total, remaining, resetAfter.Milliseconds(), concurrency))
}

// TestPain05_Breaker: a fleet spends what may be spent, waits for the next day
// without connections, asks the API again, and goes on, with the max_concurrency
// that it learned then.
func TestPain05_Breaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		r, server := api(t, 0, budgetAnswer(4, 1, 40, 4, 2*time.Hour), budgetAnswer(4, 4, 40, 40, budgetPeriod))
		r.run()
		var peers []*peer
		identified := 0
		for range 4 {
			p := r.net.accept(t)
			p.send(testHello)
			peers = append(peers, p)
			go func() {
				if got := <-p.in; strings.HasPrefix(got, `{"op":2,`) {
					identified++
					p.send(strings.Replace(testReady, "abc", fmt.Sprint("abc", identified), 1))
				} else if got == "close 4000" {
					p.raw(serverClose(4000, ""))
				}
			}()
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if b := r.Budget(); identified != 2 || b != (identify.Budget{Total: 40, Remaining: 2, ResetAt: begin.Add(2 * time.Hour), Reserve: 2}) {
			t.Errorf("%d identified, %+v", identified, b)
		}
		states := map[lifecycle.State]int{}
		for s := range r.Shards() {
			states[s.State()]++
		}
		if states[lifecycle.Ready] != 2 || states[lifecycle.Disconnected] != 2 {
			t.Errorf("states %v", states)
		}
		if n := strings.Count(r.logs.String(), "identifies are refused"); n != 1 {
			t.Errorf("said %d times", n)
		}
		for range 2 {
			p := r.net.accept(t)
			if d := time.Since(begin); d < 2*time.Hour || d > 2*time.Hour+budgetSpread {
				t.Errorf("dialled after %v", d)
			}
			p.send(testHello)
			peers = append(peers, p)
			p.expect(`{"op":2,`)
			p.send(strings.Replace(testReady, "abc", fmt.Sprint("def", len(peers)), 1))
		}
		synctest.Wait()
		if server.count() != 2 {
			t.Errorf("the API was asked %d times", server.count())
		}
		if b := r.Budget(); b.Remaining != 38 {
			t.Errorf("%+v", b)
		}
		r.stop()
		for _, p := range peers {
			select {
			case <-p.gone:
			default:
				p.raw(serverClose(4000, ""))
			}
		}
		if err := <-r.result; err != nil {
			t.Error(err)
		}
		for _, p := range peers {
			p.drop()
			close(p.out)
		}
	})
}

// TestBudgetUnknown: where the API is not asked, or the queue is that of a proxy,
// nothing is counted and nothing refused.
func TestBudgetUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.net.accept(t)
		p.begin()
		waitState(t, r.shard(0), lifecycle.Ready)
		if b := r.Budget(); b != (identify.Budget{}) {
			t.Errorf("%+v", b)
		}
		r.end(p)
	})
	synctest.Test(t, func(t *testing.T) {
		r, _ := api(t, 0, budgetAnswer(1, 1, 40, 0, time.Hour))
		r.queue = identify.Unlimited{}
		r.run()
		p := r.net.accept(t)
		p.begin()
		waitState(t, r.shard(0), lifecycle.Ready)
		if b := r.Budget(); b != (identify.Budget{}) {
			t.Errorf("%+v", b)
		}
		r.end(p)
	})
}

// TestSetMaxConcurrency while shards wait: nobody identifies earlier than the new
// buckets allow, nobody waits longer, nobody is forgotten.
func TestSetMaxConcurrency(t *testing.T) {
	for _, n := range []struct{ from, to int }{{1, 16}, {16, 1}, {4, 6}, {6, 4}, {3, 3}, {2, 0}} {
		synctest.Test(t, func(t *testing.T) {
			q := &identify.Recording{Queue: identify.NewLocal(n.from)}
			for shard := range 24 {
				go func() {
					p, err := q.Acquire(t.Context(), shard)
					if err != nil {
						t.Error(err)
						return
					}
					time.Sleep(100 * time.Millisecond)
					p.Sent()
					time.Sleep(100 * time.Millisecond)
					p.Release()
				}()
			}
			// In the middle of the second round: some hold a permit, all have sent.
			time.Sleep(identify.Period + 200*time.Millisecond)
			q.Queue.(*identify.Local).SetMaxConcurrency(n.to)
			changed := time.Now()
			time.Sleep(time.Hour)
			records := q.Records()
			to := max(1, n.to)
			sent := map[int]time.Time{}
			for _, shard := range q.Sent() {
				i := slices.IndexFunc(records, func(r identify.Record) bool { return r.Shard == shard })
				at := records[i].Sent
				if at.After(changed) && records[i].Granted.After(changed) {
					if d := at.Sub(sent[shard%to]); d < identify.Period {
						t.Errorf("%d to %d: shard %d %v after the last of its bucket", n.from, n.to, shard, d)
					}
				}
				sent[shard%to] = at
			}
			if len(q.Sent()) != 24 {
				t.Errorf("%d to %d: %d of 24 identified", n.from, n.to, len(q.Sent()))
			}
			rounds := time.Duration(24/to + 1)
			last := slices.MaxFunc(records, func(a, b identify.Record) int { return a.Sent.Compare(b.Sent) }).Sent
			if d := last.Sub(changed); d > rounds*(identify.Period+200*time.Millisecond) {
				t.Errorf("%d to %d: the last identified after %v", n.from, n.to, d)
			}
		})
	}
}

// TestBudgetThatMakesNoSense is no new budget, however long one waits for it, but is
// asked for again.
func TestBudgetThatMakesNoSense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, server := api(t, 0, budgetAnswer(1, 1, 40, 0, 0), budgetAnswer(1, 1, 40, 0, 100*time.Hour), budgetAnswer(1, 1, 40, 39, time.Hour))
		r.run()
		time.Sleep(2*budgetRetry - time.Second)
		synctest.Wait()
		if len(r.net.conns) != 0 || r.Budget().Remaining != 0 {
			t.Errorf("%d connections with %+v", len(r.net.conns), r.Budget())
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if server.count() != 3 || r.Budget().Remaining != 39 {
			t.Errorf("asked %d times: %+v", server.count(), r.Budget())
		}
		r.end()
	})
}

// budgetReader is a slog.Handler that asks for what the log tells of.
type budgetReader struct {
	slog.Handler
	ask func()
}

func (h budgetReader) Handle(ctx context.Context, record slog.Record) error {
	h.ask()
	return h.Handler.Handle(ctx, record)
}

// TestLoggersMayAsk: whatever the engine logs, it holds no lock meanwhile that its
// own methods take.
func TestLoggersMayAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r *running
		asked := 0
		r, _ = api(t, 0, budgetAnswer(2, 1, 40, 2, time.Hour))
		r.handlers.logger = slog.New(budgetReader{r.config.Logger.Handler(), func() {
			asked++
			_, _ = r.Budget(), r.Stats()
			for s := range r.Shards() {
				_, _, _, _ = s.View(), s.Session(), s.Stats(), s.State()
			}
			r.On(gateway.Events(gateway.EventReady), func(*Event) {})()
		}})
		r.config.Logger, r.budget.logger = r.handlers.logger, r.handlers.logger
		r.run()
		time.Sleep(time.Minute)
		synctest.Wait()
		if !strings.Contains(r.logs.String(), "identifies are refused") || asked < 3 {
			t.Errorf("asked %d times", asked)
		}
		r.end()
	})
}
