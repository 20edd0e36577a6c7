//! What a person declares in the configuration file. Invariants: a [`Config`] exists only if the whole
//! file is right; reading it binds nothing, asks no network and reports every mistake at once, each with
//! file, line, key and remedy; secrets come from files and live in `secrecy` types alone.
//!
//! Paths in the file are taken from the file's own folder.

mod document;
mod kinds;
mod routes;
mod secrets;
mod sections;
mod sources;
mod values;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;
use thiserror::Error;
use toml::de::DeTable;
use url::Url;

use self::document::{Document, Section};
pub use self::{
    document::{Files, Finding},
    routes::{Conditions, DIGEST_AFTER, Mention, Quiet, Route},
    sources::{Asked, Bus, Gitea, Grafana, GrafanaProof, Hook, Sources},
};
use crate::language::Language;

/// Everything that a person declares.
#[derive(Debug)]
pub struct Config {
    /// The language of messages in channels.
    pub language: Language,
    /// The bot on Discord.
    pub discord: Discord,
    /// The HTTP server.
    pub http: Http,
    /// The store.
    pub store: Store,
    /// Who reports to Vigie.
    pub sources: Sources,
    /// Where Prometheus is asked, if it is.
    pub prometheus: Option<Url>,
    /// How Vigie shows that it works.
    pub health: Option<Pulse>,
    /// Names for Discord's role ids.
    pub roles: BTreeMap<String, u64>,
    /// Who may do what. What is not listed, nobody may.
    pub permissions: BTreeMap<Permission, Permitted>,
    /// The watched services by name.
    pub services: BTreeMap<String, Service>,
    /// Which event goes where; the first that takes an event wins.
    pub routes: Vec<Route>,
}

/// `[discord]`.
#[derive(Debug)]
pub struct Discord {
    /// The bot's token, without the word `Bot`.
    pub token: SecretString,
    /// The server (guild) that the bot serves.
    pub guild: u64,
    /// Where Vigie complains when a channel is broken, and what no route takes goes.
    pub fallback_channel: u64,
    /// Another Discord than the real one, for tests and the demo.
    pub endpoint: Option<Endpoint>,
}

/// `[discord.endpoint]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The origin of the REST API, without a path (`http://127.0.0.1:4000`).
    pub rest: Url,
    /// The address of the gateway (`ws://127.0.0.1:4000/gateway`).
    pub gateway: Url,
}

/// `[http]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Where the server listens; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
}

/// `[store]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// The SQLite file.
    pub path: PathBuf,
    /// How long bodies, incidents and the audit are kept.
    pub keep: Duration,
}

/// `[health]`.
#[derive(Debug)]
pub struct Pulse {
    /// The channel of the message that shows that the whole path works.
    pub channel: u64,
    /// What is asked while it works, so that its silence is noticed. Whoever knows it can fake it.
    pub ping_url: Option<SecretString>,
}

/// Something that only some may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Say that an incident is being looked at.
    Acknowledge,
    /// Silence an alert.
    Silence,
}

impl Permission {
    /// Its name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Silence => "silence",
        }
    }
}

/// Who may do it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permitted {
    /// Ids of roles.
    pub roles: Vec<u64>,
    /// Ids of users.
    pub users: Vec<u64>,
}

/// `[services.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its systemd unit.
    pub unit: Option<String>,
    /// The address that says whether it is up.
    pub url: Option<Url>,
    /// Ids of the roles that may restart it.
    pub roles: Vec<u64>,
    /// Whether its being down is `critical`; else `warning`.
    pub critical: bool,
}

impl Config {
    /// The watched services whose being down is critical.
    pub fn critical_services(&self) -> BTreeSet<String> {
        let services = self.services.iter().filter(|(_, service)| service.critical);
        services.map(|(name, _)| name.clone()).collect()
    }
}

/// A configuration that is right, and what should be known about it.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What is no mistake, but may surprise.
    pub warnings: Vec<Finding>,
}

/// Why there is no configuration. Ends the process with exit code 78 (`EX_CONFIG`).
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("{}: expected a readable configuration file: {error}; correct the path or the file's rights", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file has mistakes: all of them, in the order of the file.
    #[error("{}", Lines(.0))]
    Mistakes(Vec<Finding>),
}

struct Lines<'a>(&'a [Finding]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.0.iter().enumerate() {
            write!(f, "{}{finding}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

/// Reads and checks the configuration file and the secrets that it names.
pub fn load(path: &Path) -> Result<Loaded, ConfigError> {
    parse(&read(path)?, path, Files::Read)
}

/// Reads and checks the configuration file, but none of the files that it names: every secret is empty.
pub fn load_without_files(path: &Path) -> Result<Config, ConfigError> {
    Ok(parse(&read(path)?, path, Files::Ignore)?.config)
}

/// Checks the configuration file; returns its warnings.
pub fn check(path: &Path, files: Files) -> Result<Vec<Finding>, ConfigError> {
    Ok(parse(&read(path)?, path, files)?.warnings)
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable { path: path.to_owned(), error })
}

/// Reads and checks a configuration that stands in `text`; `path` is what it is called in mistakes, and
/// its folder is where relative paths begin. With [`Files::Ignore`] every secret is empty.
pub(crate) fn parse(text: &str, path: &Path, files: Files) -> Result<Loaded, ConfigError> {
    let (mut tree, errors) = DeTable::parse_recoverable(text);
    let mut document = Document::new(text, path.to_owned(), files);
    let sound;
    if !errors.is_empty() {
        sound = document.set_aside(&errors);
        let (rest, errors) = DeTable::parse_recoverable(&sound);
        document.set_aside(&errors);
        tree = rest;
    }
    let config = sections::config(Section::root(&document, tree.get_ref()));
    let (mistakes, warnings) = document.into_findings();
    match config {
        Ok(config) if mistakes.is_empty() => Ok(Loaded { config, warnings }),
        _ => Err(ConfigError::Mistakes(mistakes)),
    }
}
