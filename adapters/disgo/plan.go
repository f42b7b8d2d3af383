package sluicedisgo

import (
	"cmp"
	"errors"
	"log/slog"
	"reflect"
	"slices"

	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/disgo/rest"
	"github.com/disgoorg/json/v2"

	"github.com/sluice-go/sluice/engine"
	discord "github.com/sluice-go/sluice/gateway"
)

// plan is how an engine is to run: what the caller's Config says, and, where that leaves
// something open, what options of disgo's say.
type plan struct {
	config  engine.Config
	handler gateway.EventHandlerFunc
	closed  gateway.CloseHandlerFunc
	raw     bool

	list     []engine.ShardSpec // the shards that are named one by one; nil: config.Shards
	total    int                // that shards added one by one are out of; 0: as Discord recommends
	split    int                // into how many a shard is split that the gateway refuses; 0: none
	presence *gateway.MessageDataPresenceUpdate
}

var errNoHandler = errors.New("sluicedisgo: nobody takes the manager's events: " +
	"give it to the client by sluicedisgo.WithShardManager, or a handler by sluicedisgo.WithEventHandler")

// newPlan reads options as they stand when the manager opens.
func (m *Manager) newPlan() (*plan, error) {
	p := &plan{config: m.config, handler: m.options.handler}
	var client botSettings
	if m.client.IsValid() {
		if err := transfer(m.client, reflect.ValueOf(&client).Elem(), false); err != nil {
			return nil, err
		}
	}
	if p.handler == nil && client.EventManager != nil {
		p.handler = client.EventManager.HandleGatewayEvent
	}
	if p.handler == nil {
		return nil, errNoHandler
	}
	if p.config.Logger == nil {
		p.config.Logger = cmp.Or(client.Logger, slog.Default())
	}

	var shards shardSettings
	opts := client.GatewayConfigOpts
	if m.lone == nil {
		if err := settle(client.ShardManagerConfigOpts, &shards); err != nil {
			return nil, err
		}
		opts = shards.GatewayConfigOpts
	}
	g := gatewaySettings{AutoReconnect: true, EnableResumeURL: true, Compression: unset, ShardCount: 1}
	if err := settle(slices.Concat(opts, m.options.gateway), &g); err != nil {
		return nil, err
	}
	if g.IdentifyRateLimiter == nil {
		g.IdentifyRateLimiter = shards.IdentifyRateLimiter
	}
	var api restSettings
	if err := settle[rest.ClientConfigOpt](client.RestClientConfigOpts, &api); err != nil {
		return nil, err
	}
	if p.config.APIURL == "" {
		p.config.APIURL = api.URL
	}
	if err := p.take(&g); err != nil {
		return nil, err
	}
	p.closed = m.options.closed
	for _, handler := range []gateway.CloseHandlerFunc{g.CloseHandler, shards.CloseHandler} {
		if p.closed == nil {
			p.closed = handler
		}
	}
	p.raw = m.options.raw || g.EnableRawEvents
	p.place(m.lone != nil, &g, &shards)
	return p, nil
}

// take has the options of one gateway count where the engine's Config says nothing.
func (p *plan) take(g *gatewaySettings) error {
	c := &p.config
	if c.Intents == 0 {
		c.Intents = discord.Intents(g.Intents)
	}
	c.GatewayURL = cmp.Or(c.GatewayURL, g.URL)
	c.IgnoreResumeURL = c.IgnoreResumeURL || !g.EnableResumeURL
	c.LargeThreshold = cmp.Or(c.LargeThreshold, g.LargeThreshold)
	if c.Properties == (discord.Properties{}) {
		c.Properties = discord.Properties{OS: g.OS, Browser: g.Browser, Device: g.Device}
	}
	switch g.Compression {
	case gateway.CompressionNone:
		c.Compression = engine.NoCompression
	case gateway.CompressionZlibPayload:
		c.Compression = engine.PayloadCompression
	case gateway.CompressionZlibStream:
		c.Compression = engine.ZlibStream
	case gateway.CompressionZstdStream:
		c.Compression = engine.ZstdStream
	}
	if c.IdentifyQueue == nil && g.IdentifyRateLimiter != nil {
		c.IdentifyQueue = limiterQueue{g.IdentifyRateLimiter}
	}
	if d := g.Dialer; d != nil {
		if c.TLS == nil {
			c.TLS = d.TLSClientConfig
		}
		if c.Dial == nil {
			c.Dial = d.NetDialContext
		}
		if c.Proxy == nil {
			c.Proxy = d.Proxy
		}
	}
	if !g.AutoReconnect {
		c.Logger.Warn("gateway.WithAutoReconnect(false) does not count: the engine reconnects by itself")
	}
	if p.presence = g.Presence; p.presence != nil && c.Presence == nil {
		presence, err := json.Marshal(p.presence)
		if err != nil {
			return err
		}
		c.Presence = presence
	}
	return nil
}

// place says which shards there are to be.
func (p *plan) place(lone bool, g *gatewaySettings, s *shardSettings) {
	switch {
	case lone:
		p.total = g.ShardCount
		p.list = []engine.ShardSpec{{ID: g.ShardID, Total: g.ShardCount, Session: sessionOf(g.SessionID, g.ResumeURL, g.LastSequenceReceived)}}
	case p.config.Shards != (engine.Shards{}):
		p.total = p.config.Shards.Total
	case s.ShardCount > 0 && s.ShardIDs == nil:
		p.total = s.ShardCount
		p.config.Shards = engine.Shards{Total: p.total}
	case s.ShardCount > 0:
		p.total = s.ShardCount
		for id, state := range s.ShardIDs {
			p.list = append(p.list, engine.ShardSpec{ID: id, Total: p.total, Session: sessionOfState(state)})
		}
		slices.SortFunc(p.list, func(a, b engine.ShardSpec) int { return a.ID - b.ID })
	}
	if s.AutoScaling {
		p.split = cmp.Or(s.ShardSplitCount, 2) // sharding.DefaultShardSplitCount
	}
}
