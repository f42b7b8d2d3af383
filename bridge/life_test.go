package bridge_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/bridge"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/gatewaytest/fault"
)

// TestLossIsTold: when Discord's session is lost, each bot's session is, too: op 9 with d:false, and a bot that
// begins anew waits until there is another.
func TestLossIsTold(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil, gatewaytest.WithGuilds(2, 5000))
	first := s.dial(t, "v=10")
	id := first.identify(blueToken, gateway.IntentsAll)
	s.srv.CloseWith(0, gateway.CloseSessionTimedOut, "") // which ends the session
	if p := first.until(9, ""); string(p.D) != "false" {
		t.Errorf("op 9 with %s", p.D)
	}
	again := s.dial(t, "v=10")
	again.say(`{"op":6,"d":{"token":%q,"session_id":%q,"seq":1}}`, blueToken, id)
	again.until(9, "")
	if other := again.identify(blueToken, gateway.IntentsAll); other == id {
		t.Error("the session that was lost goes on")
	}
	again.until(0, "GUILD_CREATE")
	again.until(0, "GUILD_CREATE")
}

// TestDispatchWithoutSequence: what Discord does not send reaches no bot, and what it sends still does.
func TestDispatchWithoutSequence(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil, gatewaytest.WithGuilds(1, 5000))
	c := s.dial(t, "v=10")
	c.identify(blueToken, gateway.IntentsAll)
	c.until(0, "GUILD_CREATE")
	for i, name := range []string{"seq-missing", "type-missing", "nested-too-deep"} {
		if err := s.srv.Inject(fault.Fault{Point: fault.AtEvent, Nth: i + 1, Action: fault.ActionMalformed, Text: name}); err != nil {
			t.Fatal(err)
		}
	}
	const messages = 5
	for range messages {
		s.srv.Dispatch(0, "MESSAGE_CREATE", []byte(`{"content":"hello"}`))
	}
	for seen := 0; seen < messages; {
		switch p := c.next(); p.T {
		case "MESSAGE_CREATE":
			seen++
		default:
			t.Errorf("op %d %q came: %.60s", p.Op, p.T, p.D)
		}
	}
}

// TestWaitsForReady: an identify that comes before Discord's READY waits, heartbeats go on, and its time is bounded.
func TestWaitsForReady(t *testing.T) {
	t.Parallel()
	queue := &gateQueue{open: make(chan struct{})}
	s := newStand(t, func(c *bridge.Config, e *engine.Config) {
		e.IdentifyQueue, c.ReadyTimeout = queue, 300*time.Millisecond
	}, gatewaytest.WithGuilds(1, 5000))
	impatient := s.dial(t, "v=10")
	impatient.say(identifyFormat, blueToken, 1)
	impatient.say(`{"op":1,"d":null}`)
	impatient.until(11, "")
	if code := impatient.closed(); code != gateway.CloseUnknownError {
		t.Errorf("closed with %v", code)
	}
	patient := s.dial(t, "v=10")
	patient.say(identifyFormat, blueToken, 1)
	close(queue.open)
	for { // its time may be over before Discord's READY comes
		p := patient.next()
		if p.T == "READY" {
			break
		}
		if p.Op < 0 {
			patient = s.dial(t, "v=10")
			patient.say(identifyFormat, blueToken, 1)
		}
	}
	patient.until(0, "GUILD_CREATE")
}

// gateQueue lets nobody identify before it is open.
type gateQueue struct {
	identify.Unlimited
	open chan struct{}
}

func (q *gateQueue) Acquire(ctx context.Context, shard int) (identify.Permit, error) {
	select {
	case <-q.open:
		return q.Unlimited.Acquire(ctx, shard)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestTooOld: a bot that was away for longer than its events are kept is told so, and its session is forgotten.
func TestTooOld(t *testing.T) {
	t.Parallel()
	s := newStand(t, func(c *bridge.Config, _ *engine.Config) { c.Replay = 10 * time.Millisecond })
	first := s.dial(t, "v=10")
	id := first.identify(blueToken, gateway.IntentsAll)
	first.nc.Close()
	eventually(t, "the session's end", func() bool { return s.bridge.Stats().Sessions == 0 })
	again := s.dial(t, "v=10")
	again.say(`{"op":6,"d":{"token":%q,"session_id":%q,"seq":1}}`, blueToken, id)
	if p := again.until(9, ""); string(p.D) != "false" {
		t.Errorf("op 9 with %s", p.D)
	}
}

// TestEventsGone: a bot that was away while more events came than are kept is told that some are lost.
func TestEventsGone(t *testing.T) {
	t.Parallel()
	s := newStand(t, func(c *bridge.Config, _ *engine.Config) { c.ReplayBytes = 1 })
	first := s.dial(t, "v=10")
	id := first.identify(blueToken, gateway.IntentsAll)
	first.nc.Close()
	green := s.connect(t, greenToken, nil)
	green.wait(t, "READY", 1)
	for n := 0; n < 5000; n += 100 {
		send(s.srv, n, 100)
		green.wait(t, "MESSAGE_CREATE", n+100)
	}
	green.checkMessages(t, 5000)
	again := s.dial(t, "v=10")
	again.say(`{"op":6,"d":{"token":%q,"session_id":%q,"seq":1}}`, blueToken, id)
	again.until(9, "")
}

// TestLogout: 1000 ends a bot's session; a connection that breaks, or another code, does not.
func TestLogout(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil)
	c := s.dial(t, "v=10")
	c.identify(blueToken, 1)
	c.frame(closeFrame(4000))
	c.closed()
	if n := s.bridge.Stats().Sessions; n != 1 {
		t.Errorf("%d sessions after 4000, want 1", n)
	}
	c = s.dial(t, "v=10")
	c.identify(blueToken, 1)
	c.frame(closeFrame(1000))
	c.closed()
	eventually(t, "the session's end", func() bool { return s.bridge.Stats().Sessions == 1 })
}

// TestAccess: connections and identifies are limited.
func TestAccess(t *testing.T) {
	t.Parallel()
	s := newStand(t, func(c *bridge.Config, _ *engine.Config) {
		c.MaxConnections, c.StartsPerMinute, c.StartsPerDay = 3, 2, 3
	})
	for range 2 {
		c := s.dial(t, "v=10")
		c.identify(blueToken, 1)
		c.nc.Close()
	}
	third := s.dial(t, "v=10")
	third.say(identifyFormat, blueToken, 1)
	third.until(9, "") // within the minute
	green := s.dial(t, "v=10")
	green.identify(greenToken, 1) // has limits of its own
	eventually(t, "connections that are gone", func() bool { return s.bridge.Stats().Connections == 2 })
	s.dial(t, "v=10").until(10, "")
	refused := s.dial(t, "v=10")
	if _, err := refused.nc.Read(make([]byte, 1)); err == nil {
		t.Error("there is one connection too many")
	}
}

// TestREST: what bots ask about the gateway is answered, and everything else is Discord's, with Discord's token.
func TestREST(t *testing.T) {
	t.Parallel()
	var passed []string
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		passed = append(passed, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
		w.Header().Set("X-RateLimit-Remaining", "4")
		w.WriteHeader(http.StatusTeapot)
	}))
	defer api.Close()
	var token string
	s := newStand(t, func(c *bridge.Config, e *engine.Config) {
		c.PassREST, c.API, c.Token, token = true, api.URL, e.Token, e.Token.Reveal()
	}, gatewaytest.WithShards(3), gatewaytest.WithMaxConcurrency(3))
	ask := func(path, authorization string) (status int, header http.Header, body map[string]any) {
		r, err := http.NewRequest("GET", "http://"+s.address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		_ = json.NewDecoder(res.Body).Decode(&body) // where there is one
		return res.StatusCode, res.Header, body
	}
	if _, _, body := ask("/api/v10/gateway", ""); body["url"] != "ws://"+s.address {
		t.Errorf("Get Gateway: %v", body)
	}
	if status, _, body := ask("/api/v10/gateway/bot", "Bot "+blueToken); status != 200 || body["shards"] != 3.0 {
		t.Errorf("Get Gateway Bot: %d, %v", status, body)
	}
	for _, path := range []string{"/api/v10/gateway/bot", "/api/v10/users/@me"} {
		if status, _, _ := ask(path, "Bot wrong"); status != http.StatusUnauthorized {
			t.Errorf("%s with a wrong token: %d", path, status)
		}
	}
	if status, _, _ := ask("/api/v10/users/@me", ""); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", status)
	}
	if status, header, _ := ask("/api/v10/users/@me", "Bot "+blueToken); status != http.StatusTeapot || header.Get("X-RateLimit-Remaining") != "4" {
		t.Errorf("passed on: %d, %v", status, header)
	}
	ask("/api/v10/webhooks/1/token", "")
	want := []string{"GET /api/v10/users/@me Bot " + token, "GET /api/v10/webhooks/1/token "}
	if !slices.Equal(passed, want) {
		t.Errorf("passed on: %q, want %q", passed, want)
	}
	if status, _, body := ask("/elsewhere", ""); status != http.StatusNotFound || !strings.Contains(body["message"].(string), "/api/v10") {
		t.Errorf("elsewhere: %d, %v", status, body)
	}

	alone := newStand(t, nil)
	s.address = alone.address
	if status, _, body := ask("/api/v10/users/@me", "Bot "+blueToken); status != http.StatusNotFound || !strings.Contains(body["message"].(string), "discord.com") {
		t.Errorf("not passed on: %d, %v", status, body)
	}
}

// TestConfig: every mistake is named at once.
func TestConfig(t *testing.T) {
	_, err := bridge.New(bridge.Config{
		Bots:  []bridge.Bot{{Name: "", Token: blueToken}, {Name: "x", Token: "short"}, {Name: "y", Token: blueToken}},
		Share: []string{"nobody"}, URL: "http://x", API: "ftp://x", PassREST: true, Replay: -1, MaxLag: -1,
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"Config.Engine", "without a name", "less than 16", "twice", `"nobody"`, "Config.URL", "Config.API", "Config.Token", "Replay", "MaxLag"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %q", want, err)
		}
	}
	for _, token := range []string{blueToken, "short"} {
		if strings.Contains(err.Error(), token) && token == blueToken {
			t.Error("a token is in the error")
		}
	}
}
