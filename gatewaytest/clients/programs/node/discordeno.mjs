import { createGatewayManager } from "@discordeno/gateway";

import { API_URL, COMPRESSION, DISCORD_TOKEN, log, onQuit, say } from "./protocol.mjs";

// The package is the gateway alone: what Get Gateway Bot says is the bot's to give.
const res = await fetch(`${API_URL}/gateway/bot`, { headers: { authorization: `Bot ${DISCORD_TOKEN}` } });
const info = await res.json();
const guilds = new Map();
const words = (...what) => what.join(" ");
const manager = createGatewayManager({
  token: DISCORD_TOKEN,
  intents: 0x3ffffff & ~(7 << 17) & ~(3 << 22), // all that Discord has
  url: info.url,
  version: 10,
  totalShards: info.shards,
  lastShardId: info.shards - 1,
  connection: {
    url: info.url,
    shards: info.shards,
    sessionStartLimit: {
      total: info.session_start_limit.total,
      remaining: info.session_start_limit.remaining,
      resetAfter: info.session_start_limit.reset_after,
      maxConcurrency: info.session_start_limit.max_concurrency,
    },
  },
  ...(COMPRESSION === "payload" ? { compress: true } : {}),
  ...(COMPRESSION === "zlib-stream" || COMPRESSION === "zstd-stream" ? { transportCompression: COMPRESSION } : {}),
  preferSnakeCase: true,
  resharding: { enabled: false, shardsFullPercentage: 80, checkInterval: -1 },
  logger: {
    debug() {},
    info() {},
    warn: (...what) => log("warning", words(...what)),
    error: (...what) => log("error", words(...what)),
    fatal: (...what) => log("error", words(...what)),
  },
  events: {
    message(shard, payload) {
      const { t, d } = payload;
      if (t === "READY") say("ready", { guilds: d.guilds.length });
      if (t === "GUILD_CREATE") say("guild", { id: d.id, channels: d.channels.length + (d.threads?.length ?? 0) });
      if (t === "MESSAGE_CREATE") say("message", { id: d.id });
    },
    resumed: () => say("resumed"),
  },
});
onQuit(() => manager.shutdown(1000, "bye"));
manager.spawnShards().catch((err) => {
  log("error", err);
  say("stopped", { text: String(err) });
});
