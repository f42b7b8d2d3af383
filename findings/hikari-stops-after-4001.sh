#!/usr/bin/env bash
# Finding: hikari ends the bot after close code 4001, from which Discord asks clients to come back.
#
# Version:  hikari 2.7.0, on the Python that is installed (3.10 or newer).
# Expected: Discord ("Gateway Close Event Codes") marks 4001 (unknown opcode), 4003 (not authenticated)
#           and 4005 (already authenticated) as codes to reconnect after, as it does 4000 and 4002. So
#           the shard dials again.
# Seen:     after 4000 and 4002 it does; after 4001, 4003 and 4005 the bot ends with an error that says
#           it cannot be recovered from.
#
# Needs Python with venv, and a package index. Exits with 1 if the behaviour has changed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check hikari==2.7.0

cat >play.py <<'PY'
import asyncio
import json
import logging
import os
import sys

import hikari
from aiohttp import WSMsgType, web

logging.disable()


async def play(code):
    """Serves a session that is closed with a code, and tells what the client does."""
    url, came, ready = "", asyncio.Queue(), asyncio.Event()

    async def bot_info(_):
        limit = {"total": 1000, "remaining": 999, "reset_after": 1000, "max_concurrency": 1}
        return web.json_response({"url": url, "shards": 1, "session_start_limit": limit})

    async def me(_):
        return web.json_response({"id": "1", "username": "x", "discriminator": "0", "avatar": None, "flags": 0, "bot": True})

    async def application(_):
        return web.json_response({"id": "1"})

    async def gateway(request):
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.send_str(json.dumps({"t": None, "s": None, "op": 10, "d": {"heartbeat_interval": 41250}}))
        async for message in ws:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                break
            op = json.loads(message.data)["op"]
            if op not in (2, 6):
                continue
            if ready.is_set():
                await came.put("it resumes" if op == 6 else "it identifies")
                break
            ready.set()
            user = {"id": "1", "username": "x", "discriminator": "0", "avatar": None, "flags": 0, "bot": True}
            d = {"v": 10, "user": user, "guilds": [], "session_id": "abc", "resume_gateway_url": url, "application": {"id": "1", "flags": 0}}
            await ws.send_str(json.dumps({"t": "READY", "s": 1, "op": 0, "d": d}))
            await asyncio.sleep(0.5)
            await ws.close(code=code)
        return ws

    app = web.Application()
    app.add_routes([
        web.get("/api/gateway/bot", bot_info), web.get("/api/users/@me", me),
        web.get("/api/oauth2/applications/@me", application), web.get("/api/applications/@me", application), web.get("/", gateway),
    ])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    url = f"ws://127.0.0.1:{port}"
    # compress=… in the URL would ask for zlib-stream, which this gateway does not speak.
    from hikari.impl import shard
    shard.GatewayShardImpl.__init__.__kwdefaults__["compression"] = None
    bot = hikari.GatewayBot("MTAwMDAw.b.c", banner=None, logs=None, suppress_optimization_warning=True, rest_url=f"http://127.0.0.1:{port}/api")

    async def run():
        await bot.start(check_for_updates=False)
        await bot.join()

    running, next_dial = asyncio.create_task(run()), asyncio.create_task(came.get())
    done, _ = await asyncio.wait([running, next_dial], timeout=60, return_when=asyncio.FIRST_COMPLETED)
    if next_dial in done:
        what = next_dial.result()
    elif running in done:
        what = "the bot ends: " + type(running.exception()).__name__
    else:
        what = "nothing"
    print(f"closed with {code}: {what}", flush=True)
    os._exit(0)  # a client in the middle of its redial would be waited for


asyncio.run(play(int(sys.argv[1])))
PY
cat >want <<'TEXT'
closed with 4000: it resumes
closed with 4001: the bot ends: GatewayServerClosedConnectionError
closed with 4002: it resumes
closed with 4003: the bot ends: GatewayServerClosedConnectionError
closed with 4005: the bot ends: GatewayServerClosedConnectionError
TEXT
for code in 4000 4001 4002 4003 4005; do
	timeout 90 venv/bin/python play.py $code
done | tee got
diff -u want got && echo "as described: hikari 2.7.0"
