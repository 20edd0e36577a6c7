//! A Discord message as a create or edit request carries it ("Create Message" and "Edit Message", API v10).
//! Invariants: `parse` is always empty, so only the roles that a route names can be mentioned; content, embeds
//! and components are always present, so that an edit replaces all that an earlier version showed.

use jiff::Timestamp;
use serde::Serialize;

/// The body of a create or edit request. Delivery adds the nonce.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Text above the embeds: the mentions, nothing else.
    pub content: String,
    /// The embeds, one today.
    pub embeds: Vec<Embed>,
    /// Who may be mentioned.
    pub allowed_mentions: AllowedMentions,
    /// Rows of buttons.
    pub components: Vec<Row>,
    /// The whole of each text that is cut above, if one is. Delivery attaches it as a file.
    #[serde(skip)]
    pub whole: Option<String>,
}

/// A row of one to five buttons ("Action Row").
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    #[serde(rename = "type")]
    kind: u8,
    /// The buttons.
    pub components: Vec<Button>,
}

impl Row {
    /// A row of these buttons.
    pub const fn of(components: Vec<Button>) -> Self {
        Self { kind: 1, components }
    }
}

/// A button ("Button Structure").
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Button {
    #[serde(rename = "type")]
    kind: u8,
    style: u8,
    /// What stands on it; at most 80 characters.
    pub label: String,
    emoji: Emoji,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Emoji {
    name: &'static str,
}

/// How a button looks ("Button Styles").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// It stands out.
    Primary = 1,
    /// It does not.
    Secondary = 2,
}

impl Button {
    /// A button whose press Discord reports with `custom_id`, of at most 100 characters.
    pub const fn press(style: Style, emoji: &'static str, label: String, custom_id: String) -> Self {
        let emoji = Emoji { name: emoji };
        Self { kind: 2, style: style as u8, label, emoji, custom_id: Some(custom_id), url: None }
    }

    /// A button that leads to `url`, of at most 512 characters. Discord reports nothing.
    pub const fn link(emoji: &'static str, label: String, url: String) -> Self {
        Self { kind: 2, style: 5, label, emoji: Emoji { name: emoji }, custom_id: None, url: Some(url) }
    }
}

/// Who a message may mention.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AllowedMentions {
    /// Kinds of mention that are read out of the text: none, ever.
    parse: [String; 0],
    /// The roles that are mentioned, by id.
    roles: Vec<String>,
}

impl AllowedMentions {
    /// Exactly these roles.
    pub const fn of(roles: Vec<String>) -> Self {
        Self { parse: [], roles }
    }
}

/// An embed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Embed {
    /// Who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<Author>,
    /// What happened.
    pub title: String,
    /// Where it can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What is said of it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Facts with a name each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// RGB.
    pub color: u32,
    /// The last line; ends with the reference.
    pub footer: Footer,
    /// When it last changed.
    pub timestamp: Timestamp,
}

/// Who did what an embed tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Author {
    /// Their name.
    pub name: String,
    /// Their page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Their picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
}

/// A named fact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Whether it may stand beside others.
    pub inline: bool,
}

/// The last line of an embed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Footer {
    /// Its text.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_text_is_parsed_for_mentions() {
        let message =
            Message { allowed_mentions: AllowedMentions::of(vec!["3000".into()]), ..Message::default() };
        let json = serde_json::to_value(&message).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "content": "", "embeds": [], "allowed_mentions": { "parse": [], "roles": ["3000"] },
                "components": []
            })
        );
    }
}
