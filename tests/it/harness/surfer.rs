//! Somebody at the served pages: a browser that keeps cookies, says where its forms are from, and reads them.

use std::collections::BTreeMap;

use poem::http::header;

use super::{Answer, Authenticator, PASSWORD, TestApp};

/// The cookie of a session.
pub const SESSION_COOKIE: &str = "__Host-latchkey";

/// The cookie of a login that waits.
pub const WAITING_COOKIE: &str = "__Host-latchkey-login";

/// A browser without script.
pub struct Surfer<'a> {
    pub app: &'a TestApp,
    pub jar: BTreeMap<String, String>,
    /// The token on the last page with a form of somebody who is logged in.
    pub csrf: String,
    headers: Vec<(String, String)>,
}

impl TestApp {
    /// Somebody who has just opened a browser.
    pub fn surf(&self) -> Surfer<'_> {
        let headers = [("origin", "https://auth.example.com"), ("sec-fetch-site", "same-origin")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Surfer { app: self, jar: BTreeMap::new(), csrf: String::new(), headers: headers.into() }
    }

    /// Somebody who has just logged in at the page.
    pub async fn surf_as(&self, name: &str) -> Surfer<'_> {
        let mut surfer = self.surf();
        let answer = surfer.log_in(name, PASSWORD).await;
        assert_eq!(answer.goes_to(), "/account", "{}", answer.text);
        surfer.get("/account/name").await;
        surfer
    }
}

impl Surfer<'_> {
    /// The same browser with another word on where its requests come from.
    pub fn saying(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Opens a page.
    pub async fn get(&mut self, path: &str) -> Answer {
        let mut client = self.app.anonymous();
        if let Some(cookie) = self.cookies() {
            client = client.header("cookie", &cookie);
        }
        let answer = client.get(path).await;
        self.keep(&answer);
        answer
    }

    /// Sends a form as it is.
    pub async fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut client = self.app.anonymous();
        for (name, value) in &self.headers {
            client = client.header(name, value);
        }
        if let Some(cookie) = self.cookies() {
            client = client.header("cookie", &cookie);
        }
        let answer = client.post_form(path, &serde_urlencoded::to_string(fields).unwrap()).await;
        self.keep(&answer);
        answer
    }

    /// Sends a form with the token of the session.
    pub async fn act(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.csrf.clone();
        let fields: Vec<_> = [("csrf", token.as_str())].into_iter().chain(fields.iter().copied()).collect();
        self.send(path, &fields).await
    }

    pub async fn log_in(&mut self, name: &str, password: &str) -> Answer {
        self.send("/login", &[("email", name), ("password", password)]).await
    }

    /// Sets an authenticator app up with the pages, and lets the step of its first code pass.
    pub async fn enrol(&mut self) -> Authenticator {
        self.get("/account/app").await;
        self.act("/account/app/start", &[]).await;
        let page = self.get("/account/app/code").await;
        let secret: String = between(&page.text, "<p class=\"well\"><code>", "</code>").split(' ').collect();
        let mut phone = Authenticator::of_secret(&secret);
        let code = phone.code(self.app);
        let done = self.act("/account/app/code", &[("code", &code)]).await;
        assert_eq!(done.status, 200, "{}", done.text);
        let codes =
            done.text.split("<li><code>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned());
        phone.backup_codes = codes.collect();
        self.app.advance(super::STEP);
        phone
    }

    /// Whether the browser is logged in.
    pub async fn is_in(&mut self) -> bool {
        self.get("/account").await.status == 200
    }

    fn cookies(&self) -> Option<String> {
        let pairs: Vec<_> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn keep(&mut self, answer: &Answer) {
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let (name, rest) = line.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        if let Some((_, rest)) = answer.text.split_once("name=\"csrf\" value=\"") {
            rest.split('"').next().unwrap().clone_into(&mut self.csrf);
        }
    }
}

impl Answer {
    /// Where the browser is sent after a form: to a page of this server by a redirect, to an application by a page that
    /// goes on, because `form-action` counts for redirects too.
    #[track_caller]
    pub fn goes_to(&self) -> &str {
        if let Some(refresh) = self.header("refresh") {
            assert_eq!((self.status.as_u16(), self.header("cache-control")), (200, Some("no-store")));
            let url = refresh.strip_prefix("0; url=").unwrap();
            assert!(!url.starts_with('/') && self.text.contains("Go on</a>"), "{}", self.text);
            return url;
        }
        assert_eq!(self.status, 303, "{}", self.text);
        assert_eq!(self.header("cache-control"), Some("no-store"));
        self.header("location").unwrap()
    }

    /// Every cookie that is set or taken away.
    pub fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all(header::SET_COOKIE).iter().map(|line| line.to_str().unwrap()).collect()
    }
}

/// The text between two others.
#[track_caller]
pub fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}"));
    rest.split_once(end).unwrap().0
}
