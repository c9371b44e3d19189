//! The edge of the HTTP floor: what every request passes on its way in and every answer on its way out. Knows
//! no operation.
//!
//! ## Decision
//! One endpoint calls the functions of [`middleware`](super::middleware) in order, instead of a stack of
//! wrappers: one future, one shared [`Visit`], and headers that are constants. Its cost is part of a bar (an
//! authenticated GET at most 1.7 times an empty handler), so nothing here parses or allocates that needs not.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use ipnet::IpNet;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{Endpoint, IntoResponse, PathPattern, Request, Response};
use tokio::time::timeout;

use super::admin_socket;
use super::cookie::CookieDoor;
use super::csrf::OwnOrigins;
use super::dialect::Dialect;
use super::error::ApiError;
use super::limit::Notices;
use super::middleware::client_address::{client_address, peer_address};
use super::middleware::cors::Cors;
use super::middleware::metrics::{HttpMetrics, method_name};
use super::middleware::request_id::{X_REQUEST_ID, request_id};
use super::middleware::transport::Transport;
use super::middleware::{debug_auth, request_log, security_headers};
use super::oauth::credentials::AuthenticateService;
use super::principal::{Authenticate, AuthenticateKey, Record, Why};
use super::profile::{Mounted, Mounts};
use super::routes::Routes;
use super::traced;
use super::visit::Visit;
use crate::ambient::{Clock, Entropy, Stopwatch};
use crate::domain::operator::Operators;
use crate::domain::profile::Profile;
use crate::services::explain::Traces;
use crate::services::limits::Limits;

/// What the edge needs of the application; the same for every listener.
pub struct Gate {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes request ids.
    pub entropy: Arc<dyn Entropy>,
    /// Checks bearer tokens.
    pub authenticate: Box<Authenticate>,
    /// Checks API keys.
    pub authenticate_key: Box<AuthenticateKey>,
    /// Notes why a token or a key opens nothing.
    pub why: Box<Why>,
    /// Checks the secrets of registered services.
    pub authenticate_service: Box<AuthenticateService>,
    /// Takes the cookies of sessions, but where a profile has its own.
    pub cookies: Arc<CookieDoor>,
    /// The origins of our own pages.
    pub origins: OwnOrigins,
    /// Records what is remarkable about credentials.
    pub record: Box<Record>,
    /// The proxies whose word on the client's address is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether a client may ask how its credential was judged.
    pub debug_headers: bool,
    /// The other origins whose pages may call.
    pub cors: Cors,
    /// Bodies above this size are refused.
    pub max_body_bytes: usize,
    /// A request that is not answered within this is answered 503.
    pub request_timeout: Duration,
    /// Who may call over the admin socket.
    pub operators: Operators,
    /// The budgets of requests.
    pub limits: Arc<Limits>,
    /// What answers say of them.
    pub notices: Notices,
    /// Keeps how denied requests were judged.
    pub explained: Arc<Traces>,
    /// Counts requests.
    pub metrics: HttpMetrics,
    /// Names routes.
    pub routes: Routes,
    /// The profiles.
    pub mounts: Arc<Mounts>,
}

/// `inner` behind the edge, for a listener that carries requests by `transport`.
pub fn edge(
    inner: Arc<impl Endpoint<Output = Response>>,
    gate: Arc<Gate>,
    transport: Transport,
    root: Option<Profile>,
) -> impl Endpoint<Output = Response> {
    Edge { inner, gate, transport, root }
}

struct Edge<E> {
    inner: Arc<E>,
    gate: Arc<Gate>,
    transport: Transport,
    /// Whose paths begin at the root of the listener.
    root: Option<Profile>,
}

/// A handler panicked. What it said is in the log of the panic hook, never in an answer.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked")]
struct Panicked;

/// The answer of a handler that took too long. It is dropped where it waits; a commit under way still happens.
fn late() -> Response {
    ApiError::from_status(StatusCode::SERVICE_UNAVAILABLE).retry_after(1).into_response()
}

impl<E: Endpoint<Output = Response>> Endpoint for Edge<E> {
    type Output = Response;

    // What it calls stays where it was made: to move futures of kilobytes from one to the next was a fiftieth of an
    // authenticated GET.
    #[expect(clippy::manual_async_fn, reason = "an `async fn` keeps two copies of the request")]
    fn call(&self, mut request: Request) -> impl Future<Output = poem::Result<Response>> + Send {
        async move {
            let watch = Stopwatch::start();
            let gate = &self.gate;
            let _in_flight = gate.metrics.begin();
            let method = method_name(request.method());
            let peer = peer_address(&request);
            let client = client_address(peer, request.headers(), &gate.trusted_proxies);
            let id = request_id(request.headers(), gate.clock.now(), &*gate.entropy);
            let is_socket = self.transport == Transport::Socket;
            let operator = if is_socket { admin_socket::operator(&request, &gate.operators) } else { None };
            let transport_refusal = self.transport.refusal(&request, peer, &gate.trusted_proxies);
            let cross = gate.cors.asked(request.method(), request.headers());

            if let Some(root) = self.root
                && let Some(uri) = gate.mounts.rooted(root, &request)
            {
                *request.uri_mut() = uri;
            }
            let path = request.uri().path();
            let mounted = gate.mounts.at(path);
            let dialect = mounted.map_or_else(|| Dialect::of(path), |mounted| mounted.dialect(path));
            let door = mounted.and_then(Mounted::cookies).unwrap_or(&gate.cookies);
            let debug = gate.debug_headers.then(|| debug_auth::asked(request.headers(), door.name)).flatten();
            let visit = Arc::new(Visit::new(id, client, operator, (gate.clone(), door.clone())));
            let refusal = if is_socket {
                admin_socket::admit(&request, &visit).await.err().map(IntoResponse::into_response)
            } else {
                transport_refusal
            };
            let answer = if let Some(refusal) = refusal {
                refusal
            } else {
                request.set_data(visit.clone());
                let work = pin!(E::call(&self.inner, request));
                match timeout(gate.request_timeout, AssertUnwindSafe(work).catch_unwind()).await {
                    Ok(answered) => {
                        let answer = answered.map_or_else(
                            |_| ApiError::internal(Panicked).into_response(),
                            |answer| answer.unwrap_or_else(poem::Error::into_response),
                        );
                        visit.settle(answer.status());
                        answer
                    }
                    Err(_) => late(),
                }
            };

            let pattern = answer.data::<PathPattern>().cloned();
            let mut answer = rendered(answer, &visit, pattern.as_ref(), dialect);
            if let Ok(id) = HeaderValue::try_from(visit.request_id.as_str()) {
                answer.headers_mut().insert(X_REQUEST_ID, id);
            }
            if let Some(method) = debug {
                debug_auth::apply(&mut answer, method, visit.user());
            }
            if let Some(cross) = cross {
                cross.apply(&mut answer, &gate.cors);
            }
            security_headers::apply(answer.headers_mut(), self.transport.is_encrypted());
            if let Some(left) = visit.left() {
                gate.notices.apply(answer.headers_mut(), &left);
            }

            let (took, (route, counters)) = (watch.elapsed(), gate.routes.name(pattern.as_ref()));
            let (request_id, user) = (visit.request_id.as_str(), visit.user());
            let status = answer.status();
            let line = request_log::Line {
                method,
                route: &route,
                status: status.as_u16(),
                took,
                request_id,
                client,
                user,
            };
            request_log::write(&line);
            traced::keep(&visit, &answer, (method, &route));
            gate.metrics.answered((&route, counters), method, status, took);
            Ok(answer)
        }
    }
}

/// The answer as it leaves: an error in the dialect of its path, anything else unchanged. An error with a body of its own
/// type, such as a page, keeps it; poem's own are plain text.
fn rendered(
    mut answer: Response,
    visit: &Visit,
    pattern: Option<&PathPattern>,
    dialect: Dialect,
) -> Response {
    let status = answer.status();
    if !status.is_client_error() && !status.is_server_error() {
        return answer;
    }
    let is_page = answer.content_type().is_some_and(|kind| !kind.starts_with("text/plain"));
    let error = match answer.extensions_mut().remove::<ApiError>() {
        Some(error) => error,
        None if is_page => return answer,
        None => ApiError::from_status(status),
    };
    if let Some(cause) = error.log_cause() {
        request_log::failure(&visit.request_id, cause);
    }
    let mut shown = if is_page { answer } else { dialect.tell(&error, &visit.request_id) };
    let headers = shown.headers_mut();
    if let Some(seconds) = error.retry_after_seconds() {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let allow = visit.gate().routes.find(pattern).map(|route| route.allow.clone());
        headers.insert(header::ALLOW, allow.unwrap_or(HeaderValue::from_static("GET, HEAD")));
    }
    if let Some(challenge) = dialect.challenge(&error) {
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    shown.extensions_mut().insert(error);
    shown
}
