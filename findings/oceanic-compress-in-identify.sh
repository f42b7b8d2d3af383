#!/usr/bin/env bash
# Finding: oceanic.js puts the name of the transport compression into its identify.
#
# Version:  oceanic.js 1.15.0, on the Node.js that is installed.
# Expected: with compress: "zlib-stream" the URL asks for the transport compression, and the
#           identify's compress, which Discord documents as a boolean for payload compression
#           ("Gateway Events", heading "Identify Structure"), is false or left out.
# Seen:     the URL asks for it, and the identify says "compress": "zlib-stream" as well. A
#           gateway, or a proxy in front of one, that decodes the identify strictly refuses it.
#
# Needs Node.js and a registry. Exits with 1 if the behaviour has changed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat >package.json <<'JSON'
{"private": true, "dependencies": {"oceanic.js": "1.15.0", "ws": "8.18.3"}}
JSON
npm install --silent --no-audit --no-fund >/dev/null 2>&1
cat >main.cjs <<'JS'
const http = require("http");
const { WebSocketServer } = require("ws");
const { Client } = require("oceanic.js");

const server = http.createServer((req, res) => {
  res.setHeader("content-type", "application/json");
  const url = `ws://127.0.0.1:${server.address().port}`;
  if (req.url.includes("/gateway")) {
    res.end(JSON.stringify({ url, shards: 1, session_start_limit: { total: 1000, remaining: 1000, reset_after: 0, max_concurrency: 1 } }));
  } else {
    res.end("{}");
  }
});
const zlib = require("zlib");
new WebSocketServer({ server }).on("connection", (ws, req) => {
  const stream = zlib.createDeflate();
  const asked = new URL(req.url, "ws://host").searchParams.get("compress");
  console.log("URL: compress =", asked);
  stream.on("data", (b) => ws.send(b));
  stream.write('{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250}}');
  stream.flush(zlib.constants.Z_SYNC_FLUSH);
  ws.on("message", (data) => {
    const payload = JSON.parse(data);
    if (payload.op === 2) {
      console.log("identify: compress =", JSON.stringify(payload.d.compress));
      process.exit(0);
    }
  });
});
server.listen(0, "127.0.0.1", () => {
  const client = new Client({
    auth: "Bot a.b.c",
    rest: { baseURL: `http://127.0.0.1:${server.address().port}/api/v10` },
    gateway: { compress: "zlib-stream", getAllUsers: false, autoReconnect: false },
  });
  client.on("error", (err) => console.error(String(err)));
  client.connect().catch((err) => { console.error(String(err)); process.exit(1); });
});
setTimeout(() => { console.log("no identify came"); process.exit(1); }, 20000);
JS
cat >want <<'TEXT'
URL: compress = zlib-stream
identify: compress = "zlib-stream"
TEXT
node main.cjs 2>err | tee got || cat err
diff -u want got && echo "as described: oceanic.js 1.15.0"
