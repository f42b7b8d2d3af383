//go:build unix && !plan9 && !aix

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/fleet"
	"github.com/sluice-go/sluice/fleet/embedded"
	"github.com/sluice-go/sluice/fleet/internal/relay"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

const (
	serveShards = 4
	botToken    = "a-token-of-the-bridges"
)

// servers are processes of sluice-fleet serve on one gateway.
type servers struct {
	t       *testing.T
	gateway *gatewaytest.Server
	nats    string
}

func newServers(t *testing.T) *servers {
	t.Helper()
	srv := gatewaytest.NewServer(t, gatewaytest.WithShards(serveShards), gatewaytest.WithMaxConcurrency(serveShards),
		gatewaytest.WithIdentifyInterval(0), gatewaytest.WithTLS(false), gatewaytest.WithGuilds(1, 0))
	nats, err := embedded.Start(embedded.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nats.Close() })
	return &servers{t, srv, nats.URL()}
}

// free returns an address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start starts a process and returns its address for bots.
func (s *servers) start(name string, more ...string) (p *os.Process, address string) {
	s.t.Helper()
	address = free(s.t)
	args := append([]string{
		"serve", "--nats", s.nats, "--name", name, "--api-url", s.gateway.APIURL(), "--intents", strconv.FormatUint(uint64(gateway.IntentsAll), 10),
		"--listen-bots", address,
	}, more...)
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), childEnv+"=1", "DISCORD_TOKEN="+s.gateway.Token(), "SLUICE_BOTS=blue "+botToken)
	cmd.Stderr = s.t.Output()
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	return cmd.Process, address
}

// fleetBot is a bot on a process of them.
type fleetBot struct {
	*engine.Engine
	mu       sync.Mutex
	ready    [serveShards]int
	lost     [serveShards]int
	messages map[string]int
}

func (s *servers) bot(address string) *fleetBot {
	s.t.Helper()
	e, err := engine.New(engine.Config{
		Token: engine.NewToken(botToken), APIURL: "http://" + address + "/api/v10", Intents: gateway.IntentsAll,
		Shards: engine.Shards{Count: serveShards, Total: serveShards}, IdentifyQueue: identify.Unlimited{}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	b := &fleetBot{Engine: e, messages: map[string]int{}}
	e.On(gateway.Events(gateway.EventGuildsReady, gateway.EventSessionLost, gateway.EventMessageCreate), func(ev *engine.Event) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch ev.Type {
		case gateway.EventGuildsReady:
			b.ready[ev.Shard.ID()]++
		case gateway.EventSessionLost:
			b.lost[ev.Shard.ID()]++
		default:
			b.messages[string(ev.Data)]++
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("the bot's Run returned %v", err)
		}
	})
	return b
}

// admin gives the fleet orders.
func (s *servers) admin() *fleet.Admin {
	s.t.Helper()
	conn, err := nats.Connect(s.nats)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(conn.Close)
	a, err := fleet.Open(s.t.Context(), conn, engine.NewToken(s.gateway.Token()))
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// eventually polls for what no channel tells of.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(2 * time.Minute); !is(); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s: did not come", what)
		}
	}
}

// settle waits until the bot has had all guilds of each shard so often, and then has each event of some come once.
func (s *servers) settle(b *fleetBot, what string, readies func(ready [serveShards]int) bool) {
	s.t.Helper()
	eventually(s.t, what, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return readies(b.ready)
	})
	sent := map[string]bool{}
	for i := range 20 * serveShards {
		text := fmt.Sprintf(`{"id":"%d","guild_id":"1","content":%q}`, i, what)
		sent[text] = true
		s.gateway.Dispatch(i%serveShards, "MESSAGE_CREATE", []byte(text))
	}
	eventually(s.t, what+": all messages", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		n := 0
		for text := range sent {
			n += b.messages[text]
		}
		return n >= len(sent)
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	for text := range sent {
		if b.messages[text] != 1 {
			s.t.Errorf("%s: %s came %d times", what, text, b.messages[text])
		}
	}
}

// get returns what a page answers, "" for nothing: a process that has just started.
func get(t *testing.T, address, path string) string {
	t.Helper()
	answer, err := http.Get("http://" + address + path)
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func atLeast(n int) func([serveShards]int) bool {
	return func(ready [serveShards]int) bool {
		for _, r := range ready {
			if r < n {
				return false
			}
		}
		return true
	}
}

// sessions returns how many sessions of bots a process has, by its page.
func sessions(t *testing.T, page string) int {
	t.Helper()
	_, text, _ := strings.Cut(get(t, page, "/metrics"), "\nsluice_bridge_sessions ")
	var n int
	_, _ = fmt.Sscan(text, &n)
	return n
}

// load has messages sent all the time until the function that it returns is called, which waits until a bot has all of
// them, and wants each to have come once.
func (s *servers) load(b *fleetBot, what string) (end func()) {
	stop, ended := make(chan struct{}), make(chan struct{})
	var sent []string
	go func() {
		defer close(ended)
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-tick.C:
			case <-stop:
				return
			}
			text := fmt.Sprintf(`{"id":"%d","guild_id":"1","content":%q}`, i, "load: "+what)
			sent = append(sent, text)
			s.gateway.Dispatch(i%serveShards, "MESSAGE_CREATE", []byte(text))
		}
	}()
	return func() {
		s.t.Helper()
		close(stop)
		<-ended
		eventually(s.t, what+": all of the load", func() bool {
			b.mu.Lock()
			defer b.mu.Unlock()
			for _, text := range sent {
				if b.messages[text] == 0 {
					return false
				}
			}
			return true
		})
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, text := range sent {
			if n := b.messages[text]; n != 1 {
				s.t.Errorf("%s: %s came %d times", what, text, n)
			}
		}
	}
}

// check wants a bot to have begun on each shard and lost there so often.
func (b *fleetBot) check(t *testing.T, what string, ready, lost [serveShards]int) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ready != ready || b.lost != lost {
		t.Errorf("%s: sessions %v and losses %v of the bot's shards, want %v and %v", what, b.ready, b.lost, ready, lost)
	}
}

// TestServeMoves: a bot on one process of a fleet has the shards of all. A shard that moves, since a process joins,
// is drained, or a person wants it, takes its bots along: they resume, and each event comes once.
func TestServeMoves(t *testing.T) {
	s := newServers(t)
	page, pages := free(t), free(t)
	_, first := s.start("first", "--http", page)
	b := s.bot(first)
	s.settle(b, "one process", atLeast(1))
	once, never := [serveShards]int{1, 1, 1, 1}, [serveShards]int{}

	end := s.load(b, "a process joins")
	other, second := s.start("second", "--http", pages)
	eventually(t, "a second process has its share", func() bool { return sessions(t, page) == 2 && sessions(t, pages) == 2 })
	end()
	late := s.bot(second)
	s.settle(late, "a bot on the second", atLeast(1))
	if text := get(t, page, "/api/v1/bots"); strings.Count(text, `"blue"`) != serveShards {
		t.Errorf("the page has not the bots of both on the first's shards: %s", text)
	}

	end, endLate := s.load(b, "two shards are moved"), s.load(late, "two shards are moved, seen by the other")
	admin := s.admin()
	for shard := range serveShards {
		if err := admin.Move(t.Context(), shard, "second"); err != nil {
			t.Log(err) // it has it
		}
	}
	eventually(t, "two shards move", func() bool { return s.gateway.Report().Resumes >= 4 })
	end()
	endLate()
	late.check(t, "moved", once, never)

	end = s.load(b, "the second is drained")
	if err := other.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first has all", func() bool { return sessions(t, page) == 2*serveShards })
	end()
	b.check(t, "drained", once, never)
	if r := s.gateway.Report(); r.Identifies != serveShards {
		t.Errorf("%d identifies, want one for each shard", r.Identifies)
	}
}

// TestServeKill: where a process is killed, or cut off from NATS for so long that others take its shards over, these begin new
// sessions: bots are told, and begin anew with their guilds, on whatever process they are. Nothing comes twice, and
// whoever is cut off has its bots look elsewhere.
func TestServeKill(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	for _, cut := range []bool{false, true} {
		t.Run(map[bool]string{false: "killed", true: "cut off"}[cut], func(t *testing.T) {
			s := newServers(t)
			page, pages := free(t), free(t)
			_, first := s.start("first", "--http", page)
			b := s.bot(first)
			s.settle(b, "one process", atLeast(1))
			way, err := relay.Start(strings.TrimPrefix(s.nats, "nats://"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(way.Close)
			direct := s.nats
			s.nats = "nats://" + way.Addr()
			other, second := s.start("second", "--http", pages)
			s.nats = direct
			eventually(t, "a second process has its share", func() bool { return sessions(t, pages) == 2 })
			late := s.bot(second)
			s.settle(late, "a bot on the second", atLeast(1))

			if cut {
				way.Cut(relay.Refused)
			} else if err := other.Kill(); err != nil {
				t.Fatal(err)
			}
			twice := func(ready [serveShards]int) bool {
				again := 0
				for _, n := range ready {
					again += n - 1
				}
				return again == 2
			}
			s.settle(b, "the second is gone", twice)
			if cut {
				eventually(t, "bots of the second are sent away", func() bool {
					return strings.Contains(get(t, pages, "/metrics"), `sluice_bridge_closes_total{code="4000"}`)
				})
				way.Heal()
				s.settle(late, "the second can read again", twice)
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			for shard, n := range b.ready {
				if b.lost[shard] != n-1 {
					t.Errorf("shard %d began %d times, and %d losses were told", shard, n, b.lost[shard])
				}
			}
			if r := s.gateway.Report(); r.Identifies != serveShards+2 {
				t.Errorf("%d identifies, want one for each time that a shard began somewhere", r.Identifies)
			}
		})
	}
}

// TestServeMistakes: each says what is wrong, and what would be right.
func TestServeMistakes(t *testing.T) {
	t.Setenv("DISCORD_TOKEN", "a-token")
	dir := t.TempDir()
	half := filepath.Join(dir, "bots")
	if err := os.WriteFile(half, []byte("blue\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--listen-bots", "8080"}, "want host:port"},
		{[]string{"--listen-bots", "unix:/run/x"}, "cannot be a Unix socket"},
		{[]string{"--listen-bots", ":8080"}, "want host:port"},
		{[]string{"--listen-bots", "0.0.0.0:8080"}, "give --peer-url"},
		{[]string{"--listen-bots", "some.host:8080"}, "give --peer-url"},
		{[]string{"--listen-bots", "127.0.0.1:0"}, "has port 0"},
		{[]string{"--peer-url", "http://10.0.0.1"}, "ws://"},
		{[]string{"--cert", "x"}, "--cert and --key go together"},
		{[]string{"--pass-to", "http://x"}, "only with --pass-rest"},
		{[]string{}, "name a file with --bots, or set SLUICE_BOTS"},
		{[]string{"--bots", half}, "line 1: want a name and a token"},
		{[]string{"--bots", filepath.Join(dir, "none")}, "cannot read --bots"},
		{[]string{"x"}, "unknown command"},
	} {
		cmd := newServe()
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(c.args)
		if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want …%s…", c.args, err, c.want)
		}
	}
}
