//! Setting a new password with a mailed link, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::answer::Answer;
use super::asked::Asked;
use super::body::Json;
use super::error::{Fault, Statuses};
use super::limit::{self, Place};
use super::tag::Tag;
use crate::services::password_reset::Opened;
use crate::services::{Services, password_reset};
use crate::wire::auth::Message;
use crate::wire::password_reset::{ResetConfirmRequest, ResetRequest};

/// Setting a new password with a mailed link.
pub struct PasswordResetApi(pub Arc<Services>);

/// What these operations can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 405, 408, 413, 415, 429, 500, 503];
}

#[OpenApi(prefix_path = "/api/v1/auth/password-reset", tag = "Tag::Auth")]
impl PasswordResetApi {
    /// Ask for a link that sets a new password
    ///
    /// The answer is the same for every address. The link goes to the address of an account that may be used, works
    /// once and for an hour (`password_reset.ttl`), and only the newest one counts.
    #[oai(path = "/initiate", method = "post", operation_id = "request_password_reset")]
    async fn initiate(
        &self,
        _place: Place<limit::PasswordReset>,
        body: Json<ResetRequest>,
        asked: Asked,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        password_reset::request(&self.0, &asked.0, &body.0.email).await?;
        Ok(Answer::new(Message::new("Password reset email sent. Please check your inbox."), asked.0.now))
    }

    /// Set a new password
    ///
    /// With the token of the mailed link. A refused password does not use the token up. Every session of the account
    /// ends, its owner gets a mail, and the address counts as verified: the link went there.
    #[oai(path = "/confirm", method = "post", operation_id = "reset_password")]
    async fn confirm(
        &self,
        _place: Place<limit::ResetConfirm>,
        body: Json<ResetConfirmRequest>,
        asked: Asked,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        let typed = (body.0.token.reveal(), body.0.new_password.reveal());
        password_reset::reset(&self.0, &asked.0, Opened::Reset, typed).await?;
        Ok(Answer::new(Message::new("Password reset successfully. Please log in."), asked.0.now))
    }
}
