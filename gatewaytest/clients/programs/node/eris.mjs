import https from "node:https";

import Eris from "eris";

import { API_URL, COMPRESSION, DISCORD_TOKEN, log, onQuit, say } from "./protocol.mjs";

// Its REST client has a host, but no port: an agent has both.
const api = new URL(API_URL);
const bot = new Eris(`Bot ${DISCORD_TOKEN}`, {
  intents: ["all"],
  compress: COMPRESSION === "zlib-stream",
  restMode: true,
  rest: {
    domain: api.hostname,
    baseURL: api.pathname,
    agent: new https.Agent({ host: api.hostname, port: Number(api.port) }),
  },
});
bot.on("ready", () => {
  for (const guild of bot.guilds.values()) say("guild", { id: guild.id, channels: guild.channels.size + guild.threads.size });
  say("ready", { guilds: bot.guilds.size });
});
bot.on("shardResume", () => say("resumed"));
bot.on("messageCreate", (message) => say("message", { id: message.id }));
bot.on("warn", (text) => log("warning", text));
bot.on("error", (err) => log("error", err));
bot.on("disconnect", () => say("stopped", { text: "disconnect" }));
onQuit(() => bot.disconnect({ reconnect: false }));
bot.connect().catch((err) => {
  log("error", err);
  say("stopped", { text: String(err) });
});
