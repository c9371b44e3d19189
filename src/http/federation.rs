//! Logins with accounts elsewhere, over the API.

pub mod landing;

use std::sync::Arc;

use poem::{FromRequest, Request, RequestBody};
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use zeroize::Zeroizing;

use super::answer::Answer;
use super::asked::Asked;
use super::body::Json;
use super::cookie;
use super::error::{ApiError, Fault, Statuses};
use super::limit::{self, Place};
use super::login::{only_tokens, summary};
use super::navigation::asks_for_page;
use super::pages::elsewhere;
use super::principal::Bearer;
use super::tag::Tag;
use super::visit::Visit;
use crate::domain::identity;
use crate::services::federation::{self, Aim, Arrived, FederationFault, Finished, Returned, STATE_TTL};
use crate::services::identity as identities;
use crate::services::login::LoggedIn;
use crate::services::{Context, Services};
use crate::wire::auth::{CodeNeeded, Message};
use crate::wire::error::ErrorCode;
use crate::wire::federation::{
    FederatedAnswer, FederatedLogin, FederatedUser, Identity, IdentityList, LinkBegun, LinkRequest, Linked,
    Provider, ProviderList,
};
use crate::wire::secret::Secret;
use landing::{Landing, Onward};

/// Logins with accounts elsewhere.
pub struct FederationApi(pub Arc<Services>);

/// What beginning and finishing a login can answer beside success.
pub struct LoginListed;

impl Statuses for LoginListed {
    const LIST: &'static [u16] = &[400, 401, 403, 404, 405, 408, 409, 413, 423, 429, 500, 502, 503];
}

/// What the other operations can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 404, 405, 408, 409, 413, 415, 429, 500, 502, 503];
}

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[expect(clippy::too_many_arguments, reason = "each parameter of a request is one of its operation")]
#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Auth")]
impl FederationApi {
    /// Where one can log in with an account elsewhere
    #[oai(path = "/auth/oauth", method = "get", operation_id = "list_providers")]
    async fn providers(
        &self,
        _place: Place<limit::Anonymous>,
        asked: Asked,
    ) -> Result<Answer<ProviderList>, Fault<LoginListed>> {
        let url = self.0.policy.public_url.as_str();
        let each = self.0.providers.iter().map(|provider| Provider {
            name: provider.about().name.to_string(),
            title: provider.about().title.clone(),
            login_url: format!("{url}/api/v1/auth/oauth/{}", provider.about().name),
        });
        Ok(Answer::new(ProviderList { providers: each.collect() }, asked.0.now))
    }

    /// Log in with an account elsewhere
    ///
    /// For a browser: 302 to the provider's own page, and a cookie without which nothing that comes back is taken. The
    /// login has ten minutes.
    #[oai(path = "/auth/oauth/:provider", method = "get", operation_id = "begin_oauth")]
    async fn begin(
        &self,
        _place: Place<limit::Anonymous>,
        provider: Path<String>,
        asked: Asked,
    ) -> Result<Onward, Fault<LoginListed>> {
        let begun = federation::begin(&self.0, &asked.0, &provider.0, Aim::Tokens).await?;
        let cookie = cookie::federation(&begun.cookie, STATE_TTL.as_secs());
        Ok(Onward::new(&begun.url, cookie))
    }

    /// Where a provider sends the browser back
    ///
    /// Answers tokens like a login by password, or `requires_mfa` and a `session_id` where a second factor is on; where
    /// `federation.redirect_url` is set, 302 to it with the same fields in the fragment, or with `error`. An account
    /// is found by its link, then by its address, where the provider says that it was proved. What comes back works once,
    /// within ten minutes, in the browser that began it.
    #[oai(path = "/auth/oauth/:provider/callback", method = "get", operation_id = "finish_oauth")]
    async fn finish(
        &self,
        _place: Place<limit::Anonymous>,
        provider: Path<String>,
        browser: Browser,
        /// The provider's code.
        code: Query<Option<String>>,
        /// What the browser was sent with.
        state: Query<Option<String>>,
        /// Why there is no code.
        error: Query<Option<String>>,
        /// Who the provider is (RFC 9207).
        iss: Query<Option<String>>,
        asked: Asked,
    ) -> Result<Landing, Fault<LoginListed>> {
        let returned = Returned {
            state: state.0.as_deref(),
            code: code.0.as_deref(),
            error: error.0.as_deref(),
            issuer: iss.0.as_deref(),
            cookie: browser.journey.as_ref().map(|text| text.as_str()),
            presented: browser.session.as_ref().map(|text| text.as_str()),
        };
        let Finished { aim, done } = federation::finish(&self.0, &asked.0, &provider.0, returned).await;
        let onward = match aim {
            Some(Aim::Cookie { return_to }) => elsewhere::logged_in(&self.0, &asked.0, &return_to, done),
            Some(Aim::Link { at_page: true, .. }) => elsewhere::linked(&asked.0, done),
            // Nothing that is known to have begun here, in a browser: the way back was gone before, and reloaded.
            None if browser.asks_for_page => elsewhere::lost(),
            Some(Aim::Tokens | Aim::Link { .. }) | None => {
                return Ok(landed(&self.0, &asked.0, &provider.0, done)?);
            }
        };
        Ok(Landing::There(onward))
    }

    /// The accounts elsewhere that open one's own
    #[oai(path = "/users/me/identities", method = "get", operation_id = "list_identities")]
    async fn list(&self, asked: Asked, caller: Bearer) -> Result<Answer<IdentityList>, Fault<Listed>> {
        let all = identities::list(&self.0, &caller.0)?;
        let identities = all.iter().map(identity_to_wire).collect();
        Ok(Answer::new(IdentityList { identities }, asked.0.now))
    }

    /// Link one's account with one elsewhere
    ///
    /// Needs a fresh proof (see `POST /auth/step-up`). The browser that gets this answer goes on at `authorization_url`,
    /// and the callback makes the link, if the session still lives then.
    #[oai(path = "/users/me/identities", method = "post", operation_id = "link_identity")]
    async fn link(
        &self,
        caller: Bearer,
        body: Json<LinkRequest>,
        asked: Asked,
    ) -> Result<Answer<LinkBegun>, Fault<Listed>> {
        let begun = federation::begin_link(&self.0, &asked.0, &caller.0, (&body.0.provider, false)).await?;
        let cookie = cookie::federation(&begun.cookie, STATE_TTL.as_secs());
        Ok(Answer::new(LinkBegun { authorization_url: begun.url }, asked.0.now).setting(cookie))
    }

    /// Take a link away
    ///
    /// Needs a fresh proof. The last link of an account without a password stays.
    #[oai(path = "/users/me/identities/:id", method = "delete", operation_id = "unlink_identity")]
    async fn unlink(
        &self,
        asked: Asked,
        caller: Bearer,
        id: Path<String>,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        let unknown = |_| ApiError::new(ErrorCode::NotFound, "There is no such link.");
        identities::unlink(&self.0, &asked.0, &caller.0, id.0.parse().map_err(unknown)?).await?;
        Ok(Answer::new(Message::new("Link removed."), asked.0.now))
    }
}

/// Where a browser lands whose login was not begun at a page of ours.
fn landed(
    app: &Services,
    ctx: &Context,
    provider: &str,
    done: Result<Arrived, FederationFault>,
) -> Result<Landing, ApiError> {
    let cleared = cookie::federation("", 0);
    match (done, app.policy.federation.redirect_url.as_deref()) {
        // What this browser did not begin is sent nowhere.
        (Err(fault @ (FederationFault::State | FederationFault::UnknownProvider)), _)
        | (Err(fault), None) => Err(fault.into()),
        (Err(fault), Some(url)) => Ok(Landing::failed(url, &ApiError::from(fault), cleared)),
        (Ok(arrived), url) => Ok(Landing::new(to_wire(arrived, provider)?, url, ctx.now, cleared)),
    }
}

/// What the browser keeps of a login that it began and of one that was done before, and what it wants.
struct Browser {
    journey: Option<Zeroizing<String>>,
    session: Option<Zeroizing<String>>,
    asks_for_page: bool,
}

impl<'a> FromRequest<'a> for Browser {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        let kept = |name| {
            let shown = cookie::shown(request.headers(), name).unwrap_or_default();
            shown.map(|text| Zeroizing::new(text.to_owned()))
        };
        Ok(Self {
            journey: kept(cookie::FEDERATION),
            session: kept(Visit::of(request)?.door().name),
            asks_for_page: asks_for_page(request.headers()),
        })
    }
}

fn to_wire(arrived: Arrived, provider: &str) -> Result<FederatedAnswer, ApiError> {
    Ok(match arrived {
        Arrived::LoggedIn(LoggedIn::Done(opened)) => {
            let granted = only_tokens(opened)?;
            FederatedAnswer::Granted(FederatedLogin {
                user: FederatedUser::new(summary(&granted.user), provider),
                access_token: Secret::new(granted.access_token),
                refresh_token: Secret::new(granted.refresh_token),
                token_type: "Bearer".to_owned(),
                expires_in: u64::from(granted.expires_in),
                requires_mfa: false,
            })
        }
        Arrived::LoggedIn(LoggedIn::CodeNeeded(handle)) => {
            FederatedAnswer::CodeNeeded(CodeNeeded::new(handle.as_str().into()))
        }
        Arrived::Linked(identity) => {
            FederatedAnswer::Linked(Linked { identity: identity_to_wire(&identity) })
        }
    })
}

pub(super) fn identity_to_wire(identity: &identity::Identity) -> Identity {
    Identity {
        id: identity.id.to_string(),
        provider: identity.provider.to_string(),
        email: identity.email.as_ref().map(|email| email.as_str().to_owned()),
        linked_at: identity.linked_at.to_string(),
    }
}
