package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/pool"
)

// These tests run an engine against a real gateway on real sockets.

var compressions = []engine.Compression{
	engine.ZlibStream, engine.ZstdStream, engine.PayloadCompression, engine.NoCompression,
}

// patience is how long a test waits for what must happen, on a machine that has
// much else to do.
const patience = 2 * time.Minute

// eventually polls for what no channel tells of.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(patience); !is(); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s: did not come", what)
		}
	}
}

// ledger holds the sequences that callbacks saw, by session.
type ledger struct {
	mu     sync.Mutex
	seqs   map[string][]int64
	names  map[string]int
	guilds []uint64 // in the order of GUILD_CREATE
	change chan struct{}
}

func newLedger() *ledger {
	return &ledger{seqs: map[string][]int64{}, names: map[string]int{}, change: make(chan struct{}, 1)}
}

func (l *ledger) see(ev *engine.Event) {
	session := ev.Shard.Session().ID
	l.mu.Lock()
	defer l.mu.Unlock()
	l.names[ev.Name()]++
	if ev.Type == gateway.EventGuildCreate {
		l.guilds = append(l.guilds, ev.GuildID())
	}
	if ev.Type != gateway.EventResumed {
		l.seqs[session] = append(l.seqs[session], ev.Seq)
	}
	select {
	case l.change <- struct{}{}:
	default:
	}
}

// wait waits until the ledger satisfies a condition.
func (l *ledger) wait(t *testing.T, what string, is func() bool) {
	t.Helper()
	limit := time.After(patience)
	for {
		l.mu.Lock()
		ok := is()
		l.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-l.change:
		case <-limit:
			t.Fatalf("%s: did not come; seen %v", what, l.names)
		}
	}
}

// check holds the ledger against what the server wrote: nothing lost, nothing
// twice, in order. The server counts an event after it was written, and a shard
// whose session has just ended begins another, so that they need not agree at once.
func (l *ledger) check(t *testing.T, srv *gatewaytest.Server) {
	t.Helper()
	difference := l.compare(srv)
	for limit := time.Now().Add(patience); difference != "" && time.Now().Before(limit); difference = l.compare(srv) {
		time.Sleep(5 * time.Millisecond)
	}
	if difference != "" {
		t.Error(difference)
	}
}

func (l *ledger) compare(srv *gatewaytest.Server) (difference string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range srv.Report().Sessions {
		seqs := l.seqs[s.ID]
		if int64(len(seqs)) != s.LastSeq {
			return fmt.Sprintf("session of shard %d: %d events, the server wrote %d", s.Shard, len(seqs), s.LastSeq)
		}
		for i, seq := range seqs {
			if seq != int64(i+1) {
				return fmt.Sprintf("session of shard %d: event %d has sequence %d", s.Shard, i, seq)
			}
		}
	}
	return ""
}

// client is an engine that runs against a server.
type client struct {
	*engine.Engine
	*ledger
	srv    *gatewaytest.Server
	stop   context.CancelFunc
	result chan error
}

func connect(t *testing.T, srv *gatewaytest.Server, edit func(*engine.Config), before ...func(*engine.Engine)) *client {
	t.Helper()
	config := engine.Config{
		Token: engine.NewToken(srv.Token()), APIURL: srv.APIURL(), TLS: srv.TLSConfig(), Intents: gateway.IntentsAll,
		IdentifyQueue: identify.Unlimited{}, Logger: slog.New(slog.DiscardHandler),
	}
	if edit != nil {
		edit(&config)
	}
	e, err := engine.New(config)
	if err != nil {
		t.Fatal(err)
	}
	e.WithoutBackoff()
	c := &client{Engine: e, srv: srv, ledger: newLedger(), result: make(chan error, 1)}
	e.On(gateway.AllDispatches(), c.see)
	for _, f := range before {
		f(e)
	}
	ctx, cancel := context.WithCancel(t.Context())
	c.stop = cancel
	go func() { c.result <- e.Run(ctx) }()
	return c
}

// end shuts down and wants nil from Run, and no close frame that ends a session.
func (c *client) end(t *testing.T) {
	t.Helper()
	before := c.srv.Report().Closes
	c.stop()
	if err := <-c.result; err != nil {
		t.Errorf("Run returned %v", err)
	}
	after := c.srv.Report().Closes
	if after[1000] != before[1000] || after[1001] != before[1001] {
		t.Errorf("the server was left with %v, before it was %v: want neither 1000 nor 1001", after, before)
	}
}

// TestFaults: with every compression, over TLS and in the clear, a session goes
// through all that a gateway can do to it, and loses nothing.
func TestFaults(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		for _, compression := range compressions {
			for _, encrypted := range []bool{false, true} {
				t.Run(fmt.Sprintf("%v/tls=%v", compression, encrypted), func(t *testing.T) {
					t.Parallel()
					srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(encrypted), gatewaytest.WithGuilds(5, 100_000),
						gatewaytest.WithIdentifyInterval(0), gatewaytest.WithLongChain())
					c := connect(t, srv, func(config *engine.Config) { config.Driver, config.Compression = driver, compression })
					c.wait(t, "GUILD_CREATE", func() bool { return c.names["GUILD_CREATE"] == 5 })
					sent := 0
					burst := func(n int) {
						for range n {
							sent++
							srv.Dispatch(0, "MESSAGE_CREATE", fmt.Appendf(nil, `{"id":"%d","content":"%s"}`, sent, strings.Repeat("hello ", sent%50)))
						}
						c.wait(t, "MESSAGE_CREATE", func() bool { return c.names["MESSAGE_CREATE"] == sent })
					}
					burst(500)
					// faults that are resumed from, with events in between that must not be lost
					resumes := 0
					for _, fault := range []func(){
						func() { srv.Drop(0) },
						func() { srv.Reconnect(0) },
						func() { srv.InvalidateSession(0, true) },
						func() { srv.CloseWith(0, gateway.CloseUnknownError, "") },
						func() { srv.CloseWith(0, 1001, "going away") },
					} {
						fault()
						burst(10)
						resumes++
						c.wait(t, "RESUMED", func() bool { return c.names["RESUMED"] == resumes })
						burst(10)
					}
					srv.RequestHeartbeat(0)
					burst(10)
					c.check(t, srv)
					// faults after which there is a new session
					ready := 1
					for _, fault := range []func(){
						func() { srv.CloseWith(0, gateway.CloseSessionTimedOut, "") },
					} {
						fault()
						ready++
						c.wait(t, "READY", func() bool { return c.names["READY"] == ready && c.names["GUILD_CREATE"] == 5*ready })
						burst(10)
					}
					c.check(t, srv)
					if st := c.Stats(); st.Repeats != 0 || st.Missing != 0 || st.Corrupt != 0 || st.Violations != 0 {
						t.Errorf("%+v", st)
					}
					c.end(t)
				})
			}
		}
	})
}

// TestInvalidSession: op 9 with d:false is followed by a new session after a
// random wait of at least a second.
func TestInvalidSession(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for seconds, as the gateway demands")
	}
	t.Parallel()
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		srv := gatewaytest.NewServer(t, gatewaytest.WithIdentifyInterval(0))
		c := connect(t, srv, func(config *engine.Config) { config.Driver = driver })
		c.wait(t, "READY", func() bool { return c.names["READY"] == 1 })
		begin := time.Now()
		srv.InvalidateSession(0, false)
		c.wait(t, "READY", func() bool { return c.names["READY"] == 2 })
		if d := time.Since(begin); d < time.Second {
			t.Errorf("a new session after %v", d)
		}
		c.end(t)
	})
}

// TestTraffic: thousands of events as fast as they go, on several shards.
func TestTraffic(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		for _, compression := range compressions {
			t.Run(compression.String(), func(t *testing.T) {
				t.Parallel()
				events := 8000
				if testing.Short() || pool.Poisoning {
					events = 1500
				}
				srv := gatewaytest.NewServer(t, gatewaytest.WithShards(4), gatewaytest.WithMaxConcurrency(4),
					gatewaytest.WithGuilds(2, 50_000), gatewaytest.WithTraffic(gatewaytest.Saturated), gatewaytest.WithEvents(3000))
				c := connect(t, srv, func(config *engine.Config) { config.Driver, config.Compression = driver, compression })
				c.wait(t, "traffic", func() bool {
					n := 0
					for _, seqs := range c.seqs {
						n += len(seqs)
					}
					return n >= events
				})
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				if err := srv.Quiesce(ctx); err != nil {
					t.Fatal(err)
				}
				want := map[string]int64{}
				for _, s := range srv.Report().Sessions {
					want[s.ID] = s.LastSeq
				}
				c.wait(t, "the end", func() bool {
					for id, seq := range want {
						if int64(len(c.seqs[id])) < seq {
							return false
						}
					}
					return true
				})
				c.check(t, srv)
				c.end(t)
			})
		}
	})
}

// TestUntrustedCertificate: a sentence that says what to do, and no token on the
// line.
func TestUntrustedCertificate(t *testing.T) {
	t.Parallel()
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		srv := gatewaytest.NewServer(t)
		for _, config := range []engine.Config{
			{APIURL: srv.APIURL()},
			{GatewayURL: srv.URL(), Shards: engine.Shards{Total: 1}},
		} {
			config.Driver, config.Token, config.Retries, config.Logger = driver, engine.NewToken(srv.Token()), 1, slog.New(slog.DiscardHandler)
			e, err := engine.New(config)
			if err != nil {
				t.Fatal(err)
			}
			e.WithoutBackoff()
			err = e.Run(t.Context())
			if !errors.Is(err, lifecycle.ErrRetries) || !strings.Contains(err.Error(), "certificate") || !strings.Contains(err.Error(), "RootCAs") {
				t.Errorf("Run returned %v", err)
			}
		}
		if n := srv.Report().Identifies; n != 0 {
			t.Errorf("%d identifies", n)
		}
	})
}

// TestWrongToken ends Run, by the API or by the gateway.
func TestWrongToken(t *testing.T) {
	t.Parallel()
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		srv := gatewaytest.NewServer(t)
		for _, edit := range []func(*engine.Config){
			func(c *engine.Config) {},
			func(c *engine.Config) {
				c.APIURL, c.GatewayURL, c.Shards = "", srv.URL(), engine.Shards{Total: 1}
			},
		} {
			c := connect(t, srv, func(config *engine.Config) {
				config.Driver, config.Token = driver, engine.NewToken("wrong.wrong.wrong")
				edit(config)
			})
			if err := <-c.result; !errors.Is(err, lifecycle.ErrAuthentication) || strings.Contains(err.Error(), "wrong") {
				t.Errorf("Run returned %v", err)
			}
		}
	})
}

// TestNothingLeaks: goroutines and descriptors are as many after many connections
// as before.
func TestNothingLeaks(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		srv := gatewaytest.NewServer(t, gatewaytest.WithIdentifyInterval(0), gatewaytest.WithShards(8), gatewaytest.WithMaxConcurrency(8))
		goroutines, descriptors := -1, -1
		for round := range 4 {
			c := connect(t, srv, func(config *engine.Config) { config.Driver, config.Compression = driver, compressions[round] })
			c.wait(t, "READY", func() bool { return c.names["READY"] == 8 })
			for shard := range 8 {
				srv.Drop(shard)
			}
			c.wait(t, "RESUMED", func() bool { return c.names["RESUMED"] == 8 })
			c.end(t)
			g, d := settle(goroutines, descriptors)
			if goroutines < 0 {
				goroutines, descriptors = g, d
				continue
			}
			if g > goroutines || d > descriptors {
				stacks := make([]byte, 1<<20)
				t.Fatalf("%d goroutines and %d descriptors, %d and %d a round before\n%s",
					g, d, goroutines, descriptors, stacks[:runtime.Stack(stacks, true)])
			}
		}
	})
}

// settle counts goroutines and descriptors once the server's side has ended too.
func settle(goroutines, descriptors int) (g, d int) {
	for i, limit := 0, time.Now().Add(patience); time.Now().Before(limit); i++ {
		g, d = runtime.NumGoroutine(), -1
		if entries, err := os.ReadDir(filepath.Join("/proc", "self", "fd")); err == nil {
			d = len(entries)
		}
		if g <= goroutines && d <= descriptors || goroutines < 0 && i > 20 {
			break
		}
		time.Sleep(5 * time.Millisecond) // the other end closes a moment later
	}
	return g, d
}
