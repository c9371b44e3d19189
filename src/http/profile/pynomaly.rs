//! The pynomaly profile: flat answers, `username`, and `detail` for failures. Knows no rule of its own.

mod api_key;
mod mfa;
mod sample;

use std::sync::Arc;

use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::{ApiResponse, OpenApi};

use super::body::Loose;
use super::{Flat, message, refreshed, refused, tokens};
use crate::domain::profile::pynomaly_roles;
use crate::domain::user::User;
use crate::http::asked::Asked;
use crate::http::error::{ApiError, Fault, Statuses};
use crate::http::health::HealthApi;
use crate::http::limit::{self, Place};
use crate::http::login::only_tokens;
use crate::http::principal::Bearer;
use crate::http::tag::Tag;
use crate::services::factor::FactorUsed;
use crate::services::login::{self, LoggedIn, Typed};
use crate::services::opening::Opening;
use crate::services::registration::{self, RegisterFault, Registration};
use crate::services::{Services, Taken, pending_login};
use crate::wire::profile::{Refresh, Tokens, pynomaly as wire};
use crate::wire::secret::Secret;

pub use sample::SamplesApi;

/// The profile.
pub fn operations(app: &Arc<Services>, health: HealthApi) -> impl OpenApi + use<> {
    (AuthApi(app.clone()), mfa::MfaApi(app.clone()), api_key::ApiKeyApi(app.clone()), health)
}

/// Accounts and tokens.
struct AuthApi(Arc<Services>);

/// What these operations can answer beside success.
struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 405, 408, 413, 415, 422, 423, 429, 500, 503];
}

/// What a login can answer beside tokens and the wait for a code.
struct LoginListed;

impl Statuses for LoginListed {
    const LIST: &'static [u16] = &[401, 405, 408, 413, 415, 422, 423, 429, 500, 503];
}

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Auth")]
impl AuthApi {
    /// Register an account
    #[oai(path = "/auth/register", method = "post", operation_id = "register")]
    async fn register(
        &self,
        _place: Place<limit::Register>,
        body: Loose<wire::Register>,
        asked: Asked,
    ) -> Result<Flat<wire::User, 201>, Fault<Listed>> {
        let form = Registration {
            email: &body.0.email,
            password: body.0.password.reveal(),
            name: body.0.full_name.as_deref(),
            username: Some(&body.0.username),
        };
        let user = registration::register(&self.0, &asked.0, &form).await.map_err(taken)?;
        Ok(Flat::new(shown(&user)))
    }

    /// Log in
    ///
    /// Where a second factor is on, a right password alone answers 403 and the bearer token of `/api/v1/mfa/verify`.
    #[oai(path = "/auth/login", method = "post", operation_id = "login")]
    async fn login(
        &self,
        _place: Place<limit::Login>,
        body: Loose<wire::Login>,
        asked: Asked,
    ) -> Result<LoginAnswer, Fault<LoginListed>> {
        let wire::Login { username, password } = &body.0;
        let typed = Typed { name: username, password: password.reveal(), code: None };
        match login::log_in(&self.0, &asked.0, typed, Opening::Tokens).await? {
            LoggedIn::Done(opened) => Ok(LoginAnswer::Granted(Flat::new(tokens(only_tokens(opened)?)))),
            LoggedIn::CodeNeeded(handle) => {
                let methods = pending_login::methods(&self.0, &asked.0, &handle)?;
                Ok(LoginAnswer::MfaRequired(Flat::new(wire::MfaRequired {
                    detail: "MFA required".to_owned(),
                    mfa_required: true,
                    mfa_token: Secret::from(handle.as_str()),
                    methods: methods.into_iter().map(|method| method_name(method).to_owned()).collect(),
                })))
            }
        }
    }

    /// Get a fresh access token
    ///
    /// The refresh token that was presented works again until the one that is answered has been used.
    #[oai(path = "/auth/refresh", method = "post", operation_id = "refresh")]
    async fn refresh(
        &self,
        _place: Place<limit::Anonymous>,
        body: Loose<Refresh>,
        asked: Asked,
    ) -> Result<Flat<Tokens>, Fault<Listed>> {
        refreshed(&self.0, &asked.0, &body.0).await.map_err(Fault::from)
    }

    /// Who am I
    #[oai(path = "/auth/me", method = "get", operation_id = "me")]
    async fn me(&self, caller: Bearer) -> Result<Flat<wire::User>, Fault<Listed>> {
        Ok(Flat::new(shown(&caller.0.user)))
    }
}

/// What a right password leads to.
enum LoginAnswer {
    Granted(Flat<Tokens>),
    /// P21. Not a failure that is worded elsewhere: it carries a token.
    MfaRequired(Flat<wire::MfaRequired, 403>),
}

impl IntoResponse for LoginAnswer {
    fn into_response(self) -> Response {
        match self {
            Self::Granted(tokens) => tokens.into_response(),
            Self::MfaRequired(wait) => wait.into_response(),
        }
    }
}

impl ApiResponse for LoginAnswer {
    const BAD_REQUEST_HANDLER: bool = true;

    fn meta() -> MetaResponses {
        let mut responses = Flat::<Tokens>::meta().responses;
        let wait = Flat::<wire::MfaRequired, 403>::meta().responses.into_iter();
        responses.extend(wait.map(|mut response| {
            response.description = "The password was right, and a code is needed";
            response
        }));
        MetaResponses { responses }
    }

    fn register(registry: &mut Registry) {
        Flat::<Tokens>::register(registry);
        Flat::<wire::MfaRequired, 403>::register(registry);
    }

    fn from_parse_request_error(error: poem::Error) -> Self {
        Self::Granted(Flat::from_parse_request_error(error))
    }
}

/// The guide's name of a way to prove a second factor.
const fn method_name(method: FactorUsed) -> &'static str {
    match method {
        FactorUsed::Totp => "totp",
        FactorUsed::Sms => "sms",
        FactorUsed::BackupCode => "backup_codes",
    }
}

fn shown(user: &User) -> wire::User {
    wire::User {
        id: user.id.to_string(),
        username: user.username.as_str().to_owned(),
        email: user.email.as_str().to_owned(),
        full_name: user.name.as_str().to_owned(),
        is_active: user.status.is_usable(),
        roles: pynomaly_roles(user).into_iter().map(str::to_owned).collect(),
        created_at: user.created_at.to_string(),
    }
}

fn taken(fault: RegisterFault) -> ApiError {
    match fault {
        RegisterFault::Exists(Taken::Email) => refused(StatusCode::BAD_REQUEST, "Email already registered"),
        RegisterFault::Exists(Taken::Username) => {
            refused(StatusCode::BAD_REQUEST, "Username already registered")
        }
        fault => fault.into(),
    }
}
