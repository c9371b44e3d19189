//! Somebody with a browser: a cookie, and the token that its changing requests carry.

use poem::http::{Method, header};
use serde_json::{Value, json};

use super::{Anonymous, Answer, PASSWORD, TestApp, text_at};

/// Where one logs in for a cookie, and asks about the session.
pub const SESSION: &str = "/api/v1/auth/session";

/// The name of the cookie.
pub const COOKIE: &str = "__Host-latchkey";

/// Somebody who is logged in with a cookie.
pub struct InBrowser<'a> {
    pub cookie: String,
    pub csrf: String,
    client: Anonymous<'a>,
}

impl TestApp {
    /// Somebody who has just logged in with a browser.
    pub async fn browse(&self, name: &str) -> InBrowser<'_> {
        InBrowser::with(self, &self.anonymous().log_in_for_cookie(name, PASSWORD).await)
    }
}

impl<'a> InBrowser<'a> {
    /// Whoever got `answer`, which sets a cookie.
    pub fn with(app: &'a TestApp, answer: &Answer) -> Self {
        let cookie = answer.new_cookie().unwrap_or_else(|| panic!("no cookie: {}", answer.text));
        Self::of(app, &cookie, &text_at(&answer.data(200), "/csrf_token"))
    }

    /// Whoever has this cookie and this token.
    pub fn of(app: &'a TestApp, cookie: &str, csrf: &str) -> Self {
        let client = app.anonymous().cookie(cookie).header("x-csrf-token", csrf);
        Self { cookie: cookie.to_owned(), csrf: csrf.to_owned(), client }
    }

    /// The same with one more header.
    pub fn header(self, name: &str, value: &str) -> Self {
        Self { client: self.client.header(name, value), ..self }
    }

    /// What the server says of the session.
    pub async fn session(&self) -> Value {
        self.get(SESSION).await.data(200)
    }

    pub async fn session_id(&self) -> String {
        text_at(&self.session().await, "/id")
    }

    /// Whether the cookie opens a door.
    pub async fn is_in(&self) -> bool {
        let answer = self.get("/api/v1/auth/me").await;
        if answer.status.is_success() {
            return true;
        }
        assert_eq!(answer.refused(401, "TOKEN_INVALID")["message"], "Invalid session");
        false
    }

    /// Posts to one of the operations of `/auth`.
    pub async fn act(&self, name: &str, body: Value) -> Answer {
        self.post(&format!("/api/v1/auth/{name}"), body).await
    }
}

impl Anonymous<'_> {
    /// Sends a cookie of ours.
    pub fn cookie(self, value: &str) -> Self {
        self.header("cookie", &format!("{COOKIE}={value}"))
    }

    pub async fn log_in_for_cookie(&self, email: &str, password: &str) -> Answer {
        self.post(SESSION, json!({ "email": email, "password": password })).await
    }

    /// Sends a request that has no body.
    pub async fn bodiless(&self, method: Method, path: &str) -> Answer {
        self.raw(method, path, None, "").await
    }
}

impl Answer {
    /// The value of the cookie that is set, if one is.
    pub fn new_cookie(&self) -> Option<String> {
        let set = self.headers.get(header::SET_COOKIE)?.to_str().unwrap();
        let value = set.strip_prefix(COOKIE)?.strip_prefix('=')?.split(';').next()?;
        Some(value.to_owned()).filter(|value| !value.is_empty())
    }

    /// Whether the cookie is taken away.
    pub fn clears_cookie(&self) -> bool {
        self.header("set-cookie")
            == Some("__Host-latchkey=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax")
    }
}

impl<'a> std::ops::Deref for InBrowser<'a> {
    type Target = Anonymous<'a>;

    fn deref(&self) -> &Anonymous<'a> {
        &self.client
    }
}
