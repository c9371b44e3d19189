//! Forward-auth: who may reach an application behind a proxy, and the cookie that shows an application's host who is
//! there. Knows no HTTP.

use zeroize::Zeroizing;

use super::session::{AuthFault, Principal};
use super::{Context, Services, cookie};
use crate::crypto::HashedToken;
use crate::domain::cookie::Cookie;
use crate::domain::forward_auth::app_url;
use crate::domain::id::SessionId;
use crate::domain::session::Kind;
use crate::domain::time::Timestamp;

/// The cookie of a session for the hosts of applications.
pub struct ProxyCookie {
    /// Its value: a secret.
    pub value: Zeroizing<String>,
    /// To which hosts browsers send it: this one and all below it.
    pub domain: String,
}

/// The cookie that shows the session `id`, which lives by the cookie `life`, to applications. `None` without forward-auth.
pub(super) fn proxy_cookie(app: &Services, id: SessionId, life: &Cookie) -> Option<ProxyCookie> {
    let policy = app.policy.forward_auth.as_ref()?;
    let value = app.keys.cookies.for_proxy(id, &HashedToken::from_bytes(life.hash)).reveal();
    Some(ProxyCookie { value, domain: policy.cookie_domain.clone() })
}

/// The cookie that shows the caller's session to applications, and when it ends. `None` without forward-auth, and for a
/// session that lives by no cookie.
pub fn cookie_of(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
) -> Result<Option<(ProxyCookie, Timestamp)>, AuthFault> {
    let session = cookie::own(app, ctx, caller)?;
    let Kind::Cookie(life) = &session.kind else { return Ok(None) };
    Ok(proxy_cookie(app, session.id, life).map(|cookie| (cookie, life.ends_at)))
}

/// Whether a browser may be sent to `text` after a login: a path of this server, or the URL of an application.
pub fn may_return_to(app: &Services, text: &str) -> bool {
    let may_be_plain = !app.policy.public_url.is_https();
    app_url::may_return_to(app.policy.forward_auth.as_ref(), text, may_be_plain)
}
