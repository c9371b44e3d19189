//! A phone as second factor, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::answer::Answer;
use super::asked::Asked;
use super::body::{Json, NoBody};
use super::error::{Fault, Statuses};
use super::limit::{self, Place};
use super::principal::Bearer;
use super::tag::Tag;
use crate::domain::sms_factor::CODE_TTL;
use crate::services::{Services, sms_factor};
use crate::wire::auth::Message;
use crate::wire::factor::{MfaCode, MfaEnabled, MfaPassword};
use crate::wire::sms_factor::{SmsSend, SmsSent, SmsSetup, SmsStatus};

/// A phone as second factor.
pub struct SmsFactorApi(pub Arc<Services>);

/// What these operations can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 404, 405, 408, 409, 413, 415, 423, 429, 500, 503];
}

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Mfa")]
impl SmsFactorApi {
    /// How one's phone stands
    #[oai(path = "/auth/mfa/sms", method = "get", operation_id = "sms_status")]
    async fn status(&self, asked: Asked, caller: Bearer) -> Result<Answer<SmsStatus>, Fault<Listed>> {
        let status = sms_factor::status(&self.0, &caller.0)?;
        let pending = !status.is_on && status.masked_number.is_some();
        let answer = SmsStatus { enabled: status.is_on, pending, phone_number: status.masked_number };
        Ok(Answer::new(answer, asked.0.now))
    }

    /// Begin to set a phone up
    ///
    /// A code is sent to it, and nothing else happens until that code is sent to `/auth/mfa/sms/enable`. One message a
    /// minute and five an hour, for the account and for the number. Needs a fresh proof (see `POST /auth/step-up`). 404
    /// where the server sends no text messages.
    #[oai(path = "/auth/mfa/sms/setup", method = "post", operation_id = "set_up_sms")]
    async fn set_up(
        &self,
        caller: Bearer,
        body: Json<SmsSetup>,
        asked: Asked,
    ) -> Result<Answer<SmsSent>, Fault<Listed>> {
        sms_factor::set_up(&self.0, &asked.0, &caller.0, body.0.phone_number.reveal()).await?;
        Ok(Answer::new(sent(), asked.0.now))
    }

    /// Switch the phone on
    ///
    /// With the code that was sent to it. This session goes on, every other one ends, and the owner gets a mail. Only an
    /// authenticator app has backup codes: who has none and loses the phone needs an administrator.
    #[oai(path = "/auth/mfa/sms/enable", method = "post", operation_id = "enable_sms")]
    async fn enable(
        &self,
        caller: Bearer,
        body: Json<MfaCode>,
        asked: Asked,
    ) -> Result<Answer<MfaEnabled>, Fault<Listed>> {
        sms_factor::enable(&self.0, &asked.0, &caller.0, body.0.code.reveal()).await?;
        let answer = MfaEnabled { message: "Phone enabled.".to_owned(), mfa_enabled: true };
        Ok(Answer::new(answer, asked.0.now))
    }

    /// Send a code for a login that waits
    ///
    /// To the phone of its account; the code goes to `/auth/mfa/verify`. It takes the place of the one before, works once,
    /// for five minutes and five tries. One message a minute and five an hour.
    #[oai(path = "/auth/mfa/sms/send", method = "post", operation_id = "send_sms")]
    async fn send(
        &self,
        _place: Place<limit::Anonymous>,
        body: Json<SmsSend>,
        asked: Asked,
    ) -> Result<Answer<SmsSent>, Fault<Listed>> {
        sms_factor::send_for_login(&self.0, &asked.0, body.0.session_id.reveal()).await?;
        Ok(Answer::new(sent(), asked.0.now))
    }

    /// Send a code for a step-up
    ///
    /// To one's own phone; the code goes to `/auth/step-up`.
    #[oai(path = "/auth/step-up/sms", method = "post", operation_id = "send_step_up_sms")]
    async fn send_for_step_up(
        &self,
        caller: Bearer,
        _body: NoBody,
        asked: Asked,
    ) -> Result<Answer<SmsSent>, Fault<Listed>> {
        sms_factor::send_for_step_up(&self.0, &asked.0, &caller.0).await?;
        Ok(Answer::new(sent(), asked.0.now))
    }

    /// Take the phone away
    ///
    /// With the password. This session goes on, every other one ends, and the owner gets a mail.
    #[oai(path = "/auth/mfa/sms/disable", method = "post", operation_id = "disable_sms")]
    async fn disable(
        &self,
        caller: Bearer,
        body: Json<MfaPassword>,
        asked: Asked,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        sms_factor::disable(&self.0, &asked.0, &caller.0, body.0.password.reveal()).await?;
        Ok(Answer::new(Message::new("Phone disabled."), asked.0.now))
    }
}

fn sent() -> SmsSent {
    SmsSent { message: "A code is on its way.".to_owned(), expires_in: CODE_TTL.as_secs() }
}
