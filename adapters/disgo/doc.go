// Package sluicedisgo runs a bot that is written with disgo (v0.19) on sluice's engine: take
// it when such a bot is to keep its sessions over restarts, to need less CPU and memory,
// or to show what its shards do. Listeners, caches, voice, member requests and REST stay
// disgo's; connections, sessions, identifies and send limits become the engine's.
//
// The whole change is one option, beside those that the client has:
//
//	client, err := disgo.New(token,
//		bot.WithShardManagerConfigOpts(…), // as before
//		sluicedisgo.WithShardManager(sluicedisgo.New(engine.Config{Token: engine.NewToken(token)})),
//	)
//
// A client without a shard manager, which is opened by OpenGateway, takes [WithGateway] in
// its place. [Manager] is a sharding.ShardManager and [Gateway] a gateway.Gateway, so
// that bot.WithShardManager and bot.WithGateway take them too; [WithEventHandler] then
// says who gets the events.
//
// # Options
//
// What engine.Config says goes before what options of disgo's say.
//
//	package gateway              engine.Config
//	WithIntents                  Intents
//	WithPresenceOpts             Presence
//	WithURL                      GatewayURL
//	WithEnableResumeURL          IgnoreResumeURL, the other way round
//	WithCompression              Compression; zlib-stream where neither says anything
//	WithLargeThreshold           LargeThreshold
//	WithOS, WithBrowser, …       Properties
//	WithDialer                   TLS, Dial and Proxy, from TLSClientConfig, NetDialContext and Proxy
//	WithIdentifyRateLimiter      IdentifyQueue; by default the engine spaces identifies
//	WithRateLimiter              SendLimit takes its place: the option does not count
//	WithAutoReconnect(false)     does not count: the engine always reconnects
//	WithShardID, WithShardCount  Shards
//	WithSessionID, …             Sessions takes their place; they count for [WithGateway]
//	WithEnableRawEvents          counts
//	WithCloseHandler             counts: called when a shard stops for good; see OnStop
//
//	package sharding             engine.Config
//	WithShardCount, WithShardIDs Shards; as Discord recommends where neither says anything
//	WithShardIDsWithStates       Sessions takes its place; it counts
//	WithAutoScaling              counts: all shards are replaced by WithShardSplitCount times as
//	                             many; where the number is left open, by as many as Discord recommends
//	WithGatewayCreateFunc        does not count
//
//	package rest                 engine.Config
//	WithURL                      APIURL
//
// # What is different
//
//   - Events of different shards are decoded at the same time, and those of one shard one after
//     another, away from the engine's loops ([engine.Async]). A listener may take its time,
//     as before: its shard waits.
//   - After a restart that resumes there is neither READY nor GUILD_CREATE: caches in memory begin
//     empty, and client.ID returns 0, as with disgo's own WithSessionID. Leave Config.Sessions nil
//     where a bot cannot do without.
//   - Close keeps the sessions if there is Config.Sessions; otherwise it ends them.
//   - Send waits for a shard that is not ready, within its context.
//   - Events that may be lost for good are told in the log, and as gateway.EventSessionLost to
//     callbacks of [WithEngine].
//   - disgo's client has SetPresence and RequestSoundboardSounds for a client with one gateway
//     alone, and SetPresenceForShard for one with shards.
//
// [engine.Async]: https://pkg.go.dev/github.com/sluice-go/sluice/engine#Async
package sluicedisgo
