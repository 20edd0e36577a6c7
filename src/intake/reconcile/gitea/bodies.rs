//! The body that a webhook would have had. Invariant: what happened is told as it was then, as far as that is
//! known: an issue that was opened and closed since was open when it was opened.

use serde_json::{Value, json};

use super::happening::{Happening, Merged, Pushed, compare_url, short};
use crate::backends::{
    AskError,
    gitea::{Activity, Gitea},
};

/// The body of the webhook that would have told `happening`; `None` if what it was about is gone.
pub(super) async fn body(
    gitea: &Gitea,
    repository: &str,
    happening: &Happening,
    activity: &Activity,
) -> Result<Option<Value>, AskError> {
    let facts = match happening {
        Happening::Push { full, before, after } => push(activity, full, before, after),
        Happening::Create { full, sha } => {
            json!({ "ref": short(full), "ref_type": ref_type(full), "sha": sha })
        }
        Happening::Delete { full } => {
            json!({ "ref": short(full), "ref_type": ref_type(full), "pusher_type": "user" })
        }
        Happening::Issue { number, action } => {
            let Some(mut issue) = gitea.issue(repository, *number).await? else { return Ok(None) };
            as_it_was(&mut issue, activity, action, Merged::No);
            json!({ "action": action, "number": number, "issue": issue })
        }
        Happening::Pull { number, action, merged } => {
            let Some(mut pull) = gitea.pull(repository, *number).await? else { return Ok(None) };
            as_it_was(&mut pull, activity, action, *merged);
            json!({ "action": action, "number": number, "pull_request": pull })
        }
        Happening::Comment { number, on_pull, .. } => {
            let Some(issue) = gitea.issue(repository, *number).await? else { return Ok(None) };
            json!({ "action": "created", "issue": issue, "comment": activity.comment, "is_pull": on_pull })
        }
        Happening::Review { number, verdict } => {
            let Some(mut pull) = gitea.pull(repository, *number).await? else { return Ok(None) };
            pull["updated_at"] = json!(activity.created);
            let review = json!({ "type": verdict, "content": said(activity) });
            json!({ "action": "reviewed", "number": number, "pull_request": pull, "review": review })
        }
        Happening::Release { tag } => {
            let Some(release) = gitea.release(repository, tag).await? else { return Ok(None) };
            json!({ "action": "published", "release": release })
        }
        Happening::Repository => json!({ "action": "created" }),
    };
    Ok(Some(signed(facts, activity)))
}

/// With what all bodies have, and when it happened, which webhooks need not say.
fn signed(mut facts: Value, activity: &Activity) -> Value {
    facts["repository"] = activity.repo.clone();
    facts["sender"] = activity.act_user.clone();
    facts["happened_at"] = json!(activity.created);
    facts
}

fn push(activity: &Activity, full: &str, before: &str, after: &str) -> Value {
    let pushed = Pushed::of(activity).unwrap_or_default();
    let page = activity.repo["html_url"].as_str().unwrap_or_default();
    let commits: Vec<Value> = pushed
        .commits
        .unwrap_or_default()
        .iter()
        .map(|commit| {
            json!({
                "id": commit.sha1, "message": commit.message, "url": format!("{page}/commit/{}", commit.sha1),
                "author": { "name": commit.author_name, "email": commit.author_email },
                "timestamp": commit.timestamp,
            })
        })
        .collect();
    json!({
        "ref": full, "before": before, "after": after, "commits": commits, "total_commits": pushed.len,
        "compare_url": compare_url(page, &pushed.compare_url), "pusher": activity.act_user,
    })
}

/// Sets the state that `action` brought, at the time when it did.
fn as_it_was(thing: &mut Value, activity: &Activity, action: &str, merged: Merged) {
    let state = if action == "closed" { "closed" } else { "open" };
    thing["state"] = json!(state);
    thing["updated_at"] = json!(activity.created);
    if thing.get("merged").is_some() {
        thing["merged"] = json!(merged == Merged::Yes);
    }
}

/// The text of a review: that of its comment, or the first line that the activity holds after the number.
fn said(activity: &Activity) -> &str {
    let line = activity.content.split_once('|').map_or("", |(_, line)| line);
    activity.comment["body"].as_str().filter(|body| !body.is_empty()).unwrap_or(line)
}

fn ref_type(full: &str) -> &'static str {
    if full.starts_with("refs/tags/") { "tag" } else { "branch" }
}
