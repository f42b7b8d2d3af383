package core

import (
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson"
)

// awaitGuilds begins the wait for the guilds that READY lists, once its callbacks
// have returned.
func (c *Core) awaitGuilds(now time.Time, d []byte) {
	if !c.host.Wants(gateway.EventGuildsReady) {
		return
	}
	w := &guildWait{pending: make(map[uint64]struct{}), tally: lifecycle.GuildsReady{Session: c.session.ID}}
	for guild := range lazyjson.ValueOf(d).Get("guilds").Elements() {
		if id, err := guild.Get("id").Snowflake(); err == nil {
			w.pending[id] = struct{}{}
		}
	}
	w.tally.Guilds = len(w.pending)
	c.session.guilds = w
	if len(w.pending) == 0 {
		c.guildsReady(now)
		return
	}
	c.deadline = now.Add(c.config.GuildsTimeout)
}

// guildEvent takes an event while guilds are waited for. Each guild that comes
// gives the next one the whole time again.
func (c *Core) guildEvent(now time.Time, t gateway.EventType, d []byte) {
	if t != gateway.EventGuildCreate && t != gateway.EventGuildDelete {
		return
	}
	guild := lazyjson.ValueOf(d)
	id, err := guild.Get("id").Snowflake()
	w := c.session.guilds
	if _, ok := w.pending[id]; err != nil || !ok {
		return
	}
	delete(w.pending, id)
	unavailable, err := guild.Get("unavailable").Bool()
	switch {
	case err == nil && unavailable:
		w.tally.Unavailable++
	case t == gateway.EventGuildCreate:
		w.tally.Available++
	default:
		w.tally.Removed++
	}
	switch {
	case len(w.pending) == 0:
		c.guildsReady(now)
	case c.state == lifecycle.Ready:
		c.deadline = now.Add(c.config.GuildsTimeout)
	}
}

// guildsReady ends the wait and tells how it went.
func (c *Core) guildsReady(now time.Time) {
	w := c.session.guilds
	c.session.guilds = nil
	if c.state == lifecycle.Ready {
		c.deadline = time.Time{}
	}
	w.tally.Missing = len(w.pending)
	if w.tally.Missing > 0 {
		c.config.Logger.Warn("guilds of READY did not come in time",
			"shard", c.id, "missing", w.tally.Missing, "guilds", w.tally.Guilds)
	}
	if c.host.Wants(gateway.EventGuildsReady) {
		c.host.Tell(now, gateway.EventGuildsReady, &w.tally)
	}
}
