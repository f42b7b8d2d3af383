#!/usr/bin/env bash
# Finding: discord.py resumes a session that it never had.
#
# Version:  discord.py 2.7.1, on the Python that is installed.
# Expected: a connection that ends between identify and READY has brought no session, so the next one
#           identifies again.
# Seen:     the next connection sends opcode 6 with session_id and seq null. Only opcode 9 with d:false
#           brings an identify.
#
# Needs Python with venv, and a package index. Exits with 1 if the behaviour has changed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check discord.py==2.7.1

cat >play.py <<'PY'
import asyncio
import json
import os
import zlib

import discord
import yarl
from aiohttp import WSMsgType, web
from discord.gateway import DiscordWebSocket
from discord.http import Route

discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False


came = asyncio.Queue()


async def gateway(request):
    """Says hello, and ends the first connection when the identify has come."""
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    pack = zlib.compressobj()

    async def send(op, d):
        text = json.dumps({"op": op, "d": d, "s": None, "t": None}).encode()
        await ws.send_bytes(pack.compress(text) + pack.flush(zlib.Z_SYNC_FLUSH))

    await send(10, {"heartbeat_interval": 41250})
    async for message in ws:
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            break
        payload = json.loads(message.data)
        if payload["op"] not in (2, 6):
            continue
        first = not request.app["met"]
        request.app["met"].append(True)
        await came.put((payload["op"], payload["d"]))
        if first:
            await ws.close(code=4000)
        elif payload["op"] == 6:
            await send(9, False)
    return ws


BOT = {"id": "1", "username": "x", "discriminator": "0", "avatar": None, "bot": True}
APPLICATION = {"id": "1", "name": "x", "description": "", "icon": None, "flags": 0, "bot_public": True, "team": None,
               "bot_require_code_grant": False, "verify_key": "", "rpc_origins": [], "owner": BOT}


def rest(value):
    async def answer(_):
        return web.Response(body=json.dumps(value).encode(), content_type="application/json")
    return answer


async def main():
    app = web.Application()
    app["met"] = []
    app.add_routes([web.get("/", gateway), web.get("/users/@me", rest(BOT)),
                    web.get("/oauth2/applications/@me", rest(APPLICATION))])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    Route.BASE = f"http://127.0.0.1:{port}"
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://127.0.0.1:{port}/")

    bot = discord.Client(intents=discord.Intents.none())
    asyncio.create_task(bot.start("MTAwMDAw.b.c"))
    for _ in range(3):
        op, d = await asyncio.wait_for(came.get(), 60)
        print("opcode", op, {k: d[k] for k in ("session_id", "seq") if k in d})
    os._exit(0)


asyncio.run(main())
PY
cat >want <<'TEXT'
opcode 2 {}
opcode 6 {'session_id': None, 'seq': None}
opcode 2 {}
TEXT
timeout 120 venv/bin/python play.py | tee got
diff -u want got && echo "as described: discord.py 2.7.1"
