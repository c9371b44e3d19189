//! Logging in with an account elsewhere: OAuth 2.0 with PKCE (RFC 6749, RFC 7636, RFC 9700), OpenID Connect where the
//! provider speaks it. Knows no HTTP.
//!
//! ## Decision: what a login begins is kept by the browser, sealed
//! State, nonce and PKCE verifier go with the browser in a cookie that only this server can open. So a stranger who begins
//! a million logins writes nothing here; and what comes back is good in the browser alone in which it began (R67).
//!
//! ## Decision: what comes back is used up before anything is asked
//! That a state came back is written first, and only then is the code exchanged: of two callers with one state and one
//! cookie the second gets nowhere, through a restart too.

mod arrival;
mod journey;

use std::sync::Arc;

use super::audit::Witness;
use super::identity_provider::{Ask, Code, IdentityProvider, ProviderFault, Said};
use super::login::{LoggedIn, LoginFault};
use super::opening::Opening;
use super::session::{AuthFault, Principal};
use super::step_up::{StepUpNeeded, require_fresh};
use super::{Context, Services};
use crate::crypto::id_token::{self, Expected, IdTokenFault};
use crate::domain::audit::{Action, Outcome};
use crate::domain::email::EmailAddress;
use crate::domain::identity::{Claims, IDENTITIES_MAX, Identity, SUBJECT_MAX, Unreached};
use crate::store::{self, StoreError};
use journey::Journey;

pub use journey::{Aim, STATE_TTL};

/// A login that begins: where the browser is sent, and what it keeps until it comes back.
pub struct Begun {
    /// The provider's address.
    pub url: String,
    /// The value of the cookie.
    pub cookie: String,
}

/// What a browser brings back.
#[derive(Clone, Copy, Default)]
pub struct Returned<'a> {
    /// The state.
    pub state: Option<&'a str>,
    /// The code.
    pub code: Option<&'a str>,
    /// Why there is no code.
    pub error: Option<&'a str>,
    /// Who sent it (RFC 9207).
    pub issuer: Option<&'a str>,
    /// The cookie that it was given at the begin.
    pub cookie: Option<&'a str>,
    /// The cookie of a session that it has already.
    pub presented: Option<&'a str>,
}

/// What a browser that came back has come to.
pub struct Finished {
    /// What it began; unknown where its cookie says nothing.
    pub aim: Option<Aim>,
    /// What that came to.
    pub done: Result<Arrived, FederationFault>,
}

/// What it came to.
pub enum Arrived {
    /// A login.
    LoggedIn(LoggedIn),
    /// A link of the account that began it.
    Linked(Identity),
}

/// Why it came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum FederationFault {
    /// No such provider is configured.
    #[error("no such provider")]
    UnknownProvider,
    /// What came back is of no login that this browser began, of one that is too old, or came back before (G44).
    #[error("the state is not that of a login of this browser")]
    State,
    /// The provider, or the person there, said no.
    #[error("the provider said no")]
    Refused,
    /// The provider gave no answer that can be used.
    #[error(transparent)]
    Provider(#[from] ProviderFault),
    /// The person has no account here and gets none.
    #[error("the account elsewhere opens none here: {}", .0.name())]
    Unreached(Unreached),
    /// The account elsewhere opens another account here.
    #[error("the account elsewhere is linked with another account")]
    Taken,
    /// The account has as many links as it may have.
    #[error("an account has at most {IDENTITIES_MAX} links")]
    TooMany,
    /// The account may not be used, or has as many sessions as it may have.
    #[error(transparent)]
    Login(#[from] LoginFault),
    /// The caller proved nothing of late.
    #[error(transparent)]
    Stale(#[from] StepUpNeeded),
    /// The caller's session ended while the link was made.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Begins a login with the provider `name`, for what `aim` says.
pub async fn begin(app: &Services, ctx: &Context, name: &str, aim: Aim) -> Result<Begun, FederationFault> {
    let provider = find(app, name)?;
    let journey = Journey::new(app, ctx, provider.about().name.as_str(), aim);
    let (state, nonce, challenge) = (journey.state(), journey.nonce(), journey.challenge());
    let ask = Ask {
        redirect_uri: &redirect_uri(app, provider.as_ref()),
        state: &state,
        nonce: &nonce,
        challenge: &challenge,
    };
    let url = provider.authorization_url(ask).await?;
    Ok(Begun { url, cookie: journey.sealed(app) })
}

/// Begins a link of the caller's account with one at the provider `name`, at a page of this server or over its API.
/// Needs a fresh proof.
pub async fn begin_link(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    (name, at_page): (&str, bool),
) -> Result<Begun, FederationFault> {
    require_fresh(app, ctx, caller)?;
    let (user, session) = (*caller.user.id.as_bytes(), *caller.session.as_bytes());
    begin(app, ctx, name, Aim::Link { user, session, at_page }).await
}

/// Takes what came back for the provider `name`, and finishes what was begun.
pub async fn finish(app: &Services, ctx: &Context, name: &str, returned: Returned<'_>) -> Finished {
    let journey = returned.cookie.and_then(|cookie| Journey::open(app, cookie));
    let aim = journey.as_ref().map(|journey| journey.aim().clone());
    let done = arrive(app, ctx, (name, journey), returned).await.inspect_err(|fault| {
        tracing::info!(why = %fault, provider = name, request_id = ctx.request_id, client = %ctx.client, "Login failed");
    });
    Finished { aim, done }
}

async fn arrive(
    app: &Services,
    ctx: &Context,
    (name, journey): (&str, Option<Journey>),
    returned: Returned<'_>,
) -> Result<Arrived, FederationFault> {
    let provider = find(app, name)?;
    let is_of = |journey: &Journey| journey.is_of(provider.about().name.as_str(), returned.state, ctx.now);
    let journey = journey.filter(is_of);
    let Some(journey) = journey else { return Err(deny(app, ctx, name, FederationFault::State).await?) };
    if !spend(app, ctx, name, &journey).await? {
        return Err(FederationFault::State);
    }
    let claims = match redeem(app, ctx, provider.as_ref(), &journey, returned).await {
        Ok(claims) => claims,
        Err(fault) => return Err(deny(app, ctx, name, fault).await?),
    };
    let about = provider.about();
    let opening = match journey.aim() {
        Aim::Link { user, session, .. } => {
            return Ok(Arrived::Linked(arrival::link(app, ctx, about, &claims, (*user, *session)).await?));
        }
        Aim::Tokens => Opening::Tokens,
        Aim::Cookie { .. } => Opening::Cookie { presented: returned.presented },
    };
    Ok(Arrived::LoggedIn(arrival::log_in(app, ctx, (about, &claims), opening).await?))
}

/// Marks the state as come back; `false`: it came back before, which is recorded.
async fn spend(app: &Services, ctx: &Context, name: &str, journey: &Journey) -> Result<bool, StoreError> {
    let (key, until) = (journey.key(), journey.expires_at());
    let denied = denied(app, ctx, name, &FederationFault::State);
    app.write("federation.spend", ctx, move |txn| {
        let is_first = store::identity::spend(txn, key, until)?;
        if !is_first {
            txn.emit(denied.clone())?;
        }
        Ok(is_first)
    })
    .await
}

/// Who the person is, by the provider's word.
async fn redeem(
    app: &Services,
    ctx: &Context,
    provider: &dyn IdentityProvider,
    journey: &Journey,
    returned: Returned<'_>,
) -> Result<Claims, FederationFault> {
    let about = provider.about();
    // Another provider's answer must not reach this one's token endpoint. Each has a redirect URI of its own, which the
    // cookie binds; where one names itself too, it must be this one (R68; RFC 9207; RFC 9700, section 4.4.2).
    if returned.issuer.is_some_and(|issuer| issuer != about.issuer) {
        return Err(ProviderFault("is not the one that answered the browser".to_owned()).into());
    }
    let code = returned.code.filter(|_| returned.error.is_none()).ok_or(FederationFault::Refused)?;
    let redirect_uri = redirect_uri(app, provider);
    let verifier = journey.verifier();
    let code = Code { code, verifier: &verifier, redirect_uri: &redirect_uri };
    let redeemed = provider.redeem(code).await?;
    let access_token = &redeemed.access_token;
    let said = match &redeemed.id_token {
        Some(token) if about.is_openid => {
            let nonce = journey.nonce();
            let told = told(provider, token, &nonce, ctx).await?;
            if told.email.is_some() { told } else { more(provider, access_token, told).await? }
        }
        None if about.is_openid => return Err(ProviderFault("answered no ID token".to_owned()).into()),
        _ => provider.said(access_token).await?,
    };
    claims(said)
}

/// What an ID token tells. Keys that do not fit may be old: then the newest are asked for, once.
async fn told(
    provider: &dyn IdentityProvider,
    token: &str,
    nonce: &str,
    ctx: &Context,
) -> Result<Said, ProviderFault> {
    let about = provider.about();
    let expected = Expected { issuer: &about.issuer, audience: &about.client_id, nonce, now: ctx.now };
    let checked = match id_token::verify(token, &provider.keys(false).await?, &expected) {
        Err(IdTokenFault::UnknownKey) => id_token::verify(token, &provider.keys(true).await?, &expected),
        checked => checked,
    };
    let claims = checked.map_err(|fault| ProviderFault(format!("cannot be believed: {fault}")))?;
    // The word `true`, and nothing that looks like it (R69).
    let is_verified = claims.email_verified == Some(serde_json::Value::Bool(true));
    Ok(Said { subject: claims.sub, email: claims.email, is_verified, name: claims.name })
}

/// What the provider says beside the ID token, of the same person (OpenID Connect Core, section 5.3.2).
async fn more(
    provider: &dyn IdentityProvider,
    access_token: &str,
    told: Said,
) -> Result<Said, ProviderFault> {
    let said = provider.said(access_token).await?;
    if said.subject == told.subject {
        Ok(Said { name: said.name.or(told.name), ..said })
    } else {
        Err(ProviderFault("spoke of two people".to_owned()))
    }
}

fn claims(said: Said) -> Result<Claims, FederationFault> {
    if said.subject.is_empty() || said.subject.len() > SUBJECT_MAX {
        return Err(ProviderFault("named nobody".to_owned()).into());
    }
    let email = said.email.filter(|_| said.is_verified);
    let email = email.and_then(|email| EmailAddress::parse(&email).ok());
    Ok(Claims { subject: said.subject, email, name: said.name })
}

fn find<'a>(app: &'a Services, name: &str) -> Result<&'a Arc<dyn IdentityProvider>, FederationFault> {
    let mut all = app.providers.iter();
    all.find(|provider| provider.about().name.as_str() == name).ok_or(FederationFault::UnknownProvider)
}

/// Where a provider sends a browser back: exactly this, at every begin and every exchange (R67).
pub fn redirect_uri(app: &Services, provider: &dyn IdentityProvider) -> String {
    format!("{}/api/v1/auth/oauth/{}/callback", app.policy.public_url.as_str(), provider.about().name)
}

/// Records a login that came to nothing, and gives its reason back.
async fn deny(
    app: &Services,
    ctx: &Context,
    name: &str,
    fault: FederationFault,
) -> Result<FederationFault, StoreError> {
    let event = denied(app, ctx, name, &fault);
    app.write("federation.denied", ctx, move |txn| txn.emit(event.clone())).await?;
    Ok(fault)
}

fn denied(app: &Services, ctx: &Context, name: &str, fault: &FederationFault) -> store::lane::EventV1 {
    let reason = match fault {
        FederationFault::State => "oauth_state",
        FederationFault::Refused => "oauth_refused",
        _ => "oauth_provider",
    };
    let event = Witness::of_nobody(app, ctx).event(Action::LoginFailed, Outcome::Denied).reason(reason);
    event.detail("provider", name).done()
}
