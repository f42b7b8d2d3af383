// Package bridge is a gateway of one's own in front of Discord's: it holds the shards towards Discord, and
// is the gateway for bots, in any language, by whatever client library. A bot that restarts costs no
// identify at Discord, finds its guilds at once, and resumes what it has missed.
//
//	eng, err := engine.New(engine.Config{Token: token, Intents: intents})
//	b, err := bridge.New(bridge.Config{Engine: eng, Bots: []bridge.Bot{{Name: "blue", Token: "…"}}})
//	…
//	go b.Serve(ctx, listener)
//	err = eng.Run(ctx)
//	b.Close()
//
// A bot is pointed at the address of the listener by the base URL of its REST API, from which it
// learns the gateway's.
//
// # What a bot gets
//
// An identify for a shard of the engine's begins a bot session. It gets READY and a GUILD_CREATE for each
// guild as of now, then the events as they come from Discord, those of its intents and of the parameter
// events of its URL. Each bot session numbers its own. A bot that drops can resume for as long as
// Config.Replay and Config.ReplayBytes allow. Several bots may run the same shard, and each has every event,
// unless Config.Share has them share.
//
// Whatever a bot does wrong gets the close code that Discord has for it, and harms nobody else.
//
// # Several processes
//
// With Config.Peers, several processes have shards of the same bot, and a bridge each. A bot may connect to any of
// them: whose shard is elsewhere is passed on. When a shard moves to another process, [Bridge.HandOver] hands its bots'
// sessions over to the bridge there, and what they need to go on.
//
// # What is lost
//
// Every event comes once, or a bot is told that some are missing: by opcode 9 with d:false, after which it
// identifies anew, and gets its guilds as of then. That is so when it was away for too long, and when
// Discord's own session was lost.
//
// Nothing that a bot does holds up the connection to Discord: an event is copied into the log of its shard,
// and each bot's connection reads from there at its own pace (package eventlog). What a read
// brought is written at once to bots whose sockets have room for it; all else is written by a goroutine
// of the bot's.
package bridge
