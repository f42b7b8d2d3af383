//go:build !plan9 && !aix

package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/fleet/embedded"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

const patience = time.Minute

// rig is a gateway, a NATS server and an engine.
type rig struct {
	t    testing.TB
	srv  *gatewaytest.Server
	nats *embedded.Server
	conn *nats.Conn
	eng  *engine.Engine
	stop func()
}

func newRig(t testing.TB, options ...gatewaytest.Option) *rig {
	t.Helper()
	r := &rig{t: t}
	r.srv = gatewaytest.NewServer(t, append([]gatewaytest.Option{
		gatewaytest.WithShards(2), gatewaytest.WithMaxConcurrency(2), gatewaytest.WithIdentifyInterval(0), gatewaytest.WithTLS(false)}, options...)...)
	r.startNATS(t.TempDir(), "")
	conn, err := nats.Connect(r.nats.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	r.conn = conn
	t.Cleanup(conn.Close)
	r.eng, err = engine.New(engine.Config{
		Token: engine.NewToken(r.srv.Token()), APIURL: r.srv.APIURL(), Intents: gateway.IntentsAll,
		IdentifyQueue: identify.Unlimited{}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) startNATS(dir, listen string) {
	r.t.Helper()
	s, err := embedded.Start(embedded.Config{Dir: dir, Listen: listen})
	if err != nil {
		r.t.Fatal(err)
	}
	r.nats = s
	r.t.Cleanup(s.Close)
}

// run runs the engine until the test ends, or stop is called.
func (r *rig) run() {
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() { result <- r.eng.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-result; err != nil {
			r.t.Error(err)
		}
	})
	r.t.Cleanup(r.stop)
}

func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(patience); !is(); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s: did not come", what)
		}
	}
}

// TestCore: an event arrives under its subject, as it came, and costs no allocation.
func TestCore(t *testing.T) {
	r := newRig(t)
	p, err := New(Config{Conn: r.conn, Prefix: "test.bot"})
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan *nats.Msg, 100)
	if _, err := r.conn.ChanSubscribe("test.bot.ev.>", got); err != nil {
		t.Fatal(err)
	}
	allocs := make(chan float64, 1)
	set := gateway.Events(gateway.EventMessageCreate, gateway.EventUnknown)
	p.Attach(r.eng, set)
	var once sync.Once
	quiet, err := New(Config{Conn: r.conn, Prefix: "quiet"})
	if err != nil {
		t.Fatal(err)
	}
	r.eng.On(gateway.Events(gateway.EventMessageCreate), func(ev *engine.Event) {
		once.Do(func() { allocs <- testing.AllocsPerRun(1000, func() { quiet.Publish(ev) }) })
	})
	r.run()
	eventually(t, "sessions", func() bool { return len(r.srv.Sessions()) == 2 })
	data := []byte(`{"content":"` + strings.Repeat("x", 800) + `"}`)
	eventually(t, "READY", func() bool { return r.eng.Shard(1) != nil && r.eng.Shard(1).State().String() == "Ready" })
	r.srv.Dispatch(1, "MESSAGE_CREATE", data)
	r.srv.Dispatch(1, "SOMETHING_NEW", []byte(`{}`))
	for _, want := range []string{"MESSAGE_CREATE", "SOMETHING_NEW"} {
		select {
		case m := <-got:
			if m.Subject != "test.bot.ev.2.1."+want || want == "MESSAGE_CREATE" && !bytes.Equal(m.Data, data) {
				t.Errorf("%s: %s", m.Subject, m.Data)
			}
		case <-time.After(patience):
			t.Fatal("nothing came")
		}
	}
	if n := <-allocs; n != 0 {
		t.Errorf("%v allocations an event", n)
	}
	r.stop()
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
	_ = quiet.Close(t.Context())
}

// TestStream: NATS goes and comes back under traffic; every event that the gateway wrote is in
// the stream once, and counts as delivered only when it is.
func TestStream(t *testing.T) {
	r := newRig(t, gatewaytest.WithTraffic(200), gatewaytest.WithGuilds(1, 0))
	dir := r.nats.StoreDir()
	js, err := jetstream.New(r.conn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "EVENTS", Subjects: []string{"bot.ev.>"}, Duplicates: 2 * time.Minute}); err != nil {
		t.Fatal(err)
	}
	all := gateway.AllDispatches()
	p, err := New(Config{Conn: r.conn, Prefix: "bot", Stream: all, AckTimeout: time.Second, MaxPending: 100, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	p.Attach(r.eng, all)
	r.run()
	eventually(t, "events", func() bool { return p.Stats().Published > 100 })
	address := r.nats.Addr().String()
	root := strings.TrimSuffix(dir, "/jetstream")
	r.nats.Close()
	eventually(t, "a full house", func() bool { return p.Stats().Pending == 100 })
	s := r.eng.Shard(0)
	if settled, seen := s.Settled().Seq, s.Session().Seq; settled >= seen {
		t.Errorf("settled is %d of %d while NATS is down", settled, seen)
	}
	r.startNATS(root, address)
	before := p.Stats().Published
	eventually(t, "events again", func() bool { return p.Stats().Published > before+500 })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.srv.Quiesce(ctx); err != nil {
		t.Fatal(err)
	}
	want := int64(0)
	for _, s := range r.srv.Report().Sessions {
		want += s.LastSeq
	}
	var info *jetstream.StreamInfo
	eventually(t, "every event", func() bool {
		stream, err := js.Stream(ctx, "EVENTS")
		if err != nil {
			return false
		}
		info = stream.CachedInfo()
		return info.State.Msgs >= uint64(want)
	})
	r.stop()
	if err := p.Close(ctx); err != nil {
		t.Error(err)
	}
	stream, err := js.Stream(ctx, "EVENTS")
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Msgs; n != uint64(want) {
		t.Errorf("%d messages, the gateway wrote %d events", n, want)
	}
	t.Logf("%d events, %d published again", want, p.Stats().Repeated)
	if s := s.Settled(); s.Seq != r.srv.Report().Sessions[0].LastSeq {
		t.Errorf("settled %d in the end", s.Seq)
	}
}

// TestNoStream: where no stream takes the subjects, the log says what to do, and nothing counts
// as delivered.
func TestNoStream(t *testing.T) {
	r := newRig(t)
	var logs bytes.Buffer
	var mu sync.Mutex
	p, err := New(Config{Conn: r.conn, Prefix: "bot", Stream: gateway.AllDispatches(), Logger: slog.New(slog.NewTextHandler(lockedWriter{&mu, &logs}, nil))})
	if err != nil {
		t.Fatal(err)
	}
	p.Attach(r.eng, gateway.AllDispatches())
	r.run()
	eventually(t, "a sentence", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return strings.Contains(logs.String(), "make one with bot.ev.> among its subjects")
	})
	if specs := r.eng.Sessions(nil); len(specs) != 0 {
		t.Errorf("settled: %v", specs)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := p.Close(ctx); err == nil {
		t.Error("all was acknowledged")
	}
}

type lockedWriter struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (w lockedWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(b)
}

// TestCommands: a command is sent on its shard, and its sender told what became of it.
func TestCommands(t *testing.T) {
	r := newRig(t)
	p, err := New(Config{Conn: r.conn, Prefix: "bot"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close(t.Context())
	stop, err := p.ServeCommands(r.eng)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	r.run()
	eventually(t, "READY", func() bool { return r.eng.Shard(1) != nil && r.eng.Shard(1).State().String() == "Ready" })
	for payload, sent := range map[string]bool{
		`{"op":3,"d":{"since":null,"activities":[],"status":"idle","afk":false}}`: true,
		`{"op":2,"d":{}}`: false,
		`nonsense`:        false,
	} {
		m, err := r.conn.Request("bot.cmd.1", []byte(payload), patience)
		if err != nil {
			t.Fatal(err)
		}
		var a Answer
		if err := json.Unmarshal(m.Data, &a); err != nil || a.Sent != sent || sent == (a.Error != "") {
			t.Errorf("%s: %s", payload, m.Data)
		}
	}
	if _, err := r.conn.Request("bot.cmd.7", []byte(`{}`), 100*time.Millisecond); err == nil {
		t.Error("a shard that nobody runs answered")
	}
}

// TestPrefixes that are no subjects are refused.
func TestPrefixes(t *testing.T) {
	for prefix, valid := range map[string]bool{"bot": true, "a.b": true, "": false, "a..b": false, "a.*": false, "a b": false, ">": false} {
		if validPrefix(prefix) != valid {
			t.Errorf("%q", prefix)
		}
	}
	for name, want := range map[string]string{"MESSAGE_CREATE": "MESSAGE_CREATE", "a.b": "UNKNOWN", "": "UNKNOWN", ">": "UNKNOWN"} {
		if token(name) != want {
			t.Errorf("%q", name)
		}
	}
}

// FuzzRefusal: what a server answers is read as the server means it, and nothing else panics.
func FuzzRefusal(f *testing.F) {
	f.Add("EVENTS", uint64(7), false, "", []byte(`{"stream":"EVENTS", "seq":7}`))
	f.Add("", uint64(0), false, "maximum bytes exceeded", []byte("{"))
	f.Add("E", uint64(1), true, "wrong last sequence", []byte(nil))
	p := &Publisher{config: Config{Prefix: "bot"}}
	f.Fuzz(func(t *testing.T, stream string, seq uint64, duplicate bool, why string, raw []byte) {
		_ = p.refusal(raw)
		r := server.JSPubAckResponse{PubAck: &server.PubAck{Stream: stream, Sequence: seq, Duplicate: duplicate}}
		if why != "" {
			r.Error = &server.ApiError{Code: 400, Description: why}
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Skip()
		}
		if got := p.refusal(b); (got == "") != (why == "" && stream != "") {
			t.Errorf("%s: %q", b, got)
		}
	})
}
