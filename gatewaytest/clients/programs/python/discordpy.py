import asyncio

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from protocol import API, GATEWAY, TOKEN, log, quit_asked, say

Route.BASE = API
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # no voice here
DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(GATEWAY)


class Bot(discord.Client):
    async def on_ready(self):
        for guild in self.guilds:
            say("guild", id=str(guild.id), channels=len(guild.channels) + len(guild.threads))
        say("ready", guilds=len(self.guilds))

    async def on_resumed(self):
        say("resumed")

    async def on_message(self, message):
        say("message", id=str(message.id))


async def main():
    bot = Bot(intents=discord.Intents.all())
    run = asyncio.create_task(bot.start(TOKEN))
    stop = asyncio.create_task(quit_asked())
    await asyncio.wait([run, stop], return_when=asyncio.FIRST_COMPLETED)
    if run.done():
        say("stopped", text=repr(run.exception()))
        await stop
    await bot.close()
    say("bye")


log()
asyncio.run(main())
