// The scenario's bot on discord.js: /greet with a button, /slow with a deferred answer, RESUME.
// Usage: bot.js SIMULATOR (its origin, such as http://127.0.0.1:4000). Prints `ready` and `resumed`.
const { ActionRowBuilder, ButtonBuilder, ButtonStyle, Client, Events, GatewayIntentBits, MessageFlags,
  SlashCommandBuilder } = require("discord.js");

const client = new Client({
  intents: [GatewayIntentBits.Guilds],
  allowedMentions: { parse: [] },
  rest: { api: `${process.argv[2]}/api` },
});

client.once(Events.ClientReady, async () => {
  await client.guilds.cache.get("1000").commands.set([
    new SlashCommandBuilder().setName("greet").setDescription("Greets someone")
      .addStringOption((option) => option.setName("name").setDescription("Whom to greet").setRequired(true)),
    new SlashCommandBuilder().setName("slow").setDescription("Takes its time"),
  ]);
  console.log("ready");
});
client.on(Events.ShardResume, () => console.log("resumed"));
client.on(Events.InteractionCreate, async (interaction) => {
  if (interaction.isButton()) {
    await interaction.update({ content: "You waved", components: [] });
    await interaction.followUp({ content: "I wave back", flags: MessageFlags.Ephemeral });
  } else if (interaction.commandName === "greet") {
    const button = new ButtonBuilder().setCustomId("wave").setLabel("Wave").setStyle(ButtonStyle.Primary);
    await interaction.reply({
      content: `Hello ${interaction.options.getString("name")}`,
      components: [new ActionRowBuilder().addComponents(button)],
    });
  } else {
    await interaction.deferReply();
    await interaction.editReply("Done at last");
  }
});

client.login("simulated");
