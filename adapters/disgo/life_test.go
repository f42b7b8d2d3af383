package sluicedisgo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/disgoorg/disgo/bot"
	"github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/events"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/disgo/sharding"
	"github.com/gorilla/websocket"

	sluicedisgo "github.com/sluice-go/sluice/adapters/disgo"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	discordgw "github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// seen notes the sequences of raw events, by session.
type seen struct {
	mu      sync.Mutex
	session map[int]string // of each shard, as its last READY said
	seqs    map[string][]int
	lost    []lifecycle.SessionLost
}

// opts are what a manager needs for it.
func (s *seen) opts() []sluicedisgo.Option {
	s.seqs, s.session = make(map[string][]int), make(map[int]string)
	return []sluicedisgo.Option{
		sluicedisgo.WithEventHandler(func(g gateway.Gateway, _ gateway.EventType, seq int, data gateway.EventData) {
			if raw, ok := data.(gateway.EventRaw); ok {
				s.add(g.ShardID(), seq, raw)
			}
		}),
		sluicedisgo.WithGatewayConfigOpts(gateway.WithIntents(gateway.IntentsAll), gateway.WithEnableRawEvents(true)),
		sluicedisgo.WithEngine(func(e *engine.Engine) {
			e.On(discordgw.Events(discordgw.EventSessionLost), func(ev *engine.Event) {
				lost, _ := ev.SessionLost()
				s.mu.Lock()
				defer s.mu.Unlock()
				s.lost = append(s.lost, lost)
			})
		}),
	}
}

func (s *seen) add(shard, seq int, raw gateway.EventRaw) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch raw.EventType {
	case gateway.EventTypeReady:
		var ready gateway.EventReady
		_ = json.NewDecoder(raw.Payload).Decode(&ready)
		s.session[shard] = ready.SessionID
	case gateway.EventTypeResumed:
		return // it has the sequence of the event before
	}
	s.seqs[s.session[shard]] = append(s.seqs[s.session[shard]], seq)
}

// count returns how many events of all sessions came.
func (s *seen) count() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seqs := range s.seqs {
		n += len(seqs)
	}
	return n
}

const message = `{"id":"5","channel_id":"6","content":"%d","author":{"id":"7","username":"x"}}`

// TestReconnects: drops, closes, op 7 and op 9 lose no message and bring none twice.
func TestReconnects(t *testing.T) {
	noLeaks(t)
	srv := gatewaytest.NewServer(t, gatewaytest.WithIdentifyInterval(0))
	var got journal[string]
	client := newClient(t, srv,
		bot.WithGatewayConfigOpts(gateway.WithIntents(gateway.IntentGuildMessages), gateway.WithCompression(gateway.CompressionZstdStream)),
		sluicedisgo.WithGateway(sluicedisgo.New(config(srv))),
		bot.WithEventListenerFunc(func(e *events.MessageCreate) { got.add(e.Message.Content) }),
	)
	ctx := before(t)
	if err := client.OpenGateway(ctx); err != nil {
		t.Fatal(err)
	}
	if err := client.OpenGateway(ctx); !errors.Is(err, discord.ErrGatewayAlreadyConnected) {
		t.Errorf("opened twice: %v", err)
	}
	first := *client.Gateway.SessionID()
	var want []string
	say := func() {
		srv.Dispatch(0, "MESSAGE_CREATE", fmt.Appendf(nil, message, len(want)))
		want = append(want, fmt.Sprint(len(want)))
	}
	resumes := 0
	for _, end := range []func(){
		func() { srv.Drop(0) },
		func() { srv.CloseWith(0, discordgw.CloseUnknownError, "") },
		func() { srv.Reconnect(0) },
		func() { srv.InvalidateSession(0, true) },
	} {
		say()
		end()
		say() // the session has no connection
		resumes++
		if err := srv.WaitSession(ctx, 0, func(s gatewaytest.SessionInfo) bool { return s.Resumes == resumes && s.Connected }); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all messages", func() bool { return slices.Equal(got.all(), want) })
	if id := client.Gateway.SessionID(); *id != first {
		t.Errorf("session %s, not %s", *id, first)
	}

	srv.InvalidateSession(0, false)
	if err := srv.WaitSession(ctx, 0, func(s gatewaytest.SessionInfo) bool { return s.Connected && s.ID != first }); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another session", func() bool { id := client.Gateway.SessionID(); return id != nil && *id != first })
	say()
	eventually(t, "a message of the new session", func() bool { return slices.Equal(got.all(), want) })

	// Closed with another code than 1000 it resumes.
	second := *client.Gateway.SessionID()
	client.Gateway.CloseWithCode(ctx, 4000, "later")
	if s := client.Gateway.Status(); s != gateway.StatusDisconnected {
		t.Errorf("closed, it is %v", s)
	}
	say()
	if err := client.OpenGateway(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the message meanwhile", func() bool { return slices.Equal(got.all(), want) })
	if id := client.Gateway.SessionID(); *id != second {
		t.Errorf("session %s, not %s", *id, second)
	}
	client.Close(ctx)
}

// TestFatalClose: a token that is not accepted is an error that both worlds know.
func TestFatalClose(t *testing.T) {
	noLeaks(t)
	srv := gatewaytest.NewServer(t, gatewaytest.WithIdentifyInterval(0))
	closed := make(chan error, 1)
	client := newClient(t, srv,
		sluicedisgo.WithShardManager(sluicedisgo.New(config(srv))),
		bot.WithShardManagerConfigOpts(sharding.WithCloseHandler(func(g gateway.Gateway, err error, reconnect bool) {
			if g.ShardID() != 0 || reconnect {
				t.Errorf("shard %d, reconnect %v", g.ShardID(), reconnect)
			}
			closed <- err
		})),
	)
	ctx := before(t)
	if err := manager(client).OpenAll(ctx); err != nil {
		t.Fatal(err)
	}
	srv.CloseWith(0, discordgw.CloseAuthenticationFailed, "")
	err := <-closed
	var theirs *websocket.CloseError
	if !errors.Is(err, lifecycle.ErrAuthentication) || !errors.As(err, &theirs) || theirs.Code != 4004 {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(err.Error(), "4004") || !strings.Contains(err.Error(), "token") {
		t.Errorf("the error is %q", err)
	}
	client.Close(ctx)

	// The same at the first connection.
	wrong := config(srv)
	wrong.Token = engine.NewToken("a.wrong.token")
	wrong.GatewayURL, wrong.APIURL, wrong.IdentifyQueue = srv.URL(), "", identify.Unlimited{}
	lone := sluicedisgo.New(wrong, sluicedisgo.WithEventHandler(func(gateway.Gateway, gateway.EventType, int, gateway.EventData) {}))
	sluicedisgo.WithGateway(lone)
	for range 2 { // it may be tried again
		if err := lone.OpenShard(ctx, 0); !errors.Is(err, engine.ErrNotRunning) && !errors.Is(err, lifecycle.ErrAuthentication) {
			t.Errorf("got %v", err)
		}
	}
	lone.Close(ctx)
}

// TestRestart: with a session store the next process resumes, without an identify, and
// gets what came meanwhile.
func TestRestart(t *testing.T) {
	noLeaks(t)
	const shards = 3
	srv := gatewaytest.NewServer(t, gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(shards), gatewaytest.WithIdentifyInterval(0))
	ctx := before(t)
	var store session.Memory
	var got journal[string]
	for life := range 3 {
		c := config(srv)
		c.Sessions = &store
		client := newClient(t, srv,
			sluicedisgo.WithShardManager(sluicedisgo.New(c)),
			bot.WithShardManagerConfigOpts(sharding.WithGatewayConfigOpts(gateway.WithIntents(gateway.IntentGuildMessages))),
			bot.WithEventListenerFunc(func(e *events.MessageCreate) { got.add(e.Message.Content) }),
		)
		if err := manager(client).OpenAll(ctx); err != nil {
			t.Fatal(err)
		}
		srv.Dispatch(1, "MESSAGE_CREATE", fmt.Appendf(nil, message, 2*life))
		eventually(t, "the messages", func() bool { return got.len() == 2*life+1 })
		client.Close(ctx)
		srv.Dispatch(1, "MESSAGE_CREATE", fmt.Appendf(nil, message, 2*life+1))
	}
	if want := []string{"0", "1", "2", "3", "4"}; !slices.Equal(got.all(), want) {
		t.Errorf("got %v", got.all())
	}
	if r := srv.Report(); r.Identifies != shards || r.Resumes != 2*shards {
		t.Errorf("%d identifies, %d resumes", r.Identifies, r.Resumes)
	}
}

// TestOneByOne: shards are opened, resumed and closed by themselves, as an orchestrator
// does.
func TestOneByOne(t *testing.T) {
	noLeaks(t)
	srv := gatewaytest.NewServer(t, gatewaytest.WithMaxConcurrency(4), gatewaytest.WithIdentifyInterval(0))
	ctx := before(t)
	var s seen
	c := config(srv)
	c.Shards = engine.Shards{Total: 4}
	m := sluicedisgo.New(c, s.opts()...)
	for _, id := range []int{1, 3} {
		if err := m.OpenShard(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.OpenShard(ctx, 3); !errors.Is(err, discord.ErrGatewayAlreadyConnected) {
		t.Errorf("opened twice: %v", err)
	}
	if m.Shard(0) != nil || m.Shard(3).ShardCount() != 4 || m.ShardByGuildID(0) != nil || m.ShardByGuildID(3<<22).ShardID() != 3 {
		t.Error("the wrong shards are there")
	}
	three := m.Shard(3)
	eventually(t, "READY", func() bool { return three.LastSequenceReceived() != nil })
	state := sharding.ShardState{SessionID: *three.SessionID(), Sequence: *three.LastSequenceReceived(), ResumeURL: *three.ResumeURL()}
	three.CloseWithCode(ctx, 4000, "")
	if m.Shard(3) != nil {
		t.Error("a closed shard is there")
	}
	srv.Dispatch(3, "MESSAGE_CREATE", fmt.Appendf(nil, message, 1))

	var later seen
	other := sluicedisgo.New(c, later.opts()...)
	if err := other.ResumeShard(ctx, 3, state); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the message meanwhile", func() bool { return later.count() > 0 })
	m.CloseShard(ctx, 1)
	if m.Engine() != nil {
		t.Error("an engine runs on without shards")
	}
	other.Close(ctx)
	if r := srv.Report(); r.Identifies != 2 || r.Resumes != 1 {
		t.Errorf("%d identifies, %d resumes", r.Identifies, r.Resumes)
	}
}

// TestChaos: under faults at random every event comes once, or its loss is told.
func TestChaos(t *testing.T) {
	noLeaks(t)
	const shards = 4
	srv := gatewaytest.NewServer(t, gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(shards), gatewaytest.WithIdentifyInterval(0),
		gatewaytest.WithGuilds(2, 8000), gatewaytest.WithTraffic(50), gatewaytest.WithHeartbeatInterval(5*time.Second),
		gatewaytest.WithChaos(0, 60), gatewaytest.WithEvents(1<<20))
	t.Logf("seed %d", srv.ChaosSeed())
	var s seen
	m := sluicedisgo.New(config(srv), s.opts()...)
	ctx := before(t)
	if err := m.OpenAll(ctx); err != nil {
		t.Fatal(err)
	}
	defer func() { t.Logf("%d events, faults %v", s.count(), srv.Report().Faults) }()
	eventually(t, "enough faults and events", func() bool {
		faults := int64(0)
		for _, n := range srv.Report().Faults {
			faults += n
		}
		return faults >= 10 && s.count() > 500
	})
	srv.EndChaos()
	if err := srv.Quiesce(ctx); err != nil {
		t.Fatal(err)
	}
	var difference string
	agree := func() bool { difference = s.compare(srv); return difference == "" }
	defer func() {
		if t.Failed() {
			t.Log(difference)
		}
	}()
	eventually(t, "all events", agree)
	t.Logf("%d events of %d sessions, %d losses told, faults %v", s.count(), len(srv.Report().Sessions), len(s.lost), srv.Report().Faults)
	m.Close(context.Background())
}

// compare says what was lost without a word, or came twice; "": nothing.
func (s *seen) compare(srv *gatewaytest.Server) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, session := range srv.Report().Sessions {
		missing := func(seq int) bool { // with a word
			for _, lost := range s.lost {
				if lost.Session == session.ID && int64(seq) >= lost.From && (lost.To == 0 || int64(seq) <= lost.To) {
					return true
				}
			}
			return false
		}
		count := make(map[int]int)
		for _, seq := range s.seqs[session.ID] {
			count[seq]++
		}
		for seq := 1; seq <= int(session.LastSeq); seq++ {
			if count[seq] > 1 && !missing(seq) || count[seq] == 0 && !missing(seq) {
				return fmt.Sprintf("shard %d: sequence %d came %d times", session.Shard, seq, count[seq])
			}
		}
	}
	return ""
}
