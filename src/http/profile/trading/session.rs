//! Sessions of the trading profile that live by a cookie, and all of one's own.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use poem_openapi::payload::Response;

use super::{Listed, done, refusal, typed};
use crate::domain::id::SessionId;
use crate::domain::profile::trading::TradingPermission;
use crate::domain::session::Session;
use crate::http::asked::Asked;
use crate::http::body::NoBody;
use crate::http::cookie;
use crate::http::cookie_session::OwnPage;
use crate::http::error::{ApiError, Fault};
use crate::http::limit::{self, Place};
use crate::http::login::OtherKind;
use crate::http::principal::Bearer;
use crate::http::profile::Flat;
use crate::http::profile::body::Loose;
use crate::http::tag::Tag;
use crate::services::login::{self, LoggedIn};
use crate::services::opening::{Opened, Opening};
use crate::services::profile::trading;
use crate::services::session::{self, EndFault, Principal};
use crate::services::{Services, cookie as sessions, sweep};
use crate::wire::profile::{trading as account, trading_access as wire};

/// Sessions.
pub struct SessionApi(pub Arc<Services>);

/// Most sessions that are listed.
const LISTED_MAX: usize = 100;

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(tag = "Tag::Sessions")]
impl SessionApi {
    /// Log in for a cookie
    ///
    /// It is good in the network and the browser of this login alone, for a day without use and for seven at most. An
    /// account has five such sessions at most; the sixth login is refused with 409.
    #[oai(path = "/login", method = "post", operation_id = "login")]
    async fn login(
        &self,
        _place: Place<limit::Login>,
        page: OwnPage,
        body: Loose<account::Login>,
        asked: Asked,
    ) -> Result<Response<Flat<wire::LoggedIn>>, Fault<Listed>> {
        let opening = Opening::Cookie { presented: page.0.as_ref().map(|text| text.as_str()) };
        let opened = login::log_in(&self.0, &asked.0, typed(&body.0), opening).await;
        let admitted = match opened.map_err(|fault| refusal::login(fault.into()))? {
            LoggedIn::Done(Opened::Cookie(admitted)) => admitted,
            LoggedIn::CodeNeeded(_) => return Err(refusal::login(refusal::Login::CodeNeeded).into()),
            LoggedIn::Done(Opened::Tokens(_)) => return Err(ApiError::internal(OtherKind).into()),
        };
        let new = &admitted.cookie;
        let answer = Flat::new(wire::LoggedIn {
            success: true,
            session_id: new.value.as_str().into(),
            csrf_token: new.csrf.reveal().as_str().into(),
        });
        Ok(cookie::setting(answer, cookie::set(new, asked.0.now, &self.0.policy.cookies)))
    }

    /// List one's own live sessions
    ///
    /// The newest hundred, over every way to log in.
    #[oai(path = "/sessions", method = "get", operation_id = "list_sessions")]
    async fn list(&self, asked: Asked, caller: Bearer) -> Result<Flat<Vec<wire::Session>>, Fault<Listed>> {
        let page = session::list(&self.0, &asked.0, &caller.0, None, LISTED_MAX)?;
        Ok(Flat::new(page.sessions.iter().map(shown).collect()))
    }

    /// End one of one's own sessions
    ///
    /// By its name in the list, or by the value of its cookie.
    #[oai(path = "/sessions/:id", method = "delete", operation_id = "end_session")]
    async fn end(
        &self,
        asked: Asked,
        caller: Bearer,
        id: Path<String>,
    ) -> Result<Response<Flat<account::Done>>, Fault<Listed>> {
        let id = id.parse::<SessionId>().ok().or_else(|| sessions::named(&id.0));
        let id = id.ok_or(EndFault::NotFound)?;
        session::end(&self.0, &asked.0, &caller.0, id).await?;
        Ok(self.cleared(done(), (&caller.0, id == caller.0.session)))
    }

    /// End all of one's own sessions
    ///
    /// This one too, over every way to log in.
    #[oai(path = "/sessions", method = "delete", operation_id = "end_sessions")]
    async fn end_all(
        &self,
        asked: Asked,
        caller: Bearer,
    ) -> Result<Response<Flat<wire::Terminated>>, Fault<Listed>> {
        let ended = session::end_all(&self.0, &asked.0, &caller.0).await?;
        let terminated = u64::try_from(ended).unwrap_or(u64::MAX);
        Ok(self.cleared(Flat::new(wire::Terminated { terminated }), (&caller.0, true)))
    }

    /// Stay logged in
    ///
    /// Moves the end of a session with a cookie to a day from now, and not beyond its seventh.
    #[oai(path = "/sessions/refresh", method = "post", operation_id = "refresh_session")]
    async fn refresh(
        &self,
        asked: Asked,
        caller: Bearer,
        _body: NoBody,
    ) -> Result<Flat<wire::Extended>, Fault<Listed>> {
        let session = sessions::refresh(&self.0, &asked.0, &caller.0).await?;
        Ok(Flat::new(wire::Extended { success: true, expires_at: session.expires_at().to_string() }))
    }

    /// Remove expired sessions
    ///
    /// The server does that by itself. Needs `system:admin`.
    #[oai(path = "/sessions/cleanup", method = "post", operation_id = "clean_up_sessions")]
    async fn clean_up(
        &self,
        asked: Asked,
        caller: Bearer,
        _body: NoBody,
    ) -> Result<Flat<wire::Removed>, Fault<Listed>> {
        let needed = TradingPermission::SystemAdmin;
        trading::require(&self.0, &asked.0, &caller.0.into(), needed).await?;
        let removed = sweep::sweep_all(&self.0).await?;
        Ok(Flat::new(wire::Removed { removed: u64::try_from(removed).unwrap_or(u64::MAX) }))
    }
}

impl SessionApi {
    /// The answer; the cookie of the caller is taken away where its session `is_over`.
    fn cleared<T>(&self, answer: T, (caller, is_over): (&Principal, bool)) -> Response<T> {
        let cleared = if is_over { cookie::cleared_for(caller, &self.0.policy) } else { Vec::new() };
        cookie::setting(answer, cleared)
    }
}

fn shown(session: &Session) -> wire::Session {
    wire::Session {
        session_id: session.id.to_string(),
        kind: if session.cookie().is_some() { "cookie" } else { "token" }.to_owned(),
        ip_address: session.client.to_string(),
        user_agent: session.user_agent.clone(),
        created_at: session.created_at.to_string(),
        last_accessed: session.last_used_at.to_string(),
        expires_at: session.expires_at().to_string(),
        absolute_expires_at: session.ends_at().to_string(),
        is_active: true,
        fingerprint: trading::fingerprint(session),
    }
}
