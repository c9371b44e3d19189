//! The outbox, over the API: never what is written in a mail.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};

use super::{Overseen, fifty, id_of};
use crate::domain::id::MailId;
use crate::http::answer::Answer;
use crate::http::asked::Asked;
use crate::http::body::NoBody;
use crate::http::error::Fault;
use crate::http::principal::Caller;
use crate::http::query;
use crate::http::tag::Tag;
use crate::services::Services;
use crate::services::oversight::Thing;
use crate::services::oversight::outbox::{self, MailFilter, MailState, QueuedMail};
use crate::wire::auth::Message;
use crate::wire::outbox::{OutboxMail, OutboxPage};

/// The outbox.
pub struct OutboxApi(pub Arc<Services>);

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Operation")]
impl OutboxApi {
    /// List mails that have not been sent
    ///
    /// Newest first: those that wait for another try, and dead letters. Needs `users:update`. Bodies are never
    /// shown.
    #[oai(path = "/outbox", method = "get", operation_id = "list_outbox")]
    async fn list(
        &self,
        asked: Asked,
        caller: Caller,
        /// Only mails in this state: `waiting` or `dead`.
        state: Query<Option<String>>,
        /// The most mails to answer, 1 to 100.
        #[oai(default = "fifty", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Answer<OutboxPage>, Fault<Overseen>> {
        let filter = MailFilter {
            state: query::value("state", state.0)?,
            after: query::cursor(cursor.0)?,
            limit: query::count(limit.0),
        };
        let page = outbox::list(&self.0, &asked.0, &caller.0, &filter).await?;
        let page = OutboxPage {
            mails: page.mails.iter().map(to_wire).collect(),
            next_cursor: page.next.map(|id| id.to_string()),
            as_of: page.as_of.to_string(),
        };
        Ok(Answer::new(page, asked.0.now))
    }

    /// Send a waiting mail now
    ///
    /// It is tried at once instead of at `next_attempt_at`. A dead letter has no content any more: what it was for must
    /// be asked for anew. Needs `users:update`, and that the account it goes to is of no higher rank.
    #[oai(path = "/outbox/:id/retry", method = "post", operation_id = "retry_mail")]
    async fn retry(
        &self,
        caller: Caller,
        id: Path<String>,
        _body: NoBody,
        asked: Asked,
    ) -> Result<Answer<OutboxMail>, Fault<Overseen>> {
        let id = id_of::<MailId>(&id.0, Thing::Mail)?;
        let mail = outbox::retry(&self.0, &asked.0, &caller.0, id).await?;
        Ok(Answer::new(to_wire(&mail), asked.0.now))
    }

    /// Remove a mail
    ///
    /// A waiting one is never sent. Needs `users:update`, and that the account it goes to is of no higher rank.
    #[oai(path = "/outbox/:id", method = "delete", operation_id = "delete_mail")]
    async fn delete(
        &self,
        asked: Asked,
        caller: Caller,
        id: Path<String>,
    ) -> Result<Answer<Message>, Fault<Overseen>> {
        let id = id_of::<MailId>(&id.0, Thing::Mail)?;
        outbox::delete(&self.0, &asked.0, &caller.0, id).await?;
        Ok(Answer::new(Message::new("Mail removed."), asked.0.now))
    }
}

pub(in crate::http) fn to_wire(mail: &QueuedMail) -> OutboxMail {
    OutboxMail {
        id: mail.id.to_string(),
        to: mail.to.as_str().to_owned(),
        kind: mail.kind.clone(),
        state: MailState::of(mail).name().to_owned(),
        attempts: mail.attempts,
        created_at: mail.created_at.to_string(),
        next_attempt_at: mail.due_at.map(|at| at.to_string()),
        last_error: mail.last_error.clone(),
    }
}
