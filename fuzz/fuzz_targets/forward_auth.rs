//! Any headers of a proxy, one on a line: what is let through as public is public as it stands and in its plainest form,
//! and no browser is sent to a host without a rule.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use latchkey::domain::forward_auth::app_url::{AppUrl, may_return_to};
use latchkey::domain::forward_auth::{ForwardAuthPolicy, Need, Rule, Ruling, Table, Target};
use latchkey::http::forward_auth::Told;
use libfuzzer_sys::fuzz_target;

static POLICY: LazyLock<ForwardAuthPolicy> = LazyLock::new(|| {
    let rule = |path: &str, need: &str| Rule {
        hosts: "app.example.com".parse().expect("a host"),
        path: path.to_owned(),
        methods: Vec::new(),
        need: need.parse().expect("a need"),
    };
    ForwardAuthPolicy {
        cookie_domain: "example.com".to_owned(),
        table: Table(vec![
            rule("/public", "public"),
            rule("/admin", "permission:users:read"),
            rule("/", "login"),
        ]),
        identity_header: "remote-identity".to_owned(),
        identity_ttl: Duration::from_secs(60),
    }
});

fuzz_target!(|text: &str| {
    let mut headers = HeaderMap::new();
    for (name, value) in text.lines().filter_map(|line| line.split_once(": ")) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    if let Ok(told) = Told::read(&headers)
        && let Some(url) = told.url()
    {
        judge(&url, told.method);
    }
    for word in text.split_whitespace() {
        if let Some(url) = AppUrl::parse(word) {
            judge(&url, "GET");
        }
        // A path of ours, or a host of the rules: nothing before it could name another one.
        if may_return_to(Some(&POLICY), word, false) && !word.starts_with('/') {
            let host = word.strip_prefix("https://").expect("it is encrypted").split([':', '/', '?']).next();
            let host = host.expect("a host").trim_end_matches('.');
            assert!(host.eq_ignore_ascii_case("app.example.com"), "{word}");
        }
    }
});

fn judge(url: &AppUrl<'_>, method: &str) {
    let ruling = POLICY.table.judge(Target { host: url.host, path: url.path, method });
    if let Ruling::Needs(Need::Public, at) = ruling {
        let under = |path: &str| path == "/public" || path.starts_with("/public/");
        assert!(at == 0 && under(url.path), "{}", url.text);
        // No segment of dots, however often it is decoded.
        let mut decoded = url.path.to_owned();
        for _ in 0..8 {
            assert!(
                !decoded.split(['/', '\\']).any(|name| matches!(name.split(';').next(), Some("." | "..")))
            );
            decoded = decoded.replace("%2e", ".").replace("%2E", ".").replace("%2f", "/").replace("%2F", "/");
            decoded = decoded.replace("%5c", "\\").replace("%5C", "\\").replace("%25", "%");
        }
    }
}
