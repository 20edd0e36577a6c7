//! The sections of the file other than sources and routes. Invariant: each is read to its end whatever
//! is wrong with it or with another.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use secrecy::SecretString;
use url::Url;

use super::{
    Config, Discord, Endpoint, Http, Permission, Permitted, Pulse, Service, Store,
    document::{Entry, Read, Section},
    routes, secrets, sources,
    sources::Sources,
    values,
};
use crate::language::Language;

/// Reads the whole document.
pub(super) fn config(mut root: Section<'_>) -> Read<Config> {
    let language = root.read("language", |entry| {
        entry.parse("en or fr", "write one of these", |name| {
            Language::ALL.into_iter().find(|language| language.as_str() == name)
        })
    });
    let discord = root.require("discord", "[discord] with token_file, guild and fallback_channel", |entry| {
        discord(entry.section()?)
    });
    let http = root.read("http", |entry| http(entry.section()?));
    let store = root.read("store", |entry| store(entry.section()?));
    let sources =
        root.read("sources", |entry| sources::sources(entry.section()?)).map(Option::unwrap_or_default);
    let prometheus = root.read("backends", backends);
    let health = root.read("health", health);
    let roles = root.read("roles", |entry| roles(&entry.section()?)).map(Option::unwrap_or_default);
    let permissions = root.read("permissions", |entry| permissions(entry, &roles, &sources));
    let services = root.read("services", |entry| services(entry, &roles));
    let routes = routes::routes(&mut root, &roles, &sources);
    root.finish();
    Ok(Config {
        language: language?.unwrap_or_default(),
        discord: discord?,
        http: http?.unwrap_or(Http { listen: LISTEN, trusted_proxies: Vec::new() }),
        store: store?.unwrap_or_else(|| Store { path: STORE.into(), keep: KEEP }),
        sources: sources?,
        prometheus: prometheus?.flatten(),
        health: health?,
        roles: roles?,
        permissions: permissions?.unwrap_or_default(),
        services: services?.unwrap_or_default(),
        routes: routes?,
    })
}

const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
const STORE: &str = "/var/lib/vigie/vigie.db";
const KEEP: Duration = Duration::from_hours(24 * 90);

fn discord(mut section: Section<'_>) -> Read<Discord> {
    let example = "token_file = \"/run/credentials/vigie.service/discord-token\"";
    let token = section.require("token_file", example, secrets::token);
    let guild = section.require("guild", "guild = 1000", values::id);
    let fallback_channel = section.require("fallback_channel", "fallback_channel = 2000", values::id);
    let endpoint = section.read("endpoint", |entry| endpoint(entry.section()?));
    section.finish();
    Ok(Discord { token: token?, guild: guild?, fallback_channel: fallback_channel?, endpoint: endpoint? })
}

fn endpoint(mut section: Section<'_>) -> Read<Endpoint> {
    let rest = section.require("rest", "rest = \"http://127.0.0.1:4000\"", |entry| {
        let url = values::http_url(entry)?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            let remedy = "leave out what follows the port; /api/v10 is appended";
            return Err(entry.mistake("an origin without a path", remedy));
        }
        Ok(url)
    });
    let gateway = section.require("gateway", "gateway = \"ws://127.0.0.1:4000/gateway\"", |entry| {
        values::url(entry, ["ws", "wss"])
    });
    section.finish();
    Ok(Endpoint { rest: rest?, gateway: gateway? })
}

fn http(mut section: Section<'_>) -> Read<Http> {
    let listen = section.read("listen", |entry| {
        entry.parse("an IP address and a port", "write for example \"127.0.0.1:8080\"", |text| {
            text.parse().ok()
        })
    });
    let trusted_proxies = section.read("trusted_proxies", |entry| {
        values::unique(&entry.list("IP addresses")?, |item| {
            item.parse("an IP address", "write for example \"127.0.0.1\"", |text| {
                text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
            })
        })
    });
    section.finish();
    Ok(Http { listen: listen?.unwrap_or(LISTEN), trusted_proxies: trusted_proxies?.unwrap_or_default() })
}

fn store(mut section: Section<'_>) -> Read<Store> {
    let path = section.read("path", values::path);
    let keep = section.read("keep", values::duration);
    section.finish();
    Ok(Store { path: path?.unwrap_or_else(|| PathBuf::from(STORE)), keep: keep?.unwrap_or(KEEP) })
}

fn backends(entry: &Entry<'_>) -> Read<Option<Url>> {
    let mut section = entry.section()?;
    let prometheus = section.read("prometheus", |entry| {
        let mut section = entry.section()?;
        let url = section.require("url", "url = \"http://127.0.0.1:9090\"", values::http_url);
        section.finish();
        url
    });
    section.finish();
    prometheus
}

fn health(entry: &Entry<'_>) -> Read<Pulse> {
    let mut section = entry.section()?;
    let channel = section.require("channel", "channel = 2003", values::id);
    let ping_url = section.read("ping_url", |entry| {
        let url = Url::parse(entry.text()?).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let found = "something else (not shown, because it may hold a secret)";
        url.map(|url| SecretString::from(String::from(url))).ok_or_else(|| {
            entry.mistake_found("an address that begins with https://", found, "write it whole")
        })
    });
    section.finish();
    Ok(Pulse { channel: channel?, ping_url: ping_url? })
}

fn roles(section: &Section<'_>) -> Read<BTreeMap<String, u64>> {
    let entries: Vec<_> = section.named();
    let mut seen = BTreeMap::new();
    values::map(entries.iter().map(|(name, entry)| {
        let id = values::id(entry).and_then(|id| match *seen.entry(id).or_insert(*name) {
            first if first == *name => Ok(id),
            first => {
                let found = format!("the one of {first}");
                Err(entry.mistake_found("an id that no other role has", &found, "correct one of the two"))
            }
        });
        ((*name).to_owned(), id)
    }))
}

fn permissions(
    entry: &Entry<'_>,
    roles: &Read<BTreeMap<String, u64>>,
    sources: &Read<Sources>,
) -> Read<BTreeMap<Permission, Permitted>> {
    let mut section = entry.section()?;
    let read_one = |entry: &Entry<'_>| {
        let mut section = entry.section()?;
        let roles = section.read("roles", |names| values::role_ids(names, roles));
        let users = section.read("users", |ids| values::unique(&ids.list("ids of users")?, values::id));
        section.finish();
        Ok(Permitted { roles: roles?.unwrap_or_default(), users: users?.unwrap_or_default() })
    };
    let acknowledge = section.read(Permission::Acknowledge.as_str(), read_one);
    let asked = sources.as_ref().is_ok_and(|sources| {
        sources.alertmanager.as_ref().is_some_and(|alertmanager| alertmanager.asked.is_some())
    });
    let silence = section.read(Permission::Silence.as_str(), |entry| {
        if !asked {
            entry.warn("is valid, but has no effect without url in [sources.alertmanager]");
        }
        read_one(entry)
    });
    let permitted =
        values::map([(Permission::Acknowledge, acknowledge), (Permission::Silence, silence)].into_iter());
    section.finish();
    Ok(permitted?.into_iter().filter_map(|(action, who)| Some((action, who?))).collect())
}

fn services(entry: &Entry<'_>, roles: &Read<BTreeMap<String, u64>>) -> Read<BTreeMap<String, Service>> {
    let services =
        values::map(entry.section()?.named().into_iter().map(|(name, entry)| {
            (name.to_owned(), entry.section().and_then(|section| service(section, roles)))
        }));
    entry.warn("is valid, but this version watches no services yet");
    services
}

fn service(mut section: Section<'_>, roles: &Read<BTreeMap<String, u64>>) -> Read<Service> {
    let unit = section.read("unit", |entry| {
        entry.parse("the name of a systemd unit", "write for example \"blog.service\"", |text| {
            let plain = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c);
            let named =
                text.rsplit_once('.').is_some_and(|(name, kind)| !name.is_empty() && !kind.is_empty());
            (named && text.chars().all(plain)).then(|| text.to_owned())
        })
    });
    let url = section.read("url", values::http_url);
    let roles = section.read("roles", |names| values::role_ids(names, roles));
    let critical = section.read("critical", Entry::flag);
    section.finish();
    Ok(Service {
        unit: unit?,
        url: url?,
        roles: roles?.unwrap_or_default(),
        critical: critical?.unwrap_or_default(),
    })
}
