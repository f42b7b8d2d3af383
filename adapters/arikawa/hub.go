package sluicearikawa

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/diamondburned/arikawa/v3/gateway"
	"github.com/diamondburned/arikawa/v3/session"
	"github.com/diamondburned/arikawa/v3/session/shard"
	"github.com/diamondburned/arikawa/v3/state"
	"github.com/diamondburned/arikawa/v3/state/store/defaultstore"
	"github.com/diamondburned/arikawa/v3/utils/handler"
	"github.com/diamondburned/arikawa/v3/utils/ws"

	"github.com/sluice-go/sluice/engine"
	discord "github.com/sluice-go/sluice/gateway"
)

// Hub is one engine for the gateways that are made of it: it runs from the first that connects
// to the last that is closed. Its methods may be called by any goroutine.
type Hub struct {
	config engine.Config

	mu      sync.Mutex
	running *run
}

// New returns a hub. What config leaves open is taken from the identifiers of its gateways;
// mistakes in it show when one connects.
func New(config engine.Config) *Hub { return &Hub{config: config} }

// Gateway returns an unopened gateway, for session.NewWithGateway.
func (h *Hub) Gateway(id gateway.Identifier) *gateway.Gateway {
	id.IdentifyShortLimit, id.IdentifyGlobalLimit = nil, nil
	c := &conn{hub: h}
	if text, err := json.Marshal(id.IdentifyCommand); err == nil {
		_ = json.Unmarshal(text, &c.last)
	}
	websocket := ws.NewCustomWebsocket(c, "")
	return gateway.FromWebsocketGateway(ws.NewGateway(websocket, &gateway.DefaultGatewayOpts), gateway.State{Identifier: id})
}

// Session returns an unopened session.
func (h *Hub) Session(id gateway.Identifier) *session.Session {
	return session.NewWithGateway(h.Gateway(id), handler.New())
}

// State returns an unopened state with arikawa's default store.
func (h *Hub) State(id gateway.Identifier) *state.State {
	return state.NewFromSession(h.Session(id), defaultstore.New())
}

// NewShard is state.NewShardFunc for a shard.Manager: a constructor that calls opts with each state.
func (h *Hub) NewShard(opts func(*shard.Manager, *state.State)) shard.NewShardFunc {
	return func(m *shard.Manager, id *gateway.Identifier) (shard.Shard, error) {
		s := h.State(*id)
		opts(m, s)
		return s, nil
	}
}

// Engine returns the engine that runs, nil where none does.
func (h *Hub) Engine() *engine.Engine {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running == nil {
		return nil
	}
	return h.running.engine
}

// run is one engine of a hub's, from its start to its end.
type run struct {
	hub    *Hub
	engine *engine.Engine
	ended  chan struct{}
	err    error // what Run returned, once it has

	mu    sync.Mutex
	conns map[place]*conn // open ones
}

// place tells a shard from every other.
type place struct{ id, total int }

func placeOf(s *engine.Shard) place { return place{s.ID(), s.Total()} }

// join returns the engine that runs, or makes one, and has it serve c.
func (h *Hub) join(ctx context.Context, c *conn, at place) (*run, error) {
	h.mu.Lock()
	r := h.running
	if r == nil {
		var err error
		if r, err = h.launch(&c.last); err != nil {
			h.mu.Unlock()
			return nil, err
		}
		h.running = r
	}
	r.mu.Lock()
	r.conns[at] = c
	r.mu.Unlock()
	h.mu.Unlock()
	select {
	case <-r.engine.Accepting():
		return r, nil
	case <-r.ended:
		return r, errors.Join(r.err, engine.ErrNotRunning)
	case <-ctx.Done():
		return r, ctx.Err()
	}
}

// launch makes an engine and has it run. The hub's mutex is held.
func (h *Hub) launch(id *identify) (*run, error) {
	r := &run{hub: h, ended: make(chan struct{}), conns: make(map[place]*conn)}
	config := h.config
	if config.Token.Reveal() == "" {
		config.Token = engine.NewToken(id.Token)
	}
	if config.Intents == 0 {
		config.Intents = discord.Intents(id.Intents)
	}
	config.Shards, config.StartEmpty = engine.Shards{}, true
	config.PerShard = r.perShard
	config.OnStop = r.stopped
	var err error
	if r.engine, err = engine.New(config); err != nil {
		return nil, err
	}
	r.engine.On(discord.AllDispatches(), engine.Async(r.deliver, engine.AsyncOptions{}))
	go func() {
		r.err = r.engine.Run(context.Background())
		h.forget(r)
		close(r.ended)
	}()
	return r, nil
}

// forget has the next gateway begin another engine.
func (h *Hub) forget(r *run) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running == r {
		h.running = nil
	}
}

// leave takes a connection off, and ends the engine with the last.
func (r *run) leave(ctx context.Context, at place, c *conn) {
	r.hub.mu.Lock()
	r.mu.Lock()
	if r.conns[at] == c {
		delete(r.conns, at)
	}
	last := len(r.conns) == 0
	if last && r.hub.running == r {
		r.hub.running = nil
	}
	r.mu.Unlock()
	r.hub.mu.Unlock()
	if !last {
		return
	}
	if err := r.engine.Shutdown(ctx); err == nil {
		<-r.ended
	}
}

// of returns the connection of a shard; nil: it is closed.
func (r *run) of(s *engine.Shard) *conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.conns[placeOf(s)]
}

// perShard has the identifier of each shard count.
func (r *run) perShard(id int, c *engine.ShardConfig) {
	r.mu.Lock()
	own := r.conns[place{id, c.Total}]
	r.mu.Unlock()
	if own != nil {
		own.configure(c)
	}
	if r.hub.config.PerShard != nil {
		r.hub.config.PerShard(id, c)
	}
}

// stopped is the engine's OnStop: arikawa's gateway hears of the close code, and ends.
func (r *run) stopped(s *engine.Shard, why error) (end bool) {
	if c := r.of(s); c != nil {
		go c.put(closeOp(why))
	}
	if on := r.hub.config.OnStop; on != nil {
		return on(s, why)
	}
	return false
}
