//! Who may do what, as `[permissions]` says. Invariant: what nobody is named for, nobody may.

use std::collections::BTreeMap;

use crate::{
    config::{Permission, Permitted},
    language::Language,
};

/// Who may do what.
#[derive(Clone, Debug, Default)]
pub struct Permissions(BTreeMap<Permission, Permitted>);

impl Permissions {
    /// As the configuration says.
    pub const fn new(permitted: BTreeMap<Permission, Permitted>) -> Self {
        Self(permitted)
    }

    /// Whether the user with this id and these roles may.
    pub(super) fn allow(
        &self,
        permission: Permission,
        user: u64,
        roles: impl IntoIterator<Item = u64>,
    ) -> bool {
        let Some(permitted) = self.0.get(&permission) else { return false };
        permitted.users.contains(&user) || roles.into_iter().any(|role| permitted.roles.contains(&role))
    }

    /// Who may, in a reader's words; roles and users as mentions, which must not ping.
    pub(super) fn who(&self, permission: Permission, language: Language) -> String {
        let Some(Permitted { roles, users }) = self.0.get(&permission) else {
            return language.text("permission-nobody", &[]);
        };
        let roles = roles.iter().map(|id| format!("<@&{id}>"));
        let who: Vec<String> = roles.chain(users.iter().map(|id| format!("<@{id}>"))).take(SHOWN).collect();
        if who.is_empty() { language.text("permission-nobody", &[]) } else { who.join(", ") }
    }
}

/// How many are named, so that a message holds them.
const SHOWN: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_or_a_user_may_and_nobody_else() {
        let permitted = Permitted { roles: vec![3000], users: vec![4001] };
        let permissions = Permissions::new([(Permission::Acknowledge, permitted)].into());
        let may =
            |user, roles: &[u64]| permissions.allow(Permission::Acknowledge, user, roles.iter().copied());
        assert!(may(4000, &[1, 3000]) && may(4001, &[]));
        assert!(!may(4000, &[]) && !may(3000, &[4001]));
        assert!(!permissions.allow(Permission::Silence, 4001, [3000]));
        assert_eq!(permissions.who(Permission::Acknowledge, Language::En), "<@&3000>, <@4001>");
        assert_eq!(permissions.who(Permission::Silence, Language::Fr), "personne, pour l’instant");
    }
}
