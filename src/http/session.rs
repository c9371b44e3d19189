//! Sessions, over the API: one's own, and for administrators those of an account.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};

use super::answer::Answer;
use super::asked::Asked;
use super::cookie;
use super::error::{ApiError, Fault, Statuses};
use super::principal::{Bearer, Caller};
use super::query;
use super::tag::Tag;
use super::user::{no_such_user, user_id};
use crate::domain::id::SessionId;
use crate::services::caller::Credential;
use crate::services::session::{SessionPage, fingerprint};
use crate::services::{Services, session};
use crate::wire::auth::Message;
use crate::wire::error::ErrorCode;
use crate::wire::session::{Session, SessionList};

/// Sessions.
pub struct SessionApi(pub Arc<Services>);

/// What these operations can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 404, 405, 429, 500, 503];
}

/// What an operation on somebody else's can answer beside success.
pub struct Guarded;

impl Statuses for Guarded {
    const LIST: &'static [u16] = &[400, 401, 403, 404, 405, 429, 500, 503];
}

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Sessions")]
impl SessionApi {
    /// List one's own live sessions
    ///
    /// Newest first, over every way to log in. An id names a session and opens nothing.
    #[oai(path = "/auth/sessions", method = "get", operation_id = "list_sessions")]
    async fn list(
        &self,
        asked: Asked,
        caller: Bearer,
        /// The most sessions to answer, 1 to 100.
        #[oai(default = "fifty", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Answer<SessionList>, Fault<Listed>> {
        let after = query::cursor(cursor.0)?;
        let limit = query::count(limit.0);
        let page = session::list(&self.0, &asked.0, &caller.0, after, limit)?;
        Ok(Answer::new(page_to_wire(&page, Some(caller.0.session)), asked.0.now))
    }

    /// List somebody's live sessions
    ///
    /// Newest first. Needs `users:update`. An id names a session and opens nothing.
    #[oai(path = "/users/:id/sessions", method = "get", operation_id = "list_user_sessions")]
    async fn list_of(
        &self,
        asked: Asked,
        caller: Caller,
        id: Path<String>,
        /// The most sessions to look at, 1 to 100.
        #[oai(default = "fifty", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Answer<SessionList>, Fault<Guarded>> {
        let range = (query::cursor(cursor.0)?, query::count(limit.0));
        let page = session::list_of(&self.0, &asked.0, &caller.0, user_id(&id.0)?, range).await?;
        let page = page.ok_or_else(no_such_user)?;
        let current = match caller.0.credential {
            Credential::Session(id) => Some(id),
            Credential::ApiKey { .. } | Credential::Operator => None,
        };
        Ok(Answer::new(page_to_wire(&page, current), asked.0.now))
    }

    /// End one of one's own sessions
    ///
    /// Its tokens or its cookie stop working at once. A session of somebody else answers like one that does not exist.
    #[oai(path = "/auth/sessions/:id", method = "delete", operation_id = "end_session")]
    async fn end(
        &self,
        asked: Asked,
        caller: Bearer,
        id: Path<String>,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        let none = |_| ApiError::new(ErrorCode::NotFound, "There is no such session.");
        let id = id.0.parse::<SessionId>().map_err(none)?;
        session::end(&self.0, &asked.0, &caller.0, id).await?;
        let is_own = id == caller.0.session;
        let cleared = if is_own { cookie::cleared_for(&caller.0, &self.0.policy) } else { Vec::new() };
        Ok(Answer::new(Message::new("Session ended."), asked.0.now).setting(cleared))
    }
}

fn fifty() -> u32 {
    50
}

fn page_to_wire(page: &SessionPage, current: Option<SessionId>) -> SessionList {
    SessionList {
        sessions: page.sessions.iter().map(|session| to_wire(session, current)).collect(),
        next_cursor: page.next.map(|id| id.to_string()),
        as_of: page.as_of.to_string(),
    }
}

/// A session on the wire.
pub(super) fn to_wire(session: &crate::domain::session::Session, current: Option<SessionId>) -> Session {
    Session {
        id: session.id.to_string(),
        kind: session.kind.name().to_owned(),
        created_at: session.created_at.to_string(),
        last_used_at: session.last_used_at.to_string(),
        expires_at: session.expires_at().to_string(),
        absolute_expires_at: session.ends_at().to_string(),
        ip_address: session.client.to_string(),
        user_agent: session.user_agent.clone(),
        fingerprint: fingerprint(session),
        current: Some(session.id) == current,
    }
}
