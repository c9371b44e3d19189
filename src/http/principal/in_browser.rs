//! Who calls with the cookie of a session. Knows nothing of other credentials.

use poem::Request;

use super::{Remark, forged, stranger};
use crate::http::asked;
use crate::http::csrf::Cause;
use crate::http::error::ApiError;
use crate::http::visit::Visit;
use crate::services::cookie::{CookieFault, Visitor};
use crate::services::limits::Class;
use crate::services::session::Principal;

/// Who calls from a page of ours with the cookie `text`.
pub(super) async fn by_cookie(
    request: &Request,
    visit: &Visit,
    text: &str,
    class: Option<Class>,
) -> Result<Principal, ApiError> {
    let visitor = cookie_holder(request, visit, text, class).await?;
    let is_token = |text: &[u8]| visitor.principal.csrf.as_ref().is_some_and(|csrf| csrf.matches(text));
    let sent = visit.gate().origins.sent_in_session(request.method(), request.headers(), is_token);
    admit(request, visit, visitor, sent).await
}

/// Who holds the cookie, after a place was taken of the account's budget. Whether a page of ours sent the request is yet
/// to be judged.
pub(in crate::http) async fn cookie_holder(
    request: &Request,
    visit: &Visit,
    text: &str,
    class: Option<Class>,
) -> Result<Visitor, ApiError> {
    let (door, ctx) = (visit.door(), asked::context(request, visit));
    let visitor = match (door.authenticate)(text, &ctx) {
        Ok(visitor) => visitor,
        Err(CookieFault::Noticed(noticed)) => {
            visit.take(Class::Anonymous)?;
            (door.record)(ctx, Remark::Stray(noticed)).await?;
            return Err(CookieFault::Noticed(noticed).into());
        }
        Err(fault) => return Err(stranger(visit, fault.into())),
    };
    visit.known_as(visitor.principal.user.id, "cookie");
    visit.take_of(visitor.principal.user.id, class)?;
    Ok(visitor)
}

/// Lets the holder of a cookie in whose request was `sent` by a page of ours, and has its use written. Another site's
/// request is recorded.
pub(in crate::http) async fn admit(
    request: &Request,
    visit: &Visit,
    Visitor { principal, is_due }: Visitor,
    sent: Result<(), Cause>,
) -> Result<Principal, ApiError> {
    let (door, ctx) = (visit.door(), asked::context(request, visit));
    if let Err(cause) = sent {
        (door.record)(ctx, Remark::Forged(Some(Box::new(principal)), cause)).await?;
        return Err(forged(cause.name()));
    }
    if is_due {
        // A store that cannot write now costs nobody what they came for.
        let used = (door.record)(ctx, Remark::Used(Box::new(principal.clone()))).await;
        used.unwrap_or_else(|error| tracing::warn!(%error, "the use of a session was not written"));
    }
    Ok(principal)
}
