// Package gateway holds the vocabulary of Discord's gateway: import it to name intents, events,
// opcodes and close codes, and to build the payloads that a client sends. It does no I/O, keeps no
// state, and imports nothing but the standard library.
//
// # Words
//
// The gateway is Discord's service, a WebSocket that brings a bot what happens in its guilds. These
// are its words, as every package of this project uses them:
//
//   - A payload is one JSON object, {"op":…,"d":…,"s":…,"t":…}. Its [Opcode] says what it is for.
//   - A dispatch is a payload with opcode 0: something happened. It alone has an event type (t) and a
//     sequence (s), which counts the dispatches of a session from 1.
//   - An [EventType] is the name of a dispatch, such as MESSAGE_CREATE, as a number. An [EventSet] is
//     a set of them: what a callback wants to see. It never leaves the process.
//   - [Intents] are the groups of events that Discord is asked to send. Some are privileged: a bot
//     must be granted them.
//   - A shard is a part of the bot's guilds, (id, count): see [ShardID]. It outlives connections; a
//     connection is one socket, and a shard has at most one.
//   - A session is what the gateway remembers of a shard, so that a connection that breaks loses
//     nothing. It is known by its session_id.
//   - A [CloseCode] says why a connection was closed, and so whether its session can go on: its
//     [CloseCode.Decision].
//
// # The life of a session
//
// The gateway greets each connection with hello, which gives the heartbeat interval. From then on
// the client sends heartbeats ([AppendHeartbeat]), and each is answered by an ack; a connection
// whose acks stay out is a zombie. To begin a session, the client sends identify ([AppendIdentify]) and
// gets READY, with session_id and resume_gateway_url, and then a GUILD_CREATE for each guild.
//
// When the connection ends, the client dials resume_gateway_url and sends resume ([AppendResume]) with
// the session_id and the last sequence. The gateway replays what was missed, and then sends
// RESUMED. If it cannot, it sends invalid session, and the client identifies anew. Identifies are
// few, a thousand a day as a rule (the session start limit), resumes are free: so whatever can be
// resumed should be.
//
// # Sending
//
// The Append functions build whole payloads. They append to a slice, as strconv's do, allocate
// nothing else, and check beforehand what Discord would answer by closing the connection or not at
// all: a [*FieldError] names the field, a [*PayloadTooLargeError] the size. A client may send 120
// payloads in 60 s on a connection, heartbeats among them.
//
// Everything here is public knowledge: see Discord's developer documentation, "Gateway", "Gateway
// Events" and "Opcodes and Status Codes". Comments cite its headings.
package gateway
