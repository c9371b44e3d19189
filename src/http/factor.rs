//! One's own second factor, and the second step of a login, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Query;

use super::answer::Answer;
use super::asked::Asked;
use super::body::{Json, NoBody};
use super::cookie;
use super::cookie_session::{AnyPage, opened};
use super::error::{Fault, Statuses};
use super::limit::{self, Place};
use super::login::granted;
use super::principal::Bearer;
use super::qr::Picture;
use super::tag::Tag;
use crate::services::enrolment::{self, Shown};
use crate::services::opening::Opened;
use crate::services::{Services, pending_login};
use crate::wire::auth::Message;
use crate::wire::cookie_session::VerifyAnswer;
use crate::wire::factor::{
    BackupCodes, MfaCode, MfaDebug, MfaEnabled, MfaPassword, MfaSetup, MfaStatus, MfaVerify,
};
use crate::wire::secret::Secret;

/// One's own second factor.
pub struct FactorApi(pub Arc<Services>);

/// What these operations can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 404, 405, 408, 409, 413, 415, 423, 429, 500, 503];
}

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Mfa")]
impl FactorApi {
    /// How one's own second factor stands
    #[oai(path = "/auth/mfa", method = "get", operation_id = "mfa_status")]
    async fn status(&self, asked: Asked, caller: Bearer) -> Result<Answer<MfaStatus>, Fault<Listed>> {
        let status = enrolment::status(&self.0, &asked.0, &caller.0)?;
        let answer = MfaStatus {
            enabled: status.enrolled_at.is_some(),
            r#type: status.enrolled_at.map(|_| "totp".to_owned()),
            enrolled_at: status.enrolled_at.map(|at| at.to_string()),
            backup_codes_left: u32::try_from(status.backup_codes_left).unwrap_or(u32::MAX),
            pending: status.is_pending,
        };
        Ok(Answer::new(answer, asked.0.now))
    }

    /// Begin to set a second factor up
    ///
    /// Has no effect until the first code of the authenticator app is sent to `/auth/mfa/enable`, within an hour.
    /// Calling it again replaces what waits. Needs a fresh proof of the password.
    #[oai(path = "/auth/mfa/setup", method = "post", operation_id = "set_up_mfa")]
    async fn set_up(
        &self,
        caller: Bearer,
        _body: NoBody,
        asked: Asked,
    ) -> Result<Answer<MfaSetup>, Fault<Listed>> {
        let enrolment = enrolment::set_up(&self.0, &asked.0, &caller.0).await?;
        let answer = MfaSetup {
            qr_code: Secret::new(Picture::of(&enrolment.uri)?.data_url()),
            secret: secret(&enrolment.secret),
            otpauth_url: secret(&enrolment.uri),
            backup_codes: secrets(&enrolment.backup_codes),
        };
        Ok(Answer::new(answer, asked.0.now))
    }

    /// The picture of the enrolment that waits
    ///
    /// A PNG for an authenticator app. Needs a fresh proof of the password.
    #[oai(path = "/auth/mfa/qr.png", method = "get", operation_id = "mfa_qr")]
    async fn picture(&self, asked: Asked, caller: Bearer) -> Result<Picture, Fault<Listed>> {
        Ok(Picture::of(&enrolment::pending(&self.0, &asked.0, &caller.0)?.uri)?)
    }

    /// Switch the second factor on
    ///
    /// With the first code of the authenticator app, which is used up by it. This session goes on, every other one
    /// ends, and the owner of the account gets a mail.
    #[oai(path = "/auth/mfa/enable", method = "post", operation_id = "enable_mfa")]
    async fn enable(
        &self,
        caller: Bearer,
        body: Json<MfaCode>,
        asked: Asked,
    ) -> Result<Answer<MfaEnabled>, Fault<Listed>> {
        enrolment::enable(&self.0, &asked.0, &caller.0, body.0.code.reveal()).await?;
        let message = "MFA enabled successfully.".to_owned();
        Ok(Answer::new(MfaEnabled { message, mfa_enabled: true }, asked.0.now))
    }

    /// Switch the second factor off
    ///
    /// With the password; a wrong one counts like a failed login. This session goes on, every other one ends, and
    /// the owner of the account gets a mail. Refused where the rules demand a second factor of the caller's role.
    #[oai(path = "/auth/mfa/disable", method = "post", operation_id = "disable_mfa")]
    async fn disable(
        &self,
        caller: Bearer,
        body: Json<MfaPassword>,
        asked: Asked,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        enrolment::disable(&self.0, &asked.0, &caller.0, body.0.password.reveal()).await?;
        Ok(Answer::new(Message::new("MFA disabled successfully."), asked.0.now))
    }

    /// Make new backup codes
    ///
    /// With the password; a wrong one counts like a failed login. The old codes work no more, and the owner of the
    /// account gets a mail.
    #[oai(path = "/auth/mfa/backup-codes", method = "post", operation_id = "renew_backup_codes")]
    async fn renew_backup_codes(
        &self,
        caller: Bearer,
        body: Json<MfaPassword>,
        asked: Asked,
    ) -> Result<Answer<BackupCodes>, Fault<Listed>> {
        let password = body.0.password.reveal();
        let codes = enrolment::renew_backup_codes(&self.0, &asked.0, &caller.0, password).await?;
        Ok(Answer::new(BackupCodes { backup_codes: secrets(&codes) }, asked.0.now))
    }

    /// Finish a login with a code
    ///
    /// With a code of the authenticator app or a backup code. After five wrong ones the login begins again with the
    /// password; after twenty in an hour, over all logins and sessions of the account, no code is taken for an hour. A login
    /// that was begun at `/auth/session` ends in a cookie, one that was begun at `/auth/login` in tokens.
    #[oai(path = "/auth/mfa/verify", method = "post", operation_id = "verify_mfa")]
    async fn verify(
        &self,
        _place: Place<limit::Anonymous>,
        page: AnyPage,
        body: Json<MfaVerify>,
        asked: Asked,
    ) -> Result<Answer<VerifyAnswer>, Fault<Listed>> {
        let (app, ctx, browser) = (&self.0, &asked.0, page.browser());
        let (handle, code) = (body.0.session_id.reveal(), body.0.code.reveal());
        let (answer, cookies) = match pending_login::verify(app, ctx, handle, code, browser).await? {
            Opened::Tokens(tokens) => (VerifyAnswer::Granted(granted(*tokens)), Vec::new()),
            Opened::Cookie(admitted) => {
                let cookies = cookie::set(&admitted.cookie, ctx.now, &app.policy.cookies);
                (VerifyAnswer::Opened(opened(&admitted)), cookies)
            }
        };
        Ok(Answer::new(answer, ctx.now).setting(cookies))
    }

    /// What the server takes now
    ///
    /// For an owner whose app shows codes that do not fit: compare them, and the clocks. Needs a fresh proof of the
    /// password, is recorded and limited; `mfa.debug_codes = false` switches it off.
    #[oai(path = "/auth/mfa/debug", method = "get", operation_id = "mfa_debug")]
    async fn debug(
        &self,
        asked: Asked,
        caller: Bearer,
        /// The time on the client's clock, in seconds since 1970 UTC.
        client_time: Query<Option<i64>>,
    ) -> Result<Answer<MfaDebug>, Fault<Listed>> {
        let codes = enrolment::debug_codes(&self.0, &asked.0, &caller.0).await?;
        let answer = MfaDebug {
            valid_codes: secrets(&codes),
            server_time: asked.0.now.to_string(),
            time_window: enrolment::step_seconds(),
            clock_skew: client_time.0.map(|time| time.saturating_sub(asked.0.now.seconds())),
        };
        Ok(Answer::new(answer, asked.0.now))
    }
}

fn secret(shown: &Shown) -> Secret {
    Secret::from(shown.as_str())
}

fn secrets(shown: &[Shown]) -> Vec<Secret> {
    shown.iter().map(secret).collect()
}
