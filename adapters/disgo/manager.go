package sluicedisgo

import (
	"context"
	"iter"
	"log/slog"
	"reflect"
	"slices"
	"sync"

	"github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/disgo/sharding"
	"github.com/disgoorg/snowflake/v2"

	"github.com/sluice-go/sluice/engine"
)

// Manager is a [sharding.ShardManager] whose shards an engine runs. Make one with [New].
// Its methods may be called by any goroutine.
//
// An engine lives from the first shard that is opened to the last one that is closed.
type Manager struct {
	config  engine.Config
	options options
	client  reflect.Value // that the manager was given to; invalid: none
	lone    *Gateway      // of a client without a shard manager; nil: it has one

	mu       sync.Mutex
	running  *run // nil: none
	gateways map[place]*Gateway
}

var _ sharding.ShardManager = (*Manager)(nil)

// place tells a shard from every other.
type place struct{ id, total int }

func placeOf(s *engine.Shard) place { return place{s.ID(), s.Total()} }

// New returns a manager that connects to nothing before it is opened. config must have
// the bot's token; what it leaves open may be set by options of disgo's, as the package
// comment says. Mistakes in it show when the manager is opened.
func New(config engine.Config, opts ...Option) *Manager {
	m := &Manager{config: config, gateways: make(map[place]*Gateway)}
	for _, opt := range opts {
		opt(&m.options)
	}
	return m
}

// Engine returns the engine that runs, nil where none does. It is for what disgo has no
// word for: statistics, requests with answers, another number of shards.
func (m *Manager) Engine() *engine.Engine {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running == nil {
		return nil
	}
	return m.running.engine
}

// Open implements [sharding.ShardManager]: it opens all shards, and waits within ctx until
// they are ready or have stopped. As the interface has no error, what went wrong is in
// the log; [Manager.OpenAll] returns it.
func (m *Manager) Open(ctx context.Context) {
	if err := m.OpenAll(ctx); err != nil {
		m.logger().ErrorContext(ctx, "not all shards could be opened", slog.Any("err", err))
	}
}

// OpenAll is Open with an error, which joins those of all shards.
func (m *Manager) OpenAll(ctx context.Context) error {
	r, err := m.start(ctx, false)
	if err != nil {
		return err
	}
	if _, err := r.attach(r.plan.list); err != nil {
		return err
	}
	return r.awaitReady(ctx, slices.Collect(r.engine.Shards()))
}

// Close implements [sharding.ShardManager]: it closes all shards and ends the engine,
// within ctx. Where the engine has a session store, the sessions are kept in it, and the
// next process resumes them; without one they end, and the bot is shown offline. In an
// event listener it does not wait.
func (m *Manager) Close(ctx context.Context) {
	m.mu.Lock()
	r := m.running
	m.mu.Unlock()
	if r != nil {
		r.stop(ctx)
	}
}

// OpenShard implements [sharding.ShardManager]. Where the number of shards is nowhere
// named, it is the one that Discord recommends.
func (m *Manager) OpenShard(ctx context.Context, shardID int) error {
	return m.open(ctx, engine.ShardSpec{ID: shardID})
}

// ResumeShard implements [sharding.ShardManager]. A session that Discord has forgotten
// is announced as lost in the log, and another one begins.
func (m *Manager) ResumeShard(ctx context.Context, shardID int, state sharding.ShardState) error {
	return m.open(ctx, engine.ShardSpec{ID: shardID, Session: sessionOfState(state)})
}

// open opens one shard; a total of 0 is the manager's.
func (m *Manager) open(ctx context.Context, spec engine.ShardSpec) error {
	r, err := m.start(ctx, true)
	if err != nil {
		return err
	}
	if spec.Total == 0 {
		if spec.Total, err = r.total(ctx); err != nil {
			return err
		}
	}
	fresh, err := r.attach([]engine.ShardSpec{spec})
	if err != nil {
		return err
	}
	if len(fresh) == 0 {
		return discord.ErrGatewayAlreadyConnected
	}
	return r.awaitReady(ctx, fresh)
}

// CloseShard implements [sharding.ShardManager]: the shard's session ends.
func (m *Manager) CloseShard(ctx context.Context, shardID int) {
	if g := m.gatewayOf(shardID); g != nil {
		g.Close(ctx)
	}
}

// ShardByGuildID implements [sharding.ShardManager]. It is nil where none of the manager's
// shards has the guild.
func (m *Manager) ShardByGuildID(guildID snowflake.ID) gateway.Gateway {
	if eng := m.Engine(); eng != nil {
		if s, ok := eng.ShardOf(uint64(guildID)); ok {
			return m.gatewayAt(placeOf(s))
		}
	}
	return nil
}

// Shard implements [sharding.ShardManager]. It is nil where there is no such shard. While
// there are shards of several totals, it is the one that was there first.
func (m *Manager) Shard(shardID int) gateway.Gateway {
	if g := m.gatewayOf(shardID); g != nil {
		return g
	}
	return nil
}

// Shards implements [sharding.ShardManager].
func (m *Manager) Shards() iter.Seq[gateway.Gateway] {
	return func(yield func(gateway.Gateway) bool) {
		eng := m.Engine()
		if eng == nil {
			return
		}
		for s := range eng.Shards() {
			if !yield(m.gatewayAt(placeOf(s))) {
				return
			}
		}
	}
}

// current returns the plan of the engine that runs; nil: none does.
func (m *Manager) current() *plan {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running == nil {
		return nil
	}
	return m.running.plan
}

// gatewayOf returns the gateway of a shard that runs; nil: none does.
func (m *Manager) gatewayOf(id int) *Gateway {
	if eng := m.Engine(); eng != nil {
		if s := eng.Shard(id); s != nil {
			return m.gatewayAt(place{id, s.Total()})
		}
	}
	return nil
}

// gatewayAt returns the gateway of a shard, which stays the same over its openings.
func (m *Manager) gatewayAt(at place) *Gateway {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.gateways[at]
	if g == nil {
		if g = m.lone; g == nil || len(m.gateways) > 0 {
			g = newGateway(m)
		}
		g.at.Store(&at)
		m.gateways[at] = g
	}
	return g
}

func (m *Manager) logger() *slog.Logger {
	if m.config.Logger != nil {
		return m.config.Logger
	}
	return slog.Default()
}
