package bridge

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/bridge/internal/state"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/gatewire"
)

// Bridge is a gateway for bots on the shards of an engine. Make one with [New]; it is an http.Handler.
type Bridge struct {
	config     Config
	logger     *slog.Logger
	keys       *keyring
	shares     bool
	dictionary *state.Dictionary
	pass       *passer     // nil: nothing is passed on
	peers      *peerClient // nil: there are none
	remove     func()      // takes the engine's callback away
	bodyPause  time.Duration

	shards   sync.Map      // *engine.Shard → *shard
	restored sync.Map      // place → *shard: from a journal, and the engine does not have it yet
	wake     chan struct{} // of capacity 1: journals are to be written

	adopting sync.Mutex // held while a shard becomes one of the engine's
	mu       sync.Mutex
	sessions map[string]*session
	conns    map[*conn]struct{}
	closed   bool
	full     time.Time // when the log last said that there are too many connections

	learning sync.Mutex          // for what follows
	foreign  []*state.Dictionary // of shards that were handed over

	workers sync.WaitGroup // goroutines of connections, and the one that tends
	quit    chan struct{}

	owned   atomic.Int64 // connections with an encoder of their own
	sent    atomic.Int64 // bytes
	starts  atomic.Int64
	resumes atomic.Int64
	slow    atomic.Int64 // connections closed for reading slowly
	closes  closeCounts
}

// New makes a bridge and registers its callbacks with the engine, which should not run yet: what Discord sends
// before is not known to it. Its error joins a [*ConfigError] for each mistake. End it with [Bridge.Close].
func New(config Config) (*Bridge, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	b := &Bridge{
		config: config, logger: config.Logger, keys: newKeyring(&config), shares: len(config.Share) > 0,
		dictionary: state.NewDictionary(),
		sessions:   make(map[string]*session), conns: make(map[*conn]struct{}), quit: make(chan struct{}),
		wake: make(chan struct{}, 1), bodyPause: bodyPause,
	}
	if config.PassREST {
		b.pass = newPasser(b)
	}
	if config.Peers != nil {
		b.peers = newPeerClient(&config)
	}
	b.remove = b.listen()
	b.workers.Go(b.tend)
	if data := config.Data; data != nil {
		data.mu.Lock()
		data.bridge = b
		data.mu.Unlock()
		b.workers.Go(func() { data.run(b.wake, b.quit) })
	}
	return b, nil
}

// poke has journals written.
func (b *Bridge) poke() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// all returns all shards.
func (b *Bridge) all() (list []*shard) {
	for _, m := range []*sync.Map{&b.shards, &b.restored} {
		m.Range(func(_, value any) bool {
			list = append(list, value.(*shard))
			return true
		})
	}
	return list
}

// tend looks after all shards once a second.
func (b *Bridge) tend() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			b.dropGone(now)
			b.shards.Range(func(_, value any) bool {
				sh := value.(*shard)
				sh.tend(now)
				sh.heedDoubts()
				return true
			})
		case <-b.quit:
			return
		}
	}
}

// dropGone forgets shards that the engine no longer has: it was resharded, or a peer has them.
func (b *Bridge) dropGone(now time.Time) {
	live := make(map[*engine.Shard]bool)
	for up := range b.config.Engine.Shards() {
		live[up] = true
	}
	if len(live) == 0 && b.config.Peers == nil {
		return // not yet, or no longer; the sessions outlive the engine's end
	}
	for up := range live {
		b.of(up)
	}
	b.restored.Range(func(key, value any) bool {
		if sh := value.(*shard); !now.Before(sh.until) {
			b.restored.Delete(key)
			sh.discard()
		}
		return true
	})
	b.shards.Range(func(key, value any) bool {
		if up, sh := key.(*engine.Shard), value.(*shard); !live[up] && !sh.isLeaving() {
			b.shards.Delete(up)
			sh.discard()
		}
		return true
	})
}

// discard ends what the bridge has of a shard that the engine does not have. Where a peer may have it, its bots are to
// look for it there.
func (sh *shard) discard() {
	defer sh.keeper.leave()
	if sh.bridge.config.Peers != nil {
		sh.sendAway()
		return
	}
	sh.invalidate(false)
	sh.turnAway()
	sh.commands.close()
}

// Close ends all connections, in a way that lets bots resume, takes the callbacks away and waits until
// nothing runs any more, 5 s for each bot that does not answer. The engine is not touched; close the bridge
// when Run has returned.
func (b *Bridge) Close() {
	b.mu.Lock()
	first := !b.closed
	b.closed = true
	conns := make([]*conn, 0, len(b.conns))
	for c := range b.conns {
		conns = append(conns, c)
	}
	b.mu.Unlock()
	if !first {
		b.workers.Wait()
		return
	}
	b.remove()
	close(b.quit)
	for _, c := range conns {
		c.control(gatewire.Reconnect)
		c.close(gateway.CloseUnknownError, "The bridge restarts.")
	}
	b.workers.Wait()
	b.adopting.Lock() // a shard may be just arriving; none does from here on
	shards := b.all()
	b.adopting.Unlock()
	for _, sh := range shards {
		sh.commands.close()
	}
}

func (b *Bridge) isClosed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// of returns what the bridge has of one of the engine's shards.
func (b *Bridge) of(up *engine.Shard) *shard {
	if sh, ok := b.shards.Load(up); ok {
		return sh.(*shard)
	}
	b.adopting.Lock()
	defer b.adopting.Unlock()
	if sh, ok := b.shards.Load(up); ok {
		return sh.(*shard)
	}
	var sh *shard
	if restored, ok := b.restored.LoadAndDelete(place{up.ID(), up.Total()}); ok {
		sh = restored.(*shard)
	} else {
		sh = newShard(b, up.ID(), up.Total())
	}
	b.retire(sh)
	sh.adopt(up)
	b.shards.Store(up, sh)
	return sh
}

// place tells a shard from every other.
type place struct{ id, total int }

// shardOf finds the shard that a bot identifies for.
func (b *Bridge) shardOf(id, count int) (*shard, *gatewire.Refusal) {
	for up := range b.config.Engine.Shards() {
		if up.Total() == count && up.ID() == id {
			return b.of(up), nil
		}
	}
	switch total := b.total(); {
	case total == 0:
		return nil, errUnknownShards
	case count < total:
		return nil, gatewire.ShardingRequired
	}
	return nil, gatewire.InvalidShard
}

// total returns how many shards the engine's bot has, 0 while that is not known.
func (b *Bridge) total() (total int) {
	if peers := b.config.Peers; peers != nil {
		return peers.Total()
	}
	for up := range b.config.Engine.Shards() {
		total = up.Total() // of several, the one that was added last
	}
	return total
}

func (b *Bridge) remember(s *session) {
	b.mu.Lock()
	b.sessions[s.id] = s
	b.mu.Unlock()
	b.starts.Add(1)
}

func (b *Bridge) find(id string) *session {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sessions[id]
}

// forget takes a session that has ended out of all lists.
func (b *Bridge) forget(s *session) {
	b.mu.Lock()
	if b.sessions[s.id] == s { // and not the one that goes on with it, on a shard that is back
		delete(b.sessions, s.id)
	}
	b.mu.Unlock()
	s.shard.mu.Lock()
	s.shard.remove(s)
	s.shard.mu.Unlock()
	s.shard.commands.forget(s)
}

// register adds c to the connections that Close ends, and its two goroutines to those that Close waits for; false
// if there are too many, or the bridge is closed.
func (b *Bridge) register(c *conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	if len(b.conns) >= b.config.MaxConnections {
		if now := time.Now(); now.Sub(b.full) > time.Minute {
			b.full = now
			b.logger.Warn("there are as many connections as Config.MaxConnections allows: others are refused", "connections", len(b.conns))
		}
		return false
	}
	b.conns[c] = struct{}{}
	b.workers.Add(2)
	return true
}

func (b *Bridge) unregister(c *conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.conns, c)
}

// Serve accepts bots on a listener, of TCP or a Unix socket, until ctx ends or accepting fails; with Config.TLS
// they speak TLS. It closes the listener, but not the connections that were upgraded: [Bridge.Close] does.
// It returns nil when ctx ended.
func (b *Bridge) Serve(ctx context.Context, l net.Listener) error { return b.serve(ctx, l) }

// Drop cuts the connections of all bots on a shard, without a close frame, and returns how many there were.
// They can resume. It is for tests, and to have bots move to another address.
func (b *Bridge) Drop(shard int) (dropped int) {
	b.mu.Lock()
	var conns []*conn
	for c := range b.conns {
		if s := c.current(); s != nil && s.shard.id == shard {
			conns = append(conns, c)
		}
	}
	b.mu.Unlock()
	for _, c := range conns {
		c.kill()
	}
	return len(conns)
}
