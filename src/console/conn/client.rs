//! One request and its whole answer, with a deadline. Knows no view and no retry.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio_rustls::TlsConnector;

use super::address::{Address, Target, authority};
use super::problem::{Kind, Problem};
use super::transport::connect;
use super::trust::{TrustError, client_config};
use crate::wire::user::{User, UserPage};

pub use http::Method;

/// How long a request may take, from connecting to the last byte of its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 8 << 20;

/// The header that names a request, in both directions.
const X_REQUEST_ID: &str = "x-request-id";

/// The header that says why something is done; the server's audit events carry it.
const X_AUDIT_NOTE: &str = "x-audit-note";

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path, with percent escapes where it needs them. A query that is always the same may stand behind it.
    pub path: String,
    /// The query; escaped when it is sent.
    pub query: Vec<(String, String)>,
    /// A JSON body.
    pub body: Option<String>,
    /// Names the request; the server's audit events carry it.
    pub request_id: Option<String>,
    /// Why it is done, in the operator's words: one line.
    pub note: Option<String>,
    /// Values that are ids of people who are named here: looked up before the request is sent, and put into the query, or
    /// into the body where there is one.
    pub people: Vec<(String, String)>,
}

impl Request {
    /// `GET path`.
    pub fn get(path: impl Into<String>) -> Self {
        let people = Vec::new();
        Self {
            method: Method::GET,
            path: path.into(),
            query: Vec::new(),
            body: None,
            request_id: None,
            note: None,
            people,
        }
    }

    /// `DELETE path`.
    pub fn delete(path: impl Into<String>) -> Self {
        Self { method: Method::DELETE, ..Self::get(path) }
    }

    /// `POST path` with a JSON body.
    pub fn post(path: impl Into<String>, body: impl Into<String>) -> Self {
        Self { method: Method::POST, body: Some(body.into()), ..Self::get(path) }
    }

    /// `PUT path` with a JSON body.
    pub fn put(path: impl Into<String>, body: impl Into<String>) -> Self {
        Self { method: Method::PUT, ..Self::post(path, body) }
    }

    /// With one more query value.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// A value that was looked up: a member of the body, where there is one.
    fn name(&mut self, param: String, id: String) {
        match self.body.as_deref().map(serde_json::from_str::<serde_json::Map<_, _>>) {
            Some(Ok(mut body)) => {
                body.insert(param, id.into());
                self.body = Some(serde_json::Value::Object(body).to_string());
            }
            _ => self.query.push((param, id)),
        }
    }

    /// `GET /api/v1/sessions`.
    pub fn route(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Path and query.
    pub fn target(&self) -> String {
        if self.query.is_empty() {
            return self.path.clone();
        }
        let mark = if self.path.contains('?') { '&' } else { '?' };
        format!("{}{mark}{}", self.path, serde_urlencoded::to_string(&self.query).unwrap_or_default())
    }
}

/// A success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What was asked.
    pub route: String,
    /// The body.
    pub body: Bytes,
}

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

impl Answer {
    /// What the envelope carries.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let read = serde_json::from_slice::<Envelope<T>>(&self.body);
        read.map(|envelope| envelope.data).map_err(|error| {
            Problem::local(
                Kind::Strange,
                &self.route,
                format!("this console does not understand the answer: {error}"),
            )
        })
    }
}

/// A way to one server. Keeps one idle connection.
pub struct Client {
    target: Target,
    tls: TlsConnector,
    idle: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

impl Client {
    /// To `target`.
    pub fn new(target: Target) -> Result<Self, TrustError> {
        let tls = TlsConnector::from(client_config(&target.trust)?);
        Ok(Self { target, tls, idle: Mutex::default() })
    }

    /// Asks, and reads the whole answer.
    pub async fn ask(&self, request: Request) -> Result<Answer, Problem> {
        let route = request.route();
        let late =
            || Problem::local(Kind::Late, &route, format!("no answer within {} s", PATIENCE.as_secs()));
        let asking = async {
            let mut request = request;
            for (param, name) in std::mem::take(&mut request.people) {
                let id = self.person(&name).await?;
                request.name(param, id);
            }
            self.exchange(&request, &route).await
        };
        tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| Err(late()))
    }

    /// The id of the one account that `name` finds.
    async fn person(&self, name: &str) -> Result<String, Problem> {
        let request = Request::get("/api/v1/users").with("search", name).with("limit", "10");
        let route = request.route();
        let page: UserPage = self.exchange(&request, &route).await?.read()?;
        let is_exact = |user: &&User| user.email == name || user.username == name;
        match (page.users.iter().find(is_exact), page.users.as_slice()) {
            (Some(user), _) | (None, [user]) => Ok(user.id.clone()),
            (None, []) => {
                Err(Problem::local(Kind::Missing, &route, format!("no account matches \"{name}\"")))
            }
            (None, several) => {
                let names: Vec<&str> = several.iter().map(|user| user.username.as_str()).collect();
                let message = format!("several accounts match \"{name}\": {}", names.join(", "));
                Err(Problem::local(Kind::Refused, &route, message))
            }
        }
    }

    /// Asks on a connection of its own, and answers the body of a success as it comes.
    pub async fn open(self: &Arc<Self>, request: &Request) -> Result<Incoming, Problem> {
        let route = request.route();
        let broken = |error: hyper::Error| Problem::local(Kind::Unreachable, &route, error.to_string());
        let opening = async {
            let mut sender = self.connected(&route).await?;
            let answer = sender.send_request(self.wired(request, &route)?).await.map_err(broken)?;
            if answer.status() == StatusCode::OK {
                return Ok(answer.into_body());
            }
            let (status, request_id) = (answer.status(), request_id(answer.headers()));
            let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
            let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            Err(Problem::of_answer(&route, status.as_u16(), &body, request_id))
        };
        let late = || Problem::local(Kind::Late, &route, "no answer in time");
        tokio::time::timeout(PATIENCE, opening).await.unwrap_or_else(|_| Err(late()))
    }

    async fn exchange(&self, request: &Request, route: &str) -> Result<Answer, Problem> {
        let broken = |error: &dyn std::fmt::Display| {
            Problem::local(Kind::Unreachable, route, format!("the connection broke: {error}"))
        };
        // The server may close an idle connection at any moment. What only reads is then asked again on a new one.
        let mut kept = None;
        if let Some(mut sender) = self.kept().await.filter(|_| request.method == Method::GET) {
            kept = sender.send_request(self.wired(request, route)?).await.ok().map(|answer| (sender, answer));
        }
        let (sender, answer) = if let Some(kept) = kept {
            kept
        } else {
            let mut sender = self.connected(route).await?;
            let answer = sender.send_request(self.wired(request, route)?).await;
            (sender, answer.map_err(|error| broken(&error))?)
        };
        let (status, request_id) = (answer.status(), request_id(answer.headers()));
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| broken(&error))?.to_bytes();
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        if status.is_success() {
            Ok(Answer { route: route.to_owned(), body })
        } else {
            Err(Problem::of_answer(route, status.as_u16(), &body, request_id))
        }
    }

    /// The idle connection, if it is still open.
    async fn kept(&self) -> Option<SendRequest<Full<Bytes>>> {
        let mut sender = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        sender.ready().await.ok()?;
        Some(sender)
    }

    async fn connected(&self, route: &str) -> Result<SendRequest<Full<Bytes>>, Problem> {
        let stream = connect(&self.target.address, &self.tls).await;
        let stream = stream.map_err(|(kind, message)| Problem::local(kind, route, message))?;
        let shaken = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) =
            shaken.map_err(|error| Problem::local(Kind::Unreachable, route, error.to_string()))?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn wired(&self, request: &Request, route: &str) -> Result<http::Request<Full<Bytes>>, Problem> {
        let host = match &self.target.address {
            Address::Unix(_) => "localhost".to_owned(),
            Address::Tcp { host, port, .. } => authority(host, *port),
        };
        let mut builder = http::Request::builder()
            .method(request.method.clone())
            .uri(request.target())
            .header(header::HOST, host)
            .header(header::USER_AGENT, concat!("latchkey-console/", env!("CARGO_PKG_VERSION")));
        if let Some(id) = &request.request_id {
            builder = builder.header(X_REQUEST_ID, id);
        }
        if let Some(note) = &request.note {
            // As bytes: it need not be ASCII.
            builder = builder.header(X_AUDIT_NOTE, note.as_bytes());
        }
        if request.body.is_some() {
            builder = builder.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some((name, value)) = self.target.credential.as_ref().map(super::Credential::header) {
            let value = HeaderValue::from_str(&value).map(|mut value| {
                value.set_sensitive(true);
                value
            });
            builder = builder.header(name, value.unwrap_or(HeaderValue::from_static("")));
        }
        let body = Full::new(Bytes::from(request.body.clone().unwrap_or_default()));
        builder.body(body).map_err(|error| Problem::local(Kind::Refused, route, error.to_string()))
    }
}

fn request_id(headers: &http::HeaderMap) -> Option<String> {
    headers.get(X_REQUEST_ID)?.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_escaped() {
        let request = Request::get("/api/v1/users").with("search", "a&b =ü").with("limit", "2");
        assert_eq!(request.target(), "/api/v1/users?search=a%26b+%3D%C3%BC&limit=2");
        assert_eq!(request.route(), "GET /api/v1/users");
        assert_eq!(Request::get("/x?a=b").with("c", "d").target(), "/x?a=b&c=d");
    }

    #[test]
    fn an_answer_of_a_newer_server_is_a_problem_and_no_panic() {
        let answer = Answer { route: "GET /x".to_owned(), body: Bytes::from_static(br#"{"data": 1}"#) };
        assert_eq!(answer.read::<u32>(), Ok(1));
        assert_eq!(answer.read::<String>().unwrap_err().kind, Kind::Strange);
    }
}
