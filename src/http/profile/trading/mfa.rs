//! Second factors of the trading profile.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::payload::Response;

use super::{Listed, done, refusal, secrets};
use crate::http::asked::Asked;
use crate::http::body::NoBody;
use crate::http::cookie;
use crate::http::error::Fault;
use crate::http::principal::Bearer;
use crate::http::profile::Flat;
use crate::http::profile::body::Loose;
use crate::http::qr::Picture;
use crate::http::tag::Tag;
use crate::services::factor::FactorFault;
use crate::services::step_up::{self, StepUpFault};
use crate::services::{Services, enrolment};
use crate::wire::profile::trading as wire;
use crate::wire::secret::Secret;

/// Second factors.
pub struct MfaApi(pub Arc<Services>);

#[OpenApi(prefix_path = "/mfa", tag = "Tag::Mfa")]
impl MfaApi {
    /// Begin to set an authenticator app up
    ///
    /// Has no effect until its first code is sent to `/mfa/enable`, within an hour.
    #[oai(path = "/setup", method = "post", operation_id = "set_up_mfa")]
    async fn set_up(
        &self,
        caller: Bearer,
        _body: NoBody,
        asked: Asked,
    ) -> Result<Flat<wire::MfaSetup>, Fault<Listed>> {
        let enrolment = enrolment::set_up(&self.0, &asked.0, &caller.0).await?;
        Ok(Flat::new(wire::MfaSetup {
            secret: Secret::from(enrolment.secret.as_str()),
            qr_code: Secret::new(Picture::of(&enrolment.uri)?.data_url()),
            backup_codes: secrets(&enrolment.backup_codes),
        }))
    }

    /// Switch the authenticator app on
    ///
    /// With its first code. The answer has the backup codes that stay. This session goes on, every other one ends, and
    /// the owner gets a mail.
    #[oai(path = "/enable", method = "post", operation_id = "enable_mfa")]
    async fn enable(
        &self,
        caller: Bearer,
        body: Loose<wire::TotpToken>,
        asked: Asked,
    ) -> Result<Flat<wire::MfaEnabled>, Fault<Listed>> {
        let code = body.0.totp_token.reveal();
        let codes = enrolment::enable_with_codes(&self.0, &asked.0, &caller.0, code).await;
        let backup_codes = secrets(&codes.map_err(refusal::factor("Invalid TOTP token"))?);
        let message = "MFA enabled successfully".to_owned();
        Ok(Flat::new(wire::MfaEnabled { success: true, message, backup_codes }))
    }

    /// Prove the second factor
    ///
    /// The code is used up, and the session counts as proved again: one with a cookie goes on under another id, and the
    /// answer sets it. Where none is on, every code is right.
    #[oai(path = "/verify", method = "post", operation_id = "verify_mfa")]
    async fn verify(
        &self,
        caller: Bearer,
        body: Loose<wire::Credential>,
        asked: Asked,
    ) -> Result<Response<Flat<wire::Verified>>, Fault<Listed>> {
        let code = body.0.credential.reveal();
        let proved = step_up::with_code(&self.0, &asked.0, &caller.0, code).await;
        let (verified, new) = match proved {
            Ok(fresh) => (true, fresh.cookie),
            Err(StepUpFault::Factor(FactorFault::NotSetUp)) => (true, None),
            Err(StepUpFault::Factor(FactorFault::Wrong)) => (false, None),
            Err(fault) => return Err(fault.into()),
        };
        let csrf_token = new.as_ref().map(|new| new.csrf.reveal().as_str().into());
        let cookies = new.map(|new| cookie::set(&new, asked.0.now, &self.0.policy.cookies));
        Ok(cookie::setting(Flat::new(wire::Verified { verified, csrf_token }), cookies.unwrap_or_default()))
    }

    /// Switch the authenticator app off
    ///
    /// With a code of it, or a backup code. This session goes on, every other one ends, and the owner gets a mail.
    #[oai(path = "/disable", method = "post", operation_id = "disable_mfa")]
    async fn disable(
        &self,
        caller: Bearer,
        body: Loose<wire::Credential>,
        asked: Asked,
    ) -> Result<Flat<wire::Done>, Fault<Listed>> {
        let code = body.0.credential.reveal();
        let disabled = enrolment::disable_by_code(&self.0, &asked.0, &caller.0, code).await;
        disabled.map_err(refusal::factor("Invalid MFA token"))?;
        Ok(done())
    }
}
