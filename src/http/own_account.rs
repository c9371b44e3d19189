//! One's own account, over the API: another name, another address, and its end.

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::answer::Answer;
use super::asked::Asked;
use super::body::Json;
use super::cookie;
use super::error::{Fault, Statuses};
use super::principal::Bearer;
use super::tag::Tag;
use super::user;
use crate::services::{Services, email_change, own_name, personal_data};
use crate::wire::auth::Message;
use crate::wire::email_change::ChangeEmailRequest;
use crate::wire::user::{UpdateMe, User};

/// One's own account.
pub struct OwnAccountApi(pub Arc<Services>);

/// What these operations can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 405, 408, 409, 413, 415, 429, 500, 503];
}

#[OpenApi(prefix_path = "/api/v1")]
impl OwnAccountApi {
    /// Ask for another email address
    ///
    /// Needs a fresh proof (see `POST /auth/step-up`). A link is mailed to the new address, and a notice to the old one.
    /// The account keeps its address until the token of the link is given to `GET /auth/verify-email/{token}`, or the
    /// button of its page is pressed: within 24 hours, the newest link only. Where registration hides taken addresses,
    /// so does this.
    #[oai(path = "/auth/email/change", method = "post", operation_id = "change_email", tag = "Tag::Auth")]
    async fn change_email(
        &self,
        caller: Bearer,
        body: Json<ChangeEmailRequest>,
        asked: Asked,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        email_change::request(&self.0, &asked.0, &caller.0, &body.0.new_email).await?;
        let message = "Follow the link in the mail to the new address.";
        Ok(Answer::new(Message::new(message), asked.0.now))
    }

    /// Change one's own name
    #[oai(path = "/users/me", method = "patch", operation_id = "update_me", tag = "Tag::Users")]
    async fn update(
        &self,
        caller: Bearer,
        body: Json<UpdateMe>,
        asked: Asked,
    ) -> Result<Answer<User>, Fault<Listed>> {
        let user = own_name::change(&self.0, &asked.0, &caller.0, &body.0.name).await?;
        Ok(Answer::new(user::to_wire(&self.0, &user, None)?, asked.0.now))
    }

    /// Delete one's own account
    ///
    /// For good, with every session and token. Needs a fresh proof (see `POST /auth/step-up`). The address is free
    /// at once, and the audit log keeps its records without what tells of the person. The last active super administrator
    /// stays. 403 where `personal_data.self_deletion` is off.
    #[oai(path = "/users/me", method = "delete", operation_id = "delete_me", tag = "Tag::Users")]
    async fn delete(&self, asked: Asked, caller: Bearer) -> Result<Answer<Message>, Fault<Listed>> {
        personal_data::delete_self(&self.0, &asked.0, &caller.0).await?;
        let answer = Answer::new(Message::new("Account deleted."), asked.0.now);
        Ok(answer.setting(cookie::cleared_for(&caller.0, &self.0.policy)))
    }
}
