"""The scenario's bot on discord.py: /greet with a button, /slow with a deferred answer, RESUME.

Usage: bot.py SIMULATOR (its origin, such as http://127.0.0.1:4000). Prints `ready` and `resumed`.
"""

import sys

import discord
import yarl
from discord import app_commands

origin = sys.argv[1]
discord.http.Route.BASE = f"{origin}/api/v10"
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws{origin.removeprefix('http')}/gateway")

GUILD = discord.Object(1000)


class Wave(discord.ui.View):
    """A button that changes its message and then says something new."""

    @discord.ui.button(label="Wave", custom_id="wave", style=discord.ButtonStyle.primary)
    async def wave(self, interaction: discord.Interaction, _button: discord.ui.Button) -> None:
        await interaction.response.edit_message(content="You waved", view=None)
        await interaction.followup.send("I wave back", ephemeral=True)


class Bot(discord.Client):
    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True), allowed_mentions=discord.AllowedMentions.none())
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self) -> None:
        await self.tree.sync(guild=GUILD)

    async def on_ready(self) -> None:
        print("ready", flush=True)

    async def on_resumed(self) -> None:
        print("resumed", flush=True)


bot = Bot()


@bot.tree.command(guild=GUILD, description="Greets someone")
@app_commands.describe(name="Whom to greet")
async def greet(interaction: discord.Interaction, name: str) -> None:
    await interaction.response.send_message(f"Hello {name}", view=Wave())


@bot.tree.command(guild=GUILD, description="Takes its time")
async def slow(interaction: discord.Interaction) -> None:
    await interaction.response.defer()
    await interaction.edit_original_response(content="Done at last")


bot.run("simulated", log_level=30)
