package gatewaytest_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest"
)

// ask makes a REST request of the bot's.
func ask(t *testing.T, srv *gatewaytest.Server, method, path, body string) (*http.Response, string) {
	t.Helper()
	return askAs(t, srv, method, path, body, "application/json")
}

// askAs does with a body of another type.
func askAs(t *testing.T, srv *gatewaytest.Server, method, path, body, kind string) (*http.Response, string) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: srv.TLSConfig()}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequest(method, srv.APIURL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bot "+srv.Token())
	req.Header.Set("Content-Type", kind)
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(answer)
}

// decode asks, and wants a status and JSON of v's shape.
func decode(t *testing.T, srv *gatewaytest.Server, method, path, body string, status int, v any) {
	t.Helper()
	res, answer := ask(t, srv, method, path, body)
	if res.StatusCode != status {
		t.Fatalf("%s %s: %s, %s; want %d", method, path, res.Status, answer, status)
	}
	if err := json.Unmarshal([]byte(answer), v); err != nil {
		t.Fatalf("%s %s: %v in %s", method, path, err, answer)
	}
}

// TestTokenNamesTheBot: the token has a real one's shape, and its id is that of every user and
// application object of the bot.
func TestTokenNamesTheBot(t *testing.T) {
	for _, token := range []string{"", base64.RawURLEncoding.EncodeToString([]byte("123456789012345678")) + ".ZZZZZZ.abc"} {
		srv := plain(t, gatewaytest.WithToken(token))
		first := srv.Token()
		if token == "" && !regexp.MustCompile(`^[\w-]{24}\.[\w-]{6}\.[\w-]{38}$`).MatchString(first) {
			t.Errorf("token %q has not the shape of a real one", first)
		}
		head, _, _ := strings.Cut(first, ".")
		id, err := base64.RawURLEncoding.DecodeString(head)
		if _, bad := strconv.ParseUint(string(id), 10, 64); err != nil || bad != nil {
			t.Fatalf("the token begins with %q: %v", head, err)
		}
		var user, app, oauth struct{ ID string }
		decode(t, srv, "GET", "/users/@me", "", 200, &user)
		decode(t, srv, "GET", "/applications/@me", "", 200, &app)
		decode(t, srv, "GET", "/oauth2/applications/@me", "", 200, &oauth)
		c := connect(t, srv, srv.URL(), "")
		c.send(`{"op":2,"d":{"token":%q,"intents":513,%s}}`, srv.Token(), properties)
		var ready struct{ User, Application struct{ ID string } }
		if err := json.Unmarshal(c.next().D, &ready); err != nil {
			t.Fatal(err)
		}
		for what, got := range map[string]string{
			"user": user.ID, "application": app.ID, "oauth2": oauth.ID, "READY's user": ready.User.ID, "READY's application": ready.Application.ID,
		} {
			if got != string(id) {
				t.Errorf("%s has the id %s, the token %s", what, got, id)
			}
		}
	}
}

// TestCommandsAreAnsweredAsSent registers application commands, and asks for them.
func TestCommandsAreAnsweredAsSent(t *testing.T) {
	srv := plain(t)
	var app struct{ ID string }
	decode(t, srv, "GET", "/applications/@me", "", 200, &app)
	for _, scope := range []string{"", "/guilds/81384788765712384"} {
		path := "/applications/" + app.ID + scope + "/commands"
		type command struct {
			ID, Name, Description string
			Type                  int
			ApplicationID         string `json:"application_id"`
			GuildID               string `json:"guild_id"`
			Options               []struct{ Name string }
		}
		var put, got, again []command
		decode(t, srv, "PUT", path, `[{"name":"ping","description":"d","options":[{"name":"o","type":3}]},{"name":"pong","type":2}]`, 200, &put)
		if len(put) != 2 || put[0].Name != "ping" || put[0].Description != "d" || put[0].Type != 1 || len(put[0].Options) != 1 ||
			put[1].Type != 2 || put[0].ID == "" || put[0].ID == put[1].ID || put[0].ApplicationID != app.ID || (scope != "") != (put[0].GuildID != "") {
			t.Errorf("PUT %s: %+v", path, put)
		}
		decode(t, srv, "GET", path, "", 200, &got)
		decode(t, srv, "PUT", path, `[{"name":"ping","description":"e"}]`, 200, &again)
		if len(got) != 2 || len(again) != 1 || again[0].ID != put[0].ID || again[0].Description != "e" {
			t.Errorf("then: %+v, %+v", got, again)
		}
		var one command
		decode(t, srv, "POST", path, `{"name":"new","description":"d"}`, 201, &one)
		decode(t, srv, "POST", path, `{"name":"new","description":"other"}`, 200, &one)
	}
	for body, message := range map[string]string{
		`{`: "invalid JSON", `[{}]`: "Invalid Form Body", `[{"name":"` + strings.Repeat("n", 33) + `"}]`: "Invalid Form Body",
		"[" + strings.Repeat(`{"name":"a"},`, 100) + `{"name":"a"}]`: "Maximum number",
	} {
		if res, answer := ask(t, srv, "PUT", "/applications/"+app.ID+"/commands", body); res.StatusCode != 400 || !strings.Contains(answer, message) {
			t.Errorf("PUT of %.40s: %s, %s", body, res.Status, answer)
		}
	}
	if res, answer := ask(t, srv, "PUT", "/applications/1/commands", `[]`); res.StatusCode != 404 || !strings.Contains(answer, `"code":10002`) {
		t.Errorf("another's application: %s, %s", res.Status, answer)
	}
}

// TestMessageComesBack posts a message, which comes as an event to the shard of its guild alone.
func TestMessageComesBack(t *testing.T) {
	srv := plain(t, gatewaytest.WithGuilds(1, 4000), gatewaytest.WithIdentifyInterval(0))
	var channels [2]string
	var clients [2]*client
	for shard := range clients {
		c := connect(t, srv, srv.URL(), "")
		c.identify(srv, shard, 2)
		var guild struct {
			Channels []struct {
				ID   string
				Type int
			}
		}
		if err := json.Unmarshal(c.next().D, &guild); err != nil {
			t.Fatal(err)
		}
		for _, channel := range guild.Channels {
			if channel.Type == 0 {
				channels[shard] = channel.ID
			}
		}
		clients[shard] = c
	}
	type message struct {
		ID        string
		Content   string
		ChannelID string `json:"channel_id"`
		GuildID   string `json:"guild_id"`
		Nonce     string
		Author    struct{ ID string }
	}
	var posted message
	decode(t, srv, "POST", "/channels/"+channels[1]+"/messages", `{"content":"hi","nonce":"n"}`, 200, &posted)
	if posted.Content != "hi" || posted.ChannelID != channels[1] || posted.ID == "" || posted.Nonce != "n" || posted.GuildID != "" {
		t.Errorf("answered %+v", posted)
	}
	var came message
	p := clients[1].next()
	if err := json.Unmarshal(p.D, &came); err != nil || p.name() != "MESSAGE_CREATE" || came.ID != posted.ID || came.GuildID == "" || came.Author != posted.Author {
		t.Errorf("came %s %+v, %v", p.name(), came, err)
	}
	clients[0].send(`{"op":1,"d":2}`)
	if p := clients[0].next(); p.Op != 11 {
		t.Errorf("the other shard got %s", p.name())
	}
	for _, c := range []struct {
		channel, body string
		status        int
		part          string
	}{
		{"1", `{"content":"hi"}`, 404, `"code":10003`},
		{"x", `{"content":"hi"}`, 400, `"code":50035`},
		{channels[0], `{"content":""}`, 400, `"code":50006`},
		{channels[0], `{"content":"` + strings.Repeat("é", 2001) + `"}`, 400, "BASE_TYPE_MAX_LENGTH"},
		{channels[0], `nothing`, 400, `"code":50109`},
	} {
		if res, answer := ask(t, srv, "POST", "/channels/"+c.channel+"/messages", c.body); res.StatusCode != c.status || !strings.Contains(answer, c.part) {
			t.Errorf("%.60s to %s: %s, %s", c.body, c.channel, res.Status, answer)
		}
	}
}

// TestRateLimitHeaders counts a bucket down to 429.
func TestRateLimitHeaders(t *testing.T) {
	srv := plain(t)
	for left := 4; left >= 0; left-- {
		res, _ := ask(t, srv, "POST", "/channels/5/messages", `{}`)
		h := res.Header
		after, err := strconv.ParseFloat(h.Get("X-RateLimit-Reset-After"), 64)
		if res.StatusCode != 404 || h.Get("X-RateLimit-Limit") != "5" || h.Get("X-RateLimit-Remaining") != strconv.Itoa(left) ||
			len(h.Get("X-RateLimit-Bucket")) != 32 || err != nil || after <= 0 || after > 5 || h.Get("X-RateLimit-Reset") == "" {
			t.Errorf("%d left: %s, %v", left, res.Status, h)
		}
	}
	var limited struct {
		RetryAfter float64 `json:"retry_after"`
		Global     bool
	}
	decode(t, srv, "POST", "/channels/5/messages", `{}`, 429, &limited)
	if limited.RetryAfter <= 0 || limited.Global {
		t.Errorf("%+v", limited)
	}
	if res, _ := ask(t, srv, "POST", "/channels/6/messages", `{}`); res.StatusCode != 404 {
		t.Errorf("another channel has the same bucket: %s", res.Status)
	}
}

// TestWhatIsNotServed: an endpoint that Discord has is 501 with a sentence, any other 404; both are in
// the report.
func TestWhatIsNotServed(t *testing.T) {
	srv := plain(t)
	for _, c := range []struct {
		method, path string
		status       int
		part         string
	}{
		{"GET", "/guilds/1/members", 501, "does not serve GET /guilds/1/members"},
		{"PATCH", "/users/@me", 501, "does not serve PATCH /users/@me"},
		{"GET", "/nothing", 404, `"message":"404: Not Found"`},
		{"GET", "/../v6/gateway", 400, `"code":50041`},
	} {
		if res, answer := ask(t, srv, c.method, c.path, ""); res.StatusCode != c.status || !strings.Contains(answer, c.part) {
			t.Errorf("%s %s: %s, %s", c.method, c.path, res.Status, answer)
		}
	}
	if res, _ := get(t, srv, "/users/@me", "Bot x"); res.StatusCode != 401 {
		t.Errorf("without a token: %s", res.Status)
	}
	got := srv.Report().REST
	for _, want := range []string{"GET /guilds/…: 501", "PATCH /users/…: 501", "GET /…: 404", "GET /users/@me: 401"} {
		if got[want] != 1 {
			t.Errorf("the report has no %q: %v", want, fmt.Sprint(got))
		}
	}
}

// TestPublicURL: what stands in front of the server is what clients are told of.
func TestPublicURL(t *testing.T) {
	const public = "wss://gateway.example.com"
	none, other := "", "wss://resume.example.com:444/path"
	for _, c := range []struct {
		options []gatewaytest.Option
		resume  *string
	}{
		{[]gatewaytest.Option{gatewaytest.WithPublicURL(public)}, nil},
		{[]gatewaytest.Option{gatewaytest.WithPublicURL(public), gatewaytest.WithResumeURL(none)}, &none},
		{[]gatewaytest.Option{gatewaytest.WithPublicURL(public), gatewaytest.WithResumeURL(other)}, &other},
	} {
		srv := plain(t, c.options...)
		for _, path := range []string{"/gateway", "/gateway/bot"} {
			var got struct{ URL string }
			if decode(t, srv, "GET", path, "", 200, &got); got.URL != public {
				t.Errorf("%s names %s", path, got.URL)
			}
		}
		cl := connect(t, srv, srv.URL(), "")
		cl.send(`{"op":2,"d":{"token":%q,"intents":513,%s}}`, srv.Token(), properties)
		var ready struct {
			Resume *string `json:"resume_gateway_url"`
		}
		if err := json.Unmarshal(cl.next().D, &ready); err != nil {
			t.Fatal(err)
		}
		switch {
		case c.resume == nil && (ready.Resume == nil || *ready.Resume != public),
			c.resume == &none && ready.Resume != nil,
			c.resume == &other && (ready.Resume == nil || *ready.Resume != other):
			t.Errorf("READY names %v", ready.Resume)
		}
	}
	for _, bad := range []string{"https://x", "wss://", "wss://x/?v=10", "wss://u:p@x"} {
		if _, err := gatewaytest.Start(gatewaytest.WithPublicURL(bad)); err == nil {
			t.Errorf("WithPublicURL(%q) is accepted", bad)
		}
		if _, err := gatewaytest.Start(gatewaytest.WithResumeURL(bad)); err == nil {
			t.Errorf("WithResumeURL(%q) is accepted", bad)
		}
	}
}

// TestHelloDelay: hello comes, later.
func TestHelloDelay(t *testing.T) {
	srv := plain(t, gatewaytest.WithHelloDelay(1e6))
	c := connect(t, srv, srv.URL(), "")
	c.identify(srv, 0, 1)
	if _, err := gatewaytest.Start(gatewaytest.WithHelloDelay(-1)); err == nil {
		t.Error("a negative delay is accepted")
	}
}
