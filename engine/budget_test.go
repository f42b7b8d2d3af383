package engine

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/budget"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

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
		r, server := api(t, 0, budgetAnswer(4, 1, 40, 4, 2*time.Hour), budgetAnswer(4, 4, 40, 40, budget.Period))
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
					p.raw(wiretest.Close(4000, ""))
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
			if d := time.Since(begin); d < 2*time.Hour || d > 2*time.Hour+5*time.Second {
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
				p.raw(wiretest.Close(4000, ""))
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

// TestBudgetThatMakesNoSense is no new budget, however long one waits for it, but is
// asked for again.
func TestBudgetThatMakesNoSense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, server := api(t, 0, budgetAnswer(1, 1, 40, 0, 0), budgetAnswer(1, 1, 40, 0, 100*time.Hour), budgetAnswer(1, 1, 40, 39, time.Hour))
		r.run()
		time.Sleep(2*budget.Retry - time.Second)
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
		var asked atomic.Int64
		r, _ = api(t, 0, budgetAnswer(2, 1, 40, 2, time.Hour))
		r.handlers.logger = slog.New(budgetReader{r.config.Logger.Handler(), func() {
			asked.Add(1)
			_, _ = r.Budget(), r.Stats()
			for s := range r.Shards() {
				_, _, _, _ = s.View(), s.Session(), s.Stats(), s.State()
			}
			r.On(gateway.Events(gateway.EventReady), func(*Event) {})()
		}})
		r.config.Logger = r.handlers.logger
		r.budget = budget.New(0, r.handlers.logger, func() {})
		r.run()
		time.Sleep(time.Minute)
		synctest.Wait()
		if !strings.Contains(r.logs.String(), "identifies are refused") || asked.Load() < 3 {
			t.Errorf("asked %d times", asked.Load())
		}
		r.end()
	})
}
