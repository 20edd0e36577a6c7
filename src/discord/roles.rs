//! Checks that the roles which routes mention can be pinged: Discord shows a mention of a role that is not
//! mentionable, pings nobody and reports no error. Invariants: a role that does not ping is said in the log
//! at every start, and in the fallback channel once until the findings change.

use std::collections::{BTreeMap, HashMap};

use serenity::{
    all::{GuildId, Permissions, Role, RoleId, UserId},
    http::Http,
};

use super::{
    rest::RestError,
    session::{Backing, Settings},
};
use crate::language::Language;

/// Why a role of the configuration does not ping.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Finding {
    /// The guild has no role of this id.
    Unknown {
        /// Its name in the configuration.
        name: String,
        /// Its id there.
        id: u64,
    },
    /// It is not mentionable and the bot may not mention all roles.
    Silent {
        /// Its name in the configuration.
        name: String,
        /// Its id.
        id: u64,
    },
}

impl Finding {
    /// What is wrong and what to do, for the fallback channel and the log.
    fn text(&self, language: Language) -> String {
        let (key, name, id) = match self {
            Self::Unknown { name, id } => ("roles-unknown", name, id),
            Self::Silent { name, id } => ("roles-silent", name, id),
        };
        language.text(key, &[("name", name.as_str().into()), ("id", id.to_string().into())])
    }
}

/// The roles of `mentioned` that don't ping, given the guild's roles and those of the bot.
fn judge(mentioned: &BTreeMap<String, u64>, roles: &[Role], bots: &[RoleId]) -> Vec<Finding> {
    let roles: HashMap<RoleId, &Role> = roles.iter().map(|role| (role.id, role)).collect();
    // The role with the guild's own id is @everyone, which nobody is listed with.
    let everyone = roles.values().filter(|role| role.guild_id.get() == role.id.get()).copied();
    let granted = bots.iter().filter_map(|id| roles.get(id).copied()).chain(everyone);
    let permissions = granted.fold(Permissions::empty(), |sum, role| sum | role.permissions);
    if permissions.intersects(Permissions::ADMINISTRATOR | Permissions::MENTION_EVERYONE) {
        return mentioned
            .iter()
            .filter(|(_, id)| !roles.contains_key(&RoleId::new(**id)))
            .map(unknown)
            .collect();
    }
    let finding = |(name, id): (&String, &u64)| match roles.get(&RoleId::new(*id)) {
        None => Some(unknown((name, id))),
        Some(role) if role.mentionable => None,
        Some(_) => Some(Finding::Silent { name: name.clone(), id: *id }),
    };
    mentioned.iter().filter_map(finding).collect()
}

fn unknown((name, id): (&String, &u64)) -> Finding {
    Finding::Unknown { name: name.clone(), id: *id }
}

/// Asks Discord and says what was found.
pub(super) async fn report(
    http: &Http,
    settings: &Settings,
    bot: UserId,
    backing: &dyn Backing,
) -> Result<(), RestError> {
    if settings.mentioned.is_empty() {
        return Ok(());
    }
    let guild = GuildId::new(settings.guild);
    let roles = http.get_guild_roles(guild).await?;
    let member = http.get_member(guild, bot).await?;
    let findings = judge(&settings.mentioned, &roles, &member.roles);
    let text = findings.iter().map(|finding| finding.text(settings.language)).collect::<Vec<_>>().join("\n");
    for finding in &findings {
        tracing::warn!("{}", finding.text(Language::En));
    }
    let said = say(&text, &format!("roles:{guild}"), backing).await;
    if let Err(error) = said {
        tracing::warn!(error, "can't say in the fallback channel which roles do not ping");
    }
    Ok(())
}

/// Says `text` if it is not what was said last.
async fn say(text: &str, key: &str, backing: &dyn Backing) -> Result<(), String> {
    if backing.recall(key).await?.unwrap_or_default() == text {
        return Ok(());
    }
    if !text.is_empty() {
        backing.complain(text.to_owned()).await?;
    }
    backing.remember(key, text).await
}
