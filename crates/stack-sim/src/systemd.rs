//! systemd (252) on a message bus, as far as Vigie asks it: org.freedesktop.systemd1(5). As the real one, it sends
//! signals only if somebody subscribed, loads any unit that is asked for, and keeps what its units did while the bus
//! is away. Where there is no bus it can stand in for one.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::StreamExt;
use tokio::{
    net::{UnixListener, UnixStream},
    task::JoinSet,
};
use tokio_util::task::AbortOnDropHandle;
use zbus::{
    Connection, Guid, Message, MessageStream, ObjectPath, Variant, connection::Builder, message::Type,
};

const NAME: &str = "org.freedesktop.systemd1";
const PATH: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const UNITS: &str = "/org/freedesktop/systemd1/unit/";
const UNIT: &str = "org.freedesktop.systemd1.Unit";
const SERVICE: &str = "org.freedesktop.systemd1.Service";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

type Properties = HashMap<&'static str, Variant<'static>>;

/// A service manager with services.
pub struct Systemd {
    world: Arc<Mutex<World>>,
    /// Microseconds since the Unix epoch.
    now: Box<dyn Fn() -> u64 + Send + Sync>,
    connected: Option<AbortOnDropHandle<()>>,
}

#[derive(Default)]
struct World {
    /// What its signals go out by.
    connections: Vec<Connection>,
    units: BTreeMap<String, Unit>,
    starts: u8,
    /// Who listens, by their names on the bus.
    subscribers: Vec<String>,
    listings: usize,
}

#[derive(Clone, Default)]
struct Unit {
    active: &'static str,
    sub: &'static str,
    since: u64,
    invocation: [u8; 16],
    result: &'static str,
    exit: (i32, i32),
    /// Whether it is started again by itself.
    restarts: bool,
}

impl Systemd {
    /// A service manager that is on no bus yet.
    pub fn new(now: Box<dyn Fn() -> u64 + Send + Sync>) -> Self {
        Self { world: Arc::default(), now, connected: None }
    }

    /// It gets onto the bus at `address`.
    ///
    /// # Errors
    /// If that is not to be had.
    pub async fn join(&mut self, address: &str) -> zbus::Result<()> {
        let connection = Builder::address(address).build().await?;
        let calls = MessageStream::from(&connection);
        connection.request_name(NAME).await?;
        self.leave();
        lock(&self.world).connections.push(connection.clone());
        let task = answer(connection, calls, Arc::clone(&self.world));
        self.connected = Some(AbortOnDropHandle::new(tokio::spawn(task)));
        Ok(())
    }

    /// It is the bus as well, for whoever connects to `listener`.
    pub fn serve(&mut self, listener: UnixListener) {
        self.leave();
        let world = Arc::clone(&self.world);
        let task = async move {
            let mut talks = JoinSet::new();
            // It ends with its task.
            while let Ok((stream, _)) = listener.accept().await {
                talks.spawn(talk(stream, Arc::clone(&world)));
            }
        };
        self.connected = Some(AbortOnDropHandle::new(tokio::spawn(task)));
    }

    /// It leaves the bus. Who listened is forgotten.
    pub fn leave(&mut self) {
        self.connected = None;
        let mut world = lock(&self.world);
        world.connections.clear();
        world.subscribers.clear();
    }

    /// How many listen.
    pub fn subscribers(&self) -> usize {
        lock(&self.world).subscribers.len()
    }

    /// How often it was asked what has failed.
    pub fn listings(&self) -> usize {
        lock(&self.world).listings
    }

    /// The service is started, and runs.
    pub async fn starts(&self, name: &str) {
        let invocation = {
            let mut world = lock(&self.world);
            world.starts += 1;
            [world.starts; 16]
        };
        self.set(name, |unit| *unit = Unit { invocation, ..unit.is("active", "running", "success") }).await;
    }

    /// The service fails: its main process ends with `code`, and systemd does not start it again.
    pub async fn fails(&self, name: &str, code: i32) {
        self.set(name, |unit| {
            *unit = Unit { exit: (1, code), ..unit.is("failed", "failed", "exit-code") };
        })
        .await;
    }

    /// The service's main process ends with `code`, and systemd starts it again by itself. It passes through `failed`
    /// and `inactive`, and says so, while it is further on already.
    pub async fn starts_again(&self, name: &str, code: i32) {
        let failed = lock(&self.world).units.get(name).cloned().unwrap_or_default();
        let failed = Unit { exit: (1, code), restarts: true, ..failed.is("failed", "failed", "exit-code") };
        let waiting = failed.is("activating", "auto-restart", "exit-code");
        lock(&self.world).units.insert(name.to_owned(), waiting.clone());
        for passed in [&failed, &waiting, &waiting.is("inactive", "dead", "exit-code")] {
            self.say(name, passed).await;
        }
        self.starts(name).await;
    }

    /// The service fails, and is let go of at once (`CollectMode=inactive-or-failed`).
    pub async fn fails_and_goes(&self, name: &str, code: i32) {
        self.fails(name, code).await;
        lock(&self.world).units.remove(name);
        let removed = ObjectPath::try_from(path(name))
            .and_then(|path| Message::signal(PATH, MANAGER, "UnitRemoved").build(&(name, path)));
        self.send(removed).await;
    }

    /// What failed no longer counts as failed (`systemctl reset-failed`).
    pub async fn resets(&self, name: &str) {
        self.set(name, |unit| *unit = unit.is("inactive", "dead", "success")).await;
    }

    /// Changes a unit and says so, the service's own properties first.
    async fn set(&self, name: &str, change: impl FnOnce(&mut Unit)) {
        let changed = {
            let mut world = lock(&self.world);
            let unit = world.units.entry(name.to_owned()).or_default();
            change(unit);
            unit.since = (self.now)();
            unit.clone()
        };
        self.say(name, &changed).await;
    }

    async fn say(&self, name: &str, changed: &Unit) {
        if lock(&self.world).subscribers.is_empty() {
            return;
        }
        for (interface, properties) in [(SERVICE, changed.of_service()), (UNIT, changed.of_unit())] {
            let body = (interface, properties, Vec::<&str>::new());
            self.send(Message::signal(path(name), PROPERTIES, "PropertiesChanged").build(&body)).await;
        }
    }

    async fn send(&self, signal: zbus::Result<Message>) {
        let connections = lock(&self.world).connections.clone();
        for connection in connections {
            if let Ok(signal) = &signal {
                // Without a bus, nobody hears it.
                let _ = connection.send(signal).await;
            }
        }
    }
}

impl Unit {
    fn is(&self, active: &'static str, sub: &'static str, result: &'static str) -> Self {
        Self { active, sub, result, exit: (0, 0), ..self.clone() }
    }

    fn of_unit(&self) -> Properties {
        HashMap::from([
            ("ActiveState", Variant::from(self.active)),
            ("SubState", Variant::from(self.sub)),
            ("StateChangeTimestamp", Variant::from(self.since)),
            ("InvocationID", Variant::from(self.invocation.to_vec())),
        ])
    }

    fn of_service(&self) -> Properties {
        HashMap::from([
            ("Result", Variant::from(self.result)),
            ("Restart", Variant::from(if self.restarts { "on-failure" } else { "no" })),
            ("ExecMainCode", Variant::from(self.exit.0)),
            ("ExecMainStatus", Variant::from(self.exit.1)),
            // The real one says much more, and of many types.
            ("NRestarts", Variant::from(0_u32)),
            ("CPUUsageNSec", Variant::from(u64::MAX)),
        ])
    }

    fn all(&self, name: &str) -> Properties {
        let fixed = [
            ("Id", Variant::from(name.to_owned())),
            ("Names", Variant::from(vec![name.to_owned(), format!("alias-of-{name}")])),
            ("Description", Variant::from(format!("What {name} is for"))),
        ];
        fixed.into_iter().chain(self.of_unit()).collect()
    }
}

/// Talks with one that takes it for the bus.
async fn talk(stream: UnixStream, world: Arc<Mutex<World>>) {
    // Who does not speak D-Bus is left alone.
    let Ok(stream) = stream.into_std() else { return };
    let builder = Builder::unix_stream(stream).server(Guid::generate()).p2p();
    let Ok(calls) = builder.build_message_stream().await else { return };
    let connection = Connection::from(&calls);
    lock(&world).connections.push(connection.clone());
    answer(connection, calls, world).await;
}

/// Answers what it is asked until the bus is gone.
async fn answer(connection: Connection, mut calls: MessageStream, world: Arc<Mutex<World>>) {
    while let Some(Ok(call)) = calls.next().await {
        if call.message_type() != Type::MethodCall {
            continue;
        }
        let wrong = |error: zbus::Error| {
            let name = "org.freedesktop.DBus.Error.InvalidArgs";
            Message::error(&call.header(), name).build(&error.to_string())
        };
        if let Ok(reply) = reply(&call, &world).or_else(wrong) {
            // Who went away waits for no answer.
            let _ = connection.send(&reply).await;
        }
    }
}

fn reply(call: &Message, world: &Mutex<World>) -> zbus::Result<Message> {
    let (header, body) = (call.header(), call.body());
    let reply = Message::method_return(&header);
    let member = header.member().map(zbus::names::MemberName::as_str).unwrap_or_default();
    match member {
        // What is the bus's to answer, where there is one.
        "Hello" => reply.build(&":1.1"),
        "AddMatch" => reply.build(&()),
        "Subscribe" => {
            let sender = header.sender().map(ToString::to_string).unwrap_or_default();
            lock(world).subscribers.push(sender);
            reply.build(&())
        }
        "LoadUnit" => reply.build(&ObjectPath::try_from(path(body.deserialize()?))?),
        "ListUnitsByPatterns" => {
            let (states, _): (Vec<String>, Vec<String>) = body.deserialize()?;
            let mut world = lock(world);
            world.listings += 1;
            let matching =
                |unit: &Unit| states.iter().any(|state| *state == unit.active || *state == unit.sub);
            let matching = world.units.iter().filter(|(_, unit)| matching(unit));
            reply.build(&matching.map(|(name, unit)| listed(name, unit)).collect::<Vec<_>>())
        }
        "GetAll" => {
            let interface: &str = body.deserialize()?;
            let name = header.path().map(|path| name(path)).unwrap_or_default();
            let gone = Unit { active: "inactive", sub: "dead", result: "success", ..Unit::default() };
            let unit = lock(world).units.get(&name).cloned().unwrap_or(gone);
            reply.build(&if interface == UNIT { unit.all(&name) } else { unit.of_service() })
        }
        _ => {
            let error = "org.freedesktop.DBus.Error.UnknownMethod";
            Message::error(&header, error).build(&format!("no method {member}"))
        }
    }
}

type Listed = (
    String,
    String,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    ObjectPath<'static>,
    u32,
    &'static str,
    ObjectPath<'static>,
);

fn listed(name: &str, unit: &Unit) -> Listed {
    let (description, none) = (format!("What {name} is for"), ObjectPath::default());
    let path = ObjectPath::try_from(path(name)).unwrap_or_default();
    (name.to_owned(), description, "loaded", unit.active, unit.sub, "", path, 0, "", none)
}

/// Where the unit is: what is no letter or digit is written in hexadecimal (`sd_bus_path_encode(3)`).
fn path(name: &str) -> String {
    let encoded = name.bytes().map(|byte| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("_{byte:02x}") }
    });
    UNITS.to_owned() + &encoded.collect::<String>()
}

/// The unit that is at `path`; names here are ASCII.
fn name(path: &str) -> String {
    let mut parts = path.strip_prefix(UNITS).unwrap_or_default().split('_');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        name.extend(u8::from_str_radix(digits, 16).ok().map(char::from));
        name.push_str(rest);
    }
    name
}

fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}
