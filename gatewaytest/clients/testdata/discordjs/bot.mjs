// A bot that prints the ids of the messages it sees: node bot.mjs API-URL COMPRESSION
import { REST } from "@discordjs/rest";
import { CompressionMethod, WebSocketManager, WebSocketShardEvents } from "@discordjs/ws";

const [api, compression] = process.argv.slice(2);
const token = process.env.DISCORD_TOKEN;

const rest = new REST({
  api: api.replace(/\/v10$/, ""),
  version: "10",
  // The built-in fetch trusts NODE_EXTRA_CA_CERTS.
  makeRequest: (url, init) => fetch(url, init),
}).setToken(token);

const manager = new WebSocketManager({
  token,
  intents: 513,
  rest,
  compression: compression === "zlib-stream" ? CompressionMethod.ZlibNative : null,
  useIdentifyCompression: compression === "payload",
});
manager.on(WebSocketShardEvents.Dispatch, (payload) => {
  const data = payload.data ?? payload;
  if (data.t === "MESSAGE_CREATE") console.log("message " + data.d.id);
});
manager.on(WebSocketShardEvents.Error, (error) => console.error("error", error));
await manager.connect();
