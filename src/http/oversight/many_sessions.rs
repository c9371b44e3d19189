//! The end of many sessions, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::Overseen;
use super::sessions::by_cookie;
use crate::domain::id::SessionId;
use crate::http::answer::Answer;
use crate::http::asked::Asked;
use crate::http::body::Json;
use crate::http::error::{ApiError, Fault};
use crate::http::principal::Caller;
use crate::http::query;
use crate::http::tag::Tag;
use crate::services::Services;
use crate::services::oversight::many_sessions::{self as many, Ended, Ending, Fate, SESSIONS_MAX, Which};
use crate::services::oversight::sessions::SessionFilter;
use crate::wire::live_session::{EndSessions, EndedSession, EndedSessions, WhichSessions};

/// The end of many sessions.
pub struct ManySessionsApi(pub Arc<Services>);

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Operation")]
impl ManySessionsApi {
    /// End many sessions
    ///
    /// Those with the given ids, or those that a filter holds, newest first. Their tokens stop working at once. Each has an
    /// outcome and, where it ended, a record in the audit log. Look first with `dry_run`, and send `ended` as
    /// `expect_count` and the time of the look as `until`: if something came between, nothing is ended (409, with
    /// `details.found`). A filter passes the session over that asks. Needs `users:update`.
    #[oai(path = "/sessions/revoke", method = "post", operation_id = "end_sessions")]
    async fn end(
        &self,
        caller: Caller,
        body: Json<EndSessions>,
        asked: Asked,
    ) -> Result<Answer<EndedSessions>, Fault<Overseen>> {
        let ending = of_wire(body.0)?;
        let ended = many::end(&self.0, &asked.0, &caller.0, &ending).await?;
        Ok(Answer::new(to_wire(&ended, ending.is_dry_run), asked.0.now))
    }
}

fn of_wire(wire: EndSessions) -> Result<Ending, ApiError> {
    let EndSessions { ids, filter, cursor, expect_count, dry_run } = wire;
    let is_dry_run = dry_run.unwrap_or(false);
    let refuse = |field, why: &str| Err(ApiError::field(field, "invalid", why.to_owned()));
    let which = match (ids, filter) {
        (Some(ids), None) if cursor.is_none() => {
            if !(1..=SESSIONS_MAX).contains(&ids.len()) {
                return refuse("ids", "`ids` has 1 to 500 ids.");
            }
            let Ok(mut known) = ids.iter().map(|id| id.parse()).collect::<Result<Vec<SessionId>, _>>() else {
                return refuse("ids", "`ids` has something that is no id of a session.");
            };
            known.sort_unstable();
            known.dedup();
            Which::Ids(known)
        }
        (None, Some(filter)) => Which::All(filter_of_wire(filter, cursor)?),
        _ => return refuse("ids", "Either `ids` alone, or `filter` with or without `cursor`."),
    };
    if matches!(which, Which::All(_)) && expect_count.is_none() && !is_dry_run {
        return refuse("expect_count", "`filter` needs `expect_count`, unless it is a `dry_run`.");
    }
    let expected = expect_count.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    Ok(Ending { which, expected, is_dry_run })
}

fn filter_of_wire(wire: WhichSessions, cursor: Option<String>) -> Result<SessionFilter, ApiError> {
    let WhichSessions { user_id, network, since, until, kind } = wire;
    if [&user_id, &network, &since, &until, &kind].into_iter().all(Option::is_none) {
        return Err(ApiError::field("filter", "invalid", "An empty `filter` holds every session there is."));
    }
    Ok(SessionFilter {
        user: query::value("user_id", user_id)?,
        network: query::network("network", network)?,
        since: query::value("since", since)?,
        until: query::value("until", until)?,
        by_cookie: by_cookie(kind.as_deref())?,
        after: query::cursor(cursor)?,
        limit: SESSIONS_MAX,
    })
}

fn to_wire(found: &Ended, dry_run: bool) -> EndedSessions {
    let ended = found.sessions.iter().filter(|(.., fate)| *fate == Fate::Ended).count();
    let sessions = found.sessions.iter().map(|(id, user, fate)| EndedSession {
        id: id.to_string(),
        user_id: user.map(|id| id.to_string()),
        outcome: fate.name().to_owned(),
    });
    EndedSessions {
        dry_run,
        ended: u32::try_from(ended).unwrap_or(u32::MAX),
        sessions: sessions.collect(),
        next_cursor: found.next.map(|id| id.to_string()),
        as_of: found.as_of.to_string(),
    }
}
