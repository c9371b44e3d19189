//! What an administrator does for somebody's account, over the API: invitation, password, sessions, locks, factors.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Path;

use super::answer::Answer;
use super::asked::Asked;
use super::body::NoBody;
use super::error::{ApiError, Fault, Statuses};
use super::person::Person;
use super::principal::Caller;
use super::tag::Tag;
use super::user::user_id;
use crate::services::Services;
use crate::services::user::care;
use crate::services::user::factors::{self, FactorKind, Factors};
use crate::wire::auth::Message;
use crate::wire::error::ErrorCode;
use crate::wire::user_care::{FactorOfUser, FactorsOfUser, SessionsEndedByAdmin, Unlocked};

/// What an administrator does for somebody's account.
pub struct UserCareApi(pub Arc<Services>);

/// What these operations can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 404, 405, 408, 409, 413, 415, 429, 500, 503];
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Users")]
impl UserCareApi {
    /// Invite somebody again
    ///
    /// Mails another link to an account that was made without a password and waits for its owner; the one before works no
    /// more. Needs `users:create`.
    #[oai(path = "/users/:id/invite", method = "post", operation_id = "invite_user")]
    async fn invite(
        &self,
        caller: Person,
        id: Path<String>,
        _body: NoBody,
        asked: Asked,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        care::invite_again(&self.0, &asked.0, &caller.0, user_id(&id.0)?).await?;
        Ok(Answer::new(Message::new("Invitation sent."), asked.0.now))
    }

    /// Take somebody's password away
    ///
    /// It stops working at once, every session ends, and the owner is mailed a link that sets a new one; whoever is switched
    /// off gets no link. API keys stay. Needs `users:update` and a fresh proof (see `POST /auth/step-up`).
    #[oai(path = "/users/:id/password-reset", method = "post", operation_id = "force_password_reset")]
    async fn reset_password(
        &self,
        caller: Person,
        id: Path<String>,
        _body: NoBody,
        asked: Asked,
    ) -> Result<Answer<SessionsEndedByAdmin>, Fault<Listed>> {
        let ended = care::reset_password(&self.0, &asked.0, &caller.0, user_id(&id.0)?).await?;
        Ok(Answer::new(sessions_ended("The password works no more.", ended), asked.0.now))
    }

    /// End all of somebody's sessions
    ///
    /// On every device, at once. Needs `users:update`.
    #[oai(path = "/users/:id/logout-all", method = "post", operation_id = "logout_user")]
    async fn log_out(
        &self,
        caller: Person,
        id: Path<String>,
        _body: NoBody,
        asked: Asked,
    ) -> Result<Answer<SessionsEndedByAdmin>, Fault<Listed>> {
        let ended = care::log_out_everywhere(&self.0, &asked.0, &caller.0, user_id(&id.0)?).await?;
        Ok(Answer::new(sessions_ended("All sessions ended.", ended), asked.0.now))
    }

    /// Unlock somebody's account
    ///
    /// Forgets the wrong passwords that were counted against the account and its names, from every network and in a row,
    /// and its wrong second-factor codes. Networks it is known to log in from stay known, and so do the limits of addresses.
    /// Needs `users:update`. Nobody unlocks themselves.
    #[oai(path = "/users/:id/unlock", method = "post", operation_id = "unlock_user")]
    async fn unlock(
        &self,
        caller: Person,
        id: Path<String>,
        _body: NoBody,
        asked: Asked,
    ) -> Result<Answer<Unlocked>, Fault<Listed>> {
        let lifted = care::unlock(&self.0, &asked.0, &caller.0, user_id(&id.0)?).await?;
        let message = "Account unlocked.".to_owned();
        let answer = Unlocked { message, networks: number(lifted.networks), failures: lifted.failures };
        Ok(Answer::new(answer, asked.0.now))
    }

    /// List somebody's second factors
    ///
    /// Which there are and since when; no secret and no number. Needs `users:read`.
    #[oai(path = "/users/:id/factors", method = "get", operation_id = "list_user_factors")]
    async fn factors(
        &self,
        asked: Asked,
        caller: Caller,
        id: Path<String>,
    ) -> Result<Answer<FactorsOfUser>, Fault<Listed>> {
        let found = factors::list(&self.0, &asked.0, &caller.0, user_id(&id.0)?).await?;
        Ok(Answer::new(factors_to_wire(&found), asked.0.now))
    }

    /// Take somebody's second factor away
    ///
    /// `totp`, `sms` or `all`; backup codes go with `totp`. For an owner who lost the phone: every session ends, and the
    /// owner gets a mail. Needs `users:update` and a fresh proof (see `POST /auth/step-up`).
    #[oai(path = "/users/:id/factors/:kind", method = "delete", operation_id = "remove_user_factor")]
    async fn remove_factor(
        &self,
        asked: Asked,
        caller: Person,
        id: Path<String>,
        kind: Path<String>,
    ) -> Result<Answer<SessionsEndedByAdmin>, Fault<Listed>> {
        let (id, kinds) = (user_id(&id.0)?, kinds(&kind.0)?);
        let ended = factors::remove(&self.0, &asked.0, &caller.0, id, kinds).await?;
        Ok(Answer::new(sessions_ended("Second factor removed.", ended), asked.0.now))
    }
}

/// Second factors on the wire.
pub(super) fn factors_to_wire(found: &Factors) -> FactorsOfUser {
    let factors = found
        .on
        .iter()
        .map(|(kind, at)| FactorOfUser { r#type: kind.name().to_owned(), enrolled_at: at.to_string() });
    FactorsOfUser { factors: factors.collect(), backup_codes_left: number(found.backup_codes_left) }
}

/// There is no such second factor.
pub(super) fn no_such_factor() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "There is no such second factor.")
}

fn kinds(text: &str) -> Result<&'static [FactorKind], ApiError> {
    match text {
        "totp" => Ok(&[FactorKind::Totp]),
        "sms" => Ok(&[FactorKind::Sms]),
        "all" => Ok(&FactorKind::ALL),
        _ => Err(no_such_factor()),
    }
}

fn sessions_ended(message: &str, ended: usize) -> SessionsEndedByAdmin {
    SessionsEndedByAdmin { message: message.to_owned(), sessions_ended: number(ended) }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
