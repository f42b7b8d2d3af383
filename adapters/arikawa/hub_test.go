package sluicearikawa_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diamondburned/arikawa/v3/discord"
	"github.com/diamondburned/arikawa/v3/gateway"
	"github.com/diamondburned/arikawa/v3/state"
	"github.com/diamondburned/arikawa/v3/utils/json/option"
	"github.com/diamondburned/arikawa/v3/utils/ws"

	sluicearikawa "github.com/sluice-go/sluice/adapters/arikawa"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	sluice "github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// patience is how long a test waits for what must happen, on a machine that has much
// else to do.
const patience = 2 * time.Minute

func before(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func eventually(t *testing.T, what string, is func() bool) {
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

// noLeaks fails a test that leaves goroutines of this project or of arikawa behind.
func noLeaks(t *testing.T) {
	t.Cleanup(func() {
		left := ""
		for limit := time.Now().Add(patience); time.Now().Before(limit); time.Sleep(5 * time.Millisecond) {
			stacks := make([]byte, 1<<20)
			stacks = stacks[:runtime.Stack(stacks, true)]
			left = ""
			for _, stack := range strings.Split(string(stacks), "\n\n") {
				if strings.Contains(stack, "/sluice/engine") || strings.Contains(stack, "sluicearikawa.(") || strings.Contains(stack, "arikawa/v3/utils/ws") {
					left += stack + "\n\n"
				}
			}
			if left == "" {
				return
			}
		}
		t.Errorf("goroutines are left:\n%s", left)
	})
}

// journal notes what was said.
type journal struct {
	mu   sync.Mutex
	list []string
}

func (j *journal) add(m *gateway.MessageCreateEvent) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.list = append(j.list, m.Content)
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.list)
}

func config(srv *gatewaytest.Server) engine.Config {
	return engine.Config{TLS: srv.TLSConfig(), APIURL: srv.APIURL()}
}

const message = `{"id":"5","channel_id":"6","content":"%d","author":{"id":"7","username":"x"}}`

// newState makes a bot of arikawa's as users do.
func newState(hub *sluicearikawa.Hub, srv *gatewaytest.Server, got *journal) *state.State {
	s := hub.State(gateway.DefaultIdentifier("Bot " + srv.Token()))
	s.AddIntents(gateway.IntentGuilds | gateway.IntentGuildMessages)
	s.AddSyncHandler(got.add)
	return s
}

// TestState: a bot with a state gets guilds, messages and members, and keeps its session over
// whatever ends its connections.
func TestState(t *testing.T) {
	noLeaks(t)
	srv := gatewaytest.NewServer(t, gatewaytest.WithIdentifyInterval(0), gatewaytest.WithGuilds(3, 8000), gatewaytest.WithMembers(1500))
	hub := sluicearikawa.New(config(srv))
	var got journal
	s := newState(hub, srv, &got)
	members := make(chan int, 2)
	s.AddHandler(func(c *gateway.GuildMembersChunkEvent) { members <- len(c.Members) })
	ctx := before(t)
	if err := s.Open(ctx); err != nil {
		t.Fatal(err)
	}
	var guilds []discord.Guild
	eventually(t, "the guilds", func() bool { guilds, _ = s.Cabinet.Guilds(); return len(guilds) == 3 })
	if info := srv.Sessions()[0]; info.Intents != sluice.IntentGuilds|sluice.IntentGuildMessages || info.ShardCount != 1 {
		t.Errorf("it identified as %+v", info)
	}
	if err := s.SendGateway(ctx, &gateway.RequestGuildMembersCommand{GuildIDs: []discord.GuildID{guilds[0].ID}, Query: option.NewString("")}); err != nil {
		t.Fatal(err)
	}

	for came := 0; came < 1500; {
		select {
		case n := <-members:
			came += n
		case <-ctx.Done():
			t.Fatalf("%d members", came)
		}
	}

	var want []string
	resumes := 0
	for _, end := range []func(){
		func() { srv.Drop(0) },
		func() { srv.CloseWith(0, sluice.CloseUnknownError, "") },
		func() { srv.Reconnect(0) },
	} {
		for range 2 {
			srv.Dispatch(0, "MESSAGE_CREATE", fmt.Appendf(nil, message, len(want)))
			want = append(want, fmt.Sprint(len(want)))
			end()
			end = func() {}
		}
		resumes++
		if err := srv.WaitSession(ctx, 0, func(s gatewaytest.SessionInfo) bool { return s.Resumes == resumes && s.Connected }); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all messages", func() bool { return slices.Equal(got.all(), want) })
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if n := len(srv.Sessions()); n != 0 {
		t.Errorf("%d sessions live on after a farewell", n)
	}
	if hub.Engine() != nil {
		t.Error("an engine runs on")
	}
}

// TestFatalClose: a token that is not accepted ends Connect with an error that both worlds know.
func TestFatalClose(t *testing.T) {
	noLeaks(t)
	srv := gatewaytest.NewServer(t, gatewaytest.WithIdentifyInterval(0))
	var got journal
	s := newState(sluicearikawa.New(config(srv)), srv, &got)
	ended := make(chan error, 1)
	go func() { ended <- s.Connect(before(t)) }()
	if err := srv.WaitReady(before(t), 0); err != nil {
		t.Fatal(err)
	}
	srv.CloseWith(0, sluice.CloseAuthenticationFailed, "")
	var closed *ws.CloseEvent
	if err := <-ended; !errors.As(err, &closed) || closed.Code != 4004 || !errors.Is(err, lifecycle.ErrAuthentication) {
		t.Errorf("got %v", err)
	}

	wrong := sluicearikawa.New(config(srv)).State(gateway.DefaultIdentifier("Bot a.wrong.token"))
	if err := wrong.Connect(before(t)); !errors.As(err, &closed) || closed.Code != 4004 {
		t.Errorf("got %v", err)
	}
}

// TestRestart: with a session store the next process resumes both shards.
func TestRestart(t *testing.T) {
	noLeaks(t)
	const shards = 2
	srv := gatewaytest.NewServer(t, gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(shards), gatewaytest.WithIdentifyInterval(0))
	ctx := before(t)
	var store session.Memory
	var got journal
	for life := range 3 {
		c := config(srv)
		c.Sessions = &store
		hub := sluicearikawa.New(c)
		var states []*state.State
		for id := range shards {
			identifier := gateway.DefaultIdentifier("Bot " + srv.Token())
			identifier.SetShard(id, shards)
			s := hub.State(identifier)
			s.AddIntents(gateway.IntentGuildMessages)
			s.AddSyncHandler(got.add)
			if err := s.Open(ctx); err != nil {
				t.Fatal(err)
			}
			states = append(states, s)
		}
		srv.Dispatch(0, "MESSAGE_CREATE", fmt.Appendf(nil, message, 2*life))
		eventually(t, "the message", func() bool { return len(got.all()) == 2*life+1 })
		for _, s := range states {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		srv.Dispatch(0, "MESSAGE_CREATE", fmt.Appendf(nil, message, 2*life+1))
	}
	if want := []string{"0", "1", "2", "3", "4"}; !slices.Equal(got.all(), want) {
		t.Errorf("got %v", got.all())
	}
	if r := srv.Report(); r.Identifies != shards || r.Resumes != 2*shards {
		t.Errorf("%d identifies, %d resumes", r.Identifies, r.Resumes)
	}
}

// TestChaos: under faults at random every event comes once, or its loss is told. Raw events
// have sequences, also where arikawa does not know an event.
func TestChaos(t *testing.T) {
	noLeaks(t)
	ws.EnableRawEvents = true
	defer func() { ws.EnableRawEvents = false }()
	srv := gatewaytest.NewServer(t, gatewaytest.WithIdentifyInterval(0), gatewaytest.WithGuilds(2, 8000), gatewaytest.WithTraffic(100),
		gatewaytest.WithHeartbeatInterval(5*time.Second), gatewaytest.WithChaos(0, 60), gatewaytest.WithEvents(1<<20))
	c := config(srv)
	lost := make(chan lifecycle.SessionLost, 1<<10)
	hub := sluicearikawa.New(c)
	id := gateway.DefaultIdentifier("Bot " + srv.Token())
	id.AddIntents(gateway.Intents(sluice.IntentsAll))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	seqs := make(map[string]map[int64]int)
	session, events := "", 0
	ops := hub.Gateway(id).Connect(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for op := range ops {
			raw, ok := op.Data.(*ws.RawEvent)
			if !ok || raw.OriginalType == "RESUMED" { // which has the sequence of the event before
				continue
			}
			mu.Lock()
			if raw.OriginalType == "READY" {
				var ready gateway.ReadyEvent
				_ = json.Unmarshal(raw.Raw, &ready)
				session = ready.SessionID
				seqs[session] = make(map[int64]int)
			}
			seqs[session][op.Sequence]++
			events++
			mu.Unlock()
		}
	}()
	eventually(t, "an engine", func() bool { return hub.Engine() != nil })
	hub.Engine().On(sluice.Events(sluice.EventSessionLost), func(ev *engine.Event) {
		l, _ := ev.SessionLost()
		lost <- l
	})
	eventually(t, "enough faults and events", func() bool {
		faults := int64(0)
		for _, n := range srv.Report().Faults {
			faults += n
		}
		mu.Lock()
		defer mu.Unlock()
		return faults >= 8 && events > 500
	})
	srv.EndChaos()
	if err := srv.Quiesce(before(t)); err != nil {
		t.Fatal(err)
	}
	var told []lifecycle.SessionLost
	difference := ""
	defer func() {
		t.Logf("%s; %d events, %d losses told, faults %v", difference, events, len(told), srv.Report().Faults)
	}()
	eventually(t, "all events", func() bool {
		for len(lost) > 0 {
			told = append(told, <-lost)
		}
		mu.Lock()
		defer mu.Unlock()
		difference = ""
		for _, s := range srv.Report().Sessions {
			for seq := int64(1); seq <= s.LastSeq; seq++ {
				if n := seqs[s.ID][seq]; n != 1 && !slices.ContainsFunc(told, func(l lifecycle.SessionLost) bool {
					return l.Session == s.ID && seq >= l.From && (l.To == 0 || seq <= l.To)
				}) {
					difference = fmt.Sprintf("sequence %d came %d times", seq, n)
				}
			}
		}
		return difference == ""
	})
	cancel()
	<-ended
}
