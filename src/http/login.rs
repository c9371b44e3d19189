//! Logging in, refreshing and logging out, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::answer::Answer;
use super::asked::Asked;
use super::body::{Json, NoBody};
use super::cookie;
use super::error::{ApiError, Fault, Statuses};
use super::limit::{self, Place};
use super::principal::Bearer;
use super::tag::Tag;
use crate::domain::user::User;
use crate::services::login::{LoggedIn, Typed};
use crate::services::opening::{Opened, Opening};
use crate::services::token::Granted;
use crate::services::{Services, login, session, token};
use crate::wire::auth::{
    CodeNeeded, LoggedOutAll, LoginAnswer, LoginGranted, LoginRequest, Message, RefreshRequest, TokenPair,
};
use crate::wire::secret::Secret;
use crate::wire::user::UserSummary;

/// Login, refresh and logout.
pub struct LoginApi(pub Arc<Services>);

/// What these operations can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 405, 408, 413, 415, 429, 500, 503];
}

/// What a login can answer beside success.
pub struct LoginListed;

impl Statuses for LoginListed {
    const LIST: &'static [u16] = &[400, 401, 405, 408, 413, 415, 423, 429, 500, 503];
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Auth")]
impl LoginApi {
    /// Log in
    ///
    /// With an email address or username and the password. Every denial looks the same from outside: an
    /// unknown name, a wrong password, an unverified address and a suspended account. After too many of them from
    /// one network the name is locked there for a while, whether there is such an account or not.
    ///
    /// Where a second factor is on, a right password answers `requires_mfa` and a `session_id` for
    /// `/auth/mfa/verify`; with a right `mfa_code` in the same call it answers tokens at once.
    #[oai(path = "/auth/login", method = "post", operation_id = "login")]
    async fn login(
        &self,
        _place: Place<limit::Login>,
        body: Json<LoginRequest>,
        asked: Asked,
    ) -> Result<Answer<LoginAnswer>, Fault<LoginListed>> {
        let LoginRequest { email, password, mfa_code } = &body.0;
        let code = mfa_code.as_ref().map(Secret::reveal);
        let typed = Typed { name: email, password: password.reveal(), code };
        let answer = match login::log_in(&self.0, &asked.0, typed, Opening::Tokens).await? {
            LoggedIn::Done(opened) => LoginAnswer::Granted(granted(only_tokens(opened)?)),
            LoggedIn::CodeNeeded(handle) => LoginAnswer::CodeNeeded(CodeNeeded::new(handle.as_str().into())),
        };
        Ok(Answer::new(answer, asked.0.now))
    }

    /// Exchange a refresh token for a new pair
    ///
    /// A refresh token works once; presenting it again within `tokens.retry_grace` answers the same successor,
    /// for an answer that was lost. Anything later is taken for theft and ends the session (RFC 9700, 4.14).
    #[oai(path = "/auth/refresh", method = "post", operation_id = "refresh")]
    async fn refresh(
        &self,
        _place: Place<limit::Anonymous>,
        body: Json<RefreshRequest>,
        asked: Asked,
    ) -> Result<Answer<TokenPair>, Fault<Listed>> {
        let granted = token::refresh(&self.0, &asked.0, body.0.refresh_token.reveal()).await?;
        Ok(Answer::new(pair(granted), asked.0.now))
    }

    /// End this session
    ///
    /// Its access token and its refresh token, or its cookie, stop working at once. Other sessions live on.
    #[oai(path = "/auth/logout", method = "post", operation_id = "logout")]
    async fn logout(
        &self,
        asked: Asked,
        caller: Bearer,
        _body: NoBody,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        session::end(&self.0, &asked.0, &caller.0, caller.0.session).await?;
        let answer = Answer::new(Message::new("Logged out successfully."), asked.0.now);
        Ok(answer.setting(cookie::cleared_for(&caller.0, &self.0.policy)))
    }

    /// End all sessions of the account
    ///
    /// On every device, this one too.
    #[oai(path = "/auth/logout-all", method = "post", operation_id = "logout_all")]
    async fn logout_all(
        &self,
        asked: Asked,
        caller: Bearer,
        _body: NoBody,
    ) -> Result<Answer<LoggedOutAll>, Fault<Listed>> {
        let ended = session::end_all(&self.0, &asked.0, &caller.0).await?;
        let sessions_ended = u64::try_from(ended).unwrap_or(u64::MAX);
        let message = "Logged out of all sessions.".to_owned();
        let answer = Answer::new(LoggedOutAll { message, sessions_ended }, asked.0.now);
        Ok(answer.setting(cookie::cleared_for(&caller.0, &self.0.policy)))
    }
}

/// What a login that was begun for tokens opened.
pub(super) fn only_tokens(opened: Opened) -> Result<Granted, ApiError> {
    match opened {
        Opened::Tokens(granted) => Ok(*granted),
        Opened::Cookie(_) => Err(ApiError::internal(OtherKind)),
    }
}

/// The answer of a login that is done.
pub(super) fn granted(tokens: Granted) -> LoginGranted {
    let user = summary(&tokens.user);
    let TokenPair { access_token, refresh_token, token_type, expires_in } = pair(tokens);
    LoginGranted { access_token, refresh_token, token_type, expires_in, user, requires_mfa: false }
}

/// Who logged in.
pub(super) fn summary(user: &User) -> UserSummary {
    UserSummary {
        id: user.id.to_string(),
        email: user.email.as_str().to_owned(),
        username: user.username.as_str().to_owned(),
        name: user.name.as_str().to_owned(),
        status: user.status.name().to_owned(),
        mfa_enabled: user.has_factor,
    }
}

/// A login opened what it was not begun for: a mistake of ours.
#[derive(Debug, thiserror::Error)]
#[error("a login opened what it was not begun for")]
pub(super) struct OtherKind;

fn pair(granted: Granted) -> TokenPair {
    TokenPair {
        access_token: Secret::new(granted.access_token),
        refresh_token: Secret::new(granted.refresh_token),
        token_type: "Bearer".to_owned(),
        expires_in: u64::from(granted.expires_in),
    }
}
