//go:build !plan9 && !aix

package fleet

import (
	"context"
	"errors"
	"maps"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/fleet/embedded"
	"github.com/sluice-go/sluice/fleet/internal/relay"
	"github.com/sluice-go/sluice/gateway"
)

// These tests are of the windows in which two processes could take themselves to own a shard.

// enter joins a fleet without running its share, and calls what Run's goroutines do by hand.
func (st *stage) enter(name string) *Fleet {
	st.t.Helper()
	f, err := Join(st.t.Context(), Config{
		NATS: st.nats.URL(), Name: name, Total: 4,
		Engine: engine.Config{Token: engine.NewToken(st.gateway.Token()), APIURL: st.gateway.APIURL(), Logger: testLogger(st.t)},
	})
	if err != nil {
		st.t.Fatal(err)
	}
	st.t.Cleanup(f.disconnect)
	if _, err := f.store.open(st.t.Context()); err != nil {
		st.t.Fatal(err)
	}
	return f
}

// write writes a record as another process does.
func (f *Fleet) write(t *testing.T, at place, r record) record {
	t.Helper()
	var err error
	if r.rev, err = f.store.swap(t.Context(), at.key(), encode(r), r.rev, 0); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestStoodStillAfterWrite: a process stands still between a write and its answer, and is taken
// over meanwhile. The answer confirms what was so when it was asked for: the shard does not dial.
func TestStoodStillAfterWrite(t *testing.T) {
	st := newStage(t, 4)
	f := st.enter("a")
	at := place{4, 1}
	mine := f.write(t, at, record{Owner: f.id, Epoch: 1})
	h := &holding{}
	f.mine[at] = h
	f.write(t, at, mine.with("another", session.Session{}))
	f.own(at, h, mine, time.Now().Add(-time.Second))
	if err := f.confirm(t.Context(), at); !errors.Is(err, errNotOurs) {
		t.Errorf("the gate says %v of another's shard", err)
	}
}

// TestStoodStillInRound: a process stands still in the midst of a round, in which it has read that a
// shard is its own; when it goes on, the fence gives the shard up. The round goes on with what it
// read, and must not start the shard again.
func TestStoodStillInRound(t *testing.T) {
	st := newStage(t, 4)
	f := st.enter("a")
	at := place{4, 1}
	mine := f.write(t, at, record{Owner: f.id, Epoch: 1})
	began := time.Now().Add(-time.Minute)
	if err := f.read(t.Context(), f.ask(t.Context())); err != nil {
		t.Fatal(err)
	}
	h := &holding{record: mine, confirmed: began}
	f.mine[at] = h
	f.write(t, at, mine.with("another", session.Session{}))
	if ours, known := f.verify(t.Context(), at, h); ours || !known {
		t.Fatal("the fence takes it for its own")
	}
	delete(f.mine, at) // as abandon does
	if err := f.takeGiven(maps.Keys(f.records), began); err != nil {
		t.Error(err)
	}
	if f.mine[at] != nil {
		t.Error("it is started again")
	}
	// Where the fence did not come first, the gate is what is left.
	f.mine[at] = &holding{record: mine, confirmed: began}
	if err := f.confirm(t.Context(), at); !errors.Is(err, errNotOurs) {
		t.Errorf("the gate says %v of another's shard", err)
	}
}

// TestStillFor: whatever the lease, a process takes itself to have stood still before others may
// have claimed its shards: from the last renewal on, which may be a period old.
func TestStillFor(t *testing.T) {
	for lease := 2 * time.Second; lease < time.Minute; lease += time.Second {
		f := &Fleet{config: Config{Lease: lease}}
		if latest := f.stillFor() + min(lease/4, renewEvery); latest >= lease {
			t.Errorf("lease %v: others may claim %v before this process notices", lease, latest-lease)
		}
	}
}

// TestStragglers: who claims a shard delivers nothing of it before what the gateway sent its owner
// until then can have arrived there.
func TestStragglers(t *testing.T) {
	st := newStage(t, 4)
	between, err := relay.Start(st.nats.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer between.Close()
	a := st.join("a", func(c *Config) { c.NATS = "nats://" + between.Addr() })
	st.spread(4, a)
	b := st.join("b")
	eventually(t, "an even spread", func() bool { return running(a) == 2 && running(b) == 2 })
	var mu sync.Mutex
	first := map[string]time.Time{} // by session
	claimed := map[string]bool{}
	for s := range a.Engine().Shards() {
		claimed[s.Session().ID] = true
	}
	b.Engine().On(gateway.AllDispatches(), func(ev *engine.Event) {
		mu.Lock()
		defer mu.Unlock()
		if _, later := first[ev.Session]; !later {
			first[ev.Session] = time.Now()
		}
	})
	between.Cut(relay.Hole)
	eventually(t, "the takeover", func() bool { return running(b) == 4 })
	mu.Lock()
	defer mu.Unlock()
	for _, s := range st.gateway.Report().Sessions {
		if !claimed[s.ID] {
			continue
		}
		if after := first[s.ID].Sub(s.Resumed); after < stragglers*9/10 {
			t.Errorf("shard %d delivered %v after it asked to resume", s.Shard, after)
		}
	}
}

// TestRefillByEpoch: a process is cut off and taken over; then NATS comes back empty, and the one
// that was cut off is the first to reach it. Its records are older ones: who runs the shards writes
// over them, and goes on.
func TestRefillByEpoch(t *testing.T) {
	st := newStage(t, 6)
	relays := map[string]*relay.Relay{}
	via := func(name string) func(*Config) {
		r, err := relay.Start(st.nats.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(r.Close)
		relays[name] = r
		return func(c *Config) { c.NATS = "nats://" + r.Addr() }
	}
	a, b := st.join("a", via("a")), st.join("b", via("b"))
	eventually(t, "an even spread", func() bool { return running(a) == 3 && running(b) == 3 })
	relays["a"].Cut(relay.Refused)
	eventually(t, "the takeover", func() bool { return running(b) == 6 })
	relays["b"].Cut(relay.Refused)
	address := st.nats.Addr().String()
	st.nats.Close()
	st.dir = t.TempDir()
	st.startNATS(address)
	relays["a"].Heal()
	admin := st.admin()
	eventually(t, "the older records", func() bool {
		s, err := admin.Status(t.Context())
		return err == nil && len(s.Nodes) > 0 && s.Nodes[0].Shards == 3
	})
	relays["b"].Heal()
	eventually(t, "an even spread", func() bool {
		count := 0
		for range b.Engine().Shards() {
			count++
		}
		return running(a) == 3 && running(b) == 3 && count == 3
	})
	st.check(1e6, 6)
	a.stop(t)
	b.stop(t)
}

// TestHandedLate: a shard that does not close in time is handed over once it has.
func TestHandedLate(t *testing.T) {
	st := newStage(t, 2)
	a, b := st.join("a"), st.join("b")
	eventually(t, "an even spread", func() bool { return running(a) == 1 && running(b) == 1 })
	epochs := func() (sum uint64) {
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, r := range a.records {
			sum += r.Epoch
		}
		return sum
	}
	before := epochs()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, at := range a.sorted() {
		a.handGroup(over, map[place]string{at: b.id})
	}
	eventually(t, "there and back", func() bool { return running(a) == 1 && running(b) == 1 && epochs() >= before+2 })
	st.check(0, 2)
	a.stop(t)
	b.stop(t)
}

// TestLeft: a process that drained and ended is no member from then on, although it answered just now:
// shards that are handed to it would be nobody's for seconds.
func TestLeft(t *testing.T) {
	st := newStage(t, 4)
	a, b := st.join("a"), st.join("b")
	eventually(t, "an even spread", func() bool { return running(a) == 2 && running(b) == 2 })
	f := st.enter("c")
	look := func() bool {
		if err := f.read(t.Context(), f.ask(t.Context())); err != nil {
			t.Fatal(err)
		}
		_, there := f.members[a.id]
		return there
	}
	if !look() {
		t.Fatal("it is no member")
	}
	a.stop(t)
	f.answered[a.id] = time.Now()
	if look() {
		t.Error("it is a member still")
	}
	f.forget()
	st.spread(4, b)
	st.check(0, 4)
	b.stop(t)
}

// TestStarting: nobody hands a shard to a process that has joined and does not run yet; it would be
// away until then. From Run on it gets its share.
func TestStarting(t *testing.T) {
	st := newStage(t, 4)
	a := st.join("a")
	st.spread(4, a)
	f := st.enter("b")
	if err := f.read(t.Context(), f.ask(t.Context())); err != nil {
		t.Fatal(err)
	}
	if quota := newTally(4, f.members, f.records, f.plan.has).quota; len(f.members) != 2 || quota[f.id] != 0 || quota[a.id] != 4 {
		t.Errorf("%v of %v", quota, f.members)
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- f.Run(ctx) }()
	b := &node{Fleet: f}
	eventually(t, "an even spread", func() bool { return running(a) == 2 && running(b) == 2 })
	cancel()
	if err := <-result; err != nil {
		t.Error(err)
	}
	st.spread(4, a)
	a.stop(t)
}

// TestMinorityLeads: where several servers keep the bucket, a record counts once it could be
// written: a server that has lost the others takes itself to lead for some seconds more.
func TestMinorityLeads(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a cluster")
	}
	st := newStage(t, 1)
	var addresses []string
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addresses = append(addresses, l.Addr().String())
		_ = l.Close()
	}
	urls := make([]string, 3)
	var starts sync.WaitGroup
	for i, address := range addresses {
		starts.Go(func() {
			others := slices.Delete(slices.Clone(addresses), i, i+1)
			s, err := embedded.Start(embedded.Config{Dir: t.TempDir(), Cluster: address, Join: others})
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(s.Close)
			urls[i] = s.URL()
		})
	}
	starts.Wait()
	if t.Failed() {
		return
	}
	n := st.join("a", func(c *Config) { c.NATS, c.Replicas = urls[0], 3 })
	st.spread(1, n)
	at := n.sorted()[0]
	n.mu.Lock()
	h := n.mine[at]
	n.mu.Unlock()
	before, err := n.store.get(t.Context(), at.key())
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "its own shard", func() bool { // a save may come between
		ours, known := n.verify(t.Context(), at, h)
		return ours && known
	})
	after, err := n.store.get(t.Context(), at.key())
	if err != nil {
		t.Fatal(err)
	}
	if is, was := parseRecord(after), parseRecord(before); after.rev <= before.rev || is.Owner != was.Owner || is.Epoch != was.Epoch {
		t.Errorf("revision %d, was %d: %s", after.rev, before.rev, after.value)
	}
	st.check(0, 1)
	n.stop(t)
}
