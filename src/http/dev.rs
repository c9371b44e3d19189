//! The tools of `--dev`: captured mail and a movable clock. They do not exist without it.

use std::sync::Arc;

use poem::http::{StatusCode, header};
use poem::web::{Data, Path};
use poem::{EndpointExt, FromRequest, IntoResponse, Request, RequestBody, Response, Route, get, handler};
use poem_openapi::types::ToJSON;

use super::answer;
use super::body;
use super::error::ApiError;
use super::pages::render::{MailView, Pages};
use super::site::page;
use crate::ambient::{Clock, MovableClock};
use crate::domain::id::MailId;
use crate::domain::time::Timestamp;
use crate::wire::dev::{AdvanceClock, CapturedMail, DevClock};

/// Where the clock is read and moved.
pub const CLOCK: &str = "/dev/clock";

/// One captured mail.
pub struct Captured {
    /// Names it.
    pub id: MailId,
    /// Whom it is for.
    pub to: String,
    /// Whom it is from.
    pub from: String,
    /// One line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// When it was sent.
    pub sent_at: Timestamp,
}

/// What the tools need.
pub struct DevTools {
    /// The captured mails, newest first.
    pub mails: Box<dyn Fn() -> Vec<Captured> + Send + Sync>,
    /// The clock of the whole server.
    pub clock: MovableClock,
    /// The looks.
    pub pages: Pages,
}

/// Adds the tools.
pub fn add(route: Route, tools: Arc<DevTools>) -> Route {
    route
        .at("/dev/mailbox", get(mailbox).data(tools.clone()))
        .at("/dev/mailbox/:id", get(one_mail).data(tools.clone()))
        .at(CLOCK, get(clock).post(advance).data(tools))
}

/// A page for people, JSON for who asks for it.
#[handler]
fn mailbox(request: &Request, tools: Data<&Arc<DevTools>>) -> Response {
    let mails = (tools.mails)();
    let accepts = request.header(header::ACCEPT).unwrap_or_default();
    if accepts.contains("application/json") {
        let mails: Vec<_> = mails.into_iter().map(to_wire).collect();
        return answer::json(StatusCode::OK, &mails.to_json());
    }
    page(StatusCode::OK, tools.pages.mailbox(mails.iter().map(view)))
}

#[handler]
fn one_mail(tools: Data<&Arc<DevTools>>, id: Path<String>) -> Response {
    let wanted = id.0.parse::<MailId>().ok();
    match (tools.mails)().iter().find(|mail| Some(mail.id) == wanted) {
        Some(mail) => page(StatusCode::OK, tools.pages.mail(&view(mail))),
        None => ApiError::from_status(StatusCode::NOT_FOUND).into_response(),
    }
}

#[handler]
fn clock(tools: Data<&Arc<DevTools>>) -> Response {
    now(&tools)
}

#[handler]
async fn advance(tools: Data<&Arc<DevTools>>, by: Posted) -> Response {
    tools.clock.advance_seconds(by.0.advance_seconds);
    now(&tools)
}

struct Posted(AdvanceClock);

impl<'a> FromRequest<'a> for Posted {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self(body::parse(&body::read(request, body).await?)?))
    }
}

fn now(tools: &DevTools) -> Response {
    answer::json(StatusCode::OK, &DevClock { now: tools.clock.now().seconds() })
}

fn to_wire(mail: Captured) -> CapturedMail {
    CapturedMail {
        id: mail.id.to_string(),
        to: mail.to,
        from: mail.from,
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        sent_at: mail.sent_at.to_string(),
    }
}

fn view(mail: &Captured) -> MailView<'_> {
    MailView {
        id: mail.id,
        to: &mail.to,
        from: &mail.from,
        subject: &mail.subject,
        text: &mail.text,
        html: &mail.html,
        sent_at: mail.sent_at,
    }
}
