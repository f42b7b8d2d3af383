package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
)

// TestDetachAndAttach: an engine without shards takes those of two totals, and gives them
// to the next one, which resumes them.
func TestDetachAndAttach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		empty := func(c *Config) { c.Shards, c.StartEmpty, c.IdentifyQueue = Shards{}, true, identify.Unlimited{} }
		a := prepare(t, empty)
		var mu sync.Mutex
		began := map[string]int64{}
		a.On(gateway.Events(gateway.EventSessionBegan), func(ev *Event) {
			b, ok := ev.SessionBegan()
			if !ok || b.Session != ev.Session || b.Session == "" {
				t.Errorf("%+v of %q", b, ev.Session)
			}
			mu.Lock()
			defer mu.Unlock()
			began[ev.Shard.String()] = ev.Shard.Settled().Seq
		})
		select {
		case <-a.Accepting():
			t.Error("before Run")
		default:
		}
		a.run()
		<-a.Accepting()
		if _, err := a.Attach([]ShardSpec{{ID: 4, Total: 4}}); err == nil {
			t.Error("4/4 was added")
		}
		if _, err := a.Attach([]ShardSpec{{ID: 1, Total: 4}, {ID: 1, Total: 4}}); !errors.Is(err, ErrShardExists) {
			t.Error(err)
		}
		specs := []ShardSpec{
			{ID: 6, Total: 8},
			{ID: 1, Total: 4, Session: session.Session{ID: "never ready"}}, // counts as none
		}
		shards, err := a.Attach(specs)
		if err != nil {
			t.Fatal(err)
		}
		if got := ids(a.Engine); got != "6/8 1/4" || shards[0].ID() != 6 {
			t.Errorf("shards %s", got)
		}
		peers := []*peer{a.net.accept(t), a.net.accept(t)}
		for _, p := range peers {
			p.begin()
		}
		for _, s := range shards {
			waitState(t, s, lifecycle.Ready)
		}
		if began["6/8"] != 1 || began["1/4"] != 1 {
			t.Errorf("when they began, sequences were %v", began)
		}
		if got := a.Sessions(nil); len(got) != 2 || got[0].Session.Seq != 1 {
			t.Errorf("%v", got)
		}
		done := make(chan []ShardSpec)
		go func() {
			specs, err := a.Detach(context.Background(), shards...)
			if err != nil {
				t.Error(err)
			}
			done <- specs
		}()
		for _, p := range peers {
			p.goodbye()
			p.drop()
			close(p.out)
		}
		given := <-done
		if ids(a.Engine) != "" || len(given) != 2 || given[0].Total != 8 || given[1].Session.ID == "" {
			t.Errorf("%v, left %s", given, ids(a.Engine))
		}
		time.Sleep(time.Second) // Run goes on
		a.end()

		b := prepare(t, empty).run()
		<-b.Accepting()
		if _, err := b.Attach(given); err != nil {
			t.Fatal(err)
		}
		peers = []*peer{b.net.accept(t), b.net.accept(t)}
		for _, p := range peers {
			p.resume()
			p.send(`{"op":0,"s":2,"t":"RESUMED","d":{}}`)
		}
		b.end(peers...)
	})
}

// TestOnStop decides what a shard that stops for good does to Run.
func TestOnStop(t *testing.T) {
	for _, ends := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var why error
			r := start(t, func(c *Config) {
				c.OnStop = func(s *Shard, err error) bool { why = err; return ends }
			})
			p := r.net.accept(t)
			p.begin()
			waitState(t, r.shard(0), lifecycle.Ready)
			p.raw(wiretest.Close(4013, ""))
			p.expect("close 4013")
			p.drop()
			close(p.out)
			time.Sleep(time.Second)
			synctest.Wait()
			if ended := len(r.result) == 1; ended != ends || !strings.Contains(why.Error(), "4013") {
				t.Errorf("ended: %v, want %v; %v", ended, ends, why)
			}
			if !ends {
				if got := ids(r.Engine); got != "" {
					t.Errorf("left: %s", got)
				}
				r.end()
			}
		})
	}
}

// lentPermit expires the first time that it is asked about.
type lentPermit struct {
	identify.Permit
	expired bool
}

func (p lentPermit) Expired() bool { return p.expired }

// sharedQueue is an identify.Queue that counts for all.
type sharedQueue struct {
	*identify.Local
	granted int
	learned []identify.Limits
	budget  identify.Budget
}

func (q *sharedQueue) Acquire(ctx context.Context, shard int) (identify.Permit, error) {
	p, err := q.Local.Acquire(ctx, shard)
	q.granted++
	return lentPermit{p, q.granted == 1}, err
}

func (q *sharedQueue) Learn(l identify.Limits) { q.learned = append(q.learned, l) }
func (q *sharedQueue) Budget() identify.Budget { return q.budget }

// TestLedger: a queue that counts is asked before a dial, and the engine counts nothing. A
// permit that has expired is not used.
func TestLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reset := time.Now().Add(time.Hour)
		q := &sharedQueue{Local: identify.NewLocal(1), budget: identify.Budget{Total: 100, ResetAt: reset}}
		r := start(t, func(c *Config) { c.IdentifyQueue = q })
		s := r.shard(0)
		if v := s.View(); !strings.Contains(v.Waits, "no identify before") || r.Budget().Total != 100 {
			t.Errorf("%v", v)
		}
		p := r.net.accept(t) // an hour later
		p.begin()
		waitState(t, s, lifecycle.Ready)
		if q.granted != 2 || r.Stats().Identifies != 1 {
			t.Errorf("%d permits, %d identifies", q.granted, r.Stats().Identifies)
		}
		r.end(p)
	})
}

// TestGatewayBot asks without Run, and teaches the budget.
func TestGatewayBot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &sharedQueue{Local: identify.NewLocal(1)}
		api := &restServer{answers: []string{
			"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" +
				`{"url":"wss://gateway.discord.gg","shards":3,"session_start_limit":{"total":1000,"remaining":990,"reset_after":60000,"max_concurrency":16}}`,
			"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n{}",
		}}
		r := prepare(t, func(c *Config) {
			c.APIURL, c.IdentifyQueue, c.Dial = "http://api.discord.test", q, api.dial
		})
		bot, err := r.GatewayBot(t.Context())
		want := identify.Limits{Total: 1000, Remaining: 990, ResetAfter: time.Minute, MaxConcurrency: 16}
		if err != nil || bot.Shards != 3 || bot.Limits != want || !slices.Equal(q.learned, []identify.Limits{want}) {
			t.Errorf("%+v, %v; learned %v", bot, err, q.learned)
		}
		var refused *APIError
		if _, err := r.GatewayBot(t.Context()); !errors.As(err, &refused) || refused.Status != 401 {
			t.Error(err)
		}
	})
}
