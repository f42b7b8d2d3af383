package fleet

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
)

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
		began: map[place]engine.ShardSpec{}, arrived: map[place]bool{}, moves: map[place]string{},
		answered: map[string]time.Time{}, renewed: map[string]renewal{}, suspects: map[string]int{},
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
	if f.conn, f.ownConn, err = config.connect(ctx, f.log); err != nil {
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

const incarnationBytes = 8

// newIncarnation returns what tells this process from every other, also from one of the same
// name before it.
func newIncarnation() string {
	var b [incarnationBytes]byte
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
