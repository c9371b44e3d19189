//! The tools of `--dev`: captured mail and a movable clock. They do not exist without it.
#![expect(clippy::needless_pass_by_value, reason = "poem hands extractors over by value")]

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use poem::http::{StatusCode, header};
use poem::web::{Data, Path};
use poem::{EndpointExt, FromRequest, IntoResponse, Request, RequestBody, Response, Route, get, handler};
use poem_openapi::types::ToJSON;
use tokio::time::sleep;

use super::answer;
use super::body;
use super::error::ApiError;
use super::pages::render::{MailView, Pages};
use super::site::page;
use crate::ambient::{Clock, MovableClock};
use crate::domain::id::MailId;
use crate::domain::time::Timestamp;
use crate::services::{Services, mail};
use crate::wire::dev::{AdvanceClock, CapturedMail, DevClock};
use crate::wire::error::ErrorCode;

/// Where the clock is read and moved.
pub const CLOCK: &str = "/dev/clock";

/// How often, and how long at a time, the mailbox waits for mail on its way: a second in all.
const WAITS: u32 = 100;
const WAIT: Duration = Duration::from_millis(10);

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
    /// The use cases.
    pub app: Arc<Services>,
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
        .at("/dev/mailbox", get(mailbox).data(tools.clone()).before(from_here))
        .at("/dev/mailbox/:id", get(one_mail).data(tools.clone()).before(from_here))
        .at(CLOCK, get(clock).post(advance).data(tools).before(from_here))
}

/// A name that somebody else's DNS leads to loopback is not ours: a page of theirs must not read the mailbox
/// through the browser of whoever runs this (DNS rebinding).
async fn from_here(request: Request) -> poem::Result<Request> {
    let host = request.header(header::HOST).or(request.uri().host()).unwrap_or_default();
    let name =
        host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    if name.is_empty() || name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()) {
        Ok(request)
    } else {
        Err(ApiError::new(
            ErrorCode::Forbidden,
            "The tools of --dev answer to this machine's own names only.",
        )
        .into())
    }
}

/// A page for people, JSON for who asks for it. What was registered a moment ago is in it: mail leaves after the
/// answer, so the mailbox waits for what is on its way.
#[handler]
async fn mailbox(request: &Request, tools: Data<&Arc<DevTools>>) -> Response {
    for _ in 0..WAITS {
        if mail::is_settled(&tools.app).unwrap_or(true) {
            break;
        }
        sleep(WAIT).await;
    }
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
fn advance(tools: Data<&Arc<DevTools>>, by: Posted) -> Response {
    tools.clock.advance_seconds(by.0.advance_seconds);
    now(&tools)
}

struct Posted(AdvanceClock);

impl<'a> FromRequest<'a> for Posted {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        // A form of another site cannot say that it is JSON.
        if !request.content_type().is_some_and(body::is_json) {
            return Err(ApiError::from_status(StatusCode::UNSUPPORTED_MEDIA_TYPE).into());
        }
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
