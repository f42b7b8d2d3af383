// A bot of discord.js's against sluice mock, or against Discord.
const { Client, Events, GatewayIntentBits } = require("discord.js");

const url = process.env.DISCORD_API_URL; // of a gateway to test against
const client = new Client({
  intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages, GatewayIntentBits.MessageContent],
  rest: url ? { api: url.replace(/\/v10$/, ""), version: "10" } : {},
});
client.on(Events.ClientReady, () => console.log(`ready, with ${client.guilds.cache.size} guilds`));
client.on(Events.MessageCreate, (message) =>
  console.log(`${message.author.username} wrote ${message.content.length} characters`),
);
process.on("SIGINT", () => client.destroy());
client.login(process.env.DISCORD_TOKEN);
