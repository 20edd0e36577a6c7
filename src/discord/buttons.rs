//! Buttons and the forms that they open. Invariants: what a press needs is in its custom id and in the store,
//! so old messages work after every restart; a press is taken within Discord's three seconds before anything
//! is done; its result is for the eyes of who pressed, in their language, and goes to the channel if their
//! interaction is over; the message itself is edited by the outbox alone; an interaction that fails ends
//! itself only.

mod reply;
mod until;
mod words;

use std::time::Duration;

use jiff::Timestamp;
use serenity::all::{
    ActionRowComponent, ComponentInteraction, CreateActionRow, CreateInputText, CreateModal, FullEvent,
    InputTextStyle, Interaction, ModalInteraction,
};

use self::reply::Reply;
use super::commands::Data;
use crate::{
    clock::later,
    config::Permission,
    incident::action::{Act, Deed, Who},
    language::Language,
    render::buttons::Press,
};

/// How long the incident may take to be changed before whoever pressed is told that it failed. An interaction's
/// token lives 15 minutes ("Receiving and Responding to Interactions").
const PATIENCE: Duration = Duration::from_mins(3);
/// The custom id of the form's one input.
const INPUT: &str = "until";
/// More than any time that can be read has.
const INPUT_LENGTH: u16 = 60;

/// Takes the interactions that are no commands.
pub(super) async fn hear(http: &serenity::all::Context, data: &Data, event: &FullEvent) {
    let FullEvent::InteractionCreate { interaction } = event else { return };
    match interaction {
        Interaction::Component(press) => pressed(Reply::to_press(http, data, press), press).await,
        Interaction::Modal(form) => sent(Reply::to_form(http, data, form), form).await,
        _ => {}
    }
}

/// A button was pressed.
async fn pressed(mut reply: Reply<'_>, interaction: &ComponentInteraction) {
    let Some((press, reference)) = Press::parse(&interaction.data.custom_id) else {
        return unknown(reply, &interaction.data.custom_id).await;
    };
    let now = reply.now();
    let hours = |n| Deed::Silence { until: later(now, Duration::from_hours(n)) };
    let (permission, deed) = match press {
        Press::Acknowledge => (Permission::Acknowledge, Deed::Acknowledge),
        Press::Release => (Permission::Acknowledge, Deed::Release),
        Press::SilenceHour => (Permission::Silence, hours(1)),
        Press::SilenceFourHours => (Permission::Silence, hours(4)),
        // Only to be refused with it.
        Press::SilenceUntil => (Permission::Silence, Deed::Silence { until: now }),
        Press::Unsilence => (Permission::Silence, Deed::Unsilence),
    };
    let act = act(&reply, reference, deed);
    if !reply.may(permission) {
        return refuse(reply, permission, act).await;
    }
    if press == Press::SilenceUntil {
        return reply.ask(form(reply.language, &interaction.data.custom_id)).await;
    }
    if reply.take().await {
        perform(reply, act).await;
    }
}

/// A form was sent.
async fn sent(mut reply: Reply<'_>, interaction: &ModalInteraction) {
    let Some((Press::SilenceUntil, reference)) = Press::parse(&interaction.data.custom_id) else {
        return unknown(reply, &interaction.data.custom_id).await;
    };
    let inputs = interaction.data.components.iter().flat_map(|row| &row.components);
    let mut texts = inputs.filter_map(|input| match input {
        ActionRowComponent::InputText(input) if input.custom_id == INPUT => input.value.as_deref(),
        _ => None,
    });
    let text = texts.next().unwrap_or_default();
    let read = until::read(text, reply.now());
    let act = act(&reply, reference, Deed::Silence { until: read.unwrap_or(Timestamp::UNIX_EPOCH) });
    if !reply.may(Permission::Silence) {
        return refuse(reply, Permission::Silence, act).await;
    }
    if !reply.take().await {
        return;
    }
    match read {
        Ok(_) => perform(reply, act).await,
        Err(bad) => {
            let text = words::no_time(bad, text, reply.language);
            reply.give(text).await;
        }
    }
}

fn act(reply: &Reply<'_>, reference: &str, deed: Deed) -> Act {
    let who = Who { id: reply.user.id.get(), name: reply.user.name.clone() };
    Act { who, deed, reference: reference.to_owned(), link: reply.link.clone() }
}

/// The form that asks until when there is to be silence.
fn form(language: Language, custom_id: &str) -> CreateModal {
    let label = language.text("until-label", &[]);
    let input = CreateInputText::new(InputTextStyle::Short, label, INPUT)
        .placeholder(language.text("until-placeholder", &[]))
        .max_length(INPUT_LENGTH);
    CreateModal::new(custom_id, language.text("until-title", &[]))
        .components(vec![CreateActionRow::InputText(input)])
}

/// Has it done and tells what became of it.
async fn perform(reply: Reply<'_>, act: Act) {
    let deed = act.deed;
    let shared = &reply.data.shared;
    let text = match shared.clock.timeout(PATIENCE, shared.backing.act(act)).await {
        Some(Ok(verdict)) => words::verdict(deed, &verdict, reply.language),
        failed => {
            let error = failed.and_then(Result::err);
            tracing::warn!(deed = deed.as_str(), error, "the store did not take what somebody did");
            reply.language.text("error-store-unavailable", &[])
        }
    };
    reply.give(text).await;
}

/// Says which permission is missing and who has it.
async fn refuse(mut reply: Reply<'_>, permission: Permission, act: Act) {
    let taken = reply.take().await;
    let (user, action) = (act.who.id, act.deed.as_str());
    tracing::info!(user, action, reference = act.reference, "refused: no permission");
    if let Err(error) = reply.data.shared.backing.forbidden(act).await {
        tracing::warn!(error, user, action, "a refusal could not be kept in the audit");
    }
    if taken {
        let who = reply.data.permissions.who(permission, reply.language);
        let name = permission.as_str();
        let text =
            reply.language.text("button-forbidden", &[("permission", name.into()), ("who", who.into())]);
        reply.give(text).await;
    }
}

/// Says that this version knows no such button.
async fn unknown(mut reply: Reply<'_>, custom_id: &str) {
    tracing::warn!(custom_id, "Discord sent a press of a button that this version does not know");
    if reply.take().await {
        let text = reply.language.text("button-unknown", &[]);
        reply.give(text).await;
    }
}
