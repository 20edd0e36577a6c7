//! Which described path a called one is. Invariant: of several templates that fit, the one with the
//! earliest literal segments wins (`/guilds/templates/{code}` before `/guilds/{guild_id}/…`,
//! `…/messages/@original` before `…/messages/{message_id}`).

use serde_json::Value;

/// The described paths.
pub(crate) struct Routes(Vec<String>);

impl Routes {
    /// The paths of an OpenAPI document.
    pub(crate) fn of(document: &Value) -> Option<Self> {
        Some(Self(document.get("paths")?.as_object()?.keys().cloned().collect()))
    }

    /// The template that `path` is a case of.
    pub(crate) fn find(&self, path: &str) -> Option<&str> {
        let path = below_api(path);
        let fitting = self.0.iter().filter(|template| fits(template, path));
        // A template segment sorts as "variable" (true) after "literal" (false), segment by segment.
        fitting
            .min_by_key(|template| template.split('/').map(|part| part.starts_with('{')).collect::<Vec<_>>())
            .map(String::as_str)
    }
}

/// Whether a path is known not to be part of the described API: the simulator's own control plane, and
/// the files that Discord serves from its CDN, another host.
pub(crate) fn is_outside(path: &str) -> bool {
    ["/_sim", "/attachments/", "/cdn/"].iter().any(|prefix| path.starts_with(prefix))
}

/// The path without `/api`, its version, and the query.
fn below_api(path: &str) -> &str {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let Some(below) = path.strip_prefix("/api") else { return path };
    let version = below.strip_prefix("/v").and_then(|rest| rest.split_once('/')).map(|(version, _)| version);
    match version {
        Some(version) if !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()) => {
            &below[2 + version.len()..]
        }
        _ => below,
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some(expected), Some(came)) if expected == came => {}
            (Some(expected), Some(came)) if expected.starts_with('{') && !came.is_empty() => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_literal_path_wins_whatever_the_prefix() {
        let routes = Routes(
            [
                "/gateway",
                "/guilds/{guild_id}/channels",
                "/guilds/templates/{code}",
                "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
                "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}",
            ]
            .map(str::to_owned)
            .to_vec(),
        );
        for (path, template) in [
            ("/api/v10/gateway", Some("/gateway")),
            ("/api/gateway?v=10", Some("/gateway")),
            ("/guilds/templates/channels", Some("/guilds/templates/{code}")),
            ("/api/webhooks/1/t/messages/@original", Some(routes.0[3].as_str())),
            ("/api/webhooks/1/t/messages/7", Some(routes.0[4].as_str())),
            ("/api/webhooks/1/t/messages/", None),
            ("/api/v10/gateways", None),
        ] {
            assert_eq!(routes.find(path), template, "{path}");
        }
    }
}
