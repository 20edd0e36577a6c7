//! What those say who watch over something, as an embed. Invariants: texts of machines show exactly the
//! characters that came, because a label's `__name__` is no Markdown; the state stands in the title in words.

pub(super) mod alert;
pub(super) mod monitor;
pub(super) mod outage;

use super::{
    life, limits,
    message::Embed,
    page::{BLUE, GREEN, Page, YELLOW, label},
};
use crate::incident::{Deed, Incident};

/// How something stands that can be reached or not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Down,
    Pending,
    Maintenance,
    Up,
    /// Up, after it was down.
    Again,
}

impl State {
    /// Its name in the language files.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Pending => "pending",
            Self::Maintenance => "maintenance",
            Self::Up => "up",
            Self::Again => "again",
        }
    }

    /// What it is called that `incident` is over, or never was.
    fn up(incident: &Incident) -> Self {
        let was_down = incident.history.steps.iter().any(|step| step.deed == Deed::Opened);
        if was_down { Self::Again } else { Self::Up }
    }
}

/// An embed that says how `name` stands, and of what is or was wrong how bad it is and how long it takes.
fn embed(page: &Page<'_>, state: State, name: &str) -> Embed {
    let (icon, color) = match state {
        State::Down => (life::icon(page.incident.severity), life::color(page.incident)),
        State::Pending => ("🟡", YELLOW),
        State::Maintenance => ("🔧", BLUE),
        State::Up | State::Again => ("✅", GREEN),
    };
    let name = label(name, limits::NAME);
    let title = page.say("availability-title", &[("state", state.as_str().into()), ("name", name.into())]);
    let embed = page.embed(color, page.title(icon, &title), None);
    let wrong = !matches!(state, State::Up | State::Maintenance);
    Embed { fields: if wrong { life::extent(page) } else { Vec::new() }, ..embed }
}
