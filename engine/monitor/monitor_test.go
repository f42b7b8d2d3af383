package monitor

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

const credential = "a-credential-for-tests"

// patience is how long a test waits for what must happen.
const patience = time.Minute

// stage is an engine with a gateway, and a monitor that is served.
type stage struct {
	*Monitor
	t       *testing.T
	gateway *gatewaytest.Server
	url     string
	client  *http.Client
}

func newStage(t *testing.T, shards int, edit ...func(*Config)) *stage {
	srv := gatewaytest.NewServer(t, gatewaytest.WithShards(shards), gatewaytest.WithTLS(false),
		gatewaytest.WithMaxConcurrency(shards), gatewaytest.WithIdentifyInterval(0))
	eng, err := engine.New(engine.Config{
		Token: engine.NewToken(srv.Token()), APIURL: srv.APIURL(), Shards: engine.Shards{Total: shards},
		IdentifyQueue: identify.Unlimited{}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	config := Config{Engine: eng, Credential: credential}
	for _, f := range edit {
		f(&config)
	}
	m, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{Monitor: m, t: t, gateway: srv, url: "http://" + l.Addr().String(), client: &http.Client{Transport: &http.Transport{}}}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- eng.Run(ctx) }()
	go func() { ended <- Serve(ctx, l, m) }()
	t.Cleanup(func() {
		m.Close()
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		s.client.CloseIdleConnections()
	})
	s.eventually("all shards ready", func() bool { return s.ready() == shards })
	return s
}

func (s *stage) ready() (n int) {
	for shard := range s.engine.Shards() {
		if shard.State() == lifecycle.Ready {
			n++
		}
	}
	return n
}

func (s *stage) eventually(what string, is func() bool) {
	s.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(patience); !is(); {
		select {
		case <-tick.C:
		case <-limit:
			s.t.Fatalf("%s: did not come", what)
		}
	}
}

func (s *stage) shard(id int) *engine.Shard {
	for shard := range s.engine.Shards() {
		if shard.ID() == id {
			return shard
		}
	}
	s.t.Fatalf("no shard %d", id)
	return nil
}

// ask makes a request and returns status and body.
func (s *stage) ask(method, path string, header map[string]string, form url.Values) (int, string) {
	s.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequest(method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range header {
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Set(name, value)
	}
	answer, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func (s *stage) get(path string) (int, string) { return s.ask("GET", path, nil, nil) }

// want wants a status, and the texts in the body.
func (s *stage) want(status int, got int, body string, texts ...string) {
	s.t.Helper()
	if got != status {
		s.t.Errorf("status %d, want %d: %s", got, status, body)
	}
	for _, text := range texts {
		if !strings.Contains(body, text) {
			s.t.Errorf("%q is not in %s", text, body)
		}
	}
}

// TestPaths answers all, and holds no secret.
func TestPaths(t *testing.T) {
	s := newStage(t, 4, func(c *Config) { c.Pprof, c.Title = true, "A <bot>" })
	s.gateway.Drop(2)
	s.eventually("a resume", func() bool { return s.engine.Stats().Resumed == 1 })
	s.gateway.CloseWith(1, 4000, "you are "+s.shard(1).Session().ID)
	s.eventually("another", func() bool { return s.engine.Stats().Resumed == 2 && s.ready() == 4 })
	resumed := time.Now()
	s.eventually("a look at the engine", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.ticked.After(resumed)
	})
	var hidden []string
	for shard := range s.engine.Shards() {
		hidden = append(hidden, shard.Session().ID)
	}
	hidden = append(hidden, s.gateway.Token())
	for path, texts := range map[string][]string{
		"/":                                    {"All 4 shards are ready.", "A &lt;bot&gt;", "resumed by", "nothing was lost"},
		"/shards/2":                            {"Shard 2 of 4", "session resumed from sequence", "Restart"},
		"/shards/2?total=4":                    {"Shard 2 of 4"},
		"/healthz":                             {"ok"},
		"/readyz":                              {"4 of 4 shards are ready"},
		"/api/v1/engine":                       {`"ready":4`, `"resumed":2`, `"states":{"Ready":4}`},
		"/api/v1/shards":                       {`"id":3`, `"state":"Ready"`},
		"/api/v1/shards/1":                     {`"happenings":[`, `[redacted]`, `"code":4000`},
		"/api/v1/states":                       {`"groups":[{"total":4,"states":"6666"}]`},
		"/api/v1/history":                      {`"events":[`, `"loops_busy":[`},
		"/api/v1/history?seconds=60&points=10": {`"step_s":6`},
		"/api/v1/incidents":                    {"nothing was lost"},
		"/assets/page.js":                      {"EventSource"},
		"/assets/page.css":                     {":root"},
		"/debug/pprof/":                        {"goroutine"},
	} {
		status, body := s.get(path)
		s.want(http.StatusOK, status, body, texts...)
		for _, secret := range hidden {
			if strings.Contains(body, secret) {
				t.Errorf("%s holds %q", path, secret)
			}
		}
	}
	for path, status := range map[string]int{
		"/nothing": 404, "/shards/9": 404, "/shards/x": 400, "/shards/1?total=x": 400, "/shards/1?total=7": 404, "/metrics": 404, "/assets/page.html": 404, "/assets/none": 404,
		"/api/v1/shards/9": 404, "/api/v1/shards/-1": 400, "/api/v1/history?seconds=0": 400, "/api/v1/history?points=x": 400, "/api/v1/shards/1/restart": 405,
	} {
		got, body := s.get(path)
		s.want(status, got, body)
	}
	if status, body := s.ask("GET", "/shards/9", map[string]string{"Accept": "text/html"}, nil); status != 404 || !strings.Contains(body, "<h2>Not Found</h2>") {
		t.Errorf("%d, %s", status, body)
	}
}

// TestHealth of an engine that runs, of one that does not yet, and of a monitor that is stuck.
func TestHealth(t *testing.T) {
	s := newStage(t, 1, func(c *Config) {
		c.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { plain(w, 200, "metrics") })
	})
	got, body := s.get("/metrics")
	s.want(200, got, body, "metrics")
	s.mu.Lock()
	s.last.overview.Stalled = 1
	s.mu.Unlock()
	if got, body = s.get("/healthz"); got != 200 { // or it was looked at again meanwhile
		s.want(503, got, body, "all 1 shards are stalled")
	}
	s.Close() // it looks no more
	s.mu.Lock()
	s.ticked = s.ticked.Add(-time.Hour)
	s.mu.Unlock()
	got, body = s.get("/healthz")
	s.want(503, got, body, "stuck")

	idle, err := engine.New(engine.Config{Token: engine.NewToken("a.b.c")})
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(Config{Engine: idle})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for path, status := range map[string]int{"/healthz": 200, "/readyz": 503, "/": 200, "/api/v1/states": 200, "/api/v1/shards": 200} {
		w := httptest.NewRecorder()
		m.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		s.want(status, w.Code, w.Body.String())
	}
}

func TestNeeded(t *testing.T) {
	for _, c := range []struct {
		share        float64
		shards, want int
	}{{0, 0, 1}, {0, 4, 4}, {1, 4, 4}, {0.75, 4, 3}, {0.75, 5, 4}, {0.001, 4, 1}} {
		if got := needed(c.share, c.shards); got != c.want {
			t.Errorf("%v of %d: %d, want %d", c.share, c.shards, got, c.want)
		}
	}
}

// TestActions need the credential, a POST, and a page of this site.
func TestActions(t *testing.T) {
	var level slog.LevelVar
	s := newStage(t, 2, func(c *Config) { c.Level = &level })
	right := map[string]string{"Authorization": "Bearer " + credential}
	form := url.Values{"credential": {credential}}

	got, body := s.ask("POST", "/api/v1/shards/1/restart", nil, nil)
	s.want(401, got, body, "credential is missing or wrong")
	got, body = s.ask("POST", "/api/v1/shards/1/restart", map[string]string{"Authorization": "Bearer wrong"}, nil)
	s.want(401, got, body)
	got, body = s.ask("POST", "/api/v1/shards/1/restart?credential="+credential, nil, nil) // it would be in logs
	s.want(401, got, body)
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://example.com"} {
		got, body = s.ask("POST", "/api/v1/shards/1/restart", map[string]string{"Authorization": right["Authorization"], name: value}, nil)
		s.want(403, got, body, "another site")
	}
	if n := s.engine.Stats().Reconnects; n != 0 {
		t.Errorf("%d reconnects of actions that were refused", n)
	}
	got, body = s.ask("POST", "/api/v1/shards/1/restart", right, nil)
	s.want(202, got, body, "shard 1 is restarted")
	s.eventually("the restart", func() bool { return s.engine.Stats().Resumed == 1 && s.ready() == 2 })
	got, body = s.ask("POST", "/api/v1/shards/1/restart", map[string]string{"Accept": "text/html", "Origin": s.url}, form)
	s.want(202, got, body, "<title>Done</title>")
	s.eventually("the restart", func() bool { return s.engine.Stats().Resumed == 2 && s.ready() == 2 })

	got, body = s.ask("POST", "/api/v1/log-level", nil, url.Values{"credential": {credential}, "level": {"debug"}})
	s.want(202, got, body)
	if level.Level() != slog.LevelDebug {
		t.Error("the level is", level.Level())
	}
	got, body = s.ask("POST", "/api/v1/log-level", right, url.Values{"level": {"loud"}})
	s.want(400, got, body)

	got, body = s.ask("POST", "/api/v1/shards/7/restart", right, nil)
	s.want(404, got, body, "no shard 7")
	got, body = s.ask("POST", "/api/v1/shards/1/close", right, nil)
	s.want(202, got, body, "closed for good")
	s.eventually("the end", func() bool { s, _ := s.get("/api/v1/shards/1"); return s == 404 })
	got, body = s.ask("POST", "/api/v1/shards/1/close", right, nil)
	s.want(404, got, body)

	got, body = s.ask("POST", "/api/v1/reshard", right, url.Values{"total": {"none"}})
	s.want(400, got, body)
	got, body = s.ask("POST", "/api/v1/reshard", right, url.Values{"total": {"3"}})
	s.want(202, got, body)
	got, body = s.ask("POST", "/api/v1/reshard", right, url.Values{"total": {"3"}})
	s.want(409, got, body)
	got, body = s.get("/api/v1/incidents")
	s.want(200, got, body, "all shards are being replaced, by 3", "shard 1 is restarted", "the log's level is set to DEBUG")

	for range maxGuesses {
		s.ask("POST", "/api/v1/shards/0/restart", map[string]string{"Authorization": "Bearer wrong"}, nil)
	}
	got, body = s.ask("POST", "/api/v1/shards/0/restart", right, nil)
	s.want(429, got, body)
}

// TestNoActions without a credential, nor a level.
func TestNoActions(t *testing.T) {
	s := newStage(t, 1, func(c *Config) { c.Credential = "" })
	got, body := s.ask("POST", "/api/v1/shards/0/restart", map[string]string{"Authorization": "Bearer "}, nil)
	s.want(403, got, body, "no actions without a credential")
	got, body = s.get("/debug/pprof/")
	s.want(404, got, body)
	got, body = s.get("/shards/0")
	if strings.Contains(body, "<form") {
		t.Errorf("%d: a form without a credential", got)
	}
}

// TestShared: where several processes agree on shards, none of them reshards or closes alone, and the pages offer neither.
func TestShared(t *testing.T) {
	s := newStage(t, 1, func(c *Config) { c.Shared = true })
	right := map[string]string{"Authorization": "Bearer " + credential}
	for _, path := range []string{"/api/v1/reshard", "/api/v1/shards/0/close"} {
		got, body := s.ask("POST", path, nil, nil)
		s.want(401, got, body)
		got, body = s.ask("POST", path, right, nil)
		s.want(409, got, body, "several processes")
	}
	for _, path := range []string{"/", "/shards/0"} {
		if _, body := s.get(path); strings.Contains(body, "reshard") || strings.Contains(body, "/close") || !strings.Contains(body, "<form") {
			t.Errorf("%s offers what is not to be had, or nothing", path)
		}
	}
}

// TestHosts: a name that was made to lead to loopback is refused.
func TestHosts(t *testing.T) {
	s := newStage(t, 1, func(c *Config) { c.Hosts = []string{"bot.internal"} })
	for host, status := range map[string]int{
		"localhost": 200, "localhost:9600": 200, "127.0.0.1": 200, "[::1]:80": 200, "bot.internal": 200, "BOT.internal.:1": 200, "x.localhost": 200,
		"evil.example": 421, "evil.example:9600": 421, "10.1.2.3": 421, "localhost.evil.example": 421,
	} {
		got, body := s.ask("GET", "/healthz", map[string]string{"Host": host}, nil)
		if got != status {
			t.Errorf("%s: %d, want %d: %s", host, got, status, body)
		}
	}
}

// TestConfig names every mistake.
func TestConfig(t *testing.T) {
	_, err := New(Config{ReadyShare: 2, Credential: "short"})
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("%v", err)
	}
}

// reader reads an event stream.
type reader struct {
	*bufio.Scanner
	close func()
}

func (s *stage) listen() *reader {
	s.t.Helper()
	answer, err := s.client.Get(s.url + "/api/v1/events")
	if err != nil {
		s.t.Fatal(err)
	}
	if answer.StatusCode != 200 {
		s.t.Fatalf("status %d", answer.StatusCode)
	}
	scanner := bufio.NewScanner(answer.Body)
	scanner.Buffer(nil, 16<<20)
	return &reader{scanner, func() { answer.Body.Close() }}
}

// next returns the data of the next event of a name.
func (r *reader) next(event string) (data string, ok bool) {
	for name := ""; r.Scan(); {
		if text, is := strings.CutPrefix(r.Text(), "event: "); is {
			name = text
		}
		if text, is := strings.CutPrefix(r.Text(), "data: "); is && name == event {
			return text, true
		}
	}
	return "", false
}

// TestStream tells of a dropped shard within a second.
func TestStream(t *testing.T) {
	s := newStage(t, 3)
	r := s.listen()
	defer r.close()
	if _, ok := r.next("tick"); !ok {
		t.Fatal("no tick")
	}
	began := time.Now()
	s.gateway.CloseWith(2, 4000, s.shard(2).Session().ID)
	session := s.shard(2).Session().ID
	var states, closed, redacted bool
	for event, told := "", false; !told && r.Scan(); {
		line := r.Text()
		if name, is := strings.CutPrefix(line, "event: "); is {
			event = name
		}
		if strings.Contains(line, session) {
			t.Errorf("the session's ID is in %s", line)
		}
		switch event {
		case "states":
			states = states || strings.Contains(line, "[2,3,")
		case "happenings":
			closed = closed || strings.Contains(line, `"kind":"closed"`)
			redacted = redacted || strings.Contains(line, "[redacted]")
		case "incidents":
			told = strings.Contains(line, "it was resumed by")
		}
	}
	t.Logf("told after %v", time.Since(began))
	if !states || !closed || !redacted {
		t.Errorf("states %t, closed %t, redacted %t", states, closed, redacted)
	}
	s.Close()
	if _, ok := r.next("tick"); ok {
		t.Error("the stream goes on after Close")
	}
}

// TestStreamDropsWhoDoesNotRead: of 50 clients half do not read. They are dropped, and the
// others are told of everything.
func TestStreamDropsWhoDoesNotRead(t *testing.T) {
	s := newStage(t, 1)
	var readers, idle []*reader
	for i := range 50 {
		if r := s.listen(); i%2 == 0 {
			readers = append(readers, r)
		} else {
			idle = append(idle, r)
		}
	}
	defer func() {
		for _, r := range append(readers, idle...) {
			r.close()
		}
	}()
	var told sync.WaitGroup
	var read atomic.Int64
	for _, r := range readers {
		told.Go(func() {
			for data := ""; data != `"last"`; read.Add(1) {
				var ok bool
				if data, ok = r.next("test"); !ok {
					t.Error("a client that reads was dropped")
					return
				}
			}
		})
	}
	large := strings.Repeat("x", 256<<10)
	sent := int64(0)
	s.eventually("25 dropped", func() bool {
		if read.Load() == sent*25 { // those who read keep up
			sent++
			s.stream.send("test", large)
		}
		return s.stream.dropped.Load() == 25
	})
	s.stream.send("test", "last")
	told.Wait()
	if got := s.stream.state(0); got.Clients != 25 || got.DroppedClients != 25 {
		t.Errorf("%+v", got)
	}
}

// TestStreamIsLimited to so many clients.
func TestStreamIsLimited(t *testing.T) {
	s := newStage(t, 1)
	for range maxClients {
		defer s.listen().close()
	}
	got, body := s.get("/api/v1/events")
	s.want(503, got, body, "listen already")
}

// TestShardsComeAndGo while all is read.
func TestShardsComeAndGo(t *testing.T) {
	s := newStage(t, 4)
	r := s.listen()
	defer r.close()
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for _, path := range []string{"/", "/api/v1/shards", "/api/v1/states", "/api/v1/shards/1", "/shards/1", "/api/v1/engine", "/readyz", "/api/v1/history"} {
		readers.Go(func() {
			for ctx.Err() == nil {
				if status, body := s.get(path); status >= 500 && path != "/readyz" {
					t.Errorf("%s: %d, %s", path, status, body)
				}
			}
		})
	}
	for range 5 {
		if _, err := s.shard(1).Close(t.Context(), gateway.CloseNormal, ""); err != nil {
			t.Error(err)
		}
		if _, err := s.engine.AddShards(engine.Shards{First: 1, Count: 1, Total: 4}); err != nil {
			t.Error(err)
		}
		s.eventually("all ready", func() bool { return s.ready() == 4 })
	}
	cancel()
	readers.Wait()
}

// TestBadRequests: what is too long or too slow is cut off.
func TestBadRequests(t *testing.T) {
	s := newStage(t, 1)
	long, err := http.NewRequest("POST", s.url+"/api/v1/shards/0/restart", io.LimitReader(zeros{}, 1<<30))
	if err != nil {
		t.Fatal(err)
	}
	long.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if answer, err := s.client.Do(long); err == nil { // or the connection was cut while it was sent
		answer.Body.Close()
		if answer.StatusCode != 400 && answer.StatusCode != 413 {
			t.Errorf("a request of 1 GB: %d", answer.StatusCode)
		}
	}
	header, err := http.NewRequest("GET", s.url+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	header.Header.Set("X-Long", strings.Repeat("x", 1<<20))
	if answer, err := s.client.Do(header); err == nil { // likewise
		answer.Body.Close()
		if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("a header of 1 MB: %d", answer.StatusCode)
		}
	}
	got, body := s.get("/" + strings.Repeat("x", 4000))
	s.want(404, got, body)
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

func ExampleListen() {
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	_, err = Listen(l.Addr().String())
	fmt.Println(strings.Contains(err.Error(), "end it or choose another port"))
	// Output: true
}
