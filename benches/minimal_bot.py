"""The smallest bot on discord.py: one command, as few intents as it can have. Prints `ready`."""

import sys

import discord
import yarl

origin = sys.argv[1]
discord.http.Route.BASE = f"{origin}/api/v10"
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws{origin.removeprefix('http')}/gateway")


class Bot(discord.Client):
    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True))
        self.tree = discord.app_commands.CommandTree(self)

    async def on_ready(self) -> None:
        print("ready", flush=True)


bot = Bot()


@bot.tree.command(description="Says pong")
async def ping(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("pong", ephemeral=True)


bot.run("simulated", log_level=30)
