//! Making an account and proving its address, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Path;

use super::answer::Answer;
use super::asked::Asked;
use super::body::Json;
use super::error::{Fault, Statuses};
use super::limit::{self, Place};
use super::tag::Tag;
use super::user::to_wire;
use crate::services::registration::Registration;
use crate::services::{Services, registration, setup, verification};
use crate::wire::auth::{Message, RegisterRequest, Registered, ResendRequest};
use crate::wire::setup::SetupRequest;
use crate::wire::user::User;

/// Registration, verification and the first administrator.
pub struct RegistrationApi(pub Arc<Services>);

/// What these operations can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 403, 405, 408, 409, 413, 415, 429, 500, 503];
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Auth")]
impl RegistrationApi {
    /// Register an account
    ///
    /// The account is `pending` until the link that is mailed to the address is followed. With
    /// `registration.hide_existing` a taken address gets the same answer, and its owner a mail.
    #[oai(path = "/auth/register", method = "post", operation_id = "register")]
    async fn register(
        &self,
        _place: Place<limit::Register>,
        body: Json<RegisterRequest>,
        asked: Asked,
    ) -> Result<Answer<Registered, 201>, Fault<Listed>> {
        let form = Registration {
            email: &body.0.email,
            password: body.0.password.reveal(),
            name: Some(&body.0.name),
            username: body.0.username.as_deref(),
        };
        let user = registration::register(&self.0, &asked.0, &form).await?;
        let registered = Registered {
            id: user.id.to_string(),
            email: user.email.as_str().to_owned(),
            name: user.name.as_str().to_owned(),
            status: user.status.name().to_owned(),
            message: "User registered successfully. Please verify your email.".to_owned(),
        };
        Ok(Answer::new(registered, asked.0.now))
    }

    /// Verify an email address
    ///
    /// With the token of the mailed link. It works once. The link itself opens a page with a button, because
    /// mail scanners follow links.
    #[oai(path = "/auth/verify-email/:token", method = "get", operation_id = "verify_email")]
    async fn verify_email(
        &self,
        _place: Place<limit::Anonymous>,
        asked: Asked,
        token: Path<String>,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        verification::verify_email(&self.0, &asked.0, &token.0).await?;
        Ok(Answer::new(Message::new("Email verified successfully."), asked.0.now))
    }

    /// Mail a new verification link
    ///
    /// The answer is the same for unknown and for verified addresses. An address gets at most one mail a
    /// minute; the link before it stops working.
    #[oai(path = "/auth/resend-verification", method = "post", operation_id = "resend_verification")]
    async fn resend(
        &self,
        _place: Place<limit::Anonymous>,
        body: Json<ResendRequest>,
        asked: Asked,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        verification::resend(&self.0, &asked.0, &body.0.email).await?;
        let message = "If this address waits for verification, a new link is on its way.";
        Ok(Answer::new(Message::new(message), asked.0.now))
    }

    /// Make the first administrator
    ///
    /// With the setup code that the server printed at its start. It works while there is no super
    /// administrator.
    #[oai(path = "/setup", method = "post", operation_id = "set_up", tag = "Tag::Operation")]
    async fn set_up(
        &self,
        _place: Place<limit::Anonymous>,
        body: Json<SetupRequest>,
        asked: Asked,
    ) -> Result<Answer<User, 201>, Fault<Listed>> {
        let form = Registration {
            email: &body.0.email,
            password: body.0.password.reveal(),
            name: Some(&body.0.name),
            username: body.0.username.as_deref(),
        };
        let user = setup::set_up(&self.0, &asked.0, body.0.code.reveal(), &form).await?;
        Ok(Answer::new(to_wire(&self.0, &user, None)?, asked.0.now))
    }
}
