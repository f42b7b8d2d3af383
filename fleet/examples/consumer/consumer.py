"""Consumes a bot's events that fleet/publish put on NATS.

    pip install nats-py
    python consumer.py nats://127.0.0.1:4222 bot
"""
import asyncio
import json
import sys

import nats


async def main(url, prefix):
    conn = await nats.connect(url)

    async def on_message(msg):
        # PREFIX.ev.TOTAL.SHARD.TYPE; a queue group shares the events among several consumers.
        total, shard, name = msg.subject.rsplit(".", 3)[1:]
        event = json.loads(msg.data)
        print(f"shard {shard}/{total} {name}: {event.get('content')!r}", flush=True)

    await conn.subscribe(f"{prefix}.ev.*.*.MESSAGE_CREATE", queue="workers", cb=on_message)

    # A command goes to the process that runs the shard, whichever that is.
    idle = {"op": 3, "d": {"since": None, "activities": [], "status": "idle", "afk": False}}
    answer = await conn.request(f"{prefix}.cmd.0", json.dumps(idle).encode(), timeout=10)
    print("presence:", json.loads(answer.data), flush=True)

    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:3]))
