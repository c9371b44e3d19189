//! Applications behind a proxy that asks this server, and whoever stands before one.

use latchkey::domain::forward_auth::{ForwardAuthPolicy, Rule, Table};
use latchkey::services::Policy;
use poem::Body;
use poem::http::Method;

use super::{Anonymous, Answer, TestApp};

/// Where proxies ask.
pub const ASK: &str = "/forward-auth";

/// The name of the cookie that browsers send to applications.
const PROXY_COOKIE: &str = "__Secure-latchkey-proxy";

/// The proxy that is trusted.
const PROXY_ADDRESS: &str = "10.0.0.1";

/// Host, path, methods and need of each rule.
pub type Rules<'a> = &'a [(&'a str, &'a str, &'a [&'a str], &'a str)];

/// Switches forward-auth on, for what is below `example.com`.
pub fn guard(policy: &mut Policy, rules: Rules<'_>) {
    let rule = |(host, path, methods, need): &(&str, &str, &[&str], &str)| Rule {
        hosts: host.parse().unwrap(),
        path: (*path).to_owned(),
        methods: methods.iter().map(ToString::to_string).collect(),
        need: need.parse().unwrap(),
    };
    policy.forward_auth = Some(ForwardAuthPolicy {
        cookie_domain: "example.com".to_owned(),
        table: Table(rules.iter().map(rule).collect()),
        identity_header: "remote-identity".to_owned(),
        identity_ttl: std::time::Duration::from_secs(60),
    });
}

impl TestApp {
    /// Somebody before an application, whose proxy asks for them. The request has no credential yet.
    pub fn before(&self) -> Anonymous<'_> {
        self.anonymous().at(PROXY_ADDRESS).header("x-forwarded-for", "198.51.100.9")
    }
}

impl Anonymous<'_> {
    /// What the proxy is answered of a request for `url`, which begins with `https://`.
    pub async fn reach(&self, method: &str, url: &str) -> Answer {
        let rest = url.strip_prefix("https://").unwrap();
        let (host, uri) = rest.split_at(rest.find('/').unwrap());
        let told = [
            ("x-forwarded-method", method),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", host),
            ("x-forwarded-uri", uri),
        ];
        self.ask_with(&told).await
    }

    /// The same of nginx.
    pub async fn reach_by_nginx(&self, method: &str, url: &str) -> Answer {
        self.ask_with(&[("x-original-method", method), ("x-original-url", url)]).await
    }

    async fn ask_with(&self, told: &[(&str, &str)]) -> Answer {
        let told = told.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let headers: Vec<_> = self.headers.iter().cloned().chain(told).collect();
        self.app.send(Method::GET, ASK, &headers, Body::empty()).await
    }

    /// A person with a browser: what it accepts.
    pub fn with_browser(self) -> Self {
        self.header("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
    }

    /// Sends a cookie for applications.
    pub fn proxy_cookie(self, value: &str) -> Self {
        self.header("cookie", &format!("theme=dark; {PROXY_COOKIE}={value}"))
    }
}

impl Answer {
    /// The value of the cookie for applications that is set, if one is.
    pub fn new_proxy_cookie(&self) -> Option<String> {
        let line = self.headers.get_all("set-cookie").iter().find_map(|line| {
            line.to_str().unwrap().strip_prefix(PROXY_COOKIE)?.strip_prefix('=')?.split(';').next()
        });
        line.map(str::to_owned).filter(|value| !value.is_empty())
    }

    /// The headers of an identity: user, name, address and groups.
    pub fn remote(&self) -> [&str; 4] {
        ["remote-user", "remote-name", "remote-email", "remote-groups"].map(|name| self.header(name).unwrap())
    }
}
