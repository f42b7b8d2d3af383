package sluicedisgo

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/gateway"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
)

// Gateway is one shard of a [Manager], or the only connection of a client that has no
// manager ([WithGateway]): a [gateway.Gateway]. Its methods may be called by any goroutine.
type Gateway struct {
	manager *Manager
	at      atomic.Pointer[place] // nil: not opened yet

	mu       sync.Mutex
	last     session.Session                    // that it was closed with
	presence *gateway.MessageDataPresenceUpdate // that was sent last; nil: that of the options
	stopped  *engine.Shard                      // for good; nil: none has
	why      error                              // it did
}

var _ gateway.Gateway = (*Gateway)(nil)

func newGateway(m *Manager) *Gateway { return &Gateway{manager: m} }

// Manager returns the gateway's manager.
func (g *Gateway) Manager() *Manager { return g.manager }

// place returns which shard the gateway is.
func (g *Gateway) place() place {
	if at := g.at.Load(); at != nil {
		return *at
	}
	if p, err := g.manager.newPlan(); err == nil && len(p.list) == 1 {
		return place{p.list[0].ID, p.list[0].Total}
	}
	return place{0, 1}
}

// shard returns the engine's shard; nil: it is not open.
func (g *Gateway) shard() *engine.Shard {
	eng, at := g.manager.Engine(), g.at.Load()
	if eng == nil || at == nil {
		return nil
	}
	for s := range eng.Shards() {
		if s.ID() == at.id && s.Total() == at.total {
			return s
		}
	}
	return nil
}

// ShardID implements [gateway.Gateway].
func (g *Gateway) ShardID() int { return g.place().id }

// ShardCount implements [gateway.Gateway].
func (g *Gateway) ShardCount() int { return g.place().total }

// session returns the session as it is safe to resume: without events that listeners have
// yet to take.
func (g *Gateway) session() session.Session {
	if s := g.shard(); s != nil {
		return s.Settled()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.last
}

// SessionID implements [gateway.Gateway]. It is nil where there is no session.
func (g *Gateway) SessionID() *string {
	if s := g.session(); s.ID != "" {
		return &s.ID
	}
	return nil
}

// LastSequenceReceived implements [gateway.Gateway]: the sequence of the last event that
// listeners have taken, so that who resumes from here loses none. It is nil where there
// is no session, and before listeners have taken its READY.
func (g *Gateway) LastSequenceReceived() *int {
	if s := g.session(); s.Seq > 0 {
		seq := int(s.Seq)
		return &seq
	}
	return nil
}

// ResumeURL implements [gateway.Gateway]. It is nil where there is none.
func (g *Gateway) ResumeURL() *string {
	if s := g.session(); s.ResumeURL != "" {
		return &s.ResumeURL
	}
	return nil
}

// Intents implements [gateway.Gateway].
func (g *Gateway) Intents() gateway.Intents {
	if p := g.manager.current(); p != nil {
		return gateway.Intents(p.config.Intents)
	}
	return gateway.Intents(g.manager.config.Intents)
}

// Open implements [gateway.Gateway]. It waits within ctx until the shard is ready; when
// ctx ends before, the shard is closed. A shard that is open is an error,
// [discord.ErrGatewayAlreadyConnected]; one that stopped for good has its own.
func (g *Gateway) Open(ctx context.Context) error {
	if g.shard() != nil {
		return discord.ErrGatewayAlreadyConnected
	}
	var err error
	if g == g.manager.lone && g.at.Load() == nil {
		err = g.manager.OpenAll(ctx)
	} else {
		at := g.place()
		err = g.manager.open(ctx, engine.ShardSpec{ID: at.id, Total: at.total})
	}
	if err != nil {
		cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		g.CloseWithCode(cleanup, keepSession, "")
	}
	return err
}

const (
	closeTimeout = 5 * time.Second
	keepSession  = 4000 // the code after which the gateway keeps a session

	normalClosure = 1000
)

// Close implements [gateway.Gateway]: the session ends, unless the engine has a session store
// and this is the client's only gateway, which then keeps it as [Manager.Close] does.
func (g *Gateway) Close(ctx context.Context) {
	if g == g.manager.lone {
		g.manager.Close(ctx)
		return
	}
	g.CloseWithCode(ctx, normalClosure, "")
}

// CloseWithCode implements [gateway.Gateway]. After any code but 1000 and 1001 Open resumes
// the session. With the last shard the engine ends too.
func (g *Gateway) CloseWithCode(ctx context.Context, code int, message string) {
	m := g.manager
	c, err := closeCode(code)
	if err != nil {
		m.logger().ErrorContext(ctx, "a shard is not closed", "err", err)
		return
	}
	if s := g.shard(); s != nil {
		last, err := s.Close(ctx, c, message)
		if err == nil {
			g.mu.Lock()
			g.last = last
			g.mu.Unlock()
		}
	}
	m.mu.Lock()
	r := m.running
	m.mu.Unlock()
	if r == nil {
		return
	}
	for range r.engine.Shards() {
		return
	}
	r.stop(ctx)
}

// Status implements [gateway.Gateway].
func (g *Gateway) Status() gateway.Status {
	s := g.shard()
	if s == nil && g.at.Load() == nil {
		return gateway.StatusUnconnected
	}
	if s == nil {
		return gateway.StatusDisconnected
	}
	switch s.State() {
	case lifecycle.Connecting:
		return gateway.StatusConnecting
	case lifecycle.AwaitingHello:
		return gateway.StatusWaitingForHello
	case lifecycle.Queued:
		return gateway.StatusIdentifying
	case lifecycle.Identifying:
		return gateway.StatusWaitingForReady
	case lifecycle.Resuming:
		return gateway.StatusResuming
	case lifecycle.Ready:
		return gateway.StatusReady
	}
	return gateway.StatusDisconnected
}

// Latency implements [gateway.Gateway]: that of the last heartbeat, 0 before the first.
func (g *Gateway) Latency() time.Duration {
	if s := g.shard(); s != nil {
		return s.Stats().Latency
	}
	return 0
}

// Presence implements [gateway.Gateway]: a copy of what was sent last, or else of what the
// options say; nil: none. What SetPresence does not name stays as it was.
func (g *Gateway) Presence() *gateway.MessageDataPresenceUpdate {
	g.mu.Lock()
	last := g.presence
	g.mu.Unlock()
	if plan := g.manager.current(); last == nil && plan != nil {
		last = plan.presence
	}
	if last == nil {
		return nil
	}
	p := *last
	p.Activities = slices.Clone(p.Activities)
	return &p
}

// takeLast returns the session that the gateway was closed with, once.
func (g *Gateway) takeLast() (last session.Session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	last, g.last = g.last, last
	return last
}

// fail notes why a shard stopped for good.
func (g *Gateway) fail(s *engine.Shard, why error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stopped, g.why = s, why
}

// failure returns why a shard stopped for good; nil: it did not, or it is long ago.
func (g *Gateway) failure(s *engine.Shard) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped != s {
		return nil
	}
	return g.why
}
