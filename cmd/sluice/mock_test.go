package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// mockServer is a mock in a process of its own.
type mockServer struct {
	*process
	gateway string // the address that it listens on, as a WebSocket URL
	told    string // the URL that it prints
	api     string
	token   string
}

// newMockServer starts a mock without TLS.
func newMockServer(t *testing.T, args ...string) *mockServer {
	t.Helper()
	m := &mockServer{process: start(t, "", append([]string{"mock", "--tls=false"}, args...)...)}
	m.stdout.awaitText(t, "token ")
	for _, line := range m.stdout.lines() {
		name, value, _ := strings.Cut(line, " ")
		switch value = strings.TrimSpace(value); name {
		case "gateway":
			m.told = value
		case "api":
			m.api = value
		case "token":
			m.token = value
		}
	}
	m.gateway = "ws" + strings.TrimSuffix(strings.TrimPrefix(m.api, "http"), "/api/v10")
	return m
}

// gatewayBot returns the URL that Get Gateway Bot names.
func (m *mockServer) gatewayBot() string {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.t.Context(), "GET", m.api+"/gateway/bot", nil)
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bot "+m.token)
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	res, err := transport.RoundTrip(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	var answer struct{ URL string }
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	if err != nil || answer.URL == "" {
		m.t.Fatalf("%s: %s (%v)", res.Status, body, err)
	}
	return answer.URL
}

// identify connects a shard, and returns READY and what reads further payloads.
func (m *mockServer) identify(shard, shards int) (ready map[string]any, next func() (string, map[string]any)) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), patience)
	defer cancel()
	nc, early, _, err := ws.Dial(ctx, m.gateway+"/?v=10&encoding=json")
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = nc.Close() })
	from := io.ReadWriter(nc)
	if early != nil {
		from = struct {
			io.Reader
			io.Writer
		}{io.MultiReader(io.LimitReader(early, int64(early.Buffered())), nc), nc}
	}
	next = func() (string, map[string]any) {
		m.t.Helper()
		_ = nc.SetReadDeadline(time.Now().Add(patience))
		data, err := wsutil.ReadServerText(from)
		if err != nil {
			m.t.Fatal(err)
		}
		var p struct {
			Op int
			T  string
			D  map[string]any
		}
		if err := json.Unmarshal(data, &p); err != nil {
			m.t.Fatal(err)
		}
		if p.T == "" {
			p.T = fmt.Sprint("op ", p.Op)
		}
		return p.T, p.D
	}
	if name, _ := next(); name != "op 10" {
		m.t.Fatalf("got %s, want hello", name)
	}
	identify := fmt.Sprintf(`{"op":2,"d":{"token":%q,"intents":513,"shard":[%d,%d],"properties":{"os":"","browser":"","device":""}}}`, m.token, shard, shards)
	if err := wsutil.WriteClientText(nc, []byte(identify)); err != nil {
		m.t.Fatal(err)
	}
	name, ready := next()
	if name != "READY" {
		m.t.Fatalf("got %s, want READY", name)
	}
	return ready, next
}

// end ends the mock by a signal.
func (m *mockServer) end() {
	m.t.Helper()
	m.signal(os.Interrupt)
	m.wait()
}

// TestMockPublicURL: what the flags name is what clients are told.
func TestMockPublicURL(t *testing.T) {
	const public, other = "wss://gateway.example.com", "wss://resume.example.com:444/path"
	for _, c := range []struct {
		args   []string
		told   string // "": the mock's own
		resume any    // nil: none
	}{
		{[]string{"--public-url", public}, public, public},
		{[]string{"--public-url", public, "--resume-url", other}, public, other},
		{[]string{"--public-url", public, "--resume-url", "none"}, public, nil},
		{[]string{"--resume-url", other}, "", other},
		{[]string{"--resume-url", "none"}, "", nil},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			t.Parallel()
			m := newMockServer(t, c.args...)
			want := c.told
			if want == "" {
				want = m.gateway
			}
			if got := m.gatewayBot(); got != want || m.told != want {
				t.Errorf("Get Gateway Bot names %s, the output %s; want %s", got, m.told, want)
			}
			ready, _ := m.identify(0, 1)
			if got, named := ready["resume_gateway_url"]; got != c.resume || named != (c.resume != nil) {
				t.Errorf("READY names %v, want %v", got, c.resume)
			}
			m.end()
		})
	}
}

// TestMockHelloDelay: hello comes, not at once.
func TestMockHelloDelay(t *testing.T) {
	t.Parallel()
	const delay = 50 * time.Millisecond
	m := newMockServer(t, "--hello-delay", delay.String())
	began := time.Now()
	m.identify(0, 1)
	if took := time.Since(began); took < delay {
		t.Errorf("hello came after %v, before its time", took)
	}
	m.end()
}

// TestMockWorlds: up to so many shards hear of the guilds that they were told of, more of others. How many
// members these have is said by a flag too.
func TestMockWorlds(t *testing.T) {
	for _, worlds := range []int{0, 1, 2} {
		t.Run(fmt.Sprint(worlds), func(t *testing.T) {
			t.Parallel()
			m := newMockServer(t, "--worlds", fmt.Sprint(worlds), "--rate", "max", "--guilds", "1", "--members", "700")
			ready, next := m.identify(1, 2)
			guild := ready["guilds"].([]any)[0].(map[string]any)["id"]
			if name, d := next(); name != "GUILD_CREATE" || d["member_count"] != 700.0 {
				t.Errorf("got %s with %v members", name, d["member_count"])
			}
			for {
				if _, d := next(); d["guild_id"] != nil {
					if own := d["guild_id"] == guild; own != (worlds >= 2) {
						t.Errorf("with %d worlds, the second of 2 shards hears of its own guild: %t", worlds, own)
					}
					break
				}
			}
			m.end()
		})
	}
}
