"""What the programs of this folder have in common: JSON lines out, one command in."""
import asyncio
import json
import logging
import os
import sys

API = os.environ["API_URL"]  # https://127.0.0.1:1/api/v10
GATEWAY = os.environ["GATEWAY_URL"]  # wss://127.0.0.1:2
TOKEN = os.environ["DISCORD_TOKEN"]
COMPRESSION = os.environ.get("COMPRESSION", "")


def say(event, **fields):
    sys.stdout.write(json.dumps({"e": event, **fields}) + "\n")
    sys.stdout.flush()


class Lines(logging.Handler):
    """Says what the library's log says, from warnings on."""

    def emit(self, record):
        level = "error" if record.levelno >= logging.ERROR else "warning"
        say("log", level=level, text=logging.Formatter("%(name)s: %(message)s").format(record))


def log():
    logging.getLogger().addHandler(Lines(logging.WARNING))
    logging.getLogger().setLevel(logging.WARNING)


async def quit_asked():
    """Returns when the harness says quit."""
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
