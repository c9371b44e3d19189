//! The trading profile: tokens, bound cookies, API keys that name their owner, and the roles of its guide. Knows no rule
//! of its own.

mod account;
mod api_key;
mod diagnosis;
mod mfa;
mod refusal;
mod right;
mod sample;
mod session;

use std::sync::Arc;

use poem_openapi::OpenApi;
use serde_json::{Value, json};

use super::body::Loose;
use super::{Flat, message, refused, tokens};
use crate::domain::cookie::TRADING_NAME;
use crate::domain::profile::trading::{TradingPermission, TradingRole};
use crate::domain::user::User;
use crate::http::asked::Asked;
use crate::http::error::{ApiError, Fault, Statuses};
use crate::http::health::HealthApi;
use crate::http::limit::{self, Place};
use crate::http::login::only_tokens;
use crate::http::tag::Tag;
use crate::services::enrolment::Shown;
use crate::services::login::{self, LoggedIn, Typed};
use crate::services::opening::Opening;
use crate::services::registration::{self, Registration};
use crate::services::token::{self, Granted};
use crate::services::{Context, Services};
use crate::wire::profile::{Refresh, Tokens, trading as wire};
use crate::wire::secret::Secret;

pub use sample::SamplesApi;

/// The profile.
pub fn operations(app: &Arc<Services>, health: HealthApi) -> impl OpenApi + use<> {
    (
        TokenApi(app.clone()),
        account::AccountApi(app.clone()),
        mfa::MfaApi(app.clone()),
        session::SessionApi(app.clone()),
        api_key::ApiKeyApi(app.clone()),
        right::RightApi(app.clone()),
        diagnosis::DiagnosisApi(app.clone()),
        health,
    )
}

/// Logins and tokens.
struct TokenApi(Arc<Services>);

/// What the operations can answer beside success.
struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 423, 429, 500, 503];
}

#[OpenApi(tag = "Tag::Auth")]
impl TokenApi {
    /// Register an account
    ///
    /// It may log in at once.
    #[oai(path = "/register", method = "post", operation_id = "register")]
    async fn register(
        &self,
        _place: Place<limit::Register>,
        body: Loose<wire::Register>,
        asked: Asked,
    ) -> Result<Flat<wire::User, 201>, Fault<Listed>> {
        let wire::Register { username, email, password, full_name } = &body.0;
        if !(3..=50).contains(&username.chars().count()) {
            return Err(ApiError::field("username", "invalid", "username: must be 3 to 50 characters").into());
        }
        let name = full_name.as_deref();
        let form = Registration { email, password: password.reveal(), name, username: Some(username) };
        let made = registration::register(&self.0, &asked.0, &form).await;
        Ok(Flat::new(shown(&made.map_err(refusal::registration)?)))
    }

    /// Log in for tokens
    ///
    /// Where a second factor is on, `mfa_token` goes along; without it the answer is 401 with `requires_mfa`.
    #[oai(path = "/token", method = "post", operation_id = "token")]
    async fn token(
        &self,
        _place: Place<limit::Login>,
        body: Loose<wire::Login>,
        asked: Asked,
    ) -> Result<Flat<Tokens>, Fault<Listed>> {
        let granted = log_in(&self.0, &asked.0, &body.0).await.map_err(refusal::token_login)?;
        Ok(Flat::new(tokens(granted)))
    }

    /// Log in for tokens, with or without a code
    ///
    /// `/token` in everything but the shape of its answers.
    #[oai(path = "/authenticate", method = "post", operation_id = "authenticate")]
    async fn authenticate(
        &self,
        _place: Place<limit::Login>,
        body: Loose<wire::Login>,
        asked: Asked,
    ) -> Result<Flat<wire::Authenticated>, Fault<Listed>> {
        let granted = log_in(&self.0, &asked.0, &body.0).await.map_err(refusal::login)?;
        let mfa_enabled = granted.user.has_factor;
        let Tokens { access_token, refresh_token, .. } = tokens(granted);
        Ok(Flat::new(wire::Authenticated { success: true, access_token, refresh_token, mfa_enabled }))
    }

    /// Get a fresh access token
    ///
    /// The refresh token stays good until its end.
    #[oai(path = "/token/refresh", method = "post", operation_id = "refresh")]
    async fn refresh(
        &self,
        _place: Place<limit::Anonymous>,
        body: Loose<Refresh>,
        asked: Asked,
    ) -> Result<Flat<wire::Refreshed>, Fault<Listed>> {
        let granted = token::refresh(&self.0, &asked.0, body.0.refresh_token.reveal()).await;
        let Tokens { access_token, token_type, expires_in, .. } = tokens(granted.map_err(refusal::refresh)?);
        Ok(Flat::new(wire::Refreshed { access_token, token_type, expires_in }))
    }
}

/// Describes the credentials and the refusals as the guide has them: the operations of every door name the same schemas.
pub fn reword(described: &mut Value) {
    const SCHEMES: [(&str, &str); 3] = [
        ("Bearer", "An access token of `POST /token`"),
        ("ApiKey", "A key of `POST /api-keys`; `Authorization: ApiKey` takes it too"),
        (
            "Cookie",
            "The cookie of `POST /login`; what is not GET, HEAD or OPTIONS needs its `csrf_token` in `X-CSRF-Token` too",
        ),
    ];
    let at = |path: &str| format!("/components/{path}");
    for (name, description) in SCHEMES {
        let scheme = described.pointer_mut(&at(&format!("securitySchemes/{name}")));
        if let Some(scheme) = scheme.and_then(Value::as_object_mut) {
            scheme.insert("description".to_owned(), description.into());
        }
    }
    if let Some(cookie) = described.pointer_mut(&at("securitySchemes/Cookie/name")) {
        *cookie = TRADING_NAME.into();
    }
    if let Some(failure) = described.pointer_mut(&at("schemas/Failure")) {
        let text = |description: &str| json!({ "type": "string", "description": description });
        let flag = |description: &str| json!({ "type": "boolean", "description": description });
        if let Some(failure) = failure.as_object_mut() {
            failure.remove("required");
        }
        if let Some(properties) = failure.pointer_mut("/properties").and_then(Value::as_object_mut) {
            properties.extend([
                ("error".to_owned(), text("A sentence, of a login, a code or a page that was refused")),
                ("success".to_owned(), flag("False, of a login or a code that was refused")),
                ("requires_mfa".to_owned(), flag("True, of a login that needs a code")),
                ("message".to_owned(), text("A sentence, of a login that needs a code")),
            ]);
        }
    }
}

/// A login for tokens that is done.
async fn log_in(app: &Services, ctx: &Context, form: &wire::Login) -> Result<Granted, refusal::Login> {
    match login::log_in(app, ctx, typed(form), Opening::Tokens).await? {
        LoggedIn::Done(opened) => Ok(only_tokens(opened)?),
        LoggedIn::CodeNeeded(_) => Err(refusal::Login::CodeNeeded),
    }
}

fn typed(form: &wire::Login) -> Typed<'_> {
    let code = form.mfa_token.as_ref().map(Secret::reveal);
    Typed { name: &form.username, password: form.password.reveal(), code }
}

fn shown(user: &User) -> wire::User {
    wire::User {
        id: user.number,
        user_id: user.id.to_string(),
        username: user.username.as_str().to_owned(),
        email: user.email.as_str().to_owned(),
        full_name: user.name.as_str().to_owned(),
        role: TradingRole::of(user).name().to_owned(),
        is_active: user.status.is_usable(),
        created_at: user.created_at.to_string(),
        subscription_active: true,
    }
}

/// The permission of the guide that a field names.
fn permission(text: &str) -> Result<TradingPermission, ApiError> {
    let message = "permission: not one of the twelve, such as read:signals";
    TradingPermission::named(text).ok_or_else(|| ApiError::field("permission", "invalid", message))
}

fn names(all: &[TradingPermission]) -> Vec<String> {
    all.iter().map(|own| own.name().to_owned()).collect()
}

fn done() -> Flat<wire::Done> {
    Flat::new(wire::Done { success: true })
}

fn secrets(shown: &[Shown]) -> Vec<Secret> {
    shown.iter().map(|one| Secret::from(one.as_str())).collect()
}
