// Package sluicearikawa runs a bot that is written with arikawa (v3) on sluice's engine: take
// it when such a bot is to keep its sessions over restarts, to need less CPU and memory, or
// to show what its shards do. Handlers, state and REST stay arikawa's.
//
// The whole change is where the session or the state comes from:
//
//	hub := sluicearikawa.New(engine.Config{})
//	s := hub.State(gateway.DefaultIdentifier("Bot " + token)) // was state.New("Bot " + token)
//	s.AddIntents(gateway.IntentGuildMessages)
//	s.AddHandler(func(m *gateway.MessageCreateEvent) { … })
//	err := s.Connect(ctx)
//
// arikawa's session and gateway are structs, and cannot be replaced; but the connection below
// them is an interface, ws.Connection. A [Hub] is on its other side what Discord is on an
// ordinary one: it says hello, takes the identify, and brings events. What is below (the
// real connections, heartbeats, resumes, limits) is the engine's, one for all shards.
//
// # What counts
//
// Token, intents, shard, presence, properties and large_threshold of the Identifier count where
// engine.Config leaves them open; the intents and the token of the first shard are those of all.
// Its limits of identifies do not: the engine spaces them. Its Compress does not: see
// Config.Compression. ws.EnableRawEvents counts; the Unmarshalers are gateway.OpUnmarshalers.
//
// # What is different
//
//   - A handler that waits holds up its own shard, as before; heartbeats go on.
//   - After a restart that resumes there is no READY and no guild: a state in memory begins empty.
//   - Close keeps the session if there is Config.Sessions; otherwise it ends it, unless
//     GatewayOpts.AlwaysCloseGracefully is false.
//   - arikawa lets 5 commands go at once and then one each half second, before the engine's
//     own limit: ws.SendBurst changes that.
//   - gateway.Gateway's SentBeat, EchoBeat and Latency tell nothing: see engine.Shard.View.
package sluicearikawa
