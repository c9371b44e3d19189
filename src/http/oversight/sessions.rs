//! Everybody's sessions, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};

use super::{Overseen, fifty, id_of};
use crate::domain::id::SessionId;
use crate::domain::session::Session;
use crate::domain::user::User;
use crate::http::answer::Answer;
use crate::http::asked::Asked;
use crate::http::error::{ApiError, Fault};
use crate::http::principal::Caller;
use crate::http::query;
use crate::http::tag::Tag;
use crate::services::Services;
use crate::services::caller::Credential;
use crate::services::oversight::Thing;
use crate::services::oversight::sessions::{self, SessionFilter};
use crate::wire::auth::Message;
use crate::wire::live_session::{LiveSession, LiveSessionPage};

/// Everybody's sessions.
pub struct LiveSessionApi(pub Arc<Services>);

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Operation")]
impl LiveSessionApi {
    /// List everybody's live sessions
    ///
    /// Newest first, unless `order` says otherwise. Needs `audit:read`, for it says where people come from. An id names a session and opens nothing. A
    /// page may be short, even empty, and still have a `next_cursor`: one request looks at a bounded number of sessions.
    #[oai(path = "/sessions", method = "get", operation_id = "list_all_sessions")]
    #[expect(clippy::too_many_arguments, reason = "one for each query parameter")]
    async fn list(
        &self,
        asked: Asked,
        caller: Caller,
        /// Only those of this account.
        user_id: Query<Option<String>>,
        /// Only those that were opened from this network or address, for example `203.0.113.0/24`.
        network: Query<Option<String>>,
        /// Only those that were opened at or after this time (RFC 3339).
        since: Query<Option<String>>,
        /// Only those that were opened before this time (RFC 3339).
        until: Query<Option<String>>,
        /// Only those that live by a `cookie`, or only those with a `token`.
        kind: Query<Option<String>>,
        /// `oldest`: the oldest first; else the newest.
        order: Query<Option<String>>,
        /// The most sessions to answer, 1 to 100.
        #[oai(default = "fifty", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Answer<LiveSessionPage>, Fault<Overseen>> {
        let order = query::order(order.0)?;
        let filter = SessionFilter {
            user: query::value("user_id", user_id.0)?,
            network: query::network("network", network.0)?,
            since: query::value("since", since.0)?,
            until: query::value("until", until.0)?,
            by_cookie: by_cookie(kind.0.as_deref())?,
            order,
            after: query::cursor_in(order, cursor.0)?,
            limit: query::count(limit.0),
        };
        let page = sessions::list(&self.0, &asked.0, &caller.0, &filter).await?;
        let current = caller.0.credential;
        let shown = page.sessions.into_iter().map(|(session, user)| to_wire(session, &user, current));
        let page = LiveSessionPage {
            sessions: shown.collect(),
            next_cursor: query::next_in(order, page.next),
            as_of: page.as_of.to_string(),
        };
        Ok(Answer::new(page, asked.0.now))
    }

    /// End anybody's session
    ///
    /// Its tokens stop working at once. Needs `users:update`. Nobody ends a session of an account of a higher rank.
    #[oai(path = "/sessions/:id", method = "delete", operation_id = "end_any_session")]
    async fn end(
        &self,
        asked: Asked,
        caller: Caller,
        id: Path<String>,
    ) -> Result<Answer<Message>, Fault<Overseen>> {
        let id = id_of::<SessionId>(&id.0, Thing::Session)?;
        sessions::end(&self.0, &asked.0, &caller.0, id).await?;
        Ok(Answer::new(Message::new("Session ended."), asked.0.now))
    }
}

pub(super) fn by_cookie(kind: Option<&str>) -> Result<Option<bool>, ApiError> {
    match kind {
        None => Ok(None),
        Some("cookie") => Ok(Some(true)),
        Some("token") => Ok(Some(false)),
        Some(_) => Err(ApiError::field("kind", "unknown", "`kind` is cookie or token.")),
    }
}

fn to_wire(session: Session, user: &User, current: Credential) -> LiveSession {
    LiveSession {
        id: session.id.to_string(),
        user_id: user.id.to_string(),
        email: user.email.as_str().to_owned(),
        username: user.username.as_str().to_owned(),
        ip_address: session.client.to_string(),
        kind: if session.cookie().is_some() { "cookie" } else { "token" }.to_owned(),
        created_at: session.created_at.to_string(),
        last_used_at: session.last_used_at.to_string(),
        authenticated_at: session.authenticated_at.to_string(),
        expires_at: session.expires_at().to_string(),
        current: current == Credential::Session(session.id),
        user_agent: session.user_agent,
    }
}
