package main

import (
	"net"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// What the gateway refuses by itself when a shard identifies: no call of the
// API comes before.
func TestRunRefusedIdentify(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		options []gatewaytest.Option
		token   string
		args    []string
		want    []string
	}{
		{"token", nil, "some.other.token", nil, []string{"4004", "does not accept the token", "Developer Portal"}},
		{"too few shards", []gatewaytest.Option{gatewaytest.WithGuilds(1, 100), gatewaytest.WithShards(2501)}, "", nil,
			[]string{"4011", "use more shards"}},
		{"intents", []gatewaytest.Option{gatewaytest.WithAllowedIntents(gateway.IntentsUnprivileged)}, "", []string{"--intents=GUILDS,GUILD_MEMBERS"},
			[]string{"4014", "switch it on"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := gatewaytest.NewServer(t, append(tt.options, gatewaytest.WithTLS(false))...)
			token := tt.token
			if token == "" {
				token = srv.Token()
			}
			p := start(t, token, append([]string{"run", "--gateway-url=" + srv.URL(), "--shards=1"}, tt.args...)...)
			refused(t, p, token, append(tt.want, "shard 0 stopped")...)
		})
	}
}

// What the API answers is told apart, and --retries ends it.
func TestRunRefusedByAPI(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		302: "redirects are not followed",
		403: "the request is refused",
		404: "check the API URL",
		429: "too many requests",
		503: "the API is not available",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(false))
			srv.RejectREST(10, status, 0)
			p := start(t, srv.Token(), runArgs(t, srv, "--retries=1")...)
			refused(t, p, srv.Token(), want, "retries used up")
			wantText(t, p.stderr.String(), "trying again") // it was logged before
		})
	}
}

// Where nobody listens, --retries ends it too.
func TestRunUnreachable(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	p := start(t, anyToken, "run", "--gateway-url=ws://"+address, "--shards=1", "--retries=1")
	refused(t, p, anyToken, "shard 0 stopped", "retries used up", "cannot connect to the gateway", address)
}

// refused checks the end of a command that failed: the last line is a sentence
// with cause and remedy, and the token stands nowhere.
func refused(t *testing.T, p *process, token string, want ...string) {
	t.Helper()
	if status := p.wait(); status != 1 || p.stdout.String() != "" {
		t.Errorf("status %d, standard output %q", status, p.stdout)
	}
	lines := p.stderr.lines()
	last := lines[len(lines)-1]
	if !strings.HasPrefix(last, "sluice: ") || strings.Contains(last, "engine: ") {
		t.Errorf("want a sentence without names of packages, got %q", last)
	}
	wantText(t, last, want...)
	if strings.Contains(p.stderr.String(), token) {
		t.Error("the token was printed")
	}
}
