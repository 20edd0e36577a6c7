//! `[sources]`: who reports to Vigie. Invariant: a source whose webhooks are taken has the secret that
//! they are proven with.

use std::{collections::BTreeMap, path::PathBuf};

use hyper::header::HeaderName;
use secrecy::SecretString;
use url::Url;

use super::{
    document::{Entry, Read, Section},
    secrets, values,
};

/// `[sources]`.
#[derive(Debug, Default)]
pub struct Sources {
    /// Gitea's webhooks.
    pub gitea: Option<Gitea>,
    /// Alertmanager's webhooks.
    pub alertmanager: Option<Hook>,
    /// Uptime Kuma's webhooks.
    pub kuma: Option<Hook>,
    /// Grafana's webhooks.
    pub grafana: Option<Grafana>,
    /// Woodpecker's event stream.
    pub woodpecker: Option<Asked>,
    /// The key (HMAC) of the deployer's reports.
    pub deploy: Option<SecretString>,
    /// Where it is heard of units that enter `failed`, if it is.
    pub systemd: Option<Bus>,
    /// Bearer tokens of the generic webhooks, by name.
    pub generic: BTreeMap<String, SecretString>,
}

/// `[sources.gitea]`.
#[derive(Debug)]
pub struct Gitea {
    /// The key (HMAC) of its webhooks.
    pub secret: SecretString,
    /// Where it is asked, if it is.
    pub asked: Option<Asked>,
}

/// `[sources.alertmanager]` and `[sources.kuma]`.
#[derive(Debug)]
pub struct Hook {
    /// The bearer that its webhooks carry.
    pub token: SecretString,
    /// Where it is asked, if it is.
    pub asked: Option<Asked>,
}

/// How a source is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its address.
    pub url: Url,
    /// The file with the token that it wants; the file may come later and is read again.
    pub api_token_file: Option<PathBuf>,
}

/// `[sources.systemd]`: the D-Bus that the service manager is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bus {
    /// The system's, or the one that `DBUS_SYSTEM_BUS_ADDRESS` names.
    System,
    /// The one at this address (D-Bus Specification, "Server Addresses").
    At(String),
}

/// `[sources.grafana]`.
#[derive(Debug)]
pub struct Grafana {
    /// What proves its webhooks.
    pub proof: GrafanaProof,
    /// Where it is asked, if it is.
    pub asked: Option<Asked>,
}

/// What proves Grafana's webhooks.
#[derive(Debug)]
pub enum GrafanaProof {
    /// The bearer that they carry.
    Token(SecretString),
    /// The key of their HMAC, and the header whose time goes into it, if one does.
    Key {
        /// The key.
        secret: SecretString,
        /// The header.
        timestamp_header: Option<HeaderName>,
    },
}

/// Reads `[sources]`.
pub(super) fn sources(mut section: Section<'_>) -> Read<Sources> {
    let gitea = section.read("gitea", gitea);
    let alertmanager = section.read("alertmanager", |entry| hook("alertmanager", entry));
    let kuma = section.read("kuma", |entry| hook("kuma", entry));
    let grafana = section.read("grafana", grafana);
    let woodpecker = section.read("woodpecker", woodpecker);
    let deploy = section.read("deploy", deploy);
    let systemd = section.read("systemd", systemd);
    let generic = section.read("generic", generic);
    section.finish();
    Ok(Sources {
        gitea: gitea?,
        alertmanager: alertmanager?,
        kuma: kuma?,
        grafana: grafana?,
        woodpecker: woodpecker?,
        deploy: deploy?,
        systemd: systemd?.flatten(),
        generic: generic?.unwrap_or_default(),
    })
}

fn gitea(entry: &Entry<'_>) -> Read<Gitea> {
    let mut section = entry.section()?;
    let secret = section.require(
        "secret_file",
        "secret_file = \"/run/credentials/vigie.service/gitea-secret\"",
        secrets::key,
    );
    let asked = asked(&mut section);
    section.finish();
    Ok(Gitea { secret: secret?, asked: asked? })
}

fn hook(name: &str, entry: &Entry<'_>) -> Read<Hook> {
    let mut section = entry.section()?;
    let example = format!("token_file = \"/run/credentials/vigie.service/{name}-token\"");
    let token = section.require("token_file", &example, secrets::token);
    let asked = asked(&mut section);
    section.finish();
    Ok(Hook { token: token?, asked: asked? })
}

/// `url` and `api_token_file`; the latter alone says nothing.
fn asked(section: &mut Section<'_>) -> Read<Option<Asked>> {
    let url = section.read("url", values::http_url);
    let api_token_file = section.read("api_token_file", |entry| {
        if url == Ok(None) {
            return Err(entry.absent("url beside it", "none", "add url, or remove this key"));
        }
        secrets::later(entry)
    });
    let (url, api_token_file) = (url?, api_token_file?);
    Ok(url.map(|url| Asked { url, api_token_file }))
}

fn grafana(entry: &Entry<'_>) -> Read<Grafana> {
    let mut section = entry.section()?;
    let token = section.read("token_file", secrets::token);
    let secret = section.read("secret_file", secrets::key);
    let timestamp_header = section.read("timestamp_header", |header| {
        if matches!(secret, Ok(None)) {
            return Err(header.absent("secret_file beside it", "none", "add it, or remove this key"));
        }
        header.parse("the name of an HTTP header", "write for example \"X-Grafana-Timestamp\"", |name| {
            HeaderName::from_bytes(name.as_bytes()).ok()
        })
    });
    let asked = asked(&mut section);
    section.finish();
    let proof = match (token?, secret?) {
        (Some(token), None) => GrafanaProof::Token(token),
        (None, Some(secret)) => GrafanaProof::Key { secret, timestamp_header: timestamp_header? },
        (both, _) => {
            let found = if both.is_some() { "both" } else { "none" };
            return Err(entry.absent("either token_file or secret_file", found, "write one of them"));
        }
    };
    Ok(Grafana { proof, asked: asked? })
}

fn woodpecker(entry: &Entry<'_>) -> Read<Asked> {
    let mut section = entry.section()?;
    let url = section.require("url", "url = \"http://127.0.0.1:8000\"", values::http_url);
    let api_token_file = section.read("api_token_file", secrets::later);
    section.finish();
    if matches!(api_token_file, Ok(None)) {
        entry.warn("has no api_token_file, so only pipelines of public repositories are followed");
    }
    Ok(Asked { url: url?, api_token_file: api_token_file? })
}

fn deploy(entry: &Entry<'_>) -> Read<SecretString> {
    let mut section = entry.section()?;
    let secret = section.require(
        "secret_file",
        "secret_file = \"/run/credentials/vigie.service/deploy-secret\"",
        secrets::key,
    );
    section.finish();
    secret
}

fn systemd(entry: &Entry<'_>) -> Read<Option<Bus>> {
    let mut section = entry.section()?;
    let enable = section.read("enable", Entry::flag);
    let bus = section.read("bus", |entry| {
        entry.parse("an address of D-Bus", "write for example \"unix:path=/run/host/dbus/socket\"", |text| {
            text.contains(':').then(|| Bus::At(text.to_owned()))
        })
    });
    section.finish();
    let bus = bus?.unwrap_or(Bus::System);
    Ok(enable?.unwrap_or_default().then_some(bus))
}

fn generic(entry: &Entry<'_>) -> Read<BTreeMap<String, SecretString>> {
    let hook = |(name, entry): (&str, Entry<'_>)| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
            entry.mistake_found(
                "a name of at most 64 letters, digits, - and _, because it is part of the hook's path",
                &format!("{name:?}"),
                "choose such a name",
            );
        }
        let token = entry.section().and_then(|mut section| {
            let token = section.require(
                "token_file",
                "token_file = \"/run/credentials/vigie.service/cron-token\"",
                secrets::token,
            );
            section.finish();
            token
        });
        (name.to_owned(), token)
    };
    values::map(entry.section()?.named().into_iter().map(hook))
}
