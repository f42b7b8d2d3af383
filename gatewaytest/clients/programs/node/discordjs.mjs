import { createRequire, Module } from "node:module";

import { API_URL, COMPRESSION, DISCORD_TOKEN, log, onQuit, say } from "./protocol.mjs";

// It compresses if zlib-sync is installed, and has no other setting.
if (COMPRESSION !== "zlib-stream") {
  const resolve = Module._resolveFilename;
  Module._resolveFilename = (name, ...rest) => {
    if (name === "zlib-sync") throw Object.assign(new Error("hidden"), { code: "MODULE_NOT_FOUND" });
    return resolve(name, ...rest);
  };
}
const { Client, Events, Partials } = createRequire(import.meta.url)("discord.js");

const client = new Client({
  intents: 0x3ffffff & ~(7 << 17) & ~(3 << 22), // all that Discord has
  partials: Object.values(Partials).filter((x) => typeof x === "number"),
  rest: { api: API_URL.replace(/\/v10$/, ""), version: "10" },
});
client.on(Events.ClientReady, () => say("ready", { guilds: client.guilds.cache.size }));
client.on(Events.ClientReady, () => {
  for (const guild of client.guilds.cache.values()) say("guild", { id: guild.id, channels: guild.channels.cache.size });
});
client.on(Events.ShardResume, () => say("resumed"));
client.on(Events.MessageCreate, (message) => say("message", { id: message.id }));
client.on(Events.Warn, (text) => log("warning", text));
client.on(Events.Error, (err) => log("error", err));
client.on(Events.ShardError, (err) => log("error", err));
client.on(Events.Invalidated, () => say("stopped", { text: "invalidated" }));
client.on(Events.ShardDisconnect, (event) => say("stopped", { text: `disconnect ${event.code}` }));
onQuit(() => client.destroy());
client.login(DISCORD_TOKEN).catch((err) => {
  log("error", err);
  say("stopped", { text: String(err) });
});
