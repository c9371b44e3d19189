//! Forward-auth: who may reach an application behind a proxy, what the application is told of them, and the cookie that
//! shows an application's host who is there. Knows no HTTP.
//!
//! ## Decision: what is recorded
//! A record of each request that is let through would be the greater part of the audit log, as of questions about rights
//! (see [`authz`](super::authz)). Recorded is whoever is known and refused: for a permission, for a second factor, or for
//! showing a key where only a person will do. What a stranger asks for, anybody could fill the log with.
//!
//! ## Decision: an API key opens what needs a permission, and nothing that needs a login
//! The scopes of a key are permissions, so they say whether it may. A login is a person with all that their account may
//! do, and an application that only asks for one would take a narrow key for that. So it is refused there; and of the
//! roles of its owner, which say more than the key may do, the application is told none.
//!
//! ## Decision: an address that nobody proved is not told
//! Applications join accounts by address. Where an account may be used before its address is proved, anybody could be
//! anybody there.

mod identities;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use zeroize::Zeroizing;

pub use identities::Identities;
use identities::{Signed, Whose};

use super::api_key::usage::record_no_session;
use super::audit::Draft;
use super::caller::Caller;
use super::cookie::{self, CookieFault, Visitor};
use super::role::{Refused, denied, has_factor};
use super::user_rights::slugs;
use super::{Context, Services, StoreError};
use crate::crypto::HashedToken;
use crate::domain::cookie::Cookie;
use crate::domain::forward_auth::app_url::{self, AppUrl};
use crate::domain::forward_auth::{ForwardAuthPolicy, Need, Ruling, Target, host};
use crate::domain::id::SessionId;
use crate::domain::permission::Scope;
use crate::domain::token::IdentityClaims;
use crate::domain::trace::Kind;
use crate::services::explain::why;

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

/// Who shows an application the cookie `text`. Writes nothing, and is no use of the session.
pub fn authenticate(app: &Services, ctx: &Context, text: &str) -> Result<Visitor, CookieFault> {
    cookie::authenticate_proxy(app, ctx, text)
}

/// What an application is told of who is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The username.
    pub username: String,
    /// The display name.
    pub name: String,
    /// The address, where it is proved.
    pub email: Option<String>,
    /// The slugs of the roles.
    pub groups: Vec<String>,
    /// All of it, signed: a JWT.
    pub signed: String,
}

/// Why a request is not let through.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// No rule fits it.
    #[error("no rule fits this request")]
    NoRule,
    /// Its path may be read in two ways for which the rules ask for two things.
    #[error("the path of this request is not clear")]
    Unclear,
    /// A key was shown where only a person will do.
    #[error("this needs a login, and an API key is none")]
    KeyForLogin,
    /// The caller may not.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

/// What the rules ask of a request by `method` for `url`.
pub fn need(policy: &ForwardAuthPolicy, method: &str, url: &AppUrl<'_>) -> Result<Need, Refusal> {
    match policy.table.judge(Target { host: url.host, path: url.path, method }) {
        Ruling::Needs(need, _) => Ok(need),
        Ruling::NoRule => Err(Refusal::NoRule),
        Ruling::Unclear => Err(Refusal::Unclear),
    }
}

/// Who `caller` is to the application at `app_host`, if that is enough for `need`. A refusal is recorded.
pub async fn admit(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    need: Need,
    app_host: &str,
) -> Result<Arc<Identity>, Refusal> {
    let is_key = caller.scopes().is_some();
    match need {
        Need::Login if is_key => {
            record_no_session(app, ctx, caller).await?;
            return Err(Refusal::KeyForLogin);
        }
        Need::Permission(scope) => require(app, ctx, caller, (scope, app_host)).await?,
        Need::Public | Need::Login => {}
    }
    Ok(identity(app, ctx, caller, app_host)?)
}

/// Refuses, and records it, unless the caller holds all that `scope` stands for, and the account has the second factor
/// that its roles must have.
async fn require(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    (scope, app_host): (Scope, &str),
) -> Result<(), Refused> {
    let held = caller.rights();
    let (reason, required, refused) = match scope.permissions().beyond(held) {
        Some(required) => ("permission_missing", required.name(), Refused::Missing { required, held }),
        None if has_factor(app, caller) => return Ok(()),
        None => ("mfa_required", scope.name(), Refused::NoFactor),
    };
    ctx.trail.note(match &refused {
        Refused::Missing { required, held } => why::lacking(caller, *required, *held),
        _ => Kind::FactorDemanded.with("required", scope.name()),
    });
    let why = |event: Draft| event.reason(reason).detail("required", required).detail("host", app_host);
    denied(app, ctx, caller, why).await?;
    Err(refused)
}

/// Who `caller` is to the application at `app_host`: as it was told before, while that is true.
fn identity(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    app_host: &str,
) -> Result<Arc<Identity>, StoreError> {
    let (user, is_key) = (&caller.user, caller.scopes().is_some());
    let whose = Whose { user: user.id, host: host(app_host).unwrap_or_default(), is_key };
    let ring = app.tokens.ring();
    let kid = ring.current().kid();
    if let Some(identity) = app.identities.find(&whose, user, kid, ctx.now) {
        return Ok(identity);
    }
    let ttl = app.policy.forward_auth.as_ref().map(|policy| policy.identity_ttl).unwrap_or_default();
    let claims = IdentityClaims {
        user_id: user.id,
        host: whose.host.clone(),
        username: user.username.as_str().to_owned(),
        name: user.name.as_str().to_owned(),
        email: user.email_verified_at.map(|_| user.email.as_str().to_owned()),
        groups: if is_key { Vec::new() } else { slugs(app, user)? },
        iat: ctx.now.seconds(),
        exp: ctx.now.plus(ttl).seconds(),
    };
    let signed = app.tokens.sign_identity(&claims);
    let IdentityClaims { username, name, email, groups, .. } = claims;
    let identity = Arc::new(Identity { username, name, email, groups, signed });
    let (user, span) = (user.clone(), (ctx.now, ctx.now.plus(ttl / 2)));
    app.identities.keep(whose, Signed { user, kid: kid.to_owned(), span, identity: identity.clone() });
    Ok(identity)
}

/// What became of a request to an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Let through without a look at who asks.
    Public,
    /// Let through.
    Known,
    /// Nobody is there yet: refused, or sent to the login page.
    Unknown,
    /// Refused, whoever it is.
    Refused,
}

impl Fate {
    /// Every fate.
    pub const ALL: [Self; 4] = [Self::Public, Self::Known, Self::Unknown, Self::Refused];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Known => "known",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
        }
    }
}

/// What became of all requests to applications since the start.
#[derive(Debug, Default)]
pub struct Fates([AtomicU64; 4]);

impl Fates {
    /// Counts one.
    pub fn count(&self, fate: Fate) {
        if let Some(count) = self.0.get(fate as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many met this fate.
    pub fn of(&self, fate: Fate) -> u64 {
        self.0.get(fate as usize).map_or(0, |count| count.load(Ordering::Relaxed))
    }
}
