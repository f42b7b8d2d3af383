// Package fleet makes many processes on many machines one bot: use it when one process is not
// enough, or must not be the only one. Each runs a share of the
// bot's shards; shards move from one to another with their sessions, so that no event is
// lost when a process is restarted, replaced, added or killed. What they know of each other
// lies in NATS JetStream, in one bucket for each bot; the package embedded runs a NATS
// server in the process itself.
//
//	f, err := fleet.Join(ctx, fleet.Config{
//		NATS:   "nats://a,nats://b,nats://c",
//		Engine: engine.Config{Token: engine.NewToken(os.Getenv("DISCORD_TOKEN")), Intents: …},
//	})
//	…
//	f.Engine().On(gateway.Events(gateway.EventMessageCreate), handle)
//	err = f.Run(ctx)
//
// # Whose a shard is
//
// A shard is its owner's as long as its record in the bucket says so. Every change of a record
// is a compare-and-set. An owner whose lease has run out, or that cannot reach NATS, goes on:
// the record decides, and only others change it. They do so when the owner's lease is gone,
// or when nobody answers in its name and its absence is confirmed.
//
// An owner learns from the record that a shard is another's, and hangs up. Before each dial it
// reads the record from the stream's leader, and waits for as long as that cannot be had. When
// the process stood still for more than 2 s it delivers nothing before it has read all of its
// records again.
//
// # What comes twice
//
// A shard that is handed over loses nothing and repeats nothing. One that is taken over
// from a process that was killed is resumed from the sequence that was saved last
// (Config.SaveEvery): events since then come a second time, and none is lost.
//
// # Clocks
//
// No decision compares the clocks of two machines. Leases expire by the NATS server's clock,
// and whatever a process measures is by its own monotonic one.
package fleet
