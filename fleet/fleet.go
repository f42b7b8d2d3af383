package fleet

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

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

	wake  chan struct{} // has the control goroutine look
	given chan []place  // what others say they have handed to this process
	ended chan struct{} // Run is over
	leave chan struct{} // closed: this process is to drain and end
	once  sync.Once     // closes leave

	mu                   sync.Mutex
	members              map[string]member
	records              map[place]record // as read last
	plan                 plan
	mine                 map[place]*holding
	began                map[place]engine.ShardSpec // sessions that records do not have yet
	started              bool                       // Run takes shards
	drain                bool
	replacedBy           string               // an incarnation
	answered             map[string]time.Time // when others answered last
	renewed              map[string]renewal
	suspects             map[string]int
	moves                map[place]string // that a person asked for: to whom
	cursor               uint64           // of records
	namesake             bool             // another process has this one's name
	quiet                time.Time        // until then nothing is claimed: owners of a store that came back write first
	wellSince, renewedAt time.Time        // since when this process's key has been renewed without a gap, and when it was last
	reconnects           uint64           // to NATS, and when there was the last one
	reconnected          time.Time
	joined               time.Time      // when the members last changed
	arrived              map[place]bool // shards that have their guilds

	overlapped time.Time // since when all of a plan's new shards are ready; control's alone
}

// holding is a shard that this process runs.
type holding struct {
	shard     *engine.Shard
	record    record
	confirmed time.Time // when the record was last known to be this process's
	leaving   bool      // it is being handed over
	wary      bool      // it was claimed, and has not resumed yet
}

// Join connects to NATS, enters the fleet, and makes the engine. It waits, within ctx, for a
// NATS server. Register callbacks at [Fleet.Engine], and then call [Fleet.Run].
func Join(ctx context.Context, config Config) (*Fleet, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	f := &Fleet{
		config: config, id: newIncarnation(),
		wake: make(chan struct{}, 1), given: make(chan []place, 16), ended: make(chan struct{}), leave: make(chan struct{}),
		members: map[string]member{}, records: map[place]record{}, mine: map[place]*holding{},
		began: map[place]engine.ShardSpec{}, suspects: map[string]int{}, renewed: map[string]renewal{}, answered: map[string]time.Time{}, moves: map[place]string{}, arrived: map[place]bool{},
	}
	hash := config.Engine.Token.Hash()
	f.subjects = "sluice." + hash[:16] + "."
	own := &f.config.Engine
	queue := newQueue(f, config.period)
	own.StartEmpty, own.IdentifyQueue = true, queue
	f.userGate, own.Gate = own.Gate, f.gate
	var err error
	if f.eng, err = engine.New(*own); err != nil {
		return nil, err
	}
	if f.log = own.Logger; f.log == nil {
		f.log = slog.Default()
	}
	f.log = f.log.With("node", config.Name)
	f.eng.On(gateway.Events(gateway.EventSessionBegan, gateway.EventStateChanged, gateway.EventGuildsReady, gateway.EventSessionResumed), f.noted)
	if f.conn, f.ownConn, err = config.connect(ctx); err != nil {
		return nil, err
	}
	f.reconnects = f.conn.Stats().Reconnects
	if f.store, err = newStore(f.conn, "sluice_"+hash[:16], f.config.Replicas, metadataOf(hash)); err == nil {
		err = f.enter(ctx)
	}
	if err != nil {
		f.disconnect()
		return nil, err
	}
	return f, nil
}

// newIncarnation returns what tells this process from every other, also from one of the same
// name before it.
func newIncarnation() string {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// enter opens the bucket, learns of how many shards the bot is, and writes this process's own
// key. While the servers of a cluster find each other any of that may fail, and is tried again.
func (f *Fleet) enter(ctx context.Context) error {
	var before error
	for {
		err := f.tryEnter(ctx)
		switch {
		case err == nil:
			return f.subscribe()
		case ctx.Err() != nil && before != nil:
			return before // which says more than that time was up in the middle of a try
		}
		before = err
		if !passing(err) {
			return err
		}
		f.log.Warn("the fleet's bucket cannot be used yet; trying again", "cause", err)
		select {
		case <-time.After(gateRetry):
		case <-ctx.Done():
			return err
		}
	}
}

func (f *Fleet) tryEnter(ctx context.Context) error {
	if _, err := f.store.open(ctx); err != nil {
		return err
	}
	if err := f.learnPlan(ctx); err != nil {
		return err
	}
	if err := f.read(ctx, f.ask(ctx)); err != nil { // before others hand over anything: all records take long
		return err
	}
	if f.anybody() { // who may be late to write, after an election or where the store was lost
		f.quiet = time.Now().Add(silentFor)
		if f.store.age < settleTime {
			f.quiet = time.Now().Add(settleTime)
		}
	}
	return f.renew(ctx)
}

// passing reports whether an error of the store's may go away by itself: no leader is
// elected, the servers of a cluster have not found each other.
func passing(err error) bool {
	var api *jetstream.APIError
	switch {
	case errors.Is(err, nats.ErrPermissionViolation):
		return false
	case errors.As(err, &api):
		return api.Code >= 500 || api.ErrorCode == 10005
	case errors.Is(err, errBadPlan), errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout), errors.Is(err, nats.ErrNoResponders), errors.Is(err, jetstream.ErrNoStreamResponse),
		errors.Is(err, nats.ErrDisconnected), errors.Is(err, nats.ErrReconnectBufExceeded), errors.Is(err, nats.ErrConnectionReconnecting):
		return true
	}
	return false
}

// learnPlan reads of how many shards the bot is, or decides it.
func (f *Fleet) learnPlan(ctx context.Context) error {
	for {
		p, err := f.readPlan(ctx)
		switch {
		case err == nil:
			if want := f.config.Total; want != 0 && want != p.Total && want != p.Next {
				return fmt.Errorf("fleet: it runs %d shards, and Config.Total is %d; leave Total out, or change the number with Reshard", p.Total, want)
			}
			f.plan = p
			return nil
		case err != errNoKey:
			return err
		}
		p.Total = f.config.Total
		if p.Total == 0 {
			bot, err := f.eng.GatewayBot(ctx)
			if err != nil {
				return err
			}
			p.Total = bot.Shards
		}
		if _, err := f.store.swap(ctx, "plan", encode(p), p.rev, 0); err != nil && err != errConflict {
			return err
		}
	}
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
	_ = f.renew(ctx) // or leaseKeeper does
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
	if e, err := f.store.get(ctx, "node."+f.id); err == nil && e.value != nil {
		_ = f.store.remove(ctx, e.key, e.rev)
	}
	f.hint()
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
