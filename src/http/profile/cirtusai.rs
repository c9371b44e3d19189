//! The cirtusai profile: the wire of the published `cirtusai-sdk`, with two-factor enrolment at registration. Knows no rule
//! of its own.

mod enroller;
mod refusal;

use std::sync::Arc;

use poem::{Request, RequestBody};
use poem_openapi::payload::Response;
use poem_openapi::registry::{MetaRequest, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, OpenApi};

use self::enroller::{Base, Enroller};
use super::body::Loose;
use super::{Flat, message, refreshed, tokens};
use crate::domain::sms_factor::CODE_TTL;
use crate::http::asked::Asked;
use crate::http::cookie::setting;
use crate::http::error::{ApiError, Fault, Statuses};
use crate::http::limit::{self, Place};
use crate::http::login::only_tokens;
use crate::http::principal::Bearer;
use crate::http::qr::Picture;
use crate::http::tag::Tag;
use crate::services::enrolment::{self, Enrolment, Shown, first};
use crate::services::factor::FactorUsed;
use crate::services::login::{self, LoggedIn, Typed};
use crate::services::opening::Opening;
use crate::services::pending_login::{self, Browser};
use crate::services::registration::Registration;
use crate::services::{Services, session, sms_factor};
use crate::wire::profile::{Message, Refresh, Tokens, cirtusai as wire};
use crate::wire::secret::Secret;

/// The profile.
pub fn operations(app: &Arc<Services>) -> impl OpenApi + use<> {
    CirtusaiApi(app.clone())
}

/// The operations of the profile.
struct CirtusaiApi(Arc<Services>);

/// What these operations can answer beside success.
struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 404, 405, 408, 413, 415, 422, 423, 429, 500, 503];
}

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(tag = "Tag::Auth")]
impl CirtusaiApi {
    /// Register an account, and set its second factor up
    ///
    /// The second factor is of no effect until its first code is sent to `/auth/2fa/confirm`; for that call, and no other,
    /// the cookie that this sets is enough, for a quarter of an hour.
    #[oai(path = "/auth/register", method = "post", operation_id = "register")]
    async fn register(
        &self,
        _place: Place<limit::Register>,
        base: Base,
        body: Loose<wire::Register>,
        asked: Asked,
    ) -> Result<Response<Flat<wire::Setup, 201>>, Fault<Listed>> {
        let wire::Register { username, email, password, .. } = &body.0;
        let form = Registration { email, password: password.reveal(), name: None, username: Some(username) };
        let made = first::register(&self.0, &asked.0, &form).await.map_err(refusal::registration)?;
        let cookie = enroller::set(&made.token, made.token_ttl, &base);
        Ok(setting(Flat::new(setup(&made.enrolment)?), cookie))
    }

    /// Log in
    ///
    /// Where a second factor is on, a right password answers `requires_2fa` and a `temporary_token` for
    /// `/auth/verify-2fa`.
    #[oai(path = "/auth/login", method = "post", operation_id = "login")]
    async fn login(
        &self,
        _place: Place<limit::Login>,
        body: Loose<wire::Login>,
        asked: Asked,
    ) -> Result<Flat<wire::LoggedIn>, Fault<Listed>> {
        let wire::Login { username, password } = &body.0;
        let typed = Typed { name: username, password: password.reveal(), code: None };
        Ok(Flat::new(match login::log_in(&self.0, &asked.0, typed, Opening::Tokens).await? {
            LoggedIn::Done(opened) => wire::LoggedIn::Token(tokens(only_tokens(opened)?)),
            LoggedIn::CodeNeeded(handle) => {
                let methods = pending_login::methods(&self.0, &asked.0, &handle)?;
                wire::LoggedIn::CodeNeeded(wire::CodeNeeded {
                    requires_2fa: true,
                    temporary_token: secret(&handle),
                    preferred_method: match methods.first() {
                        Some(FactorUsed::Sms) => wire::Method::Sms,
                        _ => wire::Method::Totp,
                    },
                    message: "2FA verification required".to_owned(),
                })
            }
        }))
    }

    /// Finish a login with a code
    ///
    /// Everything that is wrong with it answers 401.
    #[oai(path = "/auth/verify-2fa", method = "post", operation_id = "verify_2fa")]
    async fn verify(
        &self,
        _place: Place<limit::Anonymous>,
        body: SecondStep,
        asked: Asked,
    ) -> Result<Flat<Tokens>, Fault<Listed>> {
        let wire::Verify { temporary_token, totp_code } = &body.0;
        let (handle, code) = (temporary_token.reveal(), totp_code.reveal());
        let opened = pending_login::verify(&self.0, &asked.0, handle, code, Browser::NONE).await;
        Ok(Flat::new(tokens(only_tokens(opened.map_err(refusal::second_step)?)?)))
    }

    /// How one's own second factor stands
    #[oai(path = "/auth/2fa/status", method = "get", operation_id = "status_2fa")]
    async fn status(&self, asked: Asked, caller: Bearer) -> Result<Flat<wire::Status>, Fault<Listed>> {
        let status = enrolment::status(&self.0, &asked.0, &caller.0)?;
        let has_phone = sms_factor::status(&self.0, &caller.0)?.is_on;
        let method = preferred(status.enrolled_at.is_some(), has_phone);
        Ok(Flat::new(wire::Status {
            enabled: method.is_some(),
            method,
            backup_codes_remaining: u32::try_from(status.backup_codes_left).unwrap_or(u32::MAX),
            is_2fa_enabled: method.is_some(),
            preferred_2fa_method: method,
            is_sms_enabled: has_phone,
        }))
    }

    /// Begin to set a second factor up
    ///
    /// In place of one that waits for its first code.
    #[oai(path = "/auth/2fa/setup", method = "get", operation_id = "set_up_2fa")]
    async fn set_up(&self, asked: Asked, caller: Bearer) -> Result<Flat<wire::Setup>, Fault<Listed>> {
        let enrolment = enrolment::set_up(&self.0, &asked.0, &caller.0).await.map_err(refusal::factor)?;
        Ok(Flat::new(setup(&enrolment)?))
    }

    /// Switch the second factor on with its first code
    ///
    /// With an access token, or with the cookie of the registration. The code logs in, too.
    #[oai(path = "/auth/2fa/confirm", method = "post", operation_id = "confirm_2fa")]
    async fn confirm(
        &self,
        caller: Enroller,
        base: Base,
        body: Loose<wire::Code>,
        asked: Asked,
    ) -> Result<Response<Flat<wire::Switched>>, Fault<Listed>> {
        let code = body.0.totp_code.reveal();
        let (done, cleared) = match caller {
            Enroller::Session(caller) => (enrolment::enable(&self.0, &asked.0, &caller, code).await, None),
            Enroller::Cookie(token) => {
                (enrolment::enable_first(&self.0, &asked.0, &token, code).await, enroller::cleared(&base))
            }
        };
        done.map_err(refusal::factor)?;
        Ok(setting(switched("2FA has been successfully enabled", true), cleared))
    }

    /// Switch the second factor off
    ///
    /// With a code of it and the password.
    #[oai(path = "/auth/2fa/disable", method = "post", operation_id = "disable_2fa")]
    async fn disable(
        &self,
        caller: Bearer,
        body: Loose<wire::Disable>,
        asked: Asked,
    ) -> Result<Flat<wire::Switched>, Fault<Listed>> {
        let proofs = (body.0.password.reveal(), body.0.totp_code.reveal());
        let done = enrolment::disable_with_code(&self.0, &asked.0, &caller.0, proofs).await;
        done.map_err(refusal::factor)?;
        Ok(switched("2FA has been successfully disabled", false))
    }

    /// The picture of the enrolment that waits
    #[oai(path = "/auth/2fa/qr", method = "get", operation_id = "qr_2fa")]
    async fn picture(&self, asked: Asked, caller: Bearer) -> Result<Picture, Fault<Listed>> {
        let pending = enrolment::pending(&self.0, &asked.0, &caller.0).map_err(refusal::factor)?;
        Ok(Picture::of(&pending.uri)?)
    }

    /// Send a code to one's own phone
    #[oai(path = "/auth/2fa/request-sms", method = "post", operation_id = "request_sms")]
    async fn request_sms(&self, asked: Asked, caller: Bearer) -> Result<Flat<wire::Sent>, Fault<Listed>> {
        let sent = sms_factor::send_for_step_up(&self.0, &asked.0, &caller.0).await;
        sent.map_err(refusal::message)?;
        Ok(Flat::new(wire::Sent { message: "SMS code sent".to_owned(), expires_in: CODE_TTL.as_secs() }))
    }

    /// What the server takes now
    ///
    /// For an owner whose app shows codes that do not fit. It is recorded and limited; `mfa.debug_codes = false` switches
    /// it off.
    #[oai(path = "/auth/debug-2fa", method = "get", operation_id = "debug_2fa")]
    async fn debug(&self, asked: Asked, caller: Bearer) -> Result<Flat<wire::Debug>, Fault<Listed>> {
        let codes = enrolment::debug_codes(&self.0, &asked.0, &caller.0).await.map_err(refusal::factor)?;
        let is_on = enrolment::status(&self.0, &asked.0, &caller.0)?.enrolled_at.is_some();
        let has_phone = sms_factor::status(&self.0, &caller.0)?.is_on;
        let mut codes = codes.iter().map(secret);
        let (user, now) = (&caller.0.user, asked.0.now);
        Ok(Flat::new(wire::Debug {
            valid_codes: wire::ValidCodes { before: codes.next(), now: codes.next(), next: codes.next() },
            server_time: now.to_string(),
            time_window: enrolment::step_seconds(),
            totp_secret_exists: true,
            user_email: user.email.as_str().to_owned(),
            preferred_2fa_method: preferred(is_on, has_phone),
            is_2fa_enabled: is_on || has_phone,
            current_server_time: now.seconds(),
            usage_note: "A code that was used works no more.".to_owned(),
            message: "Try the code of 'time_step_+0' first, and compare the clocks.".to_owned(),
        }))
    }

    /// Get a fresh access token
    ///
    /// The refresh token that was presented works again until the one that is answered has been used.
    #[oai(path = "/auth/refresh", method = "post", operation_id = "refresh")]
    async fn refresh(
        &self,
        _place: Place<limit::Anonymous>,
        body: Loose<Refresh>,
        asked: Asked,
    ) -> Result<Flat<Tokens>, Fault<Listed>> {
        refreshed(&self.0, &asked.0, &body.0).await.map_err(Fault::from)
    }

    /// Who am I
    #[oai(path = "/auth/me", method = "get", operation_id = "me")]
    async fn me(&self, caller: Bearer) -> Result<Flat<wire::Me>, Fault<Listed>> {
        let user = &caller.0.user;
        Ok(Flat::new(wire::Me {
            id: user.id.to_string(),
            username: user.username.as_str().to_owned(),
            email: user.email.as_str().to_owned(),
            is_verified: user.email_verified_at.is_some(),
            is_2fa_enabled: user.has_factor,
            created_at: user.created_at.to_string(),
        }))
    }

    /// Log out
    ///
    /// The session's refresh token and access token stop working at once.
    #[oai(path = "/auth/logout", method = "post", operation_id = "logout")]
    async fn logout(&self, asked: Asked, caller: Bearer) -> Result<Flat<Message>, Fault<Listed>> {
        session::end(&self.0, &asked.0, &caller.0, caller.0.session).await?;
        Ok(message("Successfully logged out"))
    }
}

/// The body of a second step. One that cannot be read is a wrong one (C11).
struct SecondStep(wire::Verify);

impl<'a> ApiExtractor<'a> for SecondStep {
    const TYPES: &'static [ApiExtractorType] = <Loose<wire::Verify> as ApiExtractor>::TYPES;
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Loose::<wire::Verify>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Loose::<wire::Verify>::request_meta()
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let read = Loose::<wire::Verify>::from_request(request, body, options).await;
        Ok(Self(read.map_err(|error| refusal::unreadable(ApiError::from(error)))?.0))
    }
}

fn setup(enrolment: &Enrolment) -> Result<wire::Setup, ApiError> {
    let (key, uri) = (|| secret(&enrolment.secret), || secret(&enrolment.uri));
    Ok(wire::Setup {
        secret_key: key(),
        qr_code_url: uri(),
        manual_entry_key: key(),
        backup_codes: enrolment.backup_codes.iter().map(secret).collect(),
        secret: key(),
        qr_code_uri: uri(),
        qr_code_image: Secret::new(Picture::of(&enrolment.uri)?.base64()),
    })
}

fn switched(message: &str, enabled: bool) -> Flat<wire::Switched> {
    Flat::new(wire::Switched { message: message.to_owned(), enabled })
}

/// An authenticator app needs no gateway and no network, so it goes first.
fn preferred(has_app: bool, has_phone: bool) -> Option<wire::Method> {
    match (has_app, has_phone) {
        (true, _) => Some(wire::Method::Totp),
        (false, true) => Some(wire::Method::Sms),
        (false, false) => None,
    }
}

fn secret(shown: &Shown) -> Secret {
    Secret::from(shown.as_str())
}
