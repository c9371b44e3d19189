//! The server under test, and who talks to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use latchkey::ambient::ManualClock;
use latchkey::domain::email::EmailAddress;
use latchkey::domain::operator::Operators;
use latchkey::domain::profile::Profile;
use latchkey::domain::role::Role;
use latchkey::domain::time::Timestamp;
use latchkey::domain::trace::TracePolicy;
use latchkey::http::dev::DevTools;
use latchkey::http::health::{HealthApi, Vitals};
use latchkey::http::middleware::cors::Cors;
use latchkey::http::middleware::transport::Transport;
use latchkey::http::pages::render::Pages;
use latchkey::http::pages::render::looks::Looks;
use latchkey::http::profile::Enabled;
use latchkey::http::{Front, Parts};
use latchkey::outbound::mail::{Captured, CapturedMail, Sender};
use latchkey::outbound::sms::SmsAsMail;
use latchkey::services::explain::Traces;
use latchkey::services::mail::deliver_due;
use latchkey::services::registration::{Registration, create};
use latchkey::services::{Policy, Services, Shared};
use latchkey::store::MemoryEngine;
use latchkey::store::lane::{self, EventV1, LANE_0, Span};
use poem::http::{Method, uri::Scheme};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Body, Endpoint, Request, RequestParts, Response};
use prometheus_client::registry::Registry;
use serde_json::{Value, json};

use super::parts::{shared, shipped_policy};
use super::{Answer, described};

/// When every test begins.
pub const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// The password of every account the harness makes.
pub const PASSWORD: &str = "correct horse battery";

const PEER: &str = "198.51.100.7";

/// The one proxy whose word on the client's address is believed.
const PROXY: &str = "10.0.0.1/32";

/// A header of no request: it says which peer sends it.
const FROM: &str = ":from";

/// The whole server, without sockets.
pub struct TestApp {
    pub services: Arc<Services>,
    pub clock: ManualClock,
    pub engine: Arc<MemoryEngine>,
    pub(super) mailbox: Captured,
    pub(super) texts: Captured,
    pub(super) endpoint: Box<dyn poem::endpoint::DynEndpoint<Output = Response>>,
}

impl TestApp {
    /// A server with the shipped policies and no account.
    pub fn new() -> Self {
        Self::with_policy(|_| {})
    }

    /// A server whose policies differ from the shipped ones.
    pub fn with_policy(change: impl FnOnce(&mut Policy)) -> Self {
        Self::with_parts(change, |_, _| ()).0
    }

    /// The same over parts to which `add` adds; with what that gives.
    pub(super) fn with_parts<T>(
        change: impl FnOnce(&mut Policy),
        add: impl FnOnce(&mut Shared, &ManualClock) -> T,
    ) -> (Self, T) {
        let mut policy = shipped_policy();
        change(&mut policy);
        let clock = ManualClock::at(START);
        let engine = Arc::new(MemoryEngine::new());
        let mut shared = shared(&policy, &clock, engine.clone());
        let added = add(&mut shared, &clock);
        let services = Arc::new(Services::new(shared, policy));
        (Self::assembled(services, clock, engine, None), added)
    }

    /// A server whose store runs each transaction once, to count what one costs.
    pub fn measured() -> Self {
        let policy = shipped_policy();
        let clock = ManualClock::at(START);
        let engine = Arc::new(MemoryEngine::single_run());
        let shared = shared(&policy, &clock, engine.clone());
        Self::assembled(Arc::new(Services::new(shared, policy)), clock, engine, None)
    }

    /// A server that sends text messages.
    pub fn with_sms() -> Self {
        Self::with_sms_and_policy(|_| {})
    }

    /// The same, whose policies differ from the shipped ones.
    pub fn with_sms_and_policy(change: impl FnOnce(&mut Policy)) -> Self {
        let (app, texts) = Self::with_parts(change, |shared, clock| {
            let texts = Captured::new(&sender(), Arc::new(clock.clone()), None);
            shared.sms = Some(Arc::new(SmsAsMail::new(vec![Arc::new(texts.clone())], None)));
            texts
        });
        Self { texts, ..app }
    }

    /// A server that keeps nothing of how requests were judged, whose policies differ from the shipped ones.
    pub fn without_traces(change: impl FnOnce(&mut Policy)) -> Self {
        let none = TracePolicy { keep_for: Duration::ZERO, max_entries: 100 };
        Self::with_parts(change, |shared, _| shared.traces = Arc::new(Traces::new(none))).0
    }

    /// A server that keeps so much of it.
    pub fn with_traces(policy: TracePolicy) -> Self {
        Self::with_parts(|_| {}, |shared, _| shared.traces = Arc::new(Traces::new(policy))).0
    }

    /// A server that limits nobody, for tests of what a limit would hide.
    pub fn unlimited() -> Self {
        Self::with_policy(|policy| policy.limits.is_enabled = false)
    }

    /// A server around `services`, with the tools of `--dev` or without.
    pub(super) fn assembled(
        services: Arc<Services>,
        clock: ManualClock,
        engine: Arc<MemoryEngine>,
        dev: Option<DevTools>,
    ) -> Self {
        Self::fronted(services, clock, engine, |parts| parts.dev = dev)
    }

    /// The same server; clients may ask how their credential was judged.
    pub fn with_debug_headers(self) -> Self {
        Self::fronted(self.services, self.clock, self.engine, |parts| parts.debug_headers = true)
    }

    /// The same server, whose pages look otherwise.
    pub fn looking(self, looks: Looks) -> Self {
        Self::fronted(self.services, self.clock, self.engine, |parts| {
            parts.pages = Pages::with(looks).unwrap();
        })
    }

    fn fronted(
        services: Arc<Services>,
        clock: ManualClock,
        engine: Arc<MemoryEngine>,
        change: impl FnOnce(&mut Parts),
    ) -> Self {
        let shared = services.clock.clone();
        let vitals = Arc::new(|| Vitals { store_reads: true, store_is_whole: true, ready: true });
        let mut parts = Parts {
            app: services.clone(),
            health: HealthApi::new(shared.clone(), vitals),
            registry: Registry::default(),
            pages: Pages::load("Latchkey").unwrap(),
            profiles: Profile::ALL.into_iter().map(|profile| enabled(&services, profile)).collect(),
            samples: true,
            dev: None,
            trusted_proxies: vec![PROXY.parse().unwrap()],
            debug_headers: false,
            cors: Cors::new([], Duration::ZERO),
            metrics_allow: Vec::new(),
            max_body_bytes: 64 * 1024,
            request_timeout: Duration::from_secs(30),
            operators: Operators::default(),
        };
        change(&mut parts);
        let front = Front::new(parts);
        let endpoint = Box::new(poem::endpoint::ToDynEndpoint(front.behind(Transport::Tls, None)));
        let captured = || Captured::new(&sender(), shared.clone(), None);
        Self { services, clock, engine, mailbox: captured(), texts: captured(), endpoint }
    }

    /// Adds an active developer, known as `name` and `name@example.com`.
    pub async fn with_user(self, name: &str) -> Self {
        self.add(name, Role::Developer).await;
        self
    }

    /// Adds an active developer with a password of their own.
    pub async fn with_user_of(self, name: &str, password: &str) -> Self {
        self.add_with(name, Role::Developer, password).await;
        self
    }

    /// Adds an active account with `role`.
    pub async fn add(&self, name: &str, role: Role) {
        self.add_with(name, role, PASSWORD).await;
    }

    async fn add_with(&self, name: &str, role: Role, password: &str) {
        let email = format!("{name}@example.com");
        let form = Registration { email: &email, password, name: Some(name), username: Some(name) };
        create(&self.services, &self.services.own_context("harness"), &form, role).await.unwrap();
    }

    /// A stranger.
    pub fn anonymous(&self) -> Anonymous<'_> {
        Anonymous { app: self, headers: Vec::new() }
    }

    /// Somebody who has just logged in.
    pub async fn log_in(&self, name: &str) -> LoggedIn<'_> {
        let tokens = self.anonymous().log_in(name, PASSWORD).await.data(200);
        LoggedIn::with(self, &tokens)
    }

    /// Sends what waits in the outbox; answers every mail ever sent, newest first.
    pub async fn mails(&self) -> Vec<CapturedMail> {
        deliver_due(&self.services, &self.mailbox).await.unwrap();
        self.mailbox.list()
    }

    /// Sends what waits in the outbox; answers every text message ever sent, newest first: number and text.
    pub async fn texts(&self) -> Vec<(String, String)> {
        deliver_due(&self.services, &self.mailbox).await.unwrap();
        self.texts.list().into_iter().map(|sms| (sms.to, sms.text)).collect()
    }

    /// The audit events so far: `action outcome reason`, oldest first.
    pub fn events(&self) -> Vec<String> {
        self.records().iter().map(shown).collect()
    }

    /// The audit events of what `act` does: `action outcome reason`.
    pub async fn events_of<T>(&self, act: impl Future<Output = T>) -> (T, Vec<String>) {
        let before = self.records().len();
        let done = act.await;
        (done, self.records().split_off(before).iter().map(shown).collect())
    }

    /// The audit records so far, oldest first.
    pub fn records(&self) -> Vec<EventV1> {
        let (mut events, mut after) = (Vec::new(), None);
        loop {
            let span = Span { after, ..Span::oldest(1_000) };
            let page = self.services.read(|read| lane::records(read, LANE_0, span)).unwrap();
            after = page.rows.last().map(|(seq, _)| *seq).or(after);
            events.extend(page.rows.into_iter().flat_map(|(_, record)| record.events));
            if !page.more {
                return events;
            }
        }
    }

    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(String, String)], body: Body) -> Answer {
        let answer = Answer::of(self.respond(method.clone(), path, headers, body).await).await;
        described::hold(&method, path, &answer);
        answer
    }

    /// The answer with its body unread.
    pub(super) async fn respond(
        &self,
        method: Method,
        path: &str,
        headers: &[(String, String)],
        body: Body,
    ) -> Response {
        let mut builder = http::Request::builder().method(method).uri(path);
        let peer = headers.iter().rfind(|(name, _)| name == FROM).map_or(PEER, |(_, peer)| peer);
        let peer = SocketAddr::new(peer.parse().unwrap(), 4711);
        for (name, value) in headers.iter().filter(|(name, _)| name != FROM) {
            builder = builder.header(name, value);
        }
        let (parts, ()) = builder.body(()).unwrap().into_parts();
        let peer = RemoteAddr(Addr::SocketAddr(peer));
        let parts = RequestParts::from((parts, LocalAddr::default(), peer, Scheme::HTTPS));
        self.endpoint.call(Request::from_parts(parts, body)).await.unwrap()
    }
}

fn sender() -> Sender {
    Sender::new("Latchkey", EmailAddress::parse("auth@example.com").unwrap()).unwrap()
}

fn shown(event: &EventV1) -> String {
    let outcome = format!("{:?}", event.outcome).to_lowercase();
    let reason = event.reason.as_deref().map(|reason| format!(" {reason}")).unwrap_or_default();
    format!("{} {outcome}{reason}", event.action)
}

/// Somebody without a token.
pub struct Anonymous<'a> {
    pub(super) app: &'a TestApp,
    pub(super) headers: Vec<(String, String)>,
}

impl Anonymous<'_> {
    /// Somebody at another address.
    pub fn at(self, peer: &str) -> Self {
        self.header(FROM, peer)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.app.send(Method::GET, path, &self.headers, Body::empty()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.app.send(Method::DELETE, path, &self.headers, Body::empty()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.with_json(Method::POST, path, &body.to_string()).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.with_json(Method::PUT, path, &body.to_string()).await
    }

    /// Posts text that calls itself JSON.
    pub async fn post_raw(&self, path: &str, body: &str) -> Answer {
        self.with_json(Method::POST, path, body).await
    }

    /// Posts a form, as a browser does.
    pub async fn post_form(&self, path: &str, body: &str) -> Answer {
        let mut headers = self.headers.clone();
        headers.push(("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
        self.app.send(Method::POST, path, &headers, Body::from(body.to_owned())).await
    }

    async fn with_json(&self, method: Method, path: &str, body: &str) -> Answer {
        let mut headers = self.headers.clone();
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        self.app.send(method, path, &headers, Body::from(body.to_owned())).await
    }

    pub async fn register(&self, email: &str) -> Answer {
        let body = json!({ "email": email, "password": PASSWORD, "name": "Somebody" });
        self.post("/api/v1/auth/register", body).await
    }

    pub async fn log_in(&self, email: &str, password: &str) -> Answer {
        self.post("/api/v1/auth/login", json!({ "email": email, "password": password })).await
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.post("/api/v1/auth/refresh", json!({ "refresh_token": token })).await
    }
}

/// Somebody with tokens.
pub struct LoggedIn<'a> {
    pub access: String,
    pub refresh: String,
    client: Anonymous<'a>,
}

impl<'a> LoggedIn<'a> {
    /// The server.
    pub fn app(&self) -> &'a TestApp {
        self.client.app
    }

    /// Takes tokens from the data of a login or a refresh.
    pub fn with(app: &'a TestApp, tokens: &Value) -> Self {
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        let access = text("access_token");
        let client = app.anonymous().header("authorization", &format!("Bearer {access}"));
        Self { access, refresh: text("refresh_token"), client }
    }

    /// The same, coming back to a stream behind the event with this id.
    pub fn resuming(self, id: &str) -> Self {
        Self { client: self.client.header("last-event-id", id), ..self }
    }
}

impl<'a> std::ops::Deref for LoggedIn<'a> {
    type Target = Anonymous<'a>;

    fn deref(&self) -> &Anonymous<'a> {
        &self.client
    }
}

/// A profile with the rules of its guide.
fn enabled(app: &Services, profile: Profile) -> Enabled {
    let policy = app.policy.of_profile(profile, &profile.rules());
    Enabled { profile, app: Arc::new(app.under(policy)) }
}
