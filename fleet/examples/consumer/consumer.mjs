// Consumes a bot's events that fleet/publish put on NATS.
//
//	npm install @nats-io/transport-node
//	node consumer.mjs nats://127.0.0.1:4222 bot
import { connect } from "@nats-io/transport-node";

const [servers, prefix] = process.argv.slice(2);
const conn = await connect({ servers });

// A command goes to the process that runs the shard, whichever that is.
const idle = { op: 3, d: { since: null, activities: [], status: "idle", afk: false } };
const answer = await conn.request(`${prefix}.cmd.0`, JSON.stringify(idle), { timeout: 10_000 });
console.log("presence:", answer.json());

// A queue group shares the events among several consumers.
for await (const msg of conn.subscribe(`${prefix}.ev.*.*.MESSAGE_CREATE`, { queue: "workers" })) {
  const [total, shard, name] = msg.subject.split(".").slice(-3);
  console.log(`shard ${shard}/${total} ${name}: ${msg.json().content}`);
}
