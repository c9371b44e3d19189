//! A profile at the root of an address, as a container sets it: by environment alone.

use std::fs;

use rustix::process::Signal;
use serde_json::json;

use super::client::{Client, Request};
use super::server::{Home, PASSWORD};

fn at_root() -> Home {
    Home::settled()
        .env("LATCHKEY_PROFILES__SCRIBES__ENABLED", "true")
        .env("LATCHKEY_ROOT_PROFILE", "scribes")
        .env("JWT_ACCESS_TOKEN_EXPIRE_MINUTES", "15")
}

/// S27, S28, S36.
#[test]
fn the_environment_alone_puts_a_profile_at_the_root() {
    let home = at_root();
    let server = home.serve(&[]);
    let client = server.client();
    let answer =
        client.post("/auth/login", &json!({ "email": "root@example.com", "password": PASSWORD })).json();
    assert_eq!(answer["expires_in"], 900, "{answer}");
    let access = answer["access_token"].as_str().unwrap();
    let me = client.ask(Request::get("/auth/me").bearer(access)).json();
    assert_eq!((&me["role"], &me["email"]), (&json!("admin"), &json!("root@example.com")));
    assert_eq!(client.get("/scribes/health").json()["redis"], "embedded");
    assert_eq!(client.get("/health").json()["redis"], "embedded");
    assert!(client.get("/openapi.json").text.contains("Latchkey, scribes profile"));
    assert_eq!(client.get("/nothing").json(), json!({ "detail": "There is nothing here." }));
    let asked = client.get("/reset-password?token=x");
    assert!(asked.text.contains("<!doctype html>"), "the page that a mail leads to stays: {}", asked.text);
    client.ask(Request::get("/scribes/auth/me")).json()["detail"].as_str().unwrap();
    let ended = server.stop();
    assert!(ended.out.contains("profile scribes at https://"), "{}", ended.out);
}

/// S34, X28.
#[test]
fn plain_http_is_sent_on_where_the_profile_scribes_is_at_the_root() {
    let home = at_root().env("LATCHKEY_PUBLIC_URL", "https://auth.example.com");
    let server = home.serve(&[]);
    let location = |client: &Client| {
        let answer = client.get("/auth/me?x=1");
        (answer.status.as_u16(), answer.header("location").map(str::to_owned))
    };
    let plain = Client::plain(server.address(0));
    assert_eq!(location(&plain), (301, Some("https://auth.example.com/auth/me?x=1".to_owned())));
    server.stop();

    let text = "public_url = \"https://auth.example.com\"\nprofiles.scribes.enabled = true\n\
        [[listen]]\naddr = \"127.0.0.1:0\"\n[[listen]]\naddr = \"127.0.0.1:0\"\nroot = \"scribes\"\n";
    let server = Home::configured(text).serve_configured(2);
    let (usual, rooted) = (Client::plain(server.address(0)), Client::plain(server.address(1)));
    assert_eq!(location(&usual).0, 403, "everywhere else it is refused");
    let there = "https://auth.example.com/scribes/auth/me?x=1".to_owned();
    assert_eq!(location(&rooted), (301, Some(there)), "the root of the public address is another");
    server.stop();
}

/// S31: the lines that the guide greps for.
#[test]
fn the_log_has_the_lines_by_which_the_guide_watches_logins() {
    let home = at_root();
    let server = home.serve(&[]);
    let client = server.client();
    let log_in = |password: &str| {
        client
            .post("/auth/login", &json!({ "email": "root@example.com", "password": password }))
            .status
            .as_u16()
    };
    assert_eq!((log_in("wrong"), log_in(PASSWORD)), (401, 200));
    client.post("/auth/password-reset/request", &json!({ "email": "root@example.com" }));
    let mut server = server.into_process();
    let failed = server.logged("Login failed");
    assert!(failed.contains("invalid credentials") && !failed.contains("root"), "{failed}");
    for text in ["401 Unauthorized", "Token generated", "Email sent"] {
        let line = server.logged(text);
        assert!(!line.contains(PASSWORD) && !line.contains("eyJ"), "{line}");
    }
    server.signal(Signal::TERM);
    server.end();
}

const BEFORE_AN_APPLICATION: &str = "public_url = \"https://auth.example.localhost\"\ntrusted_proxies = [\"127.0.0.1\"]\n\
    [forward_auth]\ncookie_domain = \"example.localhost\"\n\
    [[forward_auth.rule]]\nhost = \"app.example.localhost\"\nneed = \"login\"\n";

/// Mails lead to pages of this server, and probes ask it, at whichever address.
#[test]
fn pages_and_probes_stay_where_they_are_beside_a_profile_at_the_root() {
    for profile in ["GOVERNANCE", "PYNOMALY", "CIRTUSAI", "TRADING", "SCRIBES"] {
        let home = Home::settled()
            .env(&format!("LATCHKEY_PROFILES__{profile}__ENABLED"), "true")
            .env("LATCHKEY_ROOT_PROFILE", &profile.to_lowercase());
        fs::write(home.path().join("auth.toml"), BEFORE_AN_APPLICATION).unwrap();
        let server = home.serve(&[]);
        let client = server.client();
        for (path, part) in [
            ("/forward-auth", "x-forwarded-for"),
            ("/verify-email?token=x", "<!doctype html>"),
            ("/setup", "<!doctype html>"),
            ("/reset-password?token=x", "<!doctype html>"),
            ("/forgot-password", "<!doctype html>"),
            ("/accept-invitation?token=x", "<!doctype html>"),
            ("/assets/page.css", "color-scheme"),
            ("/favicon.ico", "<svg"),
            ("/metrics", "latchkey_"),
            ("/health/live", "live"),
            ("/health/ready", "ready"),
            ("/health", "healthy"),
        ] {
            let answer = client.get(path);
            assert!(answer.text.contains(part), "{profile} {path}: {} {}", answer.status, answer.text);
        }
        let asked = home.run(&["healthcheck", "--listen", &server.address(0).to_string()]);
        assert_eq!(asked.code, Some(0), "{profile}: {asked:?}");
        server.stop();
    }
}

/// The trading guide's client posts where a page of ours posts its form: who asks for a page finds the page.
#[test]
fn a_form_of_a_page_finds_its_page_where_a_profile_has_an_operation() {
    let home = Home::settled()
        .env("LATCHKEY_PROFILES__TRADING__ENABLED", "true")
        .env("LATCHKEY_ROOT_PROFILE", "trading");
    let server = home.serve(&[]);
    let client = server.client();
    let tokens = client
        .ask(Request::form("/token", &format!("username=root&password={}", PASSWORD.replace(' ', "+"))))
        .json();
    let me = client.ask(Request::get("/users/me").bearer(tokens["access_token"].as_str().unwrap())).json();
    assert_eq!((&me["username"], &me["role"]), (&json!("root"), &json!("super_admin")), "{tokens} {me}");
    let asked = client.ask(Request::form("/forgot-password", "email=ada%40example.com"));
    assert!(asked.json()["message"].is_string(), "{}", asked.text);
    let browser = Request::form("/forgot-password", "email=eve%40example.com")
        .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let page = client.ask(browser);
    assert!(page.text.contains("<!doctype html>"), "{}", page.text);
    server.stop();
}

/// S36.
#[test]
fn healthcheck_says_whether_the_server_is_ready() {
    let home = at_root();
    let server = home.serve(&[]);
    let address = server.address(0).to_string();
    let asked = home.run(&["healthcheck", "--listen", &address]);
    assert_eq!((asked.code, asked.out.as_str()), (Some(0), "ready\n"), "{asked:?}");
    server.stop();
    let asked = home.run(&["healthcheck", "--listen", &address]);
    assert_eq!(asked.code, Some(1));
    assert!(asked.err.starts_with(&format!("latchkey: {address} does not answer: ")), "{asked:?}");
}

#[test]
fn a_root_that_is_not_switched_on_is_refused_at_the_start() {
    let ended = Home::new().env("LATCHKEY_ROOT_PROFILE", "scribes").run(&["serve", "--data-dir", "data"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("\"scribes\" needs profiles.scribes.enabled"), "{}", ended.err);
}

#[test]
fn the_start_says_where_the_sample_resources_are() {
    let home = Home::settled()
        .env("LATCHKEY_PROFILES__SCRIBES__ENABLED", "true")
        .env("LATCHKEY_PROFILES__TRADING__ENABLED", "true");
    let paths = |out: &str| -> Vec<String> {
        let lines = out.lines().filter_map(|line| line.strip_prefix("sample resource at "));
        lines.map(|url| url.splitn(4, '/').nth(3).unwrap().to_owned()).collect()
    };
    let ended = home.serve(&["--samples"]).stop();
    let told = paths(&ended.out);
    for path in ["api/v1/metrics/ingest", "api/v1/policies", "scribes/notes", "trading/protected"] {
        assert!(told.iter().any(|told| told == path), "{path}: {told:?}");
    }
    assert_eq!(paths(&home.serve(&[]).stop().out), [""; 0], "off by default");
}
