import asyncio

import hikari
from hikari.impl import shard as shard_impl

from protocol import API, COMPRESSION, TOKEN, log, quit_asked, say

# GatewayBot has no setting for it: its shards take the default.
if COMPRESSION:
    kinds = hikari.api.GatewayCompression
    shard_impl.GatewayShardImpl.__init__.__kwdefaults__["compression"] = {
        "none": None,
        "payload": kinds.PAYLOAD_ZLIB_STREAM,
        "zlib-stream": kinds.TRANSPORT_ZLIB_STREAM,
        "zstd-stream": kinds.TRANSPORT_ZSTD_STREAM,
    }[COMPRESSION]

log()
bot = hikari.GatewayBot(
    TOKEN,
    banner=None,
    logs=None,
    suppress_optimization_warning=True,
    auto_chunk_members=False,
    intents=hikari.Intents.ALL,
    rest_url=API,
)


@bot.listen()
async def on_ready(event: hikari.ShardReadyEvent):
    say("ready", guilds=len(event.unavailable_guilds))


@bot.listen()
async def on_guild(event: hikari.GuildAvailableEvent):
    say("guild", id=str(event.guild_id), channels=len(event.channels) + len(event.threads))


@bot.listen()
async def on_resumed(event: hikari.ShardResumedEvent):
    say("resumed")


@bot.listen()
async def on_message(event: hikari.MessageCreateEvent):
    say("message", id=str(event.message_id))


async def main():
    stop = asyncio.create_task(quit_asked())

    async def run():
        await bot.start(check_for_updates=False)
        await bot.join()

    task = asyncio.create_task(run())
    await asyncio.wait([task, stop], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        say("stopped", text=repr(task.exception()))
        await stop
    if bot.is_alive:
        await bot.close()
    say("bye")


asyncio.run(main())
