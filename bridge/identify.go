package bridge

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/sluice-go/sluice/bridge/internal/state"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/gatewire"
)

// guildView is a guild as a session begins with it.
type guildView = state.View

// identify begins a session, now or when its shard is ready.
func (c *conn) identify(d json.RawMessage, now time.Time) *gatewire.Refusal {
	id, refused := gatewire.ParseIdentify(d)
	if refused != nil {
		return refused
	}
	var holder *client
	var sh *shard
	var peer string
	refused = id.Check(&gatewire.Terms{
		Accepts: func(token string) bool {
			holder = c.bridge.keys.holder(token)
			return holder != nil
		},
		Shards: func(shard, count int) (r *gatewire.Refusal) {
			sh, peer, r = c.find(shard, count)
			return r
		},
		Allowed: gateway.IntentsAll,
	})
	if refused != nil {
		return refused
	}
	if peer != "" {
		return c.relayTo(peer, gatewire.Command{Op: gateway.OpIdentify, D: d})
	}
	own := gateway.Intents(*id.Intents)
	if missing := own &^ sh.intents; missing != 0 {
		c.bridge.logger.Warn("a bot asks for intents that the bridge does not ask Discord for: give the bridge more, or the bot fewer",
			"bot", holder.name, "shard", sh.id, "missing", missing.String())
		return gatewire.DisallowedIntents
	}
	switch minute, day := holder.starts.take(now); {
	case !day:
		c.bridge.logger.Warn("a bot has used up its identifies of the day", "bot", holder.name)
		return gatewire.RateLimited
	case !minute:
		c.control(gatewire.InvalidSession(false))
		return nil
	}
	w := &waiter{shard: sh, client: holder, own: own, compress: bool(id.Compress)}
	if w.begin(c) == nil && !c.closing.Begun() {
		c.mu.Lock()
		c.waits = w
		c.mu.Unlock()
		w.enter(c)
	}
	if status := presenceOf(id.Presence); status != nil {
		sh.commands.present(status)
	}
	return nil
}

// waiter is an identify that begins a session: at once, or when its shard is ready, which the connection's sender
// finds.
type waiter struct {
	shard    *shard
	client   *client
	own      gateway.Intents
	compress bool
	timer    *time.Timer
}

// enter has the connection's sender begin the session when the shard is ready. After Config.ReadyTimeout the
// connection is closed, and may try again.
func (w *waiter) enter(c *conn) {
	sh := w.shard
	sh.mu.Lock()
	if !sh.mayBegin(w.client) {
		sh.waiting[c] = struct{}{}
		w.timer = time.AfterFunc(sh.bridge.config.ReadyTimeout, func() {
			c.mu.Lock()
			late := c.waits == w
			c.mu.Unlock()
			if late {
				sh.bridge.logger.Warn("a bot waited in vain for a session of its shard at Discord", "bot", w.client.name, "shard", sh.id)
				c.close(gateway.CloseUnknownError, "The shard is not ready.")
			}
		})
	}
	sh.mu.Unlock()
	c.notify()
}

// leave ends the wait of a connection that is gone, or whose session has begun.
func (w *waiter) leave(c *conn) {
	w.shard.mu.Lock()
	defer w.shard.mu.Unlock()
	delete(w.shard.waiting, c)
	if w.timer != nil {
		w.timer.Stop()
	}
}

// begin begins the session, or returns nil if the shard is not ready. State and log are taken as of one moment.
func (w *waiter) begin(c *conn) *session {
	sh := w.shard
	s := &session{
		id: newSessionID(sh.id, sh.total), shard: sh, client: w.client, compress: w.compress, identified: time.Now(),
		opening: new(opening),
	}
	s.choose(w.own, sh.intents, c.events)
	s.conn.Store(c)
	c.replaying.Store(true) // until it has its guilds, and what came meanwhile
	sh.mu.Lock()
	if !sh.mayBegin(w.client) {
		sh.waiting[c] = struct{}{}
		sh.mu.Unlock()
		return nil
	}
	s.opening.ready = sh.state.AppendReady(nil, s.id, c.url, sh.id, sh.total)
	if s.events.Has(gateway.EventGuildCreate) {
		s.opening.guilds = sh.state.Views()
	}
	s.cursor = sh.log.End()
	s.opening.start = s.cursor.Next
	s.marks = []mark{{s.opening.last(), s.cursor.Next}}
	s.read.Store(sh.log.Total())
	crowded := sh.crowded(w.client)
	sh.add(s)
	sh.mu.Unlock()
	if crowded != nil {
		crowded.end()
	}
	w.leave(c)
	if len(s.opening.ready) == 0 {
		sh.bridge.logger.Error("bots cannot begin on this shard: its READY is damaged", "shard", sh.id, "cause", errNoReady)
		s.end()
		c.close(gateway.CloseUnknownError, "The shard is not ready.")
		return nil
	}
	sh.bridge.remember(s)
	c.mu.Lock()
	c.waits = nil
	c.mu.Unlock()
	c.use(s)
	sh.bridge.logger.Info("a bot identified", "bot", w.client.name, "shard", sh.id, "session", s.id, "guilds", len(s.opening.guilds))
	sh.bridge.logger.Debug("a session begins", "session", s.id, "peer", c.peer())
	return s
}

var errNoReady = errors.New("bridge: the state has none")

// resume goes on with a session (Discord: "Gateway", heading "Resuming").
func (c *conn) resume(d json.RawMessage) *gatewire.Refusal {
	asked, refused := gatewire.ParseResume(d)
	if refused != nil {
		return refused
	}
	holder := c.bridge.keys.holder(asked.Token)
	if holder == nil {
		return gatewire.AuthenticationFailed
	}
	s, peer, refused := c.findSession(asked.SessionID)
	if refused != nil {
		return refused
	}
	if peer != "" {
		return c.relayTo(peer, gatewire.Command{Op: gateway.OpResume, D: d})
	}
	if s == nil || s.client != holder {
		c.control(gatewire.InvalidSession(false))
		return nil
	}
	result := s.resume(c, asked.Seq)
	c.bridge.logger.Info("a bot resumes", "bot", holder.name, "shard", s.shard.id, "session", s.id, "seq", asked.Seq, "result", result.String())
	switch result {
	case resumeInvalidSeq:
		s.end()
		return gatewire.InvalidSeq
	case resumeTooOld:
		s.end()
		c.control(gatewire.InvalidSession(false))
	case resumed:
		c.bridge.logger.Debug("a session goes on", "session", s.id, "peer", c.peer(), "seq", asked.Seq)
		c.bridge.resumes.Add(1)
		c.use(s)
	}
	return nil
}

// String returns the result in words.
func (r resumeResult) String() string {
	return [...]string{"resumed", "too old", "invalid seq"}[r]
}
