//go:build unix && !plan9 && !aix

package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/fleet"
	"github.com/sluice-go/sluice/fleet/embedded"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

const (
	serveShards = 4
	botToken    = "a-token-of-the-bridges"
)

// servers are processes of sluice-fleet serve on one gateway.
type servers struct {
	t       testing.TB
	gateway *gatewaytest.Server
	nats    string
}

func newServers(t testing.TB, options ...gatewaytest.Option) *servers {
	t.Helper()
	srv := gatewaytest.NewServer(t, append([]gatewaytest.Option{
		gatewaytest.WithShards(serveShards), gatewaytest.WithMaxConcurrency(serveShards), gatewaytest.WithIdentifyInterval(0),
		gatewaytest.WithTLS(false), gatewaytest.WithGuilds(1, 0), gatewaytest.WithReplayLimit(100_000),
	}, options...)...)
	nats, err := embedded.Start(embedded.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nats.Close() })
	return &servers{t, srv, nats.URL()}
}

// away returns the longest that the gateway had no connection of a shard that was then resumed.
func (s *servers) away() (longest time.Duration) {
	for _, one := range s.gateway.Report().Sessions {
		longest = max(longest, one.Away)
	}
	return longest
}

// free returns an address that nobody listens on.
func free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// server is a process of sluice-fleet serve.
type server struct {
	*os.Process
	ended chan struct{} // closed when it has
}

// start starts a process and returns its address for bots. One that ends other than with status 0, or by the signal that kills
// it, fails the test.
func (s *servers) start(name string, more ...string) (p *server, address string) {
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
	p = &server{cmd.Process, make(chan struct{})}
	go func() {
		defer close(p.ended)
		_ = cmd.Wait()
		if end := cmd.ProcessState; end.ExitCode() > 0 {
			s.t.Errorf("%s ended with %v", name, end)
		}
	}()
	s.t.Cleanup(func() {
		_ = p.Kill()
		<-p.ended
	})
	return p, address
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
func eventually(t testing.TB, what string, is func() bool) {
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

// get returns what a page answers, "" for nothing: a process that has just started.
func get(t testing.TB, address, path string) string {
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

// sessions returns how many sessions of bots a process has, by its page.
func sessions(t testing.TB, page string) int {
	t.Helper()
	_, text, _ := strings.Cut(get(t, page, "/metrics"), "\nsluice_bridge_sessions ")
	var n int
	_, _ = fmt.Sscan(text, &n)
	return n
}
