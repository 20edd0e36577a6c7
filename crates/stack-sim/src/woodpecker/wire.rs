//! Woodpecker's JSON, in both dialects. Invariant: an empty list is what Go makes of it in the version: null, `[]`, or
//! left out.

use data_encoding::BASE64;
use serde_json::{Map, Value, json};

use super::{Dialect, Pipeline, Repository, Step};

/// The data of one message of the stream.
pub(super) fn event(dialect: Dialect, id: i64, repository: &Repository, number: u64) -> Option<Value> {
    let pipeline = repository.pipelines.get(&number)?;
    Some(json!({
        "repo": self::repository(dialect, id, repository),
        "pipeline": self::pipeline(dialect, number, pipeline, Workflows::Told),
    }))
}

pub(super) fn repository(dialect: Dialect, id: i64, repository: &Repository) -> Value {
    let (owner, name) = repository.full_name.split_once('/').unwrap_or_default();
    let trusted = match dialect {
        Dialect::V2 => json!(false),
        Dialect::V3 => json!({ "network": false, "volumes": false, "security": false }),
    };
    json!({
        "id": id, "forge_remote_id": id.to_string(), "org_id": 1, "owner": owner, "name": name,
        "full_name": repository.full_name, "forge_url": format!("https://git.harbor.example/{}", repository.full_name),
        "default_branch": "main", "visibility": "private", "private": true, "trusted": trusted, "active": true,
        "cancel_previous_pipeline_events": null,
    })
}

/// Whether a pipeline has its workflows with it; those in lists have not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Workflows {
    Told,
    LeftOut,
}

pub(super) fn pipeline(dialect: Dialect, number: u64, pipeline: &Pipeline, workflows: Workflows) -> Value {
    let [created, updated, started, finished, reviewed] = match dialect {
        Dialect::V2 => ["created_at", "updated_at", "started_at", "finished_at", "reviewed_at"],
        Dialect::V3 => ["created", "updated", "started", "finished", "reviewed"],
    };
    let newest = pipeline.created.max(pipeline.started).max(pipeline.finished);
    let mut json = Map::from_iter([
        (created.to_owned(), pipeline.created.into()),
        (updated.to_owned(), newest.into()),
        (started.to_owned(), pipeline.started.into()),
        (finished.to_owned(), pipeline.finished.into()),
        (reviewed.to_owned(), 0.into()),
    ]);
    let rest = json!({
        "id": number, "number": number, "author": pipeline.author, "parent": 0, "event": pipeline.event,
        "status": pipeline.status, "errors": errors(pipeline), "deploy_to": "", "commit": format!("{number:040x}"),
        "branch": pipeline.branch, "ref": pipeline.git_ref, "refspec": "", "title": "", "message": pipeline.message,
        "timestamp": pipeline.created, "sender": pipeline.author, "author_avatar": "", "author_email": "",
        "forge_url": format!("https://git.harbor.example/commit/{number:040x}"), "reviewed_by": "",
    });
    json.extend(rest.as_object().cloned().unwrap_or_default());
    if dialect == Dialect::V3 {
        json.insert("event_reason".into(), Value::Null);
        json.insert("version".into(), "3.17.0".into());
    }
    if workflows == Workflows::Told && !pipeline.steps.is_empty() {
        json.insert("workflows".into(), json!([workflow(dialect, number, pipeline)]));
    }
    json.into()
}

/// Null if there are none.
fn errors(pipeline: &Pipeline) -> Value {
    let error = |message: &String| json!({ "type": "generic", "message": message, "is_warning": false, "data": null });
    let all: Vec<Value> = pipeline.errors.iter().map(error).collect();
    if all.is_empty() { Value::Null } else { all.into() }
}

fn workflow(dialect: Dialect, number: u64, pipeline: &Pipeline) -> Value {
    let times = |mut json: Value| {
        let [started, finished] = match dialect {
            Dialect::V2 => ["start_time", "end_time"],
            Dialect::V3 => ["started", "finished"],
        };
        json[started] = pipeline.started.into();
        json[finished] = pipeline.finished.into();
        json
    };
    let child = |(pid, step): (i64, &Step)| {
        times(json!({
            "id": step.id, "uuid": format!("{:08x}", step.id), "pipeline_id": number, "pid": pid, "ppid": 1,
            "name": step.name, "state": step.state, "exit_code": step.exit_code, "type": "commands",
        }))
    };
    let children: Vec<Value> = (2..).zip(&pipeline.steps).map(child).collect();
    times(json!({
        "id": number, "pipeline_id": number, "pid": 1, "name": "build", "state": pipeline.status,
        "children": children,
    }))
}

/// The log of a step: lines of both streams in turn, empty ones as null, and as the last entry its exit code.
pub(super) fn log(step: &Step) -> Value {
    let line = |(place, text): (usize, &String)| {
        let data = (!text.is_empty()).then(|| BASE64.encode(text.as_bytes()));
        json!({
            "id": place, "step_id": step.id, "time": place, "line": place, "data": data, "type": place % 2,
        })
    };
    let mut lines: Vec<Value> = step.log.iter().enumerate().map(line).collect();
    if !lines.is_empty() {
        let (place, code) = (lines.len(), BASE64.encode(step.exit_code.to_string().as_bytes()));
        lines.push(json!({
            "id": place, "step_id": step.id, "time": place, "line": place, "data": code, "type": 2,
        }));
    }
    lines.into()
}
