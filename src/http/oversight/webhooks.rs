//! Webhooks, over the API: how they stand, and what they gave up.

use std::str::FromStr;
use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};

use super::{Overseen, fifty};
use crate::http::answer::Answer;
use crate::http::asked::Asked;
use crate::http::body::NoBody;
use crate::http::error::{ApiError, Fault};
use crate::http::principal::Caller;
use crate::http::query;
use crate::http::tag::Tag;
use crate::services::Services;
use crate::services::oversight::webhooks::{self, Letter};
use crate::services::oversight::{OversightFault, Thing};
use crate::services::webhook::Standing;
use crate::services::webhook_sink::SinkFault;
use crate::wire::auth::Message;
use crate::wire::webhook::{DeadLetter, DeadLetterPage, Webhook, WebhookDelivery, WebhookList};

/// The webhooks.
pub struct WebhookApi(pub Arc<Services>);

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Operation")]
impl WebhookApi {
    /// List the webhooks
    ///
    /// They are configured; here is how each stands. Needs `integrations:update`.
    #[oai(path = "/webhooks", method = "get", operation_id = "list_webhooks")]
    async fn list(&self, asked: Asked, caller: Caller) -> Result<Answer<WebhookList>, Fault<Overseen>> {
        let (seen, as_of) = webhooks::list(&self.0, &asked.0, &caller.0).await?;
        let webhooks = seen.into_iter().map(to_wire).collect();
        Ok(Answer::new(WebhookList { webhooks, as_of: as_of.to_string() }, asked.0.now))
    }

    /// Send a test to a webhook
    ///
    /// An event of the type `webhook.test`, at once and whatever waits. Answers when the receiver has answered, or its
    /// time is over. Needs `integrations:update`.
    #[oai(path = "/webhooks/:name/test", method = "post", operation_id = "test_webhook")]
    async fn test(
        &self,
        caller: Caller,
        name: Path<String>,
        _body: NoBody,
        asked: Asked,
    ) -> Result<Answer<WebhookDelivery>, Fault<Overseen>> {
        let outcome = webhooks::test(&self.0, &asked.0, &caller.0, &name.0).await?;
        Ok(Answer::new(delivery(outcome), asked.0.now))
    }

    /// Set a webhook going again
    ///
    /// One whose receiver answered 410 Gone, or that waits after a failure, goes on at once where it was. Needs
    /// `integrations:update`.
    #[oai(path = "/webhooks/:name/resume", method = "post", operation_id = "resume_webhook")]
    async fn resume(
        &self,
        caller: Caller,
        name: Path<String>,
        _body: NoBody,
        asked: Asked,
    ) -> Result<Answer<Message>, Fault<Overseen>> {
        webhooks::resume(&self.0, &asked.0, &caller.0, &name.0).await?;
        Ok(Answer::new(Message::new("The webhook goes on."), asked.0.now))
    }

    /// List what a webhook gave up
    ///
    /// The oldest event first. What happened is in the audit log, under the id. Needs `integrations:update`.
    #[oai(path = "/webhooks/:name/dead-letters", method = "get", operation_id = "list_dead_letters")]
    async fn dead_letters(
        &self,
        asked: Asked,
        caller: Caller,
        name: Path<String>,
        /// The most events to answer, 1 to 100.
        #[oai(default = "fifty", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Answer<DeadLetterPage>, Fault<Overseen>> {
        let after = query::cursor::<RecordId>(cursor.0)?.map(|id| id.0);
        let part = (after, query::count(limit.0));
        let (page, as_of) = webhooks::dead_letters(&self.0, &asked.0, &caller.0, &name.0, part).await?;
        let last = page.rows.last().filter(|_| page.more).map(|((seq, index), _)| format!("{seq}-{index}"));
        let dead_letters = page.rows.into_iter().map(|(_, letter)| letter_to_wire(letter)).collect();
        let page = DeadLetterPage { dead_letters, next_cursor: last, as_of: as_of.to_string() };
        Ok(Answer::new(page, asked.0.now))
    }

    /// Deliver what a webhook gave up
    ///
    /// At once and whatever waits. What the receiver takes is no dead letter any more. Needs `integrations:update`.
    #[oai(
        path = "/webhooks/:name/dead-letters/:id/redeliver",
        method = "post",
        operation_id = "redeliver_event"
    )]
    async fn redeliver(
        &self,
        caller: Caller,
        name: Path<String>,
        id: Path<String>,
        _body: NoBody,
        asked: Asked,
    ) -> Result<Answer<WebhookDelivery>, Fault<Overseen>> {
        let at = (name.0.as_str(), record_id(&id.0)?);
        let outcome = webhooks::redeliver(&self.0, &asked.0, &caller.0, at).await?;
        Ok(Answer::new(delivery(outcome), asked.0.now))
    }

    /// Drop what a webhook gave up
    ///
    /// The audit log keeps it. Needs `integrations:update`.
    #[oai(path = "/webhooks/:name/dead-letters/:id", method = "delete", operation_id = "drop_event")]
    async fn drop_letter(
        &self,
        asked: Asked,
        caller: Caller,
        name: Path<String>,
        id: Path<String>,
    ) -> Result<Answer<Message>, Fault<Overseen>> {
        let at = (name.0.as_str(), record_id(&id.0)?);
        webhooks::drop_letter(&self.0, &asked.0, &caller.0, at).await?;
        Ok(Answer::new(Message::new("Dead letter dropped."), asked.0.now))
    }
}

/// The id of an audit record: the sequence of its commit and its place within.
struct RecordId((u64, u16));

/// The text is no such id.
struct NotARecordId;

impl FromStr for RecordId {
    type Err = NotARecordId;

    fn from_str(text: &str) -> Result<Self, NotARecordId> {
        let (seq, index) = text.split_once('-').ok_or(NotARecordId)?;
        let place = (seq.parse().map_err(|_| NotARecordId)?, index.parse().map_err(|_| NotARecordId)?);
        Ok(Self(place))
    }
}

/// What is no id names nothing.
fn record_id(text: &str) -> Result<(u64, u16), ApiError> {
    let none = |NotARecordId| OversightFault::NotFound(Thing::DeadLetter).into();
    text.parse().map(|RecordId(place)| place).map_err(none)
}

fn delivery(outcome: Result<(), SinkFault>) -> WebhookDelivery {
    WebhookDelivery { delivered: outcome.is_ok(), error: outcome.err().map(|fault| fault.to_string()) }
}

fn to_wire(Standing { hook, progress, behind }: Standing<'_>) -> Webhook {
    let state = match &progress {
        Some(progress) if progress.gone_at.is_some() => "disabled",
        Some(progress) if progress.failures > 0 => "failing",
        _ => "ok",
    };
    let now = progress.as_ref();
    Webhook {
        name: hook.name.clone(),
        origin: hook.origin.clone(),
        events: hook.actions.as_ref().map_or_else(Vec::new, |actions| actions.names().to_vec()),
        state: state.into(),
        delivered: now.map_or(0, |now| now.delivered),
        failures: now.map_or(0, |now| now.failures),
        behind,
        dead_letters: now.map_or(0, |now| now.dead),
        delivered_at: now.and_then(|now| now.delivered_at).map(|at| at.to_string()),
        next_attempt_at: now.and_then(|now| now.due_at).map(|at| at.to_string()),
        last_error: progress.and_then(|now| now.last_error),
    }
}

fn letter_to_wire(letter: Letter) -> DeadLetter {
    let (seq, index) = letter.place;
    DeadLetter {
        id: format!("{seq}-{index}"),
        action: letter.action,
        at: letter.at.to_string(),
        kept_until: letter.until.to_string(),
        attempts: letter.attempts,
        last_error: letter.last_error,
    }
}
