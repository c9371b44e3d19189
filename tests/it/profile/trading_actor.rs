//! Somebody who uses the trading profile.

use latchkey::domain::role::Role;
use poem::http::{Method, header};
use serde_json::{Value, json};

use crate::harness::{Anonymous, Answer, PASSWORD, TestApp, text_at};

/// What the guide's own rules let somebody choose.
pub const GOOD: &str = "Tr4ding-Desk!9";

/// Below the mount.
pub fn at(path: &str) -> String {
    format!("/trading{path}")
}

/// A server without limits, with one account of each of the guide's roles.
pub async fn with_everybody() -> TestApp {
    let app = TestApp::unlimited().with_user("ada").await.with_user("bob").await;
    app.add("boss", Role::Admin).await;
    app.add("root", Role::SuperAdmin).await;
    app
}

/// The form of the guide.
pub async fn token(app: &TestApp, name: &str, password: &str) -> Answer {
    let form = serde_urlencoded::to_string([("username", name), ("password", password)]).unwrap();
    app.anonymous().post_form(&at("/token"), &form).await
}

/// Somebody who has just got tokens.
pub async fn with_token<'a>(app: &'a TestApp, name: &str) -> Anonymous<'a> {
    let answer = token(app, name, PASSWORD).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    bearer(app, &text_at(&answer.json(), "/access_token"))
}

pub fn bearer<'a>(app: &'a TestApp, token: &str) -> Anonymous<'a> {
    app.anonymous().header("authorization", &format!("Bearer {token}"))
}

/// Whoever holds a key, with the header of the guide.
pub fn holder<'a>(app: &'a TestApp, key: &str) -> Anonymous<'a> {
    app.anonymous().header("authorization", &format!("ApiKey {key}"))
}

/// The answer to a request whose method has no shorter way.
pub async fn send(caller: &Anonymous<'_>, method: Method, path: &str, body: Value) -> Answer {
    caller.raw(method, &at(path), Some("application/json"), body.to_string()).await
}

/// The answer, which has this status and says this in `detail`, and nothing else.
#[track_caller]
pub fn says(answer: &Answer, status: u16, detail: &str) {
    assert_eq!((answer.status.as_u16(), answer.json()), (status, json!({ "detail": detail })));
}

/// The answer, which has this status and is this.
#[track_caller]
pub fn is(answer: &Answer, status: u16, body: Value) {
    assert_eq!((answer.status.as_u16(), answer.json()), (status, body));
}

/// Where a browser of the tests is.
pub const HOME: &str = "203.0.113.7";

/// What it calls itself.
pub const AGENT: &str = "Browser/1";

/// Somebody with a cookie, at home.
pub struct InBrowser {
    pub cookie: String,
    pub csrf: String,
}

/// A login for a cookie, from home.
pub async fn log_in(app: &TestApp, name: &str, password: &str) -> Answer {
    let form = json!({ "username": name, "password": password });
    app.anonymous().at(HOME).header("user-agent", AGENT).post(&at("/login"), form).await
}

impl InBrowser {
    pub async fn of(app: &TestApp, name: &str) -> Self {
        let answer = log_in(app, name, PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let text = |path| text_at(&answer.json(), path);
        Self { cookie: text("/session_id"), csrf: text("/csrf_token") }
    }

    /// A request from elsewhere, or by another browser.
    pub fn from<'a>(&self, app: &'a TestApp, peer: &str, agent: &str) -> Anonymous<'a> {
        app.anonymous()
            .at(peer)
            .header("user-agent", agent)
            .header(header::COOKIE.as_str(), &format!("theme=dark; session_id={}", self.cookie))
    }

    /// A request from home.
    pub fn home<'a>(&self, app: &'a TestApp) -> Anonymous<'a> {
        self.from(app, HOME, AGENT)
    }

    /// A request from home that may change something.
    pub fn changing<'a>(&self, app: &'a TestApp) -> Anonymous<'a> {
        self.home(app).header("x-csrf-token", &self.csrf)
    }

    /// What the page of the guide answers.
    pub async fn page(&self, app: &TestApp) -> Answer {
        self.home(app).get(&at("/protected")).await
    }
}
