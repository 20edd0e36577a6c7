//! Message objects: how what was sent comes back. Invariant: what is returned has every field that Discord's
//! OpenAPI file requires.

use serde_json::{Map, Value, json};

use super::{Author, Message, Upload, World};
use crate::{
    Id,
    clock::{self, iso},
};

impl World {
    /// The message object of the REST API, without `nonce` and `guild_id`.
    pub(crate) fn message_object(&self, message: &Message) -> Value {
        let mut object = self.bare_object(message);
        if let Some(reference) = &message.reference {
            object["message_reference"] = reference.clone();
            if matches!(message.kind, 19 | 21) {
                let place = super::markup::id_of(&reference["channel_id"]).unwrap_or(message.channel_id);
                let target = super::markup::id_of(&reference["message_id"]);
                let target = target.and_then(|id| self.channels.get(&place)?.messages.get(&id));
                object["referenced_message"] = target.map_or(Value::Null, |m| self.bare_object(m));
            }
        }
        object
    }

    fn bare_object(&self, message: &Message) -> Value {
        let users = message.mentions.users.iter();
        let users: Vec<Value> =
            users.filter_map(|id| Some(self.member(message.guild_id, *id).ok()?.user.object())).collect();
        let mut object = json!({
            "id": message.id, "type": message.kind, "channel_id": message.channel_id,
            "author": author_object(&message.author), "content": message.content,
            "timestamp": iso(message.created_ms), "edited_timestamp": message.edited_ms.map(iso),
            "tts": message.tts, "mention_everyone": message.mentions.everyone, "mentions": users,
            "mention_roles": message.mentions.roles, "attachments": message.attachments,
            "embeds": message.embeds, "components": message.components, "pinned": false,
            "flags": message.flags,
        });
        for (key, id) in [("webhook_id", message.webhook_id), ("application_id", message.application_id)] {
            if let Some(id) = id {
                object[key] = json!(id);
            }
        }
        if let Some(metadata) = &message.interaction_metadata {
            object["interaction_metadata"] = metadata.clone();
        }
        if let Some(thread) = self.channels.get(&message.id).filter(|c| c.parent == Some(message.channel_id))
        {
            object["thread"] = thread.object();
        }
        object
    }

    /// The data of a `MESSAGE_CREATE` or `MESSAGE_UPDATE`.
    pub(crate) fn message_event(&self, message: &Message) -> Value {
        let mut data = self.message_object(message);
        data["guild_id"] = json!(message.guild_id);
        if let Author::User(user) = &message.author
            && let Ok(member) = self.member(message.guild_id, user.id)
        {
            data["member"] = member.partial();
        }
        data
    }

    /// Notes a message's event, if it is there to be seen.
    pub(crate) fn note_message(&mut self, event: &'static str, channel: Id, id: Id) {
        if let Some(message) = self.channels.get(&channel).and_then(|c| c.messages.get(&id)) {
            let (guild, data) = (message.guild_id, self.message_event(message));
            self.note(Some(guild), event, data);
        }
    }

    /// Notes `MESSAGE_CREATE`, which carries the nonce that is stored nowhere.
    pub(crate) fn note_created(&mut self, channel: Id, id: Id, nonce: &Value) {
        if let Some(message) = self.channels.get(&channel).and_then(|c| c.messages.get(&id)) {
            let (guild, mut data) = (message.guild_id, self.message_event(message));
            if !nonce.is_null() {
                data["nonce"] = nonce.clone();
            }
            self.note(Some(guild), "MESSAGE_CREATE", data);
        }
    }
}

fn author_object(author: &Author) -> Value {
    match author {
        Author::User(user) => user.object(),
        Author::Webhook { id, name, avatar } => json!({
            "id": id, "username": name, "avatar": avatar, "discriminator": "0000", "public_flags": 0,
            "flags": 0, "bot": true, "global_name": null, "primary_guild": null,
        }),
    }
}

/// How a message looks, for the record of its edits.
pub(super) fn look(message: &Message, at_ms: i64) -> Value {
    json!({
        "at_ms": at_ms, "content": message.content, "embeds": message.embeds,
        "components": message.components, "attachments": message.attachments, "flags": message.flags,
    })
}

/// Whether there is nothing that Discord would show beside files: components alone are not enough, unless they
/// are of the second version.
pub(crate) fn is_empty(message: &Message) -> bool {
    let second = message.flags & 1 << 15 != 0;
    let shows = !message.content.is_empty() || !message.embeds.is_empty();
    !(shows || second && !message.components.is_empty())
}

/// Puts content, embeds and components in; what the body does not name stays, `null` empties.
pub(super) fn write_text(message: &mut Message, body: &Value) {
    if let Some(content) = body.get("content") {
        content.as_str().unwrap_or_default().trim().clone_into(&mut message.content);
    }
    if let Some(embeds) = body.get("embeds") {
        message.embeds = embeds.as_array().into_iter().flatten().map(embed).collect();
    }
    if let Some(components) = body.get("components") {
        let mut taken = taken_ids(components);
        let list = components.as_array().into_iter().flatten();
        message.components = list.map(|c| numbered(c, &mut taken)).collect();
    }
}

/// An embed as it comes back: type `rich`, empty and unknown fields gone, `inline` filled in.
fn embed(sent: &Value) -> Value {
    let mut embed = Map::new();
    embed.insert("type".into(), json!("rich"));
    for key in ["title", "description", "url"] {
        if let Some(text) = sent[key].as_str().map(str::trim).filter(|t| !t.is_empty()) {
            embed.insert(key.into(), json!(text));
        }
    }
    if let Some(color) = sent["color"].as_u64() {
        embed.insert("color".into(), json!(color));
    }
    if let Some(at) = sent["timestamp"].as_str().and_then(clock::read) {
        embed.insert("timestamp".into(), json!(iso(at.as_millisecond())));
    }
    for (part, keys) in [
        ("author", &["name", "url", "icon_url"][..]),
        ("footer", &["text", "icon_url"]),
        ("image", &["url"]),
        ("thumbnail", &["url"]),
    ] {
        let copied: Map<String, Value> = keys
            .iter()
            .filter_map(|k| Some(((*k).to_owned(), json!(sent[part][*k].as_str()?.trim()))))
            .collect();
        if !copied.is_empty() {
            embed.insert(part.into(), Value::Object(copied));
        }
    }
    let fields = sent["fields"].as_array().into_iter().flatten().map(|field| {
        json!({
            "name": field["name"].as_str().unwrap_or_default().trim(),
            "value": field["value"].as_str().unwrap_or_default().trim(),
            "inline": field["inline"] == json!(true),
        })
    });
    let fields: Vec<Value> = fields.collect();
    if !fields.is_empty() {
        embed.insert("fields".into(), Value::Array(fields));
    }
    Value::Object(embed)
}

fn taken_ids(component: &Value) -> Vec<u64> {
    match component {
        Value::Array(list) => list.iter().flat_map(taken_ids).collect(),
        Value::Object(map) => {
            let own = map.get("type").and(map.get("id")).and_then(Value::as_u64);
            let inner = map.iter().filter(|(key, _)| *key != "emoji").flat_map(|(_, v)| taken_ids(v));
            own.into_iter().chain(inner).collect()
        }
        _ => Vec::new(),
    }
}

/// A component with an `id` on it and its children, counted up as Discord does (docs, "Anatomy of a Component").
fn numbered(component: &Value, taken: &mut Vec<u64>) -> Value {
    let Value::Object(map) = component else { return component.clone() };
    let mut out: Map<String, Value> =
        map.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect();
    if out.get("id").and_then(Value::as_u64).is_none_or(|id| id == 0) {
        let id = (1..=taken.len() as u64 + 1).find(|id| !taken.contains(id)).unwrap_or(1);
        taken.push(id);
        out.insert("id".into(), json!(id));
    }
    if let Some(Value::Array(children)) = map.get("components") {
        let children = children.iter().map(|c| numbered(c, taken)).collect();
        out.insert("components".into(), Value::Array(children));
    }
    for key in ["accessory", "component"] {
        if let Some(child @ Value::Object(_)) = map.get(key) {
            out.insert(key.into(), numbered(child, taken));
        }
    }
    let selects = matches!(map.get("type").and_then(Value::as_u64), Some(3 | 5..=8));
    if selects {
        for (key, default) in [("min_values", 1), ("max_values", 1)] {
            out.entry(key).or_insert(json!(default));
        }
    }
    if map.get("type") == Some(&json!(17)) {
        out.entry("accent_color").or_insert(Value::Null);
        out.entry("spoiler").or_insert(json!(false));
    }
    Value::Object(out)
}

/// The attachment object.
pub(super) fn attachment(id: Id, name: &str, url: &str, file: &Upload, ephemeral: Option<Id>) -> Value {
    let mut object = json!({
        "id": id, "filename": name, "size": file.bytes.len(), "url": url, "proxy_url": url,
        "content_type": file.content_type,
    });
    if let Some((width, height)) = png_size(&file.bytes) {
        object["width"] = json!(width);
        object["height"] = json!(height);
    }
    if ephemeral.is_some() {
        object["ephemeral"] = json!(true);
    }
    object
}

/// Width and height from a PNG's IHDR chunk (PNG specification, 11.2.2).
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
    let number = |from: usize| Some(u32::from_be_bytes(bytes.get(from..from + 4)?.try_into().ok()?));
    Some((number(16)?, number(20)?))
}

/// A file name with what Discord keeps of it: ASCII letters, digits, `.`, `-`, `_`; a blank becomes `_`.
pub(super) fn safe_name(name: &str) -> String {
    let kept = name.chars().filter_map(|c| match c {
        ' ' => Some('_'),
        c if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') => Some(c),
        _ => None,
    });
    let name: String = kept.collect();
    if name.is_empty() || name.chars().all(|c| c == '.') { "unknown".into() } else { name }
}

/// Puts the addresses of the message's files where `attachment://NAME` stands.
pub(super) fn resolve(message: &mut Message) {
    let files = message.attachments.clone();
    let find = |url: &str| {
        let name = safe_name(url.strip_prefix("attachment://")?);
        files.iter().find(|a| a["filename"] == name.as_str())
    };
    for embed in &mut message.embeds {
        for (part, key) in
            [("image", "url"), ("thumbnail", "url"), ("author", "icon_url"), ("footer", "icon_url")]
        {
            let Some(url) = embed[part][key].as_str().map(str::to_owned) else { continue };
            let file = find(&url);
            let address = file.map_or(json!(url), |f| f["url"].clone());
            embed[part][format!("proxy_{key}")] = address.clone();
            embed[part][key] = address;
            if key == "url" {
                embed[part]["width"] = file.map_or(json!(0), |f| f["width"].clone());
                embed[part]["height"] = file.map_or(json!(0), |f| f["height"].clone());
            }
        }
    }
    message.components.iter_mut().for_each(|c| resolve_media(c, &find));
}

fn resolve_media<'a>(component: &mut Value, find: &impl Fn(&str) -> Option<&'a Value>) {
    match component {
        Value::Array(list) => list.iter_mut().for_each(|c| resolve_media(c, find)),
        Value::Object(map) => {
            if let Some(file) = map.get("url").and_then(Value::as_str).and_then(find) {
                for key in ["url", "proxy_url"] {
                    map.insert(key.into(), file["url"].clone());
                }
                for key in ["width", "height", "content_type"] {
                    map.insert(key.into(), file[key].clone());
                }
                map.insert("attachment_id".into(), file["id"].clone());
            }
            map.values_mut().for_each(|c| resolve_media(c, find));
        }
        _ => {}
    }
}
