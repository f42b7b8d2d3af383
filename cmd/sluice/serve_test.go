package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

const blue = "0123456789abcdef-blue"

// botsFile writes a file for --bots.
func botsFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "bots")
	if err := os.WriteFile(name, []byte("# who may connect\nblue "+blue+"\n\ngreen 0123456789abcdef-green\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

var serveAddress = regexp.MustCompile(`bots may connect" address=(\S+)`)

// awaitAddress returns where a serve that has started listens.
func (p *process) awaitAddress() string {
	p.t.Helper()
	var address string
	eventually(p.t, "the address for bots", func() bool {
		if m := serveAddress.FindStringSubmatch(p.stderr.String()); m != nil {
			address = m[1]
		}
		return address != ""
	})
	return address
}

// runBot runs an engine as a bot of serve's until it has seen an event so many times.
func runBot(t *testing.T, config engine.Config, name gateway.EventType, n int64) {
	t.Helper()
	config.Token, config.Intents, config.Logger = engine.NewToken(blue), gateway.IntentsUnprivileged, slog.New(slog.DiscardHandler)
	bot, err := engine.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var seen atomic.Int64
	bot.On(gateway.Events(name), func(*engine.Event) {
		if seen.Add(1) == n {
			cancel()
		}
	})
	if err := bot.Run(ctx); err != nil {
		t.Errorf("the bot's Run returned %v", err)
	}
	if seen.Load() < n {
		t.Errorf("the bot saw %d %v, want %d", seen.Load(), name, n)
	}
}

// TestServe: a bot that knows the bridge's token alone gets its guilds, by TCP and by a Unix socket; a signal ends
// serve in order.
func TestServe(t *testing.T) {
	t.Parallel()
	srv := gatewaytest.NewServer(t, gatewaytest.WithGuilds(3, 10_000))
	for _, listen := range []string{"127.0.0.1:0", "unix:" + filepath.Join(t.TempDir(), "s")} {
		args := runArgs(t, srv, "--listen="+listen, "--bots="+botsFile(t))
		args[0] = "serve"
		p := start(t, srv.Token(), args...)
		address := p.awaitAddress()
		var config engine.Config
		config.APIURL = "http://" + address + "/api/v10"
		if path, isUnix := strings.CutPrefix(listen, "unix:"); isUnix {
			config.APIURL = "http://bridge/api/v10"
			config.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "unix", path)
			}
		}
		runBot(t, config, gateway.EventGuildCreate, 3)
		p.signal(syscall.SIGTERM)
		if status := p.wait(); status != 0 {
			t.Errorf("%s: status %d", listen, status)
		}
		for _, secret := range []string{srv.Token(), blue} {
			if strings.Contains(p.stderr.String()+p.stdout.String(), secret) {
				t.Errorf("%s: a token was printed", listen)
			}
		}
	}
}

// TestServeFiles: a wrong call says what is wrong, and repeats no token.
func TestServeFiles(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad")
	if err := os.WriteFile(bad, []byte("blue a-secret-token more\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	used, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer used.Close()
	t.Setenv("DISCORD_TOKEN", anyToken)
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "no bot could connect"},
		{[]string{"--bots", bad}, "line 1"},
		{[]string{"--bots", bad + "x"}, "cannot read --bots"},
		{[]string{"--bots", botsFile(t), "--cert", "c"}, "--cert and --key go together"},
		{[]string{"--bots", botsFile(t), "--listen", "8080"}, "want host:port"},
		{[]string{"--bots", botsFile(t), "--listen", "unix:"}, "want a path"},
		{[]string{"--bots", botsFile(t), "--listen", used.Addr().String()}, "if another program does, end it"},
		{[]string{"--bots", botsFile(t), "--pass-to", "https://d"}, "only with --pass-rest"},
		{[]string{"--bots", botsFile(t), "--share", "red"}, `--share names "red"`},
		{[]string{"--bots", botsFile(t), "--replay-bytes", "many"}, "such as 256MB"},
		{[]string{"--bots", botsFile(t), "--session-file", "s"}, "--session-file is not for serve"},
	} {
		status, out, errOut := call(append([]string{"serve"}, c.args...)...)
		if status == 0 || out != "" || !strings.Contains(errOut, c.want) || strings.Contains(errOut, "a-secret-token") {
			t.Errorf("%q: status %d, %q", c.args, status, errOut)
		}
		os.Setenv("DISCORD_TOKEN", anyToken)
	}
}

// TestServePage: the page, the API and the metrics show bots beside shards.
func TestServePage(t *testing.T) {
	t.Parallel()
	srv := gatewaytest.NewServer(t, gatewaytest.WithGuilds(3, 10_000))
	args := runArgs(t, srv, "--listen=127.0.0.1:0", "--http=127.0.0.1:0", "--bots="+botsFile(t))
	args[0] = "serve"
	p := start(t, srv.Token(), args...)
	runBot(t, engine.Config{APIURL: "http://" + p.awaitAddress() + "/api/v10"}, gateway.EventGuildCreate, 3)
	var m []string
	eventually(t, "the page", func() bool {
		m = regexp.MustCompile(`the page is open" url=(\S+)`).FindStringSubmatch(p.stderr.String())
		return m != nil
	})
	for path, want := range map[string]string{
		"":              `<td>blue</td><td>0</td><td>away</td>`,
		"api/v1/bots":   `"name":"blue","shard":0,"total":1,"state":"away"`,
		"metrics":       "sluice_bridge_sessions_begun_total 1",
		"api/v1/engine": `"shards":1`,
	} {
		eventually(t, "/"+path+" with "+want, func() bool { // the bridge hears a moment later that the bot is gone
			res, err := http.Get(m[1] + path)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			return err == nil && strings.Contains(string(body), want)
		})
	}
	p.signal(syscall.SIGTERM)
	p.wait()
}
