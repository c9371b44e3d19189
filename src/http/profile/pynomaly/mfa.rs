//! Second factors of the pynomaly profile, and the second step of its logins.

use std::sync::Arc;

use poem::http::StatusCode;
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, OpenApi};
use zeroize::Zeroizing;

use super::{message, method_name, refused, tokens};
use crate::http::asked::Asked;
use crate::http::body::NoBody;
use crate::http::error::{ApiError, Fault, Statuses};
use crate::http::limit::{self, Place};
use crate::http::login::only_tokens;
use crate::http::principal::{Bearer, Shown, shown};
use crate::http::profile::Flat;
use crate::http::profile::body::Loose;
use crate::http::tag::Tag;
use crate::http::visit::Visit;
use crate::services::Services;
use crate::services::enrolment::{self, MfaFault, Shown as ShownOnce};
use crate::services::factor::{FactorFault, FactorUsed};
use crate::services::login::LoginFault;
use crate::services::pending_login::{self, Browser};
use crate::services::sms_factor::{self, SmsFault};
use crate::wire::profile::{Message, Tokens, pynomaly as wire};
use crate::wire::secret::Secret;

/// Second factors.
pub struct MfaApi(pub Arc<Services>);

/// What these operations can answer beside success.
struct MfaListed;

impl Statuses for MfaListed {
    const LIST: &'static [u16] = &[400, 401, 403, 404, 405, 408, 413, 415, 422, 423, 429, 500, 503];
}

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Mfa")]
impl MfaApi {
    /// Begin to set an authenticator app up
    ///
    /// Has no effect until its first code is sent to `/api/v1/mfa/totp/verify`, within an hour.
    #[oai(path = "/mfa/totp/setup", method = "post", operation_id = "set_up_totp")]
    async fn set_up_totp(
        &self,
        caller: Bearer,
        body: Loose<wire::TotpSetup>,
        asked: Asked,
    ) -> Result<Flat<wire::TotpEnrolment>, Fault<MfaListed>> {
        let enrolment = match body.0.issuer.or(body.0.app_name) {
            Some(issuer) => enrolment::set_up_as(&self.0, &asked.0, &caller.0, &issuer).await?,
            None => enrolment::set_up(&self.0, &asked.0, &caller.0).await?,
        };
        Ok(Flat::new(wire::TotpEnrolment {
            secret: secret(&enrolment.secret),
            qr_code_url: secret(&enrolment.uri),
            totp_uri: secret(&enrolment.uri),
            manual_entry_key: secret(&enrolment.secret),
            backup_codes: enrolment.backup_codes.iter().map(secret).collect(),
        }))
    }

    /// Switch the authenticator app on
    ///
    /// With its first code. This session goes on, every other one ends, and the owner gets a mail.
    #[oai(path = "/mfa/totp/verify", method = "post", operation_id = "verify_totp")]
    async fn verify_totp(
        &self,
        caller: Bearer,
        body: Loose<wire::TotpCode>,
        asked: Asked,
    ) -> Result<Flat<Message>, Fault<MfaListed>> {
        let code = six_digits("totp_code", &body.0.totp_code)?;
        enrolment::enable(&self.0, &asked.0, &caller.0, code).await.map_err(|fault| match fault {
            MfaFault::Factor(FactorFault::Wrong | FactorFault::NotSetUp) => {
                refused(StatusCode::BAD_REQUEST, "Invalid TOTP code or setup not initiated")
            }
            fault => fault.into(),
        })?;
        Ok(message("TOTP authentication enabled successfully"))
    }

    /// Begin to set a phone up
    ///
    /// A code is sent to it: one message a minute and five an hour. 404 where the server sends no text messages.
    #[oai(path = "/mfa/sms/setup", method = "post", operation_id = "set_up_sms")]
    async fn set_up_sms(
        &self,
        caller: Bearer,
        body: Loose<wire::SmsSetup>,
        asked: Asked,
    ) -> Result<Flat<Message>, Fault<MfaListed>> {
        sms_factor::set_up(&self.0, &asked.0, &caller.0, body.0.phone_number.reveal()).await?;
        Ok(message(SENT))
    }

    /// Switch the phone on
    ///
    /// With the code that was sent to it. This session goes on, every other one ends, and the owner gets a mail.
    #[oai(path = "/mfa/sms/verify", method = "post", operation_id = "verify_sms")]
    async fn verify_sms(
        &self,
        caller: Bearer,
        body: Loose<wire::SmsCode>,
        asked: Asked,
    ) -> Result<Flat<Message>, Fault<MfaListed>> {
        let code = six_digits("sms_code", &body.0.sms_code)?;
        sms_factor::enable(&self.0, &asked.0, &caller.0, code).await.map_err(|fault| match fault {
            SmsFault::Factor(FactorFault::Wrong | FactorFault::NotSetUp) => {
                refused(StatusCode::BAD_REQUEST, "Invalid SMS code or expired")
            }
            fault => fault.into(),
        })?;
        Ok(message("SMS authentication enabled successfully"))
    }

    /// Send a code for a login that waits
    ///
    /// To the phone of its account, in place of the code before.
    #[oai(path = "/mfa/sms/send", method = "post", operation_id = "send_sms")]
    async fn send_sms(
        &self,
        _place: Place<limit::Anonymous>,
        login: MfaToken,
        _body: NoBody,
        asked: Asked,
    ) -> Result<Flat<Message>, Fault<MfaListed>> {
        sms_factor::send_for_login(&self.0, &asked.0, &login.0).await?;
        Ok(message(SENT))
    }

    /// Finish a login with a code
    ///
    /// Any code of the account does, whatever `method_type` calls it. Five wrong ones end the login. No device is
    /// remembered: the next login asks again.
    #[oai(path = "/mfa/verify", method = "post", operation_id = "verify_mfa")]
    async fn verify(
        &self,
        _place: Place<limit::Anonymous>,
        login: MfaToken,
        body: Loose<wire::SecondStep>,
        asked: Asked,
    ) -> Result<Flat<wire::SecondStepDone>, Fault<MfaListed>> {
        let is_known = [FactorUsed::Totp, FactorUsed::Sms, FactorUsed::BackupCode]
            .iter()
            .any(|method| method_name(*method) == body.0.method_type);
        if !is_known {
            let message = "method_type: must be totp, sms or backup_codes";
            return Err(ApiError::field("method_type", "invalid", message).into());
        }
        let code = body.0.verification_code.reveal();
        let verified = pending_login::verify(&self.0, &asked.0, &login.0, code, Browser::NONE).await;
        let opened = verified.map_err(|fault| match fault {
            LoginFault::WrongCode => refused(StatusCode::BAD_REQUEST, "Invalid MFA code"),
            fault => fault.into(),
        })?;
        let Tokens { access_token, refresh_token, token_type, expires_in } = tokens(only_tokens(opened)?);
        let device_remembered = false;
        let done =
            wire::SecondStepDone { access_token, refresh_token, token_type, expires_in, device_remembered };
        Ok(Flat::new(done))
    }

    /// How many backup codes are left
    #[oai(path = "/mfa/backup-codes", method = "get", operation_id = "count_backup_codes")]
    async fn count_backup_codes(
        &self,
        asked: Asked,
        caller: Bearer,
    ) -> Result<Flat<wire::BackupCodes>, Fault<MfaListed>> {
        let status = enrolment::status(&self.0, &asked.0, &caller.0)?;
        Ok(backup_codes(&[], status.backup_codes_left))
    }

    /// Make new backup codes
    ///
    /// With the password. The old codes work no more, and the owner gets a mail.
    #[oai(path = "/mfa/backup-codes/regenerate", method = "post", operation_id = "renew_backup_codes")]
    async fn renew_backup_codes(
        &self,
        caller: Bearer,
        body: Loose<wire::Password>,
        asked: Asked,
    ) -> Result<Flat<wire::BackupCodes>, Fault<MfaListed>> {
        let password = body.0.password.reveal();
        let codes = enrolment::renew_backup_codes(&self.0, &asked.0, &caller.0, password).await;
        let codes = codes.map_err(|fault| match fault {
            MfaFault::Factor(FactorFault::NotSetUp) => {
                refused(StatusCode::BAD_REQUEST, "TOTP is not enabled")
            }
            fault => fault.into(),
        })?;
        Ok(backup_codes(&codes, codes.len()))
    }
}

const SENT: &str = "SMS verification code sent successfully";

/// P22: the handle of a login that waits, as its bearer token.
struct MfaToken(Zeroizing<String>);

impl<'a> ApiExtractor<'a> for MfaToken {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(
            "MfaToken",
            MetaSecurityScheme {
                ty: "http",
                description: Some("The `mfa_token` of a login that was answered 403"),
                name: None,
                key_in: None,
                scheme: Some("bearer"),
                bearer_format: None,
                flows: None,
                openid_connect_url: None,
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["MfaToken"]
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        match shown(request.headers(), Visit::of(request)?.door().name)? {
            Shown::Token(text) | Shown::Key(text) => Ok(Self(Zeroizing::new(text.to_owned()))),
            Shown::Cookie(_) => Err(ApiError::from_status(StatusCode::UNAUTHORIZED).into()),
        }
    }
}

/// P19: a code that is none is told apart from a wrong one.
fn six_digits<'a>(field: &'static str, code: &'a Secret) -> Result<&'a str, ApiError> {
    let text = code.reveal();
    if text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text)
    } else {
        Err(ApiError::field(field, "invalid", format!("{field}: must be six digits")))
    }
}

fn backup_codes(new: &[ShownOnce], left: usize) -> Flat<wire::BackupCodes> {
    let backup_codes = new.iter().map(secret).collect();
    Flat::new(wire::BackupCodes { backup_codes, codes_remaining: u32::try_from(left).unwrap_or(u32::MAX) })
}

fn secret(shown: &ShownOnce) -> Secret {
    Secret::from(shown.as_str())
}
