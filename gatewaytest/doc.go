// Package gatewaytest is a Discord gateway to test clients against, as net/http/httptest is a
// server to test HTTP clients against. It listens on the loopback interface, speaks WebSocket over
// TLS or in the clear, answers the REST calls that begin a bot's day, checks what a client sends as
// strictly as Discord does, and closes with the code that Discord would close with.
//
//	srv := gatewaytest.NewServer(t)
//	// point the client at srv.APIURL(), with srv.TLSConfig() and srv.Token(), and run it
//	srv.WaitReady(ctx, 0)
//	srv.Dispatch(0, "MESSAGE_CREATE", []byte(`{"id":"1","content":"hi"}`))
//	srv.Drop(0)            // the TCP connection is gone
//	srv.WaitResume(ctx, 0) // the client came back and lost nothing
//
// # Sessions
//
// A session is begun by an identify and outlives its connection. It numbers its events from 1:
// READY, a GUILD_CREATE for every guild of [WithGuilds], then what [Server.Dispatch] and
// [WithTraffic] bring. After a resume come the missed events in order, then RESUMED, whose sequence
// is that of the last event before it; RESUMED takes none of its own. How many events a session
// can give again is bounded ([WithReplayLimit]), and for how long ([WithReplayWindow]), and so is its
// life without a connection ([WithSessionTimeout]); beyond any of these, a resume is answered by
// Invalid Session.
//
// # Faults
//
// Whatever can go wrong does when a test wants it to, at a [fault.Point] of a connection's life:
//
//	err := srv.Inject(fault.Fault{Point: fault.AtReplay, Action: fault.ActionSilence})
//
// or by a script, whose language [fault.ParseScript] describes, or at random ([WithChaos]). What a client's
// own mistakes bring about needs none: every close code that Discord documents, but 4000, is the
// answer to one.
//
// # Traffic
//
// [WithTraffic] sends every shard realistic events at a steady rate, or as fast as its client takes
// them. They are about the guilds that READY and the GUILD_CREATEs told the shard of, and consistent: a message
// that is deleted was there, a role that is given exists, members add up. All of Discord's events
// occur. For bots with many shards, or without guilds, the events are the same for all
// shards and about guilds that were not announced ([WithWorlds]).
//
// Go's timers go off on the edge of a millisecond in a process that has little to do, so events of
// several connections come together; [WithPacing] has each come when it is due.
//
// [WithTrace] plays recorded traffic back instead.
//
// Events are generated and compressed once, when the first connection needs them,
// in segments that depend on nothing before them, and every connection writes the same bytes; one
// process serves thousands of connections. What belongs to one connection (an ACK, say) goes in
// between two segments, or, where that would take longer than 20 ms, at once, and the rest of the
// segment is encoded for the connection alone; a Dispatch takes the session out of
// step with the others, and from then on its events are encoded for it alone. Traffic is not
// filtered by intents. Ten thousand connections take about 270 MB with TLS and 190 MB without;
// BenchmarkLoad measures it.
//
// Without traffic up to 64 connections have a compressor each, whose context lives as long as the
// connection, as Discord's does. Connections beyond that, and all that share traffic, get what is
// theirs alone in runs that begin with an empty context; that is within the formats, and a client
// that keeps its own context cannot tell, except that zstd runs begin with white space around the
// JSON.
//
// # Where Discord is silent
//
// Some behaviour is not documented, and this server had to choose. A connection without a
// heartbeat for one and a half intervals is closed with 4009 and its session ends. After
// Invalid Session the connection stays open and may identify again. A message may be text or
// binary. An identify may come 2 % early. Versions 9 and 10 of the API are the same. A token may
// have the prefix "Bot ". Payload compression is ignored where transport
// compression was asked for, and compress may be something else than a boolean.
package gatewaytest
