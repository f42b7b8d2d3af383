//go:build !plan9 && !aix

package fleet

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/fleet/embedded"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// These tests run processes of a fleet in this one, against a real gateway and a real NATS
// server on real sockets.

// patience is how long a test waits for what must happen, on a machine that has much else to
// do.
const patience = time.Minute

// stage is where a fleet runs.
type stage struct {
	t       *testing.T
	gateway *gatewaytest.Server
	nats    *embedded.Server
	dir     string
	seen    *account
}

// newStage starts a gateway and NATS, for a test that runs beside others: they wait for the most part.
func newStage(t *testing.T, shards int, options ...gatewaytest.Option) *stage {
	t.Helper()
	t.Parallel()
	options = append([]gatewaytest.Option{
		gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(shards), gatewaytest.WithIdentifyInterval(0),
		gatewaytest.WithTraffic(20), gatewaytest.WithTLS(false), gatewaytest.WithGuilds(1, 0),
	}, options...)
	st := &stage{t: t, gateway: gatewaytest.NewServer(t, options...), dir: t.TempDir(), seen: newAccount()}
	st.startNATS("")
	return st
}

// startNATS starts a server at an address, "" for a free port.
func (st *stage) startNATS(listen string) {
	st.t.Helper()
	server, err := embedded.Start(embedded.Config{Dir: st.dir, Listen: listen})
	if err != nil {
		st.t.Fatal(err)
	}
	st.nats = server
	st.t.Cleanup(func() { server.Close() })
}

// node is one process of the fleet.
type node struct {
	*Fleet
	end    context.CancelFunc
	result chan error
}

func (st *stage) join(name string, edit ...func(*Config)) *node {
	st.t.Helper()
	return st.joinWith(name, func(*Fleet) {}, edit...)
}

// joinWith is join, with a look at the fleet before it runs.
func (st *stage) joinWith(name string, before func(*Fleet), edit ...func(*Config)) *node {
	st.t.Helper()
	config := Config{
		NATS: st.nats.URL(), Name: name, poll: 50 * time.Millisecond, period: time.Second,
		Engine: engine.Config{
			Token: engine.NewToken(st.gateway.Token()), APIURL: st.gateway.APIURL(), Intents: gateway.IntentsAll,
			Logger: testLogger(st.t),
		},
	}
	for _, f := range edit {
		f(&config)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	f, err := Join(ctx, config)
	if err != nil {
		st.t.Fatal(err)
	}
	before(f)
	n := &node{Fleet: f, result: make(chan error, 1)}
	f.Engine().On(gateway.AllDispatches(), func(ev *engine.Event) { st.seen.see(name, ev) })
	run, end := context.WithCancel(context.Background())
	n.end = end
	go func() { n.result <- f.Run(run) }()
	st.t.Cleanup(n.end)
	return n
}

// stop drains a node.
func (n *node) stop(t *testing.T) {
	t.Helper()
	n.end()
	select {
	case err := <-n.result:
		if err != nil {
			t.Errorf("%s: Run returned %v", n.Name(), err)
		}
		n.result <- err
	case <-time.After(patience):
		t.Fatalf("%s does not end", n.Name())
	}
}

// testLogger logs to a test until that is over: processes that are cut off end later.
func testLogger(t *testing.T) *slog.Logger {
	w := &testWriter{t: t}
	t.Cleanup(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.t = nil
	})
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

type testWriter struct {
	mu sync.Mutex
	t  *testing.T // nil: it is over
}

func (w *testWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.t != nil {
		w.t.Logf("%s", strings.TrimSpace(string(b)))
	}
	return len(b), nil
}

// eventually polls for what no channel tells of.
func eventually(t *testing.T, what string, is func() bool) {
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

// running returns how many shards of an engine are ready.
func running(n *node) (ready int) {
	for s := range n.Engine().Shards() {
		if s.State().String() == "Ready" {
			ready++
		}
	}
	return ready
}

// spread waits until nodes have so many shards, and all are ready.
func (st *stage) spread(want int, nodes ...*node) {
	st.t.Helper()
	sum := func() (n int) {
		for _, node := range nodes {
			n += running(node)
		}
		return n
	}
	eventually(st.t, fmt.Sprintf("%d shards ready", want), func() bool { return sum() == want })
}

// account counts what callbacks saw, over all nodes.
type account struct {
	mu   sync.Mutex
	seqs map[string]map[int64]int // by session
}

func newAccount() *account { return &account{seqs: map[string]map[int64]int{}} }

func (a *account) see(_ string, ev *engine.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.seqs[ev.Session]
	if s == nil {
		s = map[int64]int{}
		a.seqs[ev.Session] = s
	}
	if ev.Type != gateway.EventResumed {
		s[ev.Seq]++
	}
}

// compare holds the account against what the server wrote.
func (a *account) compare(srv *gatewaytest.Server) (lost, doubled int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range srv.Report().Sessions {
		seqs, last := a.seqs[s.ID], s.LastSeq
		if s.Ended && s.Closed == gateway.CloseNormal {
			last = 0 // what was on its way when the session was ended comes by that of another total
			for seq := range seqs {
				last = max(last, seq)
			}
		}
		for seq := int64(1); seq <= last; seq++ {
			if n := seqs[seq]; n == 0 {
				lost++
			} else {
				doubled += n - 1
			}
		}
	}
	return lost, doubled
}

// check ends the traffic, and wants nothing lost.
func (st *stage) check(doubled, identifies int) {
	st.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := st.gateway.Quiesce(ctx); err != nil {
		st.t.Fatal(err)
	}
	eventually(st.t, "every event", func() bool { lost, _ := st.seen.compare(st.gateway); return lost == 0 })
	r := st.gateway.Report()
	_, twice := st.seen.compare(st.gateway)
	st.t.Logf("%d sessions, %d identifies, %d resumes, %d events twice", len(r.Sessions), r.Identifies, r.Resumes, twice)
	if twice > doubled {
		st.t.Errorf("%d events came twice, want %d at most", twice, doubled)
	}
	if int(r.Identifies) != identifies || r.EarlyIdentifies != 0 {
		st.t.Errorf("%d identifies, %d of them early; want %d", r.Identifies, r.EarlyIdentifies, identifies)
	}
}

// admin returns an Admin.
func (st *stage) admin() *Admin {
	st.t.Helper()
	conn, err := nats.Connect(st.nats.URL())
	if err != nil {
		st.t.Fatal(err)
	}
	st.t.Cleanup(conn.Close)
	var admin *Admin
	eventually(st.t, "a fleet", func() bool {
		admin, err = Open(st.t.Context(), conn, engine.NewToken(st.gateway.Token()))
		return err == nil
	})
	return admin
}
