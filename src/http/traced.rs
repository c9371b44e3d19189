//! Handing on how a denied request was judged: the one place, at the edge, which every answer passes. Knows no rule.

use std::borrow::Cow;
use std::sync::Arc;

use poem::Response;
use poem::http::StatusCode;

use super::error::ApiError;
use super::visit::Visit;
use crate::domain::trace::{Fact, Kind, Step};
use crate::services::explain::keeping::{Denied, Room};
use crate::wire::error::ErrorCode;

/// Has the judgement of a denied request kept. An answer that denies nothing costs a look at its trail.
pub fn keep(visit: &Visit, answer: &Response, (method, route): (&'static str, &Arc<str>)) {
    if !visit.trail().is_on() {
        return;
    }
    let mut notes = visit.trail().take();
    if !notes.has_denial() {
        let Some(step) = unnoted(visit, answer) else { return };
        notes.steps.push(step);
    }
    visit.gate().explained.keep(Denied {
        at: visit.now(),
        request_id: visit.request_id.clone(),
        method,
        route: route.clone(),
        status: answer.status().as_u16(),
        client: visit.client,
        caller: visit.known(),
        room: visit.left().filter(|left| !left.is_exceeded).map(|left| Room {
            class: left.class,
            left: left.standing.remaining,
            count: left.budget.count(),
        }),
        notes,
    });
}

/// The step of a denial that nobody noted: its answer says why. Nothing for what is no denial: a request that makes no
/// sense, a path that leads nowhere, a failure of ours.
fn unnoted(visit: &Visit, answer: &Response) -> Option<Step> {
    let error = answer.data::<ApiError>()?;
    let told = |kind: Kind| kind.with("told", Fact::Told(Cow::Owned(error.message().to_owned())));
    match error.status() {
        _ if error.code() == ErrorCode::HttpsRequired => Some(Kind::OverPlainHttp.into()),
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::CONFLICT
        | StatusCode::LOCKED
        | StatusCode::TOO_MANY_REQUESTS => Some(told(Kind::Answer)),
        // A stranger who finds nothing was denied nothing.
        StatusCode::NOT_FOUND if visit.user().is_some() => Some(told(Kind::Hidden)),
        _ => None,
    }
}
