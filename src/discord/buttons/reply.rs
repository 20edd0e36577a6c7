//! Answers a press or a form. Invariants: the answer is for the eyes of who acted and pings nobody; if their
//! interaction is over, it goes to the channel in which they acted; a token that Discord refuses stops
//! everything, another failure only this answer.

use jiff::Timestamp;
use serenity::{
    all::{
        Builder, ChannelId, ComponentInteraction, Context, CreateAllowedMentions, CreateInteractionResponse,
        CreateInteractionResponseMessage, CreateMessage, CreateModal, EditInteractionResponse, GuildId,
        InteractionId, Member, Mentionable, MessageId, ModalInteraction, User,
    },
    http::Http,
};

use crate::{
    config::Permission,
    discord::{commands::Data, rest::RestError},
    halt::TOKEN_REFUSED,
    language::Language,
};

/// One interaction and how it is answered.
pub(super) struct Reply<'a> {
    pub(super) data: &'a Data,
    /// Who acted.
    pub(super) user: &'a User,
    pub(super) language: Language,
    /// The address of the message that they acted on.
    pub(super) link: String,
    http: &'a Http,
    id: InteractionId,
    token: &'a str,
    channel: ChannelId,
    member: Option<&'a Member>,
    /// Whether its token is known to have run out.
    is_over: bool,
}

impl<'a> Reply<'a> {
    /// To a button.
    pub(super) fn to_press(ctx: &'a Context, data: &'a Data, press: &'a ComponentInteraction) -> Self {
        Self {
            data,
            user: &press.user,
            language: Language::from_locale(&press.locale),
            link: link(press.guild_id, press.channel_id, Some(press.message.id)),
            http: &ctx.http,
            id: press.id,
            token: &press.token,
            channel: press.channel_id,
            member: press.member.as_ref(),
            is_over: false,
        }
    }

    /// To a form.
    pub(super) fn to_form(ctx: &'a Context, data: &'a Data, form: &'a ModalInteraction) -> Self {
        Self {
            data,
            user: &form.user,
            language: Language::from_locale(&form.locale),
            link: link(form.guild_id, form.channel_id, form.message.as_ref().map(|message| message.id)),
            http: &ctx.http,
            id: form.id,
            token: &form.token,
            channel: form.channel_id,
            member: form.member.as_ref(),
            is_over: false,
        }
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        self.data.shared.clock.now()
    }

    /// Whether who acted has this permission.
    pub(super) fn may(&self, permission: Permission) -> bool {
        let roles = self.member.map(|member| member.roles.as_slice()).unwrap_or_default();
        let roles = roles.iter().map(|role| role.get());
        self.data.permissions.allow(permission, self.user.id.get(), roles)
    }

    /// Takes the interaction, so that there is time. `false` if Discord is to be left alone.
    pub(super) async fn take(&mut self) -> bool {
        let ephemeral = CreateInteractionResponseMessage::new().ephemeral(true);
        match self.respond(CreateInteractionResponse::Defer(ephemeral)).await {
            Ok(()) => true,
            Err(RestError::InteractionOver(error)) => {
                tracing::info!(%error, "a press was heard too late; its result goes to the channel");
                self.is_over = true;
                true
            }
            Err(error @ RestError::TokenRefused) => {
                self.trouble(&error);
                false
            }
            // It may have been taken all the same.
            Err(error @ RestError::Other(_)) => {
                self.trouble(&error);
                true
            }
        }
    }

    /// Opens a form in place of an answer.
    pub(super) async fn ask(&self, form: CreateModal) {
        if let Err(error) = self.respond(CreateInteractionResponse::Modal(form)).await {
            self.trouble(&error);
        }
    }

    /// Gives `text`, after [`Reply::take`].
    pub(super) async fn give(self, text: String) {
        if !self.is_over {
            let nobody = CreateAllowedMentions::new();
            let answer = EditInteractionResponse::new().content(&text).allowed_mentions(nobody);
            match answer.execute(self.http, self.token).await.map_err(RestError::from) {
                Ok(_) => return,
                Err(RestError::InteractionOver(error)) => {
                    tracing::info!(%error, "an interaction ran out; its result goes to the channel");
                }
                Err(error) => return self.trouble(&error),
            }
        }
        let who = self.user.mention().to_string();
        let text = self.language.text("button-late", &[("who", who.into()), ("text", text.into())]);
        let message = CreateMessage::new().content(text).allowed_mentions(CreateAllowedMentions::new());
        if let Err(error) = self.channel.send_message(self.http, message).await {
            self.trouble(&error.into());
        }
    }

    async fn respond(&self, response: CreateInteractionResponse) -> Result<(), RestError> {
        response.execute(self.http, (self.id, self.token)).await.map_err(RestError::from)
    }

    fn trouble(&self, error: &RestError) {
        if *error == RestError::TokenRefused {
            self.data.shared.halt.halt(TOKEN_REFUSED);
        } else {
            tracing::warn!(user = self.user.id.get(), %error, "a press could not be answered");
        }
    }
}

/// The address of a message, or of its channel.
fn link(guild: Option<GuildId>, channel: ChannelId, message: Option<MessageId>) -> String {
    let guild = guild.map_or_else(|| "@me".to_owned(), |guild| guild.to_string());
    let message = message.map(|message| format!("/{message}")).unwrap_or_default();
    format!("https://discord.com/channels/{guild}/{channel}{message}")
}
