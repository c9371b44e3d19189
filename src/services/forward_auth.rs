//! Forward-auth: who may reach an application behind a proxy, and the cookie that shows an application's host who is
//! there. Knows no HTTP.

use zeroize::Zeroizing;

use super::Services;
use crate::crypto::HashedToken;
use crate::domain::cookie::Cookie;
use crate::domain::forward_auth::app_url;
use crate::domain::id::SessionId;

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

/// Whether a browser may be sent to `text` after a login: a path of this server, or the URL of an application.
pub fn may_return_to(app: &Services, text: &str) -> bool {
    let may_be_plain = !app.policy.public_url.is_https();
    app_url::may_return_to(app.policy.forward_auth.as_ref(), text, may_be_plain)
}
