//! systemd over D-Bus (org.freedesktop.systemd1(5), 252 and later). Invariants: it is only read; nothing is asked on
//! the connection that signals come by, so that many of them can't keep an answer away; every call has a time-out.
//!
//! Unless another bus is named, it is the one that `DBUS_SYSTEM_BUS_ADDRESS` names, else the system's.

use std::{collections::HashMap, time::Duration};

use futures_util::StreamExt;
use serde::Serialize;
use zbus::{
    Connection, Message, MessageStream, OwnedObjectPath, Variant, connection::Builder, wire::DynamicType,
};

use super::AskError;
use crate::{clock::Clock, config::Bus};

const NAME: &str = "org.freedesktop.systemd1";
const PATH: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const UNIT: &str = "org.freedesktop.systemd1.Unit";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// Below it, units have their paths.
const UNITS: &str = "/org/freedesktop/systemd1/unit/";

/// What is heard of: changes of units, units that are let go of, and another systemd in place of this one.
const SIGNALS: [&str; 3] = [
    "type='signal',sender='org.freedesktop.systemd1',interface='org.freedesktop.DBus.Properties',\
     member='PropertiesChanged',arg0='org.freedesktop.systemd1.Unit'",
    "type='signal',sender='org.freedesktop.systemd1',interface='org.freedesktop.systemd1.Manager',\
     member='UnitRemoved'",
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',\
     member='NameOwnerChanged',arg0='org.freedesktop.systemd1'",
];

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// The service manager of this machine, and the signals that it sends.
pub struct Systemd {
    calls: Connection,
    signals: MessageStream,
    clock: Clock,
}

/// A unit, as far as was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// Where it is on the bus.
    pub path: String,
    /// Its name.
    pub name: String,
    /// All its names, its own among them; empty if only a change of it was told.
    pub names: Vec<String>,
    /// What it is for.
    pub description: String,
    /// `ActiveState`: `active`, `reloading`, `inactive`, `failed`, `activating`, `deactivating`, and newer ones.
    pub active: String,
    /// `SubState`, which depends on the type of unit.
    pub sub: String,
    /// Since when it is so, in microseconds since the Unix epoch.
    pub since_us: u64,
    /// The id of its last start, in hexadecimal; empty if it was not started.
    pub invocation: String,
    /// `Result`: how it ended; empty for types of unit that have none.
    pub result: String,
    /// `ExecMainCode`: how its main process ended (`si_code` of waitid(2)); 0 without one.
    pub exit_code: i32,
    /// `ExecMainStatus`: its exit code or signal.
    pub exit_status: i32,
    /// `Restart`: when systemd starts it again by itself; empty for types of unit that are not.
    pub restart: String,
}

/// What a signal tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A unit is in this state now. Its names, description and outcome are not told.
    State(Box<Unit>),
    /// The unit of this name was let go of, perhaps to be loaded anew.
    Removed(String),
    /// Another systemd has taken over; it knows nobody who listens.
    Replaced,
}

type Properties<'a> = HashMap<&'a str, Variant<'a>>;

impl Systemd {
    /// Connects and listens.
    pub async fn connect(bus: &Bus, clock: Clock) -> Result<Self, AskError> {
        let limit = clock.clone();
        let connecting = async {
            let (calls, heard) = (connection(bus).await?, connection(bus).await?);
            let signals = MessageStream::from(&heard);
            for rule in SIGNALS {
                let bus = "org.freedesktop.DBus";
                heard.call_method(Some(bus), "/org/freedesktop/DBus", Some(bus), "AddMatch", &rule).await?;
            }
            // Without it, systemd sends signals only if somebody else listens.
            heard.call_method(Some(NAME), PATH, Some(MANAGER), "Subscribe", &()).await?;
            Ok(Self { calls, signals, clock })
        };
        limit.timeout(ANSWER, connecting).await.unwrap_or_else(slow).map_err(|error| unreachable(&error))
    }

    /// The names and paths of the units that have failed.
    pub async fn failed(&self) -> Result<Vec<(String, String)>, AskError> {
        type Listed<'a> = (
            &'a str,
            &'a str,
            &'a str,
            &'a str,
            &'a str,
            &'a str,
            OwnedObjectPath,
            u32,
            &'a str,
            OwnedObjectPath,
        );
        // States, and patterns of names.
        let wanted: (&[&str], &[&str]) = (&["failed"], &[]);
        let answer = self.call(PATH, MANAGER, "ListUnitsByPatterns", &wanted).await?;
        let body = answer.body();
        let units: Vec<Listed<'_>> = body.deserialize().map_err(|error| unreadable(&error))?;
        Ok(units.into_iter().map(|unit| (unit.0.to_owned(), unit.6.to_string())).collect())
    }

    /// The path of the unit `name`, which is loaded if it is not.
    pub async fn path(&self, name: &str) -> Result<String, AskError> {
        let answer = self.call(PATH, MANAGER, "LoadUnit", &name).await?;
        let path: OwnedObjectPath = answer.body().deserialize().map_err(|error| unreadable(&error))?;
        Ok(path.to_string())
    }

    /// All of the unit at `path`.
    pub async fn unit(&self, path: &str) -> Result<Unit, AskError> {
        let mut unit = Unit::at(path);
        let answer = self.call(path, PROPERTIES, "GetAll", &UNIT).await?;
        unit.take(answer.body().deserialize().map_err(|error| unreadable(&error))?);
        if let Some(interface) = interface(&unit.name) {
            let answer = self.call(path, PROPERTIES, "GetAll", &interface).await?;
            unit.take(answer.body().deserialize().map_err(|error| unreadable(&error))?);
        }
        Ok(unit)
    }

    /// The next change. Nothing is lost by dropping the wait for it.
    pub async fn next(&mut self) -> Result<Change, AskError> {
        loop {
            let Some(message) = self.signals.next().await else {
                return Err(gone("the bus closed the connection"));
            };
            let message = message.map_err(|error| gone(&error.to_string()))?;
            match change(&message) {
                Ok(Some(change)) => return Ok(change),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "a signal of systemd can't be read; it is passed over"),
            }
        }
    }

    async fn call<B: Serialize + DynamicType + Sync>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<Message, AskError> {
        let call = self.calls.call_method(Some(NAME), path, Some(interface), method, body);
        self.clock.timeout(ANSWER, call).await.unwrap_or_else(slow).map_err(|error| unreachable(&error))
    }
}

impl Unit {
    /// The unit at `path`, of which nothing else is known.
    fn at(path: &str) -> Self {
        Self { path: path.to_owned(), name: name(path), ..Self::default() }
    }

    /// Takes over what is told of it.
    fn take(&mut self, properties: Properties<'_>) {
        for (name, value) in properties {
            match (name, value) {
                ("Id", Variant::Str(id)) => self.name = id.to_string(),
                ("Names", Variant::Array(names)) => self.names = names.try_into().unwrap_or_default(),
                ("Description", Variant::Str(text)) => self.description = text.to_string(),
                ("ActiveState", Variant::Str(state)) => self.active = state.to_string(),
                ("SubState", Variant::Str(state)) => self.sub = state.to_string(),
                ("StateChangeTimestamp", Variant::U64(since)) => self.since_us = since,
                ("InvocationID", Variant::Array(id)) => {
                    let id: Vec<u8> = id.try_into().unwrap_or_default();
                    self.invocation = data_encoding::HEXLOWER.encode(&id);
                }
                ("Result", Variant::Str(result)) => self.result = result.to_string(),
                ("Restart", Variant::Str(when)) => self.restart = when.to_string(),
                ("ExecMainCode", Variant::I32(code)) => self.exit_code = code,
                ("ExecMainStatus", Variant::I32(status)) => self.exit_status = status,
                _ => {}
            }
        }
    }
}

async fn connection(bus: &Bus) -> zbus::Result<Connection> {
    let builder = match bus {
        Bus::System => Builder::system(),
        Bus::At(address) => Builder::address(address.as_str()),
    };
    builder.build().await
}

/// What the message tells, if it is a signal that tells something.
fn change(message: &Message) -> zbus::Result<Option<Change>> {
    let (header, body) = (message.header(), message.body());
    let (Some(member), Some(path)) = (header.member(), header.path()) else { return Ok(None) };
    Ok(match member.as_str() {
        "PropertiesChanged" => {
            let (_, properties, _): (&str, Properties<'_>, Vec<&str>) = body.deserialize()?;
            let mut unit = Unit::at(path);
            unit.take(properties);
            (!unit.active.is_empty()).then(|| Change::State(Box::new(unit)))
        }
        "UnitRemoved" => {
            let (name, _): (String, OwnedObjectPath) = body.deserialize()?;
            Some(Change::Removed(name))
        }
        "NameOwnerChanged" => Some(Change::Replaced),
        _ => None,
    })
}

/// The interface on which units of the type of `name` say how they ended.
fn interface(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "service" => "org.freedesktop.systemd1.Service",
        "socket" => "org.freedesktop.systemd1.Socket",
        "mount" => "org.freedesktop.systemd1.Mount",
        "automount" => "org.freedesktop.systemd1.Automount",
        "swap" => "org.freedesktop.systemd1.Swap",
        "timer" => "org.freedesktop.systemd1.Timer",
        "path" => "org.freedesktop.systemd1.Path",
        "scope" => "org.freedesktop.systemd1.Scope",
        _ => return None,
    })
}

/// The name of the unit at `path`, in which `_` and two hexadecimal digits stand for a byte
/// (`sd_bus_path_decode(3)`).
fn name(path: &str) -> String {
    let mut left = path.strip_prefix(UNITS).unwrap_or(path).as_bytes();
    let mut name = Vec::new();
    while let [byte, rest @ ..] = left {
        let digits = rest.get(..2).filter(|_| *byte == b'_').and_then(|two| std::str::from_utf8(two).ok());
        let decoded = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        left = if decoded.is_some() { &rest[2..] } else { rest };
        name.push(decoded.unwrap_or(*byte));
    }
    String::from_utf8_lossy(&name).into_owned()
}

fn slow<T>() -> zbus::Result<T> {
    Err(zbus::Error::Failure(format!("no answer within {} s", ANSWER.as_secs())))
}

fn unreachable(error: &zbus::Error) -> AskError {
    gone(&format!(
        "{error}; is D-Bus there, and may Vigie use it? The bus is that of [sources.systemd] bus, else of \
         DBUS_SYSTEM_BUS_ADDRESS, else /run/dbus/system_bus_socket"
    ))
}

fn gone(reason: &str) -> AskError {
    AskError::Unreachable { url: "systemd on the system bus".into(), reason: reason.to_owned() }
}

fn unreadable(error: &zbus::Error) -> AskError {
    AskError::Unreadable { url: "systemd on the system bus".into(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_unit_says_its_name() {
        let named = |last: &str| name(&format!("{UNITS}{last}"));
        assert_eq!(named("blog_2eservice"), "blog.service");
        assert_eq!(named("getty_40tty1_2eservice"), "getty@tty1.service");
        assert_eq!(named("dev_2ddisk_5cx2d_2emount"), "dev-disk\\x2d.mount");
        assert_eq!(named("odd_"), "odd_");
        assert_eq!(named("odd_2"), "odd_2");
        assert_eq!(named("odd_zz"), "odd_zz");
    }
}
