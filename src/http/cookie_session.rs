//! Sessions of browsers, over the API: logging in for a cookie, and the session that asks.

use std::sync::Arc;

use poem::{FromRequest, Request, RequestBody};
use poem_openapi::OpenApi;
use zeroize::Zeroizing;

use super::answer::Answer;
use super::asked::{self, Asked};
use super::body::{Json, NoBody};
use super::cookie;
use super::csrf::Cause;
use super::error::{ApiError, Fault, Statuses};
use super::limit::{self, Place};
use super::login::{OtherKind, summary};
use super::principal::{Bearer, Remark, forged};
use super::tag::Tag;
use super::user;
use super::visit::Visit;
use crate::domain::session::Session;
use crate::services::login::{self, LoggedIn, Typed};
use crate::services::opening::{Admitted, NewCookie, Opened, Opening};
use crate::services::pending_login::Browser;
use crate::services::{Services, cookie as sessions};
use crate::wire::auth::{CodeNeeded, LoginRequest};
use crate::wire::cookie_session::{CookieLoginAnswer, SessionEnds, SessionOpened, ThisSession};
use crate::wire::secret::Secret;

/// Sessions of browsers.
pub struct CookieSessionApi(pub Arc<Services>);

/// What a login can answer beside success.
pub struct LoginListed;

impl Statuses for LoginListed {
    const LIST: &'static [u16] = &[400, 401, 403, 405, 408, 409, 413, 415, 423, 429, 500, 503];
}

/// What the other operations can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 405, 408, 409, 413, 429, 500, 503];
}

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Sessions")]
impl CookieSessionApi {
    /// Log in for a cookie
    ///
    /// For pages of this server: `POST /auth/login` in everything, but the session lives by the cookie
    /// `__Host-latchkey`, which no script can read, and there are no tokens. The session ends when it is not used for
    /// `sessions.idle_ttl`, and after `sessions.absolute_ttl`; the oldest one ends when there are more than
    /// `sessions.cookie_max`. A session that the browser came with ends. With forward-auth a second cookie,
    /// `__Secure-latchkey-proxy`, goes with it wherever it is set and taken away: it shows who is there to the proxies of
    /// applications, and opens nothing else.
    ///
    /// A request that another site caused is refused with 403, here and wherever a request with the cookie is not GET,
    /// HEAD or OPTIONS: those need `csrf_token` in `X-CSRF-Token`, and `Origin` and `Sec-Fetch-Site`, where they are
    /// sent, to be this server's own.
    #[oai(path = "/auth/session", method = "post", operation_id = "open_session")]
    async fn open(
        &self,
        _place: Place<limit::Login>,
        page: OwnPage,
        body: Json<LoginRequest>,
        asked: Asked,
    ) -> Result<Answer<CookieLoginAnswer>, Fault<LoginListed>> {
        let LoginRequest { email, password, mfa_code } = &body.0;
        let typed =
            Typed { name: email, password: password.reveal(), code: mfa_code.as_ref().map(Secret::reveal) };
        let opening = Opening::Cookie { presented: page.0.as_ref().map(|text| text.as_str()) };
        let (answer, cookies) = match login::log_in(&self.0, &asked.0, typed, opening).await? {
            LoggedIn::Done(Opened::Cookie(admitted)) => {
                let cookies = cookie::set(&admitted.cookie, asked.0.now, &self.0.policy.cookies);
                (CookieLoginAnswer::Opened(opened(&admitted)), cookies)
            }
            LoggedIn::CodeNeeded(handle) => {
                (CookieLoginAnswer::CodeNeeded(CodeNeeded::new(handle.as_str().into())), Vec::new())
            }
            LoggedIn::Done(Opened::Tokens(_)) => return Err(ApiError::internal(OtherKind).into()),
        };
        Ok(Answer::new(answer, asked.0.now).setting(cookies))
    }

    /// The session that asks
    ///
    /// Who is logged in, when the session ends, and the token that changing requests with its cookie need.
    #[oai(path = "/auth/session", method = "get", operation_id = "this_session")]
    async fn this(&self, asked: Asked, caller: Bearer) -> Result<Answer<ThisSession>, Fault<Listed>> {
        let session = sessions::own(&self.0, &asked.0, &caller.0)?;
        let SessionEnds { expires_at, absolute_expires_at } = ends(&session);
        let answer = ThisSession {
            id: session.id.to_string(),
            kind: session.kind.name().to_owned(),
            user: user::to_wire(&self.0, &caller.0.user, Some(caller.0.held.permissions))?,
            csrf_token: caller.0.csrf.as_ref().map(|csrf| csrf.reveal().as_str().into()),
            expires_at,
            absolute_expires_at,
        };
        Ok(Answer::new(answer, asked.0.now))
    }

    /// Stay logged in
    ///
    /// Moves the idle end of the session that asks to `sessions.idle_ttl` from now. Every use does, to the minute; the
    /// absolute end stays. A session with tokens is refreshed by its refresh token.
    #[oai(path = "/auth/session/refresh", method = "post", operation_id = "refresh_session")]
    async fn refresh(
        &self,
        asked: Asked,
        caller: Bearer,
        _body: NoBody,
    ) -> Result<Answer<SessionEnds>, Fault<Listed>> {
        let session = sessions::refresh(&self.0, &asked.0, &caller.0).await?;
        Ok(Answer::new(ends(&session), asked.0.now))
    }
}

/// The answer of a login that is done.
pub(super) fn opened(admitted: &Admitted) -> SessionOpened {
    let NewCookie { csrf, expires_at, ends_at, .. } = &admitted.cookie;
    SessionOpened {
        user: summary(&admitted.user),
        csrf_token: csrf.reveal().as_str().into(),
        expires_at: expires_at.to_string(),
        absolute_expires_at: ends_at.to_string(),
        requires_mfa: false,
    }
}

fn ends(session: &Session) -> SessionEnds {
    let (expires_at, absolute_expires_at) = (session.expires_at().to_string(), session.ends_at().to_string());
    SessionEnds { expires_at, absolute_expires_at }
}

/// What a browser says with the second step of a login. Nothing is refused: the step may be one of a login for tokens.
pub(super) struct AnyPage {
    presented: Option<Zeroizing<String>>,
    forged: Option<Cause>,
}

impl AnyPage {
    /// The same for the use case.
    pub(super) fn browser(&self) -> Browser<'_> {
        let presented = self.presented.as_ref().map(|text| text.as_str());
        Browser { presented, forged: self.forged.map(Cause::name) }
    }
}

impl<'a> FromRequest<'a> for AnyPage {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        let visit = Visit::of(request)?;
        let presented = cookie::shown(request.headers(), visit.door().name).ok().flatten();
        Ok(Self {
            presented: presented.map(|text| Zeroizing::new(text.to_owned())),
            forged: visit.gate().origins.sent(request.headers()).err(),
        })
    }
}

/// The cookie that a page of ours came with. What another site sent is refused, and recorded: an operation takes this
/// after its place, so that nobody makes the server write without end.
pub(super) struct OwnPage(pub(super) Option<Zeroizing<String>>);

impl<'a> FromRequest<'a> for OwnPage {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        let visit = Visit::of(request)?;
        let AnyPage { presented, forged: cause } = AnyPage::from_request(request, body).await?;
        if let Some(cause) = cause {
            let ctx = asked::context(request, visit);
            (visit.gate().record)(ctx, Remark::Forged(None, cause)).await.map_err(ApiError::from)?;
            return Err(forged(cause.name()).into());
        }
        Ok(Self(presented))
    }
}
