package sluicedisgo

import (
	"reflect"

	"github.com/disgoorg/disgo/bot"
	"github.com/disgoorg/disgo/gateway"

	"github.com/sluice-go/sluice/engine"
)

// Option is an option of [New].
type Option func(*options)

type options struct {
	handler gateway.EventHandlerFunc
	closed  gateway.CloseHandlerFunc
	engine  func(*engine.Engine)
	gateway []gateway.ConfigOpt
	raw     bool
	inline  bool
}

// WithEventHandler has the manager hand events to a function of the caller's, and not to
// the event manager of a client: for a manager without a client, or one that is given
// to a client by bot.WithShardManager.
func WithEventHandler(handler gateway.EventHandlerFunc) Option {
	return func(o *options) { o.handler = handler }
}

// WithCloseHandler sets what is called when a shard stops for good: its error holds a
// [*lifecycle.StopError] and a [*websocket.CloseError], and reconnect is false. It is called
// in a goroutine of its own. Options of disgo's that are named alike do the same.
//
// [*lifecycle.StopError]: https://pkg.go.dev/github.com/sluice-go/sluice/engine/lifecycle#StopError
func WithCloseHandler(handler gateway.CloseHandlerFunc) Option {
	return func(o *options) { o.closed = handler }
}

// WithEngine has a function called with each engine before it runs: to have callbacks for
// what disgo has no event for, such as gateway.EventSessionLost, or to show metrics.
// A manager makes an engine when it opens, and another one if it opens again.
func WithEngine(use func(*engine.Engine)) Option {
	return func(o *options) { o.engine = use }
}

// WithQuickListeners has events decoded and listeners called on the engine's loops, which
// saves a copy and a goroutine's turn for each event: for bots whose listeners return at
// once, or are called by bot.WithAsyncEventsEnabled. One that waits holds up other
// shards of its loop, though no heartbeat, and a Send that would have to wait returns
// [engine.ErrInCallback].
//
// [engine.ErrInCallback]: https://pkg.go.dev/github.com/sluice-go/sluice/engine#pkg-variables
func WithQuickListeners() Option {
	return func(o *options) { o.inline = true }
}

// WithGatewayConfigOpts has options of disgo's own count for the shards, as those do
// that the client was given. The package comment says what becomes of each.
func WithGatewayConfigOpts(opts ...gateway.ConfigOpt) Option {
	return func(o *options) { o.gateway = append(o.gateway, opts...) }
}

// WithShardManager gives a client the manager m in the place of disgo's own, and m the
// client's event manager and options:
//
//	client, err := disgo.New(token,
//		bot.WithShardManagerConfigOpts(…), // as before
//		sluicedisgo.WithShardManager(sluicedisgo.New(engine.Config{Token: engine.NewToken(token)})),
//	)
//
// One manager is for one client.
func WithShardManager(m *Manager) bot.ConfigOpt {
	return joined(bot.WithShardManager(m), func(client reflect.Value) { m.client = client })
}

// WithGateway gives a client that has no shard manager its one gateway, in the place of
// disgo's own. Which shard it is, of how many, say gateway.WithShardID and
// gateway.WithShardCount as before; it is shard 0 of 1 where they say nothing.
func WithGateway(m *Manager) bot.ConfigOpt {
	m.lone = newGateway(m)
	return joined(bot.WithGateway(m.lone), func(client reflect.Value) { m.client = client })
}
