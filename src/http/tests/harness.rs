//! An API with one operation of each kind, called without a socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use poem::http::header::HeaderMap;
use poem::http::{Method, StatusCode, uri::Scheme};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Body, Endpoint, EndpointExt, IntoEndpoint, Request, RequestParts, Response, Route};
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use prometheus_client::registry::Registry;
use serde_json::Value;

use crate::ambient::{Clock, ManualClock, SeededEntropy};
use crate::domain::cookie::NAME;
use crate::domain::held::Held;
use crate::domain::id::SessionId;
use crate::domain::limit::{Budget, LimitPolicy, PerClass};
use crate::domain::operator::Operators;
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::domain::trace::TracePolicy;
use crate::domain::user::ada;
use crate::http::answer::Answer;
use crate::http::body::{Json, MAX_BODY_BYTES, NoBody};
use crate::http::cookie::CookieDoor;
use crate::http::csrf::OwnOrigins;
use crate::http::edge::{Gate, edge};
use crate::http::error::{ApiError, Fault, Statuses};
use crate::http::health::{HealthApi, Vitals};
use crate::http::limit::Notices;
use crate::http::middleware::cors::Cors;
use crate::http::middleware::metrics::HttpMetrics;
use crate::http::middleware::transport::Transport;
use crate::http::principal::Bearer;
use crate::http::routes::Routes;
use crate::http::shortcut::Shortcut;
use crate::http::{Everything, described, docs, metrics_page};
use crate::services::api_key::usage::UseFault;
use crate::services::cookie::CookieFault;
use crate::services::explain::Traces;
use crate::services::limits::Limits;
use crate::services::session::{AuthFault, Principal};
use crate::wire::auth::{LoginRequest, Message};
use crate::wire::error::ErrorCode;

pub const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub const SECRET: &str = "hunter2-in-a-cause";

pub struct Sample;

pub enum Any {}
impl Statuses for Any {
    const LIST: &'static [u16] = &[400, 401, 413, 415, 429, 500];
}
type Reply = Result<Answer<Message>, Fault<Any>>;

#[expect(clippy::unnecessary_wraps, reason = "every operation returns a result")]
fn done(text: &str) -> Reply {
    Ok(Answer::new(Message::new(text), NOW))
}

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(prefix_path = "/api/v1")]
impl Sample {
    #[oai(path = "/login", method = "post")]
    async fn login(&self, body: Json<LoginRequest>) -> Reply {
        done(&body.0.email)
    }

    #[oai(path = "/made", method = "post")]
    async fn made(&self, _body: NoBody) -> Result<Answer<Message, 201>, Fault<Any>> {
        Ok(Answer::new(Message::new("made"), NOW))
    }

    #[oai(path = "/me", method = "get")]
    async fn me(&self, caller: Bearer) -> Reply {
        done(&caller.0.user.id.to_string())
    }

    #[oai(path = "/users/:id", method = "get")]
    async fn user(&self, id: Path<u32>, limit: Query<Option<u32>>) -> Reply {
        done(&format!("{} {:?}", id.0, limit.0))
    }

    #[oai(path = "/busy", method = "get")]
    async fn busy(&self) -> Reply {
        Err(ApiError::new(ErrorCode::RateLimitExceeded, "Too many requests").retry_after(7))?
    }

    #[oai(path = "/broken", method = "get")]
    async fn broken(&self) -> Reply {
        Err(ApiError::internal(std::io::Error::other(SECRET)))?
    }

    #[oai(path = "/panic", method = "get")]
    async fn panic(&self) -> Reply {
        panic!("{SECRET}")
    }
}

pub struct App {
    endpoint: Box<dyn poem::endpoint::DynEndpoint<Output = Response>>,
}

pub struct Answered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl App {
    pub fn new() -> Self {
        Self::over(Transport::Tls)
    }

    pub fn over(transport: Transport) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(NOW));
        let mut registry = Registry::default();
        let metrics = HttpMetrics::new(&mut registry);
        let health = HealthApi::new(
            clock.clone(),
            Arc::new(|| Vitals { store_reads: true, store_is_whole: true, ready: true }),
        );
        let shortcut = Shortcut::to((Sample, health.clone()));
        let api = described((Sample, health));
        let spec: &'static str = api.spec().leak();
        let routes = Routes::of(&serde_json::from_str(spec).unwrap());
        let site = metrics_page::add(
            docs::add(Route::new(), "", spec.into(), &Arc::default()),
            Arc::new(registry),
            vec!["0.0.0.0/0".parse().unwrap()],
        );
        let inner = Everything { shortcut, api: api.into_endpoint().boxed(), site, mounts: Arc::default() };
        let limits = Arc::new(Limits::new(&generous()));
        let gate = Gate {
            why: Box::new(|_, _, _| {}),
            explained: Arc::new(Traces::new(TracePolicy { keep_for: Duration::ZERO, max_entries: 100 })),
            mounts: Arc::default(),
            notices: Notices::new(&limits),
            limits,
            clock,
            entropy: Arc::new(SeededEntropy::new(1)),
            authenticate: Box::new(authenticate),
            authenticate_key: Box::new(|_, _, _| Err(UseFault::Invalid)),
            authenticate_service: Box::new(|_, _, _| Ok(None)),
            cookies: Arc::new(CookieDoor {
                name: NAME,
                authenticate: Box::new(|_, _| Err(CookieFault::Invalid)),
                record: Box::new(|_, _| Box::pin(async { Ok(()) })),
            }),
            origins: OwnOrigins::default(),
            record: Box::new(|_, _| Box::pin(async { Ok(()) })),
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            debug_headers: false,
            cors: Cors::new(["https://app.example.com"], Duration::from_secs(600)),
            max_body_bytes: MAX_BODY_BYTES,
            request_timeout: Duration::from_secs(30),
            operators: Operators::default(),
            metrics,
            routes,
        };
        let endpoint = poem::endpoint::ToDynEndpoint(edge(Arc::new(inner), Arc::new(gate), transport, None));
        Self { endpoint: Box::new(endpoint) }
    }

    pub async fn send(&self, request: Request) -> Answered {
        let response = self.endpoint.call(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.into_body().into_string().await.unwrap();
        Answered { status, headers, text }
    }

    pub async fn get(&self, path: &str) -> Answered {
        self.send(request(Method::GET, path, &[], "")).await
    }

    pub async fn post(&self, path: &str, body: impl Into<Body>) -> Answered {
        self.send(request(Method::POST, path, &[("content-type", "application/json")], body)).await
    }
}

impl Answered {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The code of a failure, after checking its envelope.
    pub fn code(&self) -> String {
        let body = self.json();
        assert_eq!(body["success"], false, "{body}");
        assert_eq!(body["error"]["request_id"].as_str(), self.header("x-request-id"), "{body}");
        assert!(!body["error"]["message"].as_str().unwrap().is_empty());
        assert_eq!(self.header("content-type"), Some("application/json"));
        body["error"]["code"].as_str().unwrap().to_owned()
    }
}

/// A request from 198.51.100.7.
pub fn request(method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request {
    request_from("198.51.100.7:4711", method, path, headers, body)
}

pub fn request_from(
    peer: &str,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Request {
    let mut builder = ::http::Request::builder().method(method).uri(path);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let (parts, ()) = builder.body(()).unwrap().into_parts();
    let peer = RemoteAddr(Addr::SocketAddr(peer.parse::<SocketAddr>().unwrap()));
    let parts = RequestParts::from((parts, LocalAddr::default(), peer, Scheme::HTTPS));
    Request::from_parts(parts, body.into())
}

fn generous() -> LimitPolicy {
    let budgets = PerClass::of(|_| Budget::new(1_000_000, std::time::Duration::from_secs(1)).unwrap());
    LimitPolicy { is_enabled: true, exempt: Vec::new(), budgets, max_entries: 1_000 }
}

fn authenticate(token: &str, _now: Timestamp) -> Result<Principal, AuthFault> {
    match token {
        "good" => Ok(Principal {
            user: ada(),
            held: Held::of_role(Role::Developer),
            session: SessionId::from_bytes([8; 16]),
            authenticated_at: Timestamp::EPOCH,
            csrf: None,
        }),
        "old" => Err(AuthFault::Expired),
        _ => Err(AuthFault::Invalid),
    }
}
