//! The end of many sessions, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::Overseen;
use super::sessions::by_cookie;
use crate::domain::id::SessionId;
use crate::domain::order::Order;
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
use crate::wire::live_session::{EndSessions, EndedSession, EndedSessions};

/// The end of many sessions.
pub struct ManySessionsApi(pub Arc<Services>);

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Operation")]
impl ManySessionsApi {
    /// End many sessions
    ///
    /// Those with the given ids, or those that fit everything else that is given, newest first. Their tokens stop
    /// working at once. Each has an outcome and, where it ended, a record in the audit log. Look first with `dry_run`,
    /// and send `ended` as `expect_count` and the time of the look as `until`: if something came between, nothing is
    /// ended (409, with `details.found`). Without `ids` the session that asks is passed over. Needs `users:update`.
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
    let EndSessions { ids, user_id, network, since, until, kind, cursor, expect_count, dry_run } = wire;
    let is_dry_run = dry_run.unwrap_or(false);
    let refuse = |field, why: &str| Err(ApiError::field(field, "invalid", why.to_owned()));
    let chooses = [&user_id, &network, &since, &until, &kind].into_iter().any(Option::is_some);
    let which = match ids {
        Some(_) if chooses || cursor.is_some() => return refuse("ids", "`ids` stand alone."),
        Some(ids) => Which::Ids(parsed(&ids)?),
        None if !chooses => return refuse("ids", "Without `ids`, something must say which sessions."),
        None => Which::All(SessionFilter {
            user: query::value("user_id", user_id)?,
            network: query::network("network", network)?,
            since: query::value("since", since)?,
            until: query::value("until", until)?,
            by_cookie: by_cookie(kind.as_deref())?,
            order: Order::Newest,
            after: query::cursor(cursor)?,
            limit: SESSIONS_MAX,
        }),
    };
    if matches!(which, Which::All(_)) && expect_count.is_none() && !is_dry_run {
        return refuse(
            "expect_count",
            "`expect_count` must be there without `ids`, unless it is a `dry_run`.",
        );
    }
    let expected = expect_count.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    Ok(Ending { which, expected, is_dry_run })
}

/// Each id once.
fn parsed(ids: &[String]) -> Result<Vec<SessionId>, ApiError> {
    let bad = || ApiError::field("ids", "invalid", "`ids` are 1 to 500 ids of sessions.");
    if !(1..=SESSIONS_MAX).contains(&ids.len()) {
        return Err(bad());
    }
    let ids: Result<Vec<SessionId>, _> = ids.iter().map(|id| id.parse()).collect();
    let mut ids = ids.map_err(|_| bad())?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
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
