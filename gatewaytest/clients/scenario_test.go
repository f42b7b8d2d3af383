package clients

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/gatewaytest/fault"
)

var (
	steady   = flag.Duration("steady", 10*time.Second, "how long the scenario of steady traffic takes")
	patience = flag.Duration("patience", 60*time.Second, "how long a client may take to be back")
)

// A scenario is something that a client has to live through.
type scenario struct {
	name    string
	options []gatewaytest.Option
	faults  []string
	play    func(*stage)
}

// A stage is a server and the client on it, at the moment at which it is ready.
type stage struct {
	*testing.T
	client *client
	srv    *gatewaytest.Server
	p      *program
	guilds []announced
	sent   []string // ids of the messages dispatched
}

var scenarios = []scenario{
	{name: "login", play: (*stage).login},
	{name: "steady", options: []gatewaytest.Option{gatewaytest.WithTraffic(20)}, play: (*stage).steady},
	{name: "drop", play: resumes(func(s *stage) { s.srv.Drop(0) })},
	{name: "op 7", play: resumes(func(s *stage) { s.srv.Reconnect(0) })},
	{name: "op 9 true", play: resumes(func(s *stage) { s.srv.InvalidateSession(0, true) })},
	{name: "op 9 false", play: begins(func(s *stage) { s.srv.InvalidateSession(0, false) })},
	{name: "4000", play: resumes(closes(4000))},
	{name: "4007", play: begins(closes(4007))},
	{name: "4009", play: begins(closes(4009))},
	{name: "no resume URL", options: []gatewaytest.Option{gatewaytest.WithResumeURL("")}, play: resumes(func(s *stage) { s.srv.Drop(0) })},
}

// split is what the scenario of that name plays with: payloads of zlib-stream over many messages.
var split = []string{"hello always: split 300"}

func closes(code gateway.CloseCode) func(*stage) {
	return func(s *stage) { s.srv.CloseWith(0, code, "gatewaytest") }
}

// login compares what the client knows with what was announced.
func (s *stage) login() {
	counts := make(map[string]int)
	for _, l := range s.p.said("guild") {
		counts[l.ID] = l.Channels
	}
	for _, g := range s.guilds {
		if got, ok := counts[g.ID]; !ok || got != len(g.Channels)+len(g.Threads) {
			s.Errorf("guild %s has %d channels (known: %t), want %d and %d threads", g.ID, got, ok, len(g.Channels), len(g.Threads))
		}
	}
	for request, n := range s.srv.Report().REST {
		if !strings.Contains(request, ": 20") {
			s.Errorf("%d requests %s", n, request)
		}
	}
	s.message()
	s.arrive()
	s.calm()
}

// steady lets traffic run: the log stays empty, and the connection.
func (s *stage) steady() {
	select {
	case <-time.After(*steady): // the length is the test
	case <-s.p.ended:
		s.Error("the program has ended")
	}
	s.calm()
	if r := s.srv.Report(); r.Connections != 1 || len(r.Closes) > 0 {
		s.Errorf("%d connections, closes %v, conns %s", r.Connections, r.Closes, s.connections())
	}
	if n := len(s.p.messages()); n == 0 {
		s.Error("no message was seen")
	}
}

// calm fails if the client's log has a warning or an error.
func (s *stage) calm() {
	texts := slices.DeleteFunc(s.p.complaints(), func(text string) bool { return !s.client.complains(text) })
	for i, text := range texts {
		if i == 5 {
			s.Errorf("and %d more", len(texts)-i)
			break
		}
		s.Errorf("log: %.2000s", text)
	}
}

// resumes plays what a session outlives: the client resumes it, and has missed nothing.
func resumes(end func(*stage)) func(*stage) {
	return func(s *stage) {
		before := s.session()
		s.message()
		s.arrive()
		end(s)
		s.message() // where the connection has ended, it waits for the next
		s.message()
		err := s.srv.WaitSession(s.patience(), 0, func(info gatewaytest.SessionInfo) bool {
			return info.Connected && (info.ID != before || info.Resumes > 0)
		})
		if err != nil {
			s.Fatalf("it is not back: %v; said to have stopped: %v; conns %s", err, s.p.said("stopped"), s.connections())
		}
		if after := s.session(); after != before {
			s.Errorf("it has begun a new session")
			return
		}
		s.arrive()
		s.message()
		s.arrive()
	}
}

// begins plays what ends a session: the client begins another.
func begins(end func(*stage)) func(*stage) {
	return func(s *stage) {
		before := s.session()
		s.message()
		s.arrive()
		end(s)
		err := s.srv.WaitSession(s.patience(), 0, func(info gatewaytest.SessionInfo) bool {
			return info.Connected && info.ID != before && info.Seq > guildCount
		})
		if err != nil {
			s.Fatalf("it is not back: %v; said to have stopped: %v; conns %s", err, s.p.said("stopped"), s.connections())
		}
		s.message()
		s.arrive()
		if n := s.srv.Report().Identifies; n != 2 {
			s.Errorf("it has identified %d times, want 2", n)
		}
	}
}

func (s *stage) patience() context.Context { return wait(s.T, *patience) }

// connections returns what the server reports of them, for a person to read.
func (s *stage) connections() string {
	b, err := json.Marshal(s.srv.Report().Conns)
	if err != nil {
		s.Fatal(err)
	}
	return string(b)
}

// session returns the id of the shard's newest session.
func (s *stage) session() string {
	s.Helper()
	infos := s.srv.Sessions()
	if len(infos) == 0 {
		s.Fatal("there is no session")
	}
	return infos[len(infos)-1].ID
}

// lastID makes ids of messages, of the time of which a client cannot say that it is over.
var lastID atomic.Int64

func init() { lastID.Store((time.Now().UnixMilli() - 1420070400000) << 22) }

// message dispatches a message in the first guild.
func (s *stage) message() {
	g := s.guilds[0]
	id := fmt.Sprint(lastID.Add(1))
	s.sent = append(s.sent, id)
	s.srv.Dispatch(0, "MESSAGE_CREATE", fmt.Appendf(nil, `{"id":%q,"channel_id":%q,"guild_id":%q,"type":0,"content":"hello",
		"timestamp":"2026-01-01T00:00:00.000000+00:00","edited_timestamp":null,"tts":false,"mention_everyone":false,"mentions":[],
		"mention_roles":[],"mention_channels":[],"attachments":[],"embeds":[],"pinned":false,"components":[],"flags":0,"nonce":null,
		"author":{"id":"80351110224678912","username":"nelly","discriminator":"0","global_name":"Nelly","avatar":null,"bot":false,"public_flags":0},
		"member":{"roles":[],"joined_at":"2020-01-01T00:00:00.000000+00:00","deaf":false,"mute":false,"nick":null,"avatar":null,
		"banner":null,"flags":0,"pending":false,"premium_since":null,"communication_disabled_until":null}}`, id, g.text(), g.ID))
}

// arrive waits until the client has seen every message dispatched, each once. Their order is not looked
// at, for serenity and others run their handlers side by side.
func (s *stage) arrive() {
	s.Helper()
	err := s.p.until(s.patience(), func() bool { return len(s.p.messages()) >= len(s.sent) })
	if err != nil {
		s.Fatalf("message %d of %d: %v; %d were seen; log %.3000v", len(s.sent), len(s.sent), err, len(s.p.messages()), s.p.complaints())
	}
	if got := slices.Sorted(slices.Values(s.p.messages())); !slices.Equal(got, s.sent) {
		s.Errorf("messages %v, want %v", got, s.sent)
	}
}

// set starts a server and the client on it.
func (c *client) set(t *testing.T, compression string, faults []string, more ...gatewaytest.Option) *stage {
	t.Helper()
	if c.plain {
		more = append(more, gatewaytest.WithTLS(false))
	}
	srv := gatewaytest.NewServer(t, options(more...)...)
	for _, line := range faults {
		f, err := fault.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		if err := srv.Inject(f); err != nil {
			t.Fatal(err)
		}
	}
	return &stage{T: t, client: c, srv: srv, p: c.start(t, placeOf(srv), compression)}
}

// ready waits until the client is ready and has all guilds.
func (s *stage) ready() {
	s.Helper()
	err := s.p.until(s.patience(), func() bool { return len(s.p.said("ready")) > 0 && len(s.p.said("guild")) >= guildCount })
	if err != nil {
		s.Fatalf("it is not ready: %v; log %.3000v; conns %s", err, s.p.complaints(), s.connections())
	}
	if err := s.srv.WaitReady(s.patience(), 0); err != nil {
		s.Fatal(err)
	}
}
