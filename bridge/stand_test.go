package bridge_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/sluice-go/sluice/bridge"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// These tests run a bridge between a real gateway to test against and real clients, on real sockets.

// patience is how long a test waits for what must happen, on a machine that has much else to do.
const patience = 2 * time.Minute

const (
	blueToken  = "a-token-of-the-bridge-for-blue"
	greenToken = "a-token-of-the-bridge-for-green"
)

// eventually polls for what no channel tells of.
func eventually(t testing.TB, what string, is func() bool) {
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

// stand is a gateway, an engine on it, and a bridge that bots can reach.
type stand struct {
	srv     *gatewaytest.Server
	eng     *engine.Engine
	bridge  *bridge.Bridge
	address string
	stop    func()
}

// logger shows what a test's bridge says, where it is wanted.
func logger() *slog.Logger {
	if os.Getenv("BRIDGE_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(slog.DiscardHandler)
}

func newStand(t testing.TB, edit func(*bridge.Config, *engine.Config), options ...gatewaytest.Option) *stand {
	t.Helper()
	options = append([]gatewaytest.Option{gatewaytest.WithIdentifyInterval(0), gatewaytest.WithTLS(false)}, options...)
	srv := gatewaytest.NewServer(t, options...)
	below := engine.Config{
		Token: engine.NewToken(srv.Token()), APIURL: srv.APIURL(), TLS: srv.TLSConfig(), Intents: gateway.IntentsAll,
		IdentifyQueue: identify.Unlimited{}, Logger: logger(),
	}
	config := bridge.Config{
		Bots:   []bridge.Bot{{Name: "blue", Token: blueToken}, {Name: "green", Token: greenToken}},
		Logger: logger(),
	}
	if edit != nil {
		edit(&config, &below)
	}
	eng, err := engine.New(below)
	if err != nil {
		t.Fatal(err)
	}
	config.Engine = eng
	b, err := bridge.New(config)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := eng.Run(ctx); err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
	running.Go(func() {
		if err := b.Serve(ctx, l); err != nil {
			t.Errorf("Serve returned %v", err)
		}
	})
	s := &stand{srv: srv, eng: eng, bridge: b, address: l.Addr().String()}
	s.stop = sync.OnceFunc(func() {
		b.Close()
		cancel()
		running.Wait()
	})
	t.Cleanup(s.stop)
	eventually(t, "the engine's shards", func() bool {
		for range eng.Shards() {
			return true
		}
		return false
	})
	return s
}

// bot is an engine as a bot of the bridge's.
type bot struct {
	*engine.Engine
	stop func()

	mu     sync.Mutex
	seqs   map[string][]int64 // by session
	names  map[string]int
	seen   []string // what was seen of a name, see note
	guilds map[uint64]int
	lost   int
}

// connect runs an engine against the bridge.
func (s *stand) connect(t testing.TB, token string, edit func(*engine.Config)) *bot {
	t.Helper()
	return s.start(t, token, edit, nil)
}

// start is connect, with a look at the engine before it runs.
func (s *stand) start(t testing.TB, token string, edit func(*engine.Config), before func(*engine.Engine)) *bot {
	t.Helper()
	config := engine.Config{
		Token: engine.NewToken(token), APIURL: "http://" + s.address + "/api/v10", Intents: gateway.IntentsAll,
		IdentifyQueue: identify.Unlimited{}, Logger: slog.New(slog.DiscardHandler),
	}
	if os.Getenv("BOT_LOG") != "" {
		config.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	if edit != nil {
		edit(&config)
	}
	e, err := engine.New(config)
	if err != nil {
		t.Fatal(err)
	}
	b := &bot{Engine: e, seqs: map[string][]int64{}, names: map[string]int{}, guilds: map[uint64]int{}}
	e.On(gateway.AllDispatches().Union(gateway.Events(gateway.EventSessionLost)), b.see)
	if before != nil {
		before(e)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := e.Run(ctx); err != nil {
			t.Errorf("the bot's Run returned %v", err)
		}
	})
	b.stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(b.stop)
	return b
}

func (b *bot) see(ev *engine.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.names[ev.Name()]++
	switch ev.Type {
	case gateway.EventSessionLost:
		b.lost++
		return
	case gateway.EventResumed:
		return
	case gateway.EventGuildCreate:
		b.guilds[ev.GuildID()]++
	case gateway.EventMessageCreate:
		b.seen = append(b.seen, string(ev.Data))
	}
	b.seqs[ev.Session] = append(b.seqs[ev.Session], ev.Seq)
}

// wait waits until the bot has seen an event so many times.
func (b *bot) wait(t testing.TB, name string, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d %s", n, name), func() bool { return b.count(name) >= n })
}

func (b *bot) count(name string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.names[name]
}

// messages returns what MESSAGE_CREATE brought.
func (b *bot) messages() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.seen...)
}

// checkSeqs wants each session's sequences to be 1, 2, 3 …
func (b *bot) checkSeqs(t testing.TB) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for session, seqs := range b.seqs {
		for i, seq := range seqs {
			if seq != int64(i+1) {
				t.Errorf("session %s: event %d has sequence %d", session, i, seq)
				break
			}
		}
	}
}

// leaks compares the goroutines of now with those of a moment before.
func leaks(t testing.TB, before int) {
	t.Helper()
	for limit := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
