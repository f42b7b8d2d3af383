"""A bot of discord.py's against sluice mock, or against Discord."""
import os
import signal

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

if "DISCORD_API_URL" in os.environ:  # a gateway to test against
    Route.BASE = os.environ["DISCORD_API_URL"]
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["DISCORD_GATEWAY_URL"])


class Bot(discord.Client):
    async def setup_hook(self):
        self.loop.add_signal_handler(signal.SIGINT, lambda: self.loop.create_task(self.close()))

    async def on_ready(self):
        print(f"ready, with {len(self.guilds)} guilds", flush=True)

    async def on_message(self, message):
        print(f"{message.author} wrote {len(message.content)} characters", flush=True)


Bot(intents=discord.Intents.all()).run(os.environ["DISCORD_TOKEN"], log_handler=None)
