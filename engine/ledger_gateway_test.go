package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// These tests hold the ledger against the report of a real gateway, on real
// sockets, over both drivers.

// losses are what callbacks were told.
type losses struct {
	mu   sync.Mutex
	list []lifecycle.SessionLost
}

func (l *losses) see(ev *engine.Event) {
	lost, _ := ev.SessionLost()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, lost)
}

func (l *losses) take() []lifecycle.SessionLost {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}

// faulty starts a gateway whose faults are a script, and an engine that has had
// READY and two guilds.
func faulty(t *testing.T, driver engine.Driver, script string) (srv *gatewaytest.Server, c *client, lost *losses) {
	t.Parallel()
	srv = gatewaytest.NewServer(t, gatewaytest.WithGuilds(2, 20_000), gatewaytest.WithIdentifyInterval(0),
		gatewaytest.WithScript(strings.NewReader(script)))
	c = connect(t, srv, func(config *engine.Config) { config.Driver = driver })
	lost = new(losses)
	c.On(gateway.Events(gateway.EventSessionLost), lost.see)
	c.wait(t, "GUILD_CREATE", func() bool { return c.names["GUILD_CREATE"] == 2 })
	return srv, c, lost
}

// flow dispatches n events, and waits for the last one. It can be called once.
func (c *client) flow(t *testing.T, srv *gatewaytest.Server, n int) {
	t.Helper()
	for i := range n {
		name := "MESSAGE_CREATE"
		if i == n-1 {
			name = "USER_UPDATE"
		}
		srv.Dispatch(0, name, fmt.Appendf(nil, `{"id":"%d"}`, i))
	}
	c.wait(t, "the last event", func() bool { return c.names["USER_UPDATE"] > 0 })
}

func bothDrivers(t *testing.T, test func(t *testing.T, driver engine.Driver)) {
	for name, driver := range map[string]engine.Driver{"auto": engine.AutoDriver, "portable": engine.PortableDriver} {
		t.Run(name, func(t *testing.T) { test(t, driver) })
	}
}

// TestGapIsFilled: the gateway skips; one resume brings what is missing.
func TestGapIsFilled(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		srv, c, lost := faulty(t, driver, "event 3: skip 4")
		c.flow(t, srv, 20)
		c.check(t, srv)
		r := srv.Report()
		c.end(t)
		st := c.Stats() // counted up to the last read only now
		if len(r.Sessions) != 1 || len(r.Sessions[0].Skipped) != 1 || r.Sessions[0].Closed != gateway.CloseUnknownError {
			t.Errorf("the gateway reports %+v", r.Sessions)
		}
		if st.Gaps != 1 || st.Missing != 0 || st.Resumed != 1 || st.Identifies != 1 || st.SessionsLost != 0 || len(lost.take()) != 0 {
			t.Errorf("%+v, lost %+v", st, lost.take())
		}
	})
}

// TestGapIsAccepted: the replay has the same gap. It is announced, with the
// numbers that the gateway says it skipped, and the rest comes.
func TestGapIsAccepted(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		srv, c, lost := faulty(t, driver, "event 3: skip 4\nresume: skip 4")
		c.flow(t, srv, 20)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := srv.Quiesce(ctx); err != nil {
			t.Fatal(err)
		}
		s := srv.Report().Sessions[0]
		gap := s.Skipped[0]
		if len(s.Skipped) != 2 || s.Skipped[1] != gap {
			t.Fatalf("the gateway skipped %+v", s.Skipped)
		}
		if got := lost.take(); len(got) != 1 || got[0].Session != s.ID || got[0].From != gap.First || got[0].To != gap.Last {
			t.Errorf("lost %+v; the gateway skipped %+v", got, gap)
		}
		var want []int64
		for seq := int64(1); seq <= s.LastSeq; seq++ {
			if seq < gap.First || seq > gap.Last {
				want = append(want, seq)
			}
		}
		c.end(t)
		if got := c.seqs[s.ID]; !slices.Equal(got, want) {
			t.Errorf("delivered %v, want %v", got, want)
		}
		if st := c.Stats(); st.Gaps != 1 || st.Missing != 4 || st.Resumed != 1 || st.Identifies != 1 || st.SessionsLost != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestLossIsAnnounced: a session that is over was delivered up to what the gateway
// wrote last, and SessionLost says so.
func TestLossIsAnnounced(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		srv, c, lost := faulty(t, driver, "event 20: close 4009")
		c.flow(t, srv, 20)
		c.wait(t, "READY", func() bool { return c.names["READY"] == 2 })
		c.check(t, srv)
		s := srv.Report().Sessions[0]
		if got := lost.take(); len(got) != 1 || got[0].Session != s.ID || got[0].From != s.LastSeq+1 || got[0].To != 0 {
			t.Errorf("lost %+v; the gateway wrote %+v", got, s)
		}
		c.end(t)
		if st := c.Stats(); st.SessionsLost != 1 || st.Gaps != 0 || st.Identifies != 2 {
			t.Errorf("%+v", st)
		}
	})
}

// TestResumeIsTold: a connection that ends among the guilds of READY is resumed;
// the rest comes by replay, and both are told as they were.
func TestResumeIsTold(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		t.Parallel()
		srv := gatewaytest.NewServer(t, gatewaytest.WithGuilds(6, 20_000), gatewaytest.WithIdentifyInterval(0),
			gatewaytest.WithScript(strings.NewReader("burst: reset")))
		var back []lifecycle.SessionResumed
		var last int64 // delivered before the resume
		guilds := make(chan lifecycle.GuildsReady, 1)
		c := connect(t, srv, func(config *engine.Config) { config.Driver = driver },
			func(e *engine.Engine) {
				e.On(gateway.Events(gateway.EventGuildCreate), func(ev *engine.Event) {
					if !ev.Replayed {
						last = ev.Seq
					}
				})
				e.On(gateway.Events(gateway.EventSessionResumed), func(ev *engine.Event) {
					r, _ := ev.SessionResumed()
					back = append(back, r)
				})
				e.On(gateway.Events(gateway.EventGuildsReady), func(ev *engine.Event) {
					g, _ := ev.GuildsReady()
					guilds <- g
				})
			})
		c.wait(t, "RESUMED", func() bool { return c.names["RESUMED"] == 1 })
		all := <-guilds
		c.check(t, srv)
		c.end(t)
		s := srv.Report().Sessions[0]
		if want := (lifecycle.GuildsReady{Session: s.ID, Guilds: 6, Available: 6}); all != want {
			t.Errorf("%+v, want %+v", all, want)
		}
		// READY has 1, the guilds have 2 to 7.
		if want := (lifecycle.SessionResumed{Session: s.ID, From: last + 1, Replayed: int(7 - last)}); len(back) != 1 || back[0] != want {
			t.Errorf("%+v, want %+v", back, want)
		}
	})
}
