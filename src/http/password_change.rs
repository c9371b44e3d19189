//! Changing one's own password, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::answer::Answer;
use super::asked::Asked;
use super::body::Json;
use super::error::{Fault, Statuses};
use super::principal::Bearer;
use super::tag::Tag;
use crate::services::{Services, password_change};
use crate::wire::auth::Message;
use crate::wire::password_change::ChangePasswordRequest;

/// Changing one's own password.
pub struct PasswordChangeApi(pub Arc<Services>);

/// What this operation can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 405, 408, 413, 415, 423, 429, 500, 503];
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Auth")]
impl PasswordChangeApi {
    /// Change the password
    ///
    /// With the current one; a wrong one counts like a failed login. This session goes on, every other one ends, and
    /// the owner of the account gets a mail.
    #[oai(path = "/auth/password/change", method = "post", operation_id = "change_password")]
    async fn change(
        &self,
        caller: Bearer,
        body: Json<ChangePasswordRequest>,
        asked: Asked,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        let (current, new) = (body.0.current_password.reveal(), body.0.new_password.reveal());
        password_change::change(&self.0, &asked.0, &caller.0, current, new).await?;
        Ok(Answer::new(Message::new("Password changed successfully."), asked.0.now))
    }
}
