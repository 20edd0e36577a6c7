//! What Vigie itself has to say to the team: a channel that refuses it, a role that does not ping. It takes
//! the way of every event, so it survives a crash. Invariant: the same complaint is said once a day at most.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    event::{Event, Severity, Source, Told},
    store::{Arrival, Store},
    subject::{Generic, Subject},
};

const KIND: &str = "complaint";
/// How long to wait before a warning that could not be stored is tried again.
const PAUSE: Duration = Duration::from_secs(5);

#[derive(Serialize, Deserialize)]
struct Complaint {
    title: String,
    text: String,
}

/// A complaint, ready to be stored.
pub fn complaint(title: &str, text: &str) -> Arrival {
    let body = Complaint { title: title.to_owned(), text: text.to_owned() };
    Arrival {
        source: Source::Vigie,
        told: Told::AtOnce,
        delivery: None,
        kind: KIND.to_owned(),
        source_key: text.to_owned(),
        object: format!("{title}\n{text}"),
        // Two texts always make JSON.
        body: serde_json::to_vec(&body).unwrap_or_default(),
    }
}

/// Says each of the store's warnings to the team, until `cancel`.
pub async fn pass_on_warnings(store: Store, clock: Clock, cancel: CancellationToken) {
    let mut warnings = store.warnings();
    loop {
        let warning = warnings.borrow_and_update().clone();
        let mut said = true;
        if let Some(text) = warning
            && let Err(error) = store.accept(complaint("Vigie's store", &text)).await
        {
            tracing::warn!(%error, "can't store a warning for the team; trying again while it holds");
            said = false;
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = clock.sleep(PAUSE), if !said => {}
            Ok(()) = warnings.changed() => {}
        }
    }
}

/// Reads a stored complaint again.
pub fn read(body: &[u8]) -> Result<Event, String> {
    let Complaint { title, text } = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    Ok(Event {
        source: Source::Vigie,
        told: Told::AtOnce,
        kind: KIND.to_owned(),
        source_key: text.clone(),
        object: format!("{title}\n{text}"),
        incident: None,
        repository: None,
        repository_url: None,
        service: None,
        severity: Severity::Warning,
        labels: BTreeMap::new(),
        actor: None,
        at: None,
        subject: Subject::Generic(Generic { title, text, ..Generic::default() }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_read_as_it_was_said() {
        let arrival = complaint("A role can't be mentioned", "Make it mentionable.");
        let event = read(&arrival.body).unwrap();
        assert_eq!((&event.object, &event.source_key), (&arrival.object, &arrival.source_key));
        assert!(
            matches!(event.subject, Subject::Generic(Generic { text, .. }) if text == "Make it mentionable.")
        );
    }
}
