//go:build !plan9 && !aix

package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/fleet/internal/relay"
	"github.com/sluice-go/sluice/gatewaytest"
)

// TestDrainAndRoll: three processes share the shards; each is restarted, and one is replaced:
// nothing is lost, nothing comes twice, nobody identifies again.
func TestDrainAndRoll(t *testing.T) {
	const shards = 12
	st := newStage(t, shards)
	a, b, c := st.join("a"), st.join("b"), st.join("c")
	st.spread(shards, a, b, c)
	eventually(t, "an even spread", func() bool { return running(a) == 4 && running(b) == 4 && running(c) == 4 })
	a.stop(t)
	st.spread(shards, b, c)
	a = st.join("a")
	eventually(t, "an even spread", func() bool { return running(a) == 4 && running(b) == 4 && running(c) == 4 })
	d := st.join("d", func(c *Config) { c.Replaces = "b" })
	if err := <-b.result; err != nil {
		t.Error(err)
	}
	eventually(t, "an even spread", func() bool { return running(a) == 4 && running(d) == 4 && running(c) == 4 })
	st.check(0, shards)
	for _, n := range []*node{a, c, d} {
		n.stop(t)
	}
	for _, s := range st.gateway.Report().Sessions {
		if s.Ended {
			t.Errorf("session of shard %d was ended", s.Shard)
		}
	}
}

// TestRestartOfAll: the last process leaves sessions in the bucket, and the next one takes
// them up.
func TestRestartOfAll(t *testing.T) {
	st := newStage(t, 4)
	a := st.join("a")
	st.spread(4, a)
	a.stop(t)
	b := st.join("b")
	st.spread(4, b)
	st.check(0, 4)
	b.stop(t)
}

// TestCutOff: a process that NATS no longer reaches is taken over; what it runs is then the
// others', and it gives up when it can read again. Nothing is lost.
func TestCutOff(t *testing.T) {
	st := newStage(t, 6)
	between, err := relay.Start(st.nats.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer between.Close()
	a := st.join("a", func(c *Config) { c.NATS = "nats://" + between.Addr() })
	b := st.join("b")
	eventually(t, "an even spread", func() bool { return running(a) == 3 && running(b) == 3 })
	between.Cut(relay.Refused)
	eventually(t, "the takeover", func() bool { return running(b) == 6 })
	between.Heal()
	eventually(t, "an even spread", func() bool { return running(a) == 3 && running(b) == 3 && a.Settled() })
	st.check(1e6, 6)
	a.stop(t)
	b.stop(t)
}

// TestStoreDown: NATS is gone for longer than leases last, and comes back as it was. All keys of
// processes have run out by then, and nothing changes hands.
func TestStoreDown(t *testing.T) {
	st := newStage(t, 6)
	short := func(c *Config) { c.Lease = 2 * time.Second }
	a, b := st.join("a", short), st.join("b", short)
	eventually(t, "an even spread", func() bool { return running(a) == 3 && running(b) == 3 })
	connections := st.gateway.Report().Connections
	address := st.nats.Addr().String()
	st.nats.Close()
	gone := time.Now()
	eventually(t, "the end of all leases", func() bool { return time.Since(gone) > 3*time.Second })
	st.startNATS(address)
	admin := st.admin()
	seen := uint64(0)
	eventually(t, "both again", func() bool {
		s, err := admin.Status(t.Context())
		if err != nil || len(s.Nodes) != 2 || len(s.Free) > 0 {
			return false
		}
		if now := s.Nodes[0].Events; seen == 0 {
			seen = now
		}
		return s.Nodes[0].Events > seen+300 // and some rounds more
	})
	if n := st.gateway.Report().Connections; n != connections {
		t.Errorf("%d new connections", n-connections)
	}
	st.check(0, 6)
	a.stop(t)
	b.stop(t)
}

// TestStoreLost: NATS goes, and comes back empty. No shard is dropped, the owners fill the
// bucket again, and who leaves after that is taken over.
func TestStoreLost(t *testing.T) {
	st := newStage(t, 6)
	a, b := st.join("a"), st.join("b")
	eventually(t, "an even spread", func() bool { return running(a) == 3 && running(b) == 3 })
	address := st.nats.Addr().String()
	st.nats.Close()
	st.dir = t.TempDir()
	connections := st.gateway.Report().Connections
	st.startNATS(address)
	admin := st.admin()
	eventually(t, "records of all", func() bool {
		s, err := admin.Status(t.Context())
		return err == nil && len(s.Nodes) == 2 && len(s.Free) == 0 && s.Nodes[0].Shards == 3
	})
	if n := st.gateway.Report().Connections; n != connections {
		t.Errorf("%d new connections", n-connections)
	}
	a.stop(t)
	st.spread(6, b)
	st.check(0, 6)
	b.stop(t)
}

// TestOrders of a person: status, move, drain.
func TestOrders(t *testing.T) {
	st := newStage(t, 6)
	a, b := st.join("a"), st.join("b")
	eventually(t, "an even spread", func() bool { return running(a) == 3 && running(b) == 3 })
	admin := st.admin()
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var told []Happening
	listened := make(chan error, 1)
	go func() {
		listened <- admin.Events(ctx, func(h Happening) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, h)
		})
	}()
	shard := -1
	for s := range a.Engine().Shards() {
		shard = s.ID()
	}
	if err := admin.Move(t.Context(), shard, "b"); err != nil {
		t.Error(err)
	}
	if err := admin.Move(t.Context(), shard, "nobody"); err == nil || !strings.Contains(err.Error(), "there are: a, b") {
		t.Error(err)
	}
	if err := admin.Drain(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	if err := <-a.result; err != nil {
		t.Error(err)
	}
	st.spread(6, b)
	s, err := admin.Status(t.Context())
	if err != nil || s.Total != 6 || len(s.Nodes) != 1 || s.Nodes[0].Shards != 6 || s.Nodes[0].Ready != 6 || s.Nodes[0].IDs != "0-5" {
		t.Errorf("%+v, %v", s, err)
	}
	eventually(t, "what is told", func() bool {
		mu.Lock()
		defer mu.Unlock()
		for _, h := range told {
			if h.What == "handed over" && h.Node == "a" {
				return true
			}
		}
		return false
	})
	cancel()
	if err := <-listened; err != nil {
		t.Error(err)
	}
	st.check(0, 6)
	b.stop(t)
}

// TestReshard: the whole fleet goes to another number of shards, without a gap.
func TestReshard(t *testing.T) {
	st := newStage(t, 4, gatewaytest.WithMaxConcurrency(6))
	a, b := st.join("a"), st.join("b")
	st.spread(4, a, b)
	if err := a.Reshard(t.Context(), 6); err != nil {
		t.Fatal(err)
	}
	admin := st.admin()
	eventually(t, "the new number", func() bool {
		s, err := admin.Status(t.Context())
		return err == nil && s.Total == 6 && s.Phase == ""
	})
	st.spread(6, a, b)
	for s := range a.Engine().Shards() {
		if s.Total() != 6 {
			t.Errorf("%v still runs", s)
		}
	}
	st.check(0, 10)
	a.stop(t)
	b.stop(t)
}

// TestPassing: what goes away by itself while the servers of a cluster find each other is tried again.
func TestPassing(t *testing.T) {
	for err, want := range map[error]bool{
		jetstream.ErrNoStreamResponse:                              true, // a stream without a leader takes no message
		nats.ErrNoResponders:                                       true,
		&jetstream.APIError{Code: 503, ErrorCode: 10008}:           true,
		&jetstream.APIError{Code: 400, ErrorCode: 10005}:           true, // as many peers as replicas are not there yet
		context.DeadlineExceeded:                                   true,
		nats.ErrPermissionViolation:                                false,
		&jetstream.APIError{Code: 400, ErrorCode: 10052}:           false,
		errors.Join(context.DeadlineExceeded, errors.New("other")): true,
	} {
		if got := passing(fmt.Errorf("fleet: %w", err)); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}

// TestJoinRefuses what cannot be right, with a sentence.
func TestJoinRefuses(t *testing.T) {
	st := newStage(t, 4)
	a := st.join("a")
	st.spread(4, a)
	try := func(edit func(*Config)) error {
		config := Config{NATS: st.nats.URL(), Engine: engine.Config{Token: engine.NewToken(st.gateway.Token()), APIURL: st.gateway.APIURL()}}
		edit(&config)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err := Join(ctx, config)
		return err
	}
	for want, edit := range map[string]func(*Config){
		"it runs 4 shards, and Config.Total is 5": func(c *Config) { c.Total = 5 },
		"no NATS server answers at":               func(c *Config) { c.NATS = "nats://127.0.0.1:1" },
		"Config.Lease":                            func(c *Config) { c.Lease = 1500 * time.Millisecond },
		"Config.Engine: its Shards":               func(c *Config) { c.Engine.Shards = engine.Shards{Total: 3} },
		"set either this":                         func(c *Config) { c.NATS = "" },
	} {
		if err := try(edit); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	var mistake *engine.ConfigError
	if err := try(func(c *Config) { c.Engine.Token = engine.Token{} }); !errors.As(err, &mistake) {
		t.Error(err)
	}
	a.stop(t)
}
