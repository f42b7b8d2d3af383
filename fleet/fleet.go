package fleet

import (
	"context"
	"encoding/hex"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// Fleet is this process's place in a fleet. Make one with [Join].
type Fleet struct {
	config   Config
	log      *slog.Logger
	eng      *engine.Engine
	conn     *nats.Conn
	ownConn  bool
	store    *store
	subjects string // prefix of the core NATS subjects
	id       string // this process's incarnation
	userGate engine.Gate
	pings    pings
	handover func(context.Context, *engine.Shard, string) Handover // nil: a shard takes its session along alone
	prepare  func([]engine.ShardSpec)                              // nil: nobody asked for it
	flush    func() error                                          // likewise
	before   string                                                // the incarnation that this one succeeds, "": none

	wake  chan struct{} // has the control goroutine look
	given chan []place  // what others say they have handed to this process
	ended chan struct{} // Run is over
	leave chan struct{} // closed: this process is to drain and end
	once  sync.Once     // closes leave

	overlapped time.Time // since when all of a plan's new shards are ready; control's alone

	mu sync.Mutex // for all that follows

	// What the bucket says, as it was read last.
	members map[string]member // by incarnation
	records map[place]record
	plan    plan
	cursor  uint64 // of records

	// The shards that run here.
	mine    map[place]*holding
	began   map[place]engine.ShardSpec // sessions that records do not have yet
	arrived map[place]bool             // who has its guilds
	moves   map[place]string           // that a person asked for: to whom

	// Where this process stands.
	started    bool // Run takes shards
	drain      bool
	replacedBy string // an incarnation

	// Who is there, by incarnation.
	answered map[string]time.Time // when others answered last
	renewed  map[string]renewal
	suspects map[string]int
	joined   time.Time // when the members last changed
	namesake bool      // another process has this one's name

	// How well this process sees all that.
	quiet       time.Time // until then nothing is claimed: owners of a store that came back write first
	wellSince   time.Time // since when this process's key has been renewed without a gap
	renewedAt   time.Time // when it was last
	reconnects  uint64    // to NATS
	reconnected time.Time // when there was the last one
}

// holding is a shard that this process runs.
type holding struct {
	shard     *engine.Shard
	record    record
	confirmed time.Time // when the record was last known to be this process's
	leaving   bool      // it is being handed over
	wary      bool      // it was claimed, and has not resumed yet
	doubted   bool      // it delivers nothing before its record could be read, and it cannot
}

// Engine returns the engine, for callbacks, commands and statistics. Its Run is the
// fleet's to call.
func (f *Fleet) Engine() *engine.Engine { return f.eng }

// IdentifyQueue returns the queue that all processes of the fleet share. Shards of the same
// bot that other programs run may use it, over HTTP by the package identifyhttp.
func (f *Fleet) IdentifyQueue() identify.Queue { return f.config.Engine.IdentifyQueue }

// Total returns how many shards the bot has. While it is being resharded, it is the number from which it comes.
func (f *Fleet) Total() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.plan.Total
}

// OwnerAddress returns the [Config.Address] of the process that runs a shard, as this one knows it; "" where that has
// none, nobody runs the shard, or this process does.
func (f *Fleet) OwnerAddress(id, total int) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	owner := f.records[place{total, id}].Owner
	if owner == f.id {
		return ""
	}
	return f.members[owner].Address
}

// Name returns the name of this process.
func (f *Fleet) Name() string { return f.config.Name }

// Run runs this process's share of the shards. When ctx ends, or another process has
// replaced this one, the shards are handed to the others, and it returns nil. Otherwise the
// error is that of [engine.Engine.Run]. Run may be called once.
func (f *Fleet) Run(ctx context.Context) error {
	defer f.disconnect()
	defer close(f.ended)
	inside, stop := context.WithCancel(context.Background())
	defer stop()
	run, end := context.WithCancel(context.Background())
	defer end()
	result := make(chan error, 1)
	go func() { result <- f.eng.Run(run) }()
	select {
	case <-f.eng.Accepting():
	case err := <-result:
		f.forget()
		return err
	case <-ctx.Done():
		f.forget()
		end()
		return <-result
	}
	f.mu.Lock()
	f.started = true
	f.mu.Unlock()
	if f.renew(ctx) == nil { // or leaseKeeper does
		f.bury(ctx)
	}
	f.hint()
	f.tell("joined", place{}, "")
	var work sync.WaitGroup
	fence := f.fence(work.Go)
	work.Go(func() {
		pulse(inside,
			chore{every: fenceEvery, do: fence, atOnce: true},
			chore{every: f.config.poll, do: func(context.Context) { f.look() }, atOnce: true},
			chore{every: min(f.config.Lease/4, renewEvery), do: f.leaseKeeper()},
			chore{every: presenceEvery, do: f.ping},
			chore{every: f.config.SaveEvery, do: f.sequenceKeeper()})
	})
	work.Go(func() { f.takeNamed(inside) })
	controlled := make(chan struct{})
	go func() {
		defer close(controlled)
		f.control(inside)
	}()
	var err error
	ended := false
	select {
	case err = <-result:
		ended = true
	case <-ctx.Done():
	case <-f.leave:
	}
	if !ended {
		limit, cancel := context.WithTimeout(context.Background(), f.drainTime())
		f.drainAll(limit)
		cancel()
	}
	stop()
	<-controlled
	work.Wait()
	if !ended {
		end()
		err = <-result
	}
	f.eng.HoldFrom(time.Time{})
	f.forget()
	f.tell("left", place{}, "")
	return err
}

// drainTime is how long a drain may take.
func (f *Fleet) drainTime() time.Duration {
	return or(f.config.Engine.ShutdownTimeout, 10*time.Second)
}

// forget removes this process's key, so that what it has left is taken over at once.
func (f *Fleet) forget() {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	f.removeNode(ctx, f.id)
	f.hint()
}

func (f *Fleet) removeNode(ctx context.Context, incarnation string) {
	if e, err := f.store.get(ctx, "node."+incarnation); err == nil && e.value != nil {
		_ = f.store.remove(ctx, e.key, e.rev) // or its lease runs out
	}
}

// Incarnation is what tells this process from every other, also from one of the same name before it.
func (f *Fleet) Incarnation() string { return f.id }

// Succeed has Run end the lease of an incarnation that is known to have ended, such as by a lock that is free: its shards are
// taken up as soon as this process takes its share, and nobody waits for the lease to run out. Where that incarnation still
// runs, its shards would be taken away from it. Call it before Run.
func (f *Fleet) Succeed(incarnation string) { f.before = incarnation }

// bury removes the key of who was here before, when all know of this process.
func (f *Fleet) bury(ctx context.Context) {
	if raw, err := hex.DecodeString(f.before); err == nil && len(raw) == incarnationBytes && f.before != f.id {
		f.removeNode(ctx, f.before)
	}
}

func (f *Fleet) disconnect() {
	if f.ownConn {
		_ = f.conn.FlushTimeout(time.Second)
		f.conn.Close()
	}
}

// look has the control goroutine look soon.
func (f *Fleet) look() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// noted is the fleet's one callback: each event of the gateway's passes by all callbacks.
func (f *Fleet) noted(ev *engine.Event) {
	switch ev.Type {
	case gateway.EventSessionBegan:
		f.sessionBegan(ev)
	case gateway.EventStateChanged:
		f.stateChanged(ev)
	default:
		f.guildsReady(ev)
	}
}

// sessionBegan notes a session that the shard's record does not have yet.
func (f *Fleet) sessionBegan(ev *engine.Event) {
	spec := engine.ShardSpec{ID: ev.Shard.ID(), Total: ev.Shard.Total(), Session: ev.Shard.Session()}
	f.mu.Lock()
	f.began[placeOf(ev.Shard)] = spec
	f.mu.Unlock()
	f.look()
}

// gate is the engine's: it reads the shard's record before each dial.
func (f *Fleet) gate(ctx context.Context, s *engine.Shard, opens lifecycle.Handshake) error {
	if err := f.confirm(ctx, placeOf(s)); err != nil {
		return err
	}
	if f.userGate != nil {
		return f.userGate(ctx, s, opens)
	}
	return nil
}
