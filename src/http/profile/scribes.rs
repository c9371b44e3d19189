//! The scribes profile: flat answers, numeric ids, `detail` for failures. Knows no rule of its own.

use std::sync::Arc;

use poem::http::StatusCode;
use poem_openapi::OpenApi;

use super::body::Loose;
use super::{Flat, message, refreshed, refused, tokens};
use crate::domain::login::DenyReason;
use crate::domain::profile::scribes_role;
use crate::domain::role::Role;
use crate::domain::user::User;
use crate::http::asked::Asked;
use crate::http::error::{ApiError, Fault, Statuses};
use crate::http::health::HealthApi;
use crate::http::limit::{self, Place};
use crate::http::login::only_tokens;
use crate::http::principal::Bearer;
use crate::http::tag::Tag;
use crate::services::login::{self, LoggedIn, LoginFault, Typed};
use crate::services::opening::Opening;
use crate::services::password_reset::{self, Opened, ResetFault};
use crate::services::registration::{self, RegisterFault, Registration};
use crate::services::verification::{self, VerifyFault};
use crate::services::{Services, Taken, session};
use crate::wire::profile::{Message, Refresh, Tokens, scribes as wire};
use crate::wire::secret::Secret;

/// The profile, with its sample resources or without.
pub fn operations(app: &Arc<Services>, health: HealthApi) -> impl OpenApi + use<> {
    (ScribesApi(app.clone()), health)
}

/// The operations of the profile.
struct ScribesApi(Arc<Services>);

/// The sample resources of the guide.
pub struct SamplesApi;

/// What these operations can answer beside success.
struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 405, 408, 413, 415, 422, 423, 429, 500, 503];
}

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi]
impl ScribesApi {
    /// Register an account
    #[oai(path = "/auth/register", method = "post", operation_id = "register", tag = "Tag::Auth")]
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
    /// An account that is switched off, or whose address is not proved, is told apart by 403 once its password was right.
    #[oai(path = "/auth/login", method = "post", operation_id = "login", tag = "Tag::Auth")]
    async fn login(
        &self,
        _place: Place<limit::Login>,
        body: Loose<wire::Login>,
        asked: Asked,
    ) -> Result<Flat<wire::LoggedIn>, Fault<Listed>> {
        let wire::Login { email, password, mfa_code } = &body.0;
        let code = mfa_code.as_ref().map(Secret::reveal);
        let typed = Typed { name: email, password: password.reveal(), code };
        let granted = match login::log_in(&self.0, &asked.0, typed, Opening::Tokens).await {
            Ok(LoggedIn::Done(opened)) => only_tokens(opened)?,
            Ok(LoggedIn::CodeNeeded(_)) => return Err(second_factor().into()),
            Err(fault) => return Err(barred(fault).into()),
        };
        let user = wire::UserSummary {
            id: granted.user.number,
            email: granted.user.email.as_str().to_owned(),
            username: granted.user.username.as_str().to_owned(),
            full_name: full_name(&granted.user),
            role: scribes_role(&granted.user).to_owned(),
        };
        let Tokens { access_token, refresh_token, token_type, expires_in } = tokens(granted);
        Ok(Flat::new(wire::LoggedIn { access_token, refresh_token, token_type, expires_in, user }))
    }

    /// Get a fresh access token
    ///
    /// The refresh token that was presented works again until the one that is answered has been used.
    #[oai(path = "/auth/refresh", method = "post", operation_id = "refresh", tag = "Tag::Auth")]
    async fn refresh(
        &self,
        _place: Place<limit::Anonymous>,
        body: Loose<Refresh>,
        asked: Asked,
    ) -> Result<Flat<Tokens>, Fault<Listed>> {
        refreshed(&self.0, &asked.0, &body.0).await.map_err(Fault::from)
    }

    /// Log out
    ///
    /// The session's refresh token and access token stop working at once.
    #[oai(path = "/auth/logout", method = "post", operation_id = "logout", tag = "Tag::Auth")]
    async fn logout(&self, asked: Asked, caller: Bearer) -> Result<Flat<Message>, Fault<Listed>> {
        session::end(&self.0, &asked.0, &caller.0, caller.0.session).await?;
        Ok(message("Successfully logged out"))
    }

    /// Who am I
    #[oai(path = "/auth/me", method = "get", operation_id = "me", tag = "Tag::Auth")]
    async fn me(&self, caller: Bearer) -> Result<Flat<wire::User>, Fault<Listed>> {
        Ok(Flat::new(shown(&caller.0.user)))
    }

    /// Ask for a link that sets a new password
    ///
    /// The answer is the same for every address.
    #[oai(
        path = "/auth/password-reset/request",
        method = "post",
        operation_id = "request_reset",
        tag = "Tag::Auth"
    )]
    async fn request_reset(
        &self,
        _place: Place<limit::PasswordReset>,
        body: Loose<wire::Address>,
        asked: Asked,
    ) -> Result<Flat<Message>, Fault<Listed>> {
        password_reset::request(&self.0, &asked.0, &body.0.email).await?;
        Ok(message("If the email exists, a password reset link has been sent"))
    }

    /// Set a new password
    #[oai(
        path = "/auth/password-reset/confirm",
        method = "post",
        operation_id = "confirm_reset",
        tag = "Tag::Auth"
    )]
    async fn confirm_reset(
        &self,
        _place: Place<limit::ResetConfirm>,
        body: Loose<wire::NewPassword>,
        asked: Asked,
    ) -> Result<Flat<Message>, Fault<Listed>> {
        let typed = (body.0.token.reveal(), body.0.new_password.reveal());
        let reset = password_reset::reset(&self.0, &asked.0, Opened::Reset, typed).await;
        reset.map_err(|fault| match fault {
            ResetFault::Invalid => refused(StatusCode::BAD_REQUEST, "Invalid or expired reset token"),
            fault => fault.into(),
        })?;
        Ok(message("Password has been reset successfully"))
    }

    /// Verify an email address
    #[oai(path = "/auth/verify-email", method = "post", operation_id = "verify_email", tag = "Tag::Auth")]
    async fn verify_email(
        &self,
        _place: Place<limit::Anonymous>,
        body: Loose<wire::MailedToken>,
        asked: Asked,
    ) -> Result<Flat<Message>, Fault<Listed>> {
        let verified = verification::verify_email(&self.0, &asked.0, body.0.token.reveal()).await;
        verified.map_err(|fault| match fault {
            VerifyFault::Invalid => refused(StatusCode::BAD_REQUEST, "Invalid or expired verification token"),
            VerifyFault::Store(error) => error.into(),
        })?;
        Ok(message("Email verified successfully"))
    }

    /// Mail a new verification link
    #[oai(path = "/auth/resend-verification", method = "post", operation_id = "resend", tag = "Tag::Auth")]
    async fn resend(
        &self,
        _place: Place<limit::Anonymous>,
        body: Loose<wire::Address>,
        asked: Asked,
    ) -> Result<Flat<Message>, Fault<Listed>> {
        verification::resend(&self.0, &asked.0, &body.0.email).await?;
        Ok(message("If the email exists and is not verified, a verification link has been sent"))
    }
}

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi]
impl SamplesApi {
    /// A resource for everybody who is logged in
    #[oai(path = "/notes", method = "get", operation_id = "notes", tag = "Tag::Dev")]
    async fn notes(&self, caller: Bearer) -> Result<Flat<wire::Sample>, Fault<Listed>> {
        Ok(sample("notes", &caller.0.user))
    }

    /// A resource for administrators
    #[oai(path = "/admin", method = "get", operation_id = "admin", tag = "Tag::Dev")]
    async fn admin(&self, caller: Bearer) -> Result<Flat<wire::Sample>, Fault<Listed>> {
        if !caller.0.user.roles.iter().any(|role| *role >= Role::Admin) {
            return Err(refused(StatusCode::FORBIDDEN, "Admin access required").into());
        }
        Ok(sample("admin", &caller.0.user))
    }
}

fn sample(what: &str, user: &User) -> Flat<wire::Sample> {
    Flat::new(wire::Sample { message: what.to_owned(), user_id: user.number })
}

fn shown(user: &User) -> wire::User {
    wire::User {
        id: user.number,
        email: user.email.as_str().to_owned(),
        username: user.username.as_str().to_owned(),
        full_name: full_name(user),
        role: scribes_role(user).to_owned(),
        is_active: user.status.is_usable(),
        is_verified: user.email_verified_at.is_some(),
        created_at: user.created_at.to_string(),
    }
}

/// The display name of an account that gave none is its username.
fn full_name(user: &User) -> Option<String> {
    let name = user.name.as_str();
    (name != user.username.as_str()).then(|| name.to_owned())
}

fn taken(fault: RegisterFault) -> ApiError {
    match fault {
        RegisterFault::Exists(Taken::Email) => refused(StatusCode::BAD_REQUEST, "Email already registered"),
        RegisterFault::Exists(Taken::Username) => refused(StatusCode::BAD_REQUEST, "Username already taken"),
        fault => fault.into(),
    }
}

/// The guide knows no second step, so both steps are one call.
fn second_factor() -> ApiError {
    refused(StatusCode::FORBIDDEN, "Second factor required: send its code as mfa_code")
}

fn barred(fault: LoginFault) -> ApiError {
    match fault {
        LoginFault::Barred(DenyReason::EmailNotVerified) => {
            refused(StatusCode::FORBIDDEN, "Email not verified")
        }
        LoginFault::Barred(_) => refused(StatusCode::FORBIDDEN, "Account is inactive"),
        fault => fault.into(),
    }
}
