//! Accounts of the trading profile: who one is, passwords, and the end of a session.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use poem_openapi::payload::Response;

use super::{Listed, message, refusal, shown};
use crate::http::asked::Asked;
use crate::http::cookie;
use crate::http::error::Fault;
use crate::http::limit::{self, Place};
use crate::http::password_check;
use crate::http::principal::{Bearer, Caller};
use crate::http::profile::Flat;
use crate::http::profile::body::Loose;
use crate::http::tag::Tag;
use crate::services::password::{self, Owner};
use crate::services::password_reset::{self, Opened};
use crate::services::profile::trading;
use crate::services::{Services, password_change, session};
use crate::wire::profile::{Message, trading as wire};

/// Accounts.
pub struct AccountApi(pub Arc<Services>);

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(tag = "Tag::Users")]
impl AccountApi {
    /// Who am I
    ///
    /// Needs `read:users`.
    #[oai(path = "/users/me", method = "get", operation_id = "me")]
    async fn me(&self, asked: Asked, caller: Caller) -> Result<Flat<wire::User>, Fault<Listed>> {
        let user = trading::show(&self.0, &asked.0, &caller.0, None).await?;
        Ok(Flat::new(shown(&user)))
    }

    /// One account
    ///
    /// By its number or its UUID. Needs `read:users`, which for a `user` is good for the own account alone.
    #[oai(path = "/users/:id", method = "get", operation_id = "get_user")]
    async fn get(
        &self,
        asked: Asked,
        caller: Caller,
        id: Path<String>,
    ) -> Result<Flat<wire::User>, Fault<Listed>> {
        let user = trading::show(&self.0, &asked.0, &caller.0, Some(&id.0)).await?;
        Ok(Flat::new(shown(&user)))
    }

    /// Log out
    ///
    /// The session's tokens or its cookie stop working at once.
    #[oai(path = "/logout", method = "post", operation_id = "logout")]
    async fn logout(&self, asked: Asked, caller: Bearer) -> Result<Response<Flat<Message>>, Fault<Listed>> {
        session::end(&self.0, &asked.0, &caller.0, caller.0.session).await?;
        let cleared = cookie::cleared_for(&caller.0, &self.0.policy);
        Ok(cookie::setting(message("Successfully logged out"), cleared))
    }

    /// Ask for a link that sets a new password
    ///
    /// The answer is the same for every address. The link lives for a day.
    #[oai(path = "/forgot-password", method = "post", operation_id = "forgot_password")]
    async fn forgot(
        &self,
        _place: Place<limit::PasswordReset>,
        body: Loose<wire::Address>,
        asked: Asked,
    ) -> Result<Flat<Message>, Fault<Listed>> {
        password_reset::request(&self.0, &asked.0, &body.0.email).await?;
        Ok(message("If the email exists, a password reset link has been sent"))
    }

    /// Set a new password
    ///
    /// With the token of the mailed link. Every session of the account ends.
    #[oai(path = "/reset-password", method = "post", operation_id = "reset_password")]
    async fn reset(
        &self,
        _place: Place<limit::ResetConfirm>,
        body: Loose<wire::ResetPassword>,
        asked: Asked,
    ) -> Result<Flat<Message>, Fault<Listed>> {
        let typed = (body.0.token.reveal(), body.0.new_password.reveal());
        let reset = password_reset::reset(&self.0, &asked.0, Opened::Reset, typed).await;
        reset.map_err(refusal::reset)?;
        Ok(message("Password has been reset successfully"))
    }

    /// Change the password
    ///
    /// With the current one. This session goes on, every other one ends.
    #[oai(path = "/change-password", method = "post", operation_id = "change_password")]
    async fn change(
        &self,
        caller: Bearer,
        body: Loose<wire::ChangePassword>,
        asked: Asked,
    ) -> Result<Flat<Message>, Fault<Listed>> {
        let (current, new) = (body.0.current_password.reveal(), body.0.new_password.reveal());
        password_change::change(&self.0, &asked.0, &caller.0, current, new).await?;
        Ok(message("Password changed successfully"))
    }

    /// Judge a password before choosing it
    #[oai(path = "/password/validate", method = "post", operation_id = "validate_password")]
    async fn validate(
        &self,
        _place: Place<limit::Anonymous>,
        body: Loose<wire::Password>,
    ) -> Result<Flat<wire::Strength>, Fault<Listed>> {
        let nobody = Owner { email: "", username: None, name: None };
        let report = password::report_typed(&self.0, body.0.password.reveal(), nobody);
        let checks = password_check::checks(&report);
        // The guide knows no check against one's own name; a password that is little but one is refused where it is
        // chosen.
        let strength = wire::Strength {
            length: checks.length,
            uppercase: checks.uppercase,
            lowercase: checks.lowercase,
            digit: checks.digit,
            special: checks.special,
            no_common_patterns: checks.no_common_patterns,
            not_in_breached_list: checks.not_in_breached_list,
        };
        Ok(Flat::new(strength))
    }
}
