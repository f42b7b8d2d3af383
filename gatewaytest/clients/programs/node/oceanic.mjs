import { Client } from "oceanic.js";

import { API_URL, COMPRESSION, DISCORD_TOKEN, log, onQuit, say } from "./protocol.mjs";

const client = new Client({
  auth: `Bot ${DISCORD_TOKEN}`,
  rest: { baseURL: API_URL },
  gateway: {
    intents: ["ALL"],
    ...(COMPRESSION && COMPRESSION !== "none" ? { compress: COMPRESSION } : {}),
  },
});
client.on("ready", () => {
  for (const guild of client.guilds.values()) say("guild", { id: guild.id, channels: guild.channels.size + guild.threads.size });
  say("ready", { guilds: client.guilds.size });
});
client.on("shardResume", () => say("resumed"));
client.on("messageCreate", (message) => say("message", { id: message.id }));
client.on("warn", (text) => log("warning", text));
client.on("error", (err) => log("error", err));
client.on("disconnect", () => say("stopped", { text: "disconnect" }));
onQuit(() => client.disconnect(false));
client.connect().catch((err) => {
  log("error", err);
  say("stopped", { text: String(err) });
});
