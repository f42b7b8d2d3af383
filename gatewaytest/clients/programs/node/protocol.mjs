// What the programs of this folder have in common: JSON lines out, one command in.
export const { API_URL, GATEWAY_URL, DISCORD_TOKEN, COMPRESSION = "" } = process.env;

export function say(e, fields = {}) {
  process.stdout.write(JSON.stringify({ e, ...fields }) + "\n");
}

export function log(level, ...what) {
  const text = what.map((x) => (x instanceof Error ? x.stack : typeof x === "string" ? x : JSON.stringify(x))).join(" ");
  say("log", { level, text });
}

process.on("uncaughtException", (err) => log("error", "uncaught", err));
process.on("unhandledRejection", (err) => log("error", "unhandled", err));
process.on("warning", (warning) => log("warning", `${warning.name}: ${warning.message}`));

// onQuit calls f when the harness says quit.
export function onQuit(f) {
  process.stdin.once("data", async () => {
    await f();
    say("bye");
    setTimeout(() => process.exit(0), 500); // some libraries close in the background
  });
}
