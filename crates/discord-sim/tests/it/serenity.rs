//! serenity 0.12 against the simulator: the scenario that discord.py and discord.js play too (login, register,
//! command, deferred answer, button, follow-up, reconnect with RESUME).

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use serenity::all::{
    CommandInteraction, ComponentInteraction, Context, CreateActionRow, CreateButton, CreateCommand,
    CreateCommandOption, CreateInteractionResponse, CreateInteractionResponseFollowup,
    CreateInteractionResponseMessage, EditInteractionResponse, EventHandler, GatewayIntents, HttpBuilder,
    Interaction, Message, Ready, ResumedEvent, ShardManager,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::{JoinHandle, JoinSet},
};

use crate::support::{Discord, PATIENCE};

/// A bot with one command, which reports what happens to it.
struct Bot {
    seen: mpsc::UnboundedSender<String>,
}

#[serenity::async_trait]
impl EventHandler for Bot {
    async fn ready(&self, context: Context, ready: Ready) {
        let option = CreateCommandOption::new(serenity::all::CommandOptionType::String, "target", "Where to")
            .required(true);
        let command = CreateCommand::new("deploy").description("Deploys").add_option(option);
        let guild = ready.guilds.first().expect("a guild in READY").id;
        guild.set_commands(&context.http, vec![command]).await.unwrap();
        self.seen.send("ready".into()).unwrap();
    }

    async fn resume(&self, _: Context, _: ResumedEvent) {
        self.seen.send("resumed".into()).unwrap();
    }

    async fn message(&self, _: Context, message: Message) {
        self.seen.send(format!("message {}", message.content)).unwrap();
    }

    async fn interaction_create(&self, context: Context, interaction: Interaction) {
        match interaction {
            Interaction::Command(command) => run(&context, &command).await,
            Interaction::Component(component) => press(&context, &component).await,
            other => panic!("unexpected {other:?}"),
        }
    }
}

async fn run(context: &Context, command: &CommandInteraction) {
    command.defer(&context.http).await.unwrap();
    let target = command.data.options[0].value.as_str().unwrap();
    let answer = EditInteractionResponse::new()
        .content(format!("Deployed to {target}"))
        .components(vec![CreateActionRow::Buttons(vec![CreateButton::new("undo").label("Undo")])]);
    command.edit_response(&context.http, answer).await.unwrap();
}

async fn press(context: &Context, component: &ComponentInteraction) {
    let update = CreateInteractionResponseMessage::new().content("Undone").components(vec![]);
    component.create_response(&context.http, CreateInteractionResponse::UpdateMessage(update)).await.unwrap();
    let whisper = CreateInteractionResponseFollowup::new().content("Only you see this").ephemeral(true);
    component.create_followup(&context.http, whisper).await.unwrap();
}

/// A running bot.
struct Running {
    seen: mpsc::UnboundedReceiver<String>,
    shards: Arc<ShardManager>,
    task: JoinHandle<()>,
}

impl Running {
    async fn start(discord: &Discord, gateway: String) -> Self {
        let (sender, seen) = mpsc::unbounded_channel();
        let http = HttpBuilder::new("t").proxy(discord.url("")).ratelimiter_disabled(true).build();
        let intents = GatewayIntents::GUILDS | GatewayIntents::GUILD_MESSAGES;
        let mut client = serenity::client::ClientBuilder::new_with_http(http, intents)
            .event_handler(Bot { seen: sender })
            .await
            .unwrap();
        *client.ws_url.lock().await = gateway;
        let shards = Arc::clone(&client.shard_manager);
        let task = tokio::spawn(async move { client.start().await.unwrap() });
        Self { seen, shards, task }
    }

    async fn expect(&mut self, what: &str) {
        let next = async {
            while let Some(seen) = self.seen.recv().await {
                if seen == what {
                    return;
                }
            }
            panic!("the bot ended before {what:?}");
        };
        tokio::time::timeout(PATIENCE, next).await.unwrap_or_else(|_| panic!("no {what:?} in time"));
    }

    async fn stop(self) {
        self.shards.shutdown_all().await;
        tokio::time::timeout(PATIENCE, self.task).await.expect("an end in time").unwrap();
    }
}

async fn forge(discord: &Discord) {
    discord
        .guild(json!({"id": "1000", "name": "Forge", "channels": [{"id": "2000", "name": "forge"}],
                      "members": [{"id": "4000", "name": "ada", "locale": "fr"}]}))
        .await;
}

fn act(what: &Value) -> Value {
    let mut act = json!({"guild_id": "1000", "channel_id": "2000", "user_id": "4000"});
    for (key, value) in what.as_object().unwrap() {
        act[key] = value.clone();
    }
    act
}

#[tokio::test]
async fn pitfall_8_serenitys_odd_identify_is_taken_and_it_answers_a_command_and_a_button() {
    let discord = Discord::start().await;
    forge(&discord).await;
    let mut bot = Running::start(&discord, discord.gateway()).await;
    bot.expect("ready").await;

    let command =
        json!({"kind": "command", "command": "deploy", "options": {"target": "pi"}, "wait": "final"});
    let shown = discord.interact(act(&command)).await;
    assert_eq!(
        (&shown["deferred"], &shown["ephemeral"], &shown["error"]),
        (&json!(true), &json!(false), &Value::Null)
    );
    assert_eq!(shown["messages"][0]["content"], "Deployed to pi");

    let id = shown["messages"][0]["id"].clone();
    let press = json!({"kind": "button", "message_id": id, "custom_id": "undo"});
    let pressed = discord.interact(act(&press)).await;
    assert_eq!(pressed["messages"][0]["content"], "Undone");
    let path = format!("/_sim/interactions/{}", pressed["id"].as_str().unwrap());
    let both = |shown: &Value| shown["messages"].as_array().is_some_and(|messages| messages.len() == 2);
    let shown = discord.wait_for(&path, both).await;
    assert_eq!(shown["messages"][1]["content"], "Only you see this");
    // The whisper is in no channel.
    let messages = discord.get("/_sim/channels/2000/messages").await;
    let contents: Vec<_> = messages.as_array().unwrap().iter().map(|message| &message["content"]).collect();
    assert_eq!(contents, ["Undone"]);
    discord.check_log().await;
    bot.stop().await;
}

#[tokio::test]
async fn serenity_resumes_after_op_7_and_after_a_lost_connection_and_misses_nothing() {
    let discord = Discord::start().await;
    forge(&discord).await;
    let wire = Wire::start(discord.address).await;
    let mut bot = Running::start(&discord, format!("ws://{}/gateway", wire.address)).await;
    bot.expect("ready").await;

    discord.fault(json!({"kind": "gateway_reconnect", "times": 1})).await;
    bot.expect("resumed").await;
    discord.post_message("2000", json!({"content": "after op 7"})).await;
    bot.expect("message after op 7").await;

    wire.cut();
    discord.post_message("2000", json!({"content": "while away"})).await;
    bot.expect("message while away").await;
    bot.expect("resumed").await;
    // Two RESUMEs and no second IDENTIFY.
    assert_eq!(discord.get("/api/v10/gateway/bot").await["session_start_limit"]["remaining"], 999);
    bot.stop().await;
}

/// A wire that can be cut, whereupon new connections still work.
struct Wire {
    address: std::net::SocketAddr,
    open: Arc<Mutex<JoinSet<()>>>,
}

impl Wire {
    async fn start(to: std::net::SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, open) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(JoinSet::new())));
        let connections = Arc::clone(&open);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                connections.lock().unwrap().spawn(async move {
                    let mut far = TcpStream::connect(to).await.unwrap();
                    // Ends when either side does; how, is no matter.
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        Self { address, open }
    }

    fn cut(&self) {
        self.open.lock().unwrap().abort_all();
    }
}
