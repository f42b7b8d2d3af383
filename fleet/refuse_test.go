//go:build !plan9 && !aix

package fleet

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/fleet/embedded"
)

// These tests are of what a fleet finds at NATS that cannot be right: it says so, with a cause and a
// remedy, and the shards that run go on.

// natsWith starts a server in place of the stage's.
func (st *stage) natsWith(edit func(*server.Options)) {
	st.t.Helper()
	o := &server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: st.t.TempDir(), NoSigs: true, NoLog: true}
	edit(o)
	s, err := server.NewServer(o)
	if err != nil {
		st.t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		st.t.Fatal("the server does not start")
	}
	st.nats.Close()
	st.nats = &embedded.Server{Server: s}
	st.t.Cleanup(st.nats.Close)
}

// logs is a log that tests search.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logs) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), text)
}

// into has a node log there.
func (l *logs) into(c *Config) {
	c.Engine.Logger = slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// refused tries to join, and returns why that is refused.
func (st *stage) refused(edit func(*Config)) string {
	st.t.Helper()
	config := Config{NATS: st.nats.URL(), Engine: engine.Config{
		Token: engine.NewToken(st.gateway.Token()), APIURL: st.gateway.APIURL(), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}}
	edit(&config)
	ctx, cancel := context.WithTimeout(st.t.Context(), 10*time.Second)
	defer cancel()
	f, err := Join(ctx, config)
	if err == nil {
		f.disconnect()
		st.t.Fatal("it was let in")
	}
	if ctx.Err() != nil {
		st.t.Errorf("it is tried for ever: %v", err)
	}
	if strings.Contains(err.Error(), st.gateway.Token()) {
		st.t.Error("the token is in the error")
	}
	return err.Error()
}

// stream returns the bucket's stream, as another program sees it.
func (st *stage) stream() (jetstream.JetStream, string) {
	st.t.Helper()
	conn, err := nats.Connect(st.nats.URL())
	if err != nil {
		st.t.Fatal(err)
	}
	st.t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		st.t.Fatal(err)
	}
	return js, "sluice_" + engine.NewToken(st.gateway.Token()).Hash()[:16]
}

// overwrite writes a key as another program does.
func (st *stage) overwrite(key, value string) {
	st.t.Helper()
	js, bucket := st.stream()
	if _, err := js.Publish(st.t.Context(), "$KV."+bucket+"."+key, []byte(value)); err != nil {
		st.t.Fatal(err)
	}
}

func (st *stage) want(got string, parts ...string) {
	st.t.Helper()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			st.t.Errorf("%q does not say %q", got, part)
		}
	}
}

// TestCredentials that are wrong, or that may read and not write.
func TestCredentials(t *testing.T) {
	st := newStage(t, 2)
	st.natsWith(func(o *server.Options) {
		o.Users = []*server.User{
			{Username: "all", Password: "p"},
			{Username: "reads", Password: "p", Permissions: &server.Permissions{
				Publish:   &server.SubjectPermission{Allow: []string{"$JS.API.STREAM.INFO.>", "$JS.API.STREAM.MSG.GET.>", "sluice.>", "_INBOX.>"}},
				Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX.>", "sluice.>"}},
			}},
		}
	})
	as := func(user, password string) func(*Config) {
		return func(c *Config) { c.Options = []nats.Option{nats.UserInfo(user, password)} }
	}
	st.want(st.refused(as("all", "wrong")), "check Config.NATS, and the credentials in Config.Options")
	st.want(st.refused(as("reads", "p")), "Permissions Violation", "let the credentials publish and subscribe to")
	a := st.join("a", as("all", "p"))
	st.spread(2, a)
	st.want(st.refused(as("reads", "p")), "Permissions Violation", "let the credentials publish and subscribe to")
	st.check(0, 2)
	a.stop(t)
}

// TestOtherBuckets: one of another bot, one of a newer version.
func TestOtherBuckets(t *testing.T) {
	st := newStage(t, 2)
	js, bucket := st.stream()
	hash := engine.NewToken(st.gateway.Token()).Hash()
	for want, metadata := range map[string]map[string]string{
		`its sluice-version is "2", and not "1"`: {"sluice-version": "2", "sluice-bot": hash},
		`its sluice-bot is "another"`:            {"sluice-version": formatVersion, "sluice-bot": "another"},
		`its sluice-`:                            nil,
	} {
		_, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "KV_" + bucket, Subjects: []string{"$KV." + bucket + ".>"}, Metadata: metadata})
		if err != nil {
			t.Fatal(err)
		}
		st.want(st.refused(func(*Config) {}), want, "have all processes run the same version and token, or remove the stream")
		if err := js.DeleteStream(t.Context(), "KV_"+bucket); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStoreFull: JetStream has no room. The shards that run go on, and the log says what to do.
func TestStoreFull(t *testing.T) {
	st := newStage(t, 2)
	st.natsWith(func(o *server.Options) { o.JetStreamMaxStore = 256 << 10 })
	told := new(logs)
	a := st.join("a", told.into, func(c *Config) { c.Lease = 2 * time.Second })
	st.spread(2, a)
	js, bucket := st.stream()
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "OTHER", Subjects: []string{"other"}}); err != nil {
		t.Fatal(err)
	}
	for size := 64 << 10; size > 8; {
		if _, err := js.Publish(t.Context(), "other", make([]byte, size)); err != nil {
			size /= 2
		}
	}
	eventually(t, "the sentence", func() bool {
		_, _ = js.Publish(t.Context(), "other", nil) // what the fleet's keys leave
		return told.has("make room, or raise its limits")
	})
	seen := a.Engine().Stats().Events
	eventually(t, "events all the same", func() bool { return a.Engine().Stats().Events > seen+20 })
	if n := running(a); n != 2 {
		t.Errorf("%d of 2 shards run", n)
	}
	if err := js.DeleteStream(t.Context(), "OTHER"); err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), "KV_"+bucket)
	if err != nil {
		t.Fatal(err)
	}
	last := stream.CachedInfo().State.LastSeq
	eventually(t, "keys again", func() bool {
		info, err := stream.Info(t.Context())
		return err == nil && info.State.LastSeq > last+4
	})
	st.check(0, 2)
	a.stop(t)
}

// TestOverwritten: another program writes what is none into every kind of key, and removes one; they
// are written again.
func TestOverwritten(t *testing.T) {
	st := newStage(t, 4)
	told := new(logs)
	a := st.join("a", told.into)
	st.spread(4, a)
	for _, key := range []string{"shard.4.1", "plan", "node." + a.id, "seq." + a.id, "budget", "identify.4.2"} {
		st.overwrite(key, "nonsense")
	}
	gone, err := a.store.get(t.Context(), "shard.4.2")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.store.remove(t.Context(), gone.key, gone.rev); err != nil {
		t.Fatal(err)
	}
	admin := st.admin()
	eventually(t, "the keys again", func() bool {
		for _, key := range []string{"shard.4.1", gone.key} {
			e, err := a.store.get(t.Context(), key)
			if r := parseRecord(e); err != nil || r.Owner != a.id || r.Session == "" {
				return false
			}
		}
		s, err := admin.Status(t.Context())
		return err == nil && s.Total == 4 && len(s.Nodes) == 1 && s.Nodes[0].Shards == 4
	})
	if !told.has("a shard's record in the bucket makes no sense") || !told.has("the key plan in the fleet's bucket") {
		t.Error("the log does not say so")
	}
	if n := running(a); n != 4 {
		t.Errorf("%d of 4 shards run", n)
	}
	b := st.join("b")
	eventually(t, "an even spread", func() bool { return running(a) == 2 && running(b) == 2 })
	st.check(0, 4)
	a.stop(t)
	b.stop(t)
}

// TestBadPlan: where no process runs that could write it again, who joins is told.
func TestBadPlan(t *testing.T) {
	st := newStage(t, 2)
	a := st.join("a")
	st.spread(2, a)
	a.stop(t)
	st.overwrite("plan", `{"total":-3}`)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := Join(ctx, Config{NATS: st.nats.URL(), Engine: engine.Config{
		Token: engine.NewToken(st.gateway.Token()), APIURL: st.gateway.APIURL(), Logger: testLogger(t),
	}})
	if err == nil {
		t.Fatal("it was let in")
	}
	st.want(err.Error(), "another program has written it", "remove the key")
}

// TestNamesakes: two processes with one name both run; the log and orders by name say so.
func TestNamesakes(t *testing.T) {
	st := newStage(t, 4)
	told := new(logs)
	a := st.join("same", told.into)
	b := st.join("same", told.into)
	eventually(t, "an even spread", func() bool { return running(a) == 2 && running(b) == 2 })
	eventually(t, "the sentence", func() bool { return told.has("give each a Config.Name of its own") })
	admin := st.admin()
	err := admin.Drain(t.Context(), "same")
	if err == nil {
		t.Fatal("one of them was chosen")
	}
	st.want(err.Error(), "2 processes have the name", a.id, b.id)
	if err := admin.Drain(t.Context(), a.id); err != nil {
		t.Error(err)
	}
	if err := <-a.result; err != nil {
		t.Error(err)
	}
	st.spread(4, b)
	st.check(0, 4)
	b.stop(t)
}

// TestClockOff: another server leads the bucket, and its clock is minutes off: all leases look as if
// they had run out long ago. Who answers stays a member, and nothing changes hands.
func TestClockOff(t *testing.T) {
	st := newStage(t, 4)
	a := st.join("a")
	st.spread(4, a)
	f := st.enter("b")
	f.members = map[string]member{} // as if it had not heard of the other yet
	f.store.clock.Store(&serverClock{time.Now().Add(10 * time.Minute), time.Now()})
	member := func() bool {
		if err := f.read(t.Context(), f.ask(t.Context())); err != nil {
			t.Fatal(err)
		}
		_, there := f.members[a.id]
		return there
	}
	if member() {
		t.Error("a lease that has run out counts, of a process that was never heard of")
	}
	for what, set := range map[string]func(){
		"who answers": func() { f.answered[a.id] = time.Now() },
		"another, by a process that could not renew either,": func() { f.wellSince = time.Now() },
		"another, by one that has not renewed for a while,":  func() { f.renewedAt = time.Now().Add(-time.Minute) },
	} {
		f.store.clock.Store(&serverClock{time.Now(), time.Now()})
		if !member() {
			t.Fatal("it is no member")
		}
		f.store.clock.Store(&serverClock{time.Now().Add(10 * time.Minute), time.Now()})
		f.wellSince, f.renewedAt, f.answered = time.Now().Add(-time.Minute), time.Now(), map[string]time.Time{}
		set()
		if !member() {
			t.Errorf("%s is taken to be gone because of a clock", what)
		}
		if list := free(&f.plan, f.members, f.records); len(list) != 0 {
			t.Errorf("%v could be claimed", list)
		}
	}
	f.suspects[a.id] = absentAfter
	if member() {
		t.Error("in whose name nobody answers counts although its lease has run out")
	}
	st.check(0, 4)
	a.stop(t)
}
