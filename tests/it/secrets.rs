//! A whole story with planted secrets, the log at its loudest: they show up nowhere but where they belong.

use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::services::mail::deliver_due;
use latchkey::services::mail_transport::MailFault;
use latchkey::services::setup;
use latchkey::store::{self, StoreError};
use poem::http::Method;
use serde_json::json;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::harness::{
    Answer, Authenticator, INTROSPECT, InBrowser, LoggedIn, PASSWORD, REVOKE, SERVICES, TestApp, text_at,
};
use crate::mail::Relay;

const GOOD: &str = "planted-good-password";
const WRONG: &str = "planted-wrong-password";
const NEXT: &str = "planted-next-password";
const LAST: &str = "planted-last-password";

/// What was logged while the story ran, by any thread. Other tests run in this process at the same time: what
/// they log is searched too, and the planted values are nowhere else.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static LISTENS: AtomicBool = AtomicBool::new(false);

struct Recorder;

impl Write for Recorder {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn listen() {
    let while_listening = dynamic_filter_fn(|_, _| LISTENS.load(Ordering::SeqCst));
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Recorder);
    tracing_subscriber::registry().with(layer.with_filter(while_listening)).init();
    LISTENS.store(true, Ordering::SeqCst);
}

/// What must not be seen, and the answers in which it was looked for.
#[derive(Default)]
struct Story {
    secrets: Vec<String>,
    answers: Vec<String>,
}

impl Story {
    fn secret(&mut self, text: impl Into<String>) {
        let text = text.into();
        // The telling part of a token: its random half or its signature.
        let half = text.split_at(text.len() / 2).1.to_owned();
        self.secrets.extend([text, half]);
    }

    fn tokens(&mut self, tokens: &LoggedIn<'_>) {
        for token in [&tokens.access, &tokens.refresh] {
            self.secret(token);
        }
    }

    fn heard(&mut self, answer: &Answer) {
        self.answers.push(format!("{:?} {}", answer.headers, answer.text));
    }
}

fn form(code: &str, password: &str) -> serde_json::Value {
    json!({ "code": code, "email": "root@example.com", "password": password, "name": "Root" })
}

/// Setting up, registering and proving, with every mistake on the way.
async fn beginnings(app: &TestApp, story: &mut Story) {
    let code = setup::issue_code(&app.services, &app.services.own_context("start")).await.unwrap().unwrap();
    let code = code.reveal().to_string();
    story.secret(&code);
    let stranger = app.anonymous();
    story.heard(&stranger.post("/api/v1/setup", form("lks_wrong", GOOD)).await);
    story.heard(&stranger.post("/api/v1/setup", form(&code, "planted")).await);
    story.heard(
        &stranger.post_raw("/api/v1/setup", &format!("{{\"code\":\"{code}\",\"code\":\"{code}\"}}")).await,
    );
    story.heard(&stranger.post("/api/v1/setup", form(&code, GOOD)).await);
    story.heard(&stranger.post("/api/v1/setup", form(&code, GOOD)).await);
    for body in [
        json!({ "email": "ada@example.com", "password": GOOD, "name": "Ada", "username": "ada" }).to_string(),
        json!({ "email": "ada@example.com", "password": [GOOD], "name": "Ada" }).to_string(),
        json!({ "email": GOOD, "password": GOOD, "name": "x" }).to_string(),
        json!({ "email": "b@example.com", "password": GOOD, "name": "Bob", "role": GOOD }).to_string(),
        format!("{{\"email\":\"ada@example.com\",\"password\":\"{GOOD}"),
        format!("\"{GOOD}\""),
    ] {
        story.heard(&stranger.post_raw("/api/v1/auth/register", &body).await);
    }
    let relay = Relay::answering(["ada"], &MailFault::temporary("451 later"));
    deliver_due(&app.services, &relay).await.unwrap();
    app.advance(Duration::from_secs(60));
    let mails = app.mails().await;
    let token = mails[0].text.split_once("?token=").unwrap().1.split_whitespace().next().unwrap();
    story.secret(token);
    story.heard(&stranger.get(&format!("/api/v1/auth/verify-email/{token}x")).await);
    story.heard(&stranger.get(&format!("/nowhere/{token}?token={token}")).await);
    story.heard(&stranger.post_form("/verify-email", &format!("token={token}")).await);
    story.heard(&stranger.get(&format!("/api/v1/auth/verify-email/{token}")).await);
}

/// Logging in, refreshing, reusing and administrating, with every mistake on the way.
async fn doings(app: &TestApp, story: &mut Story) {
    let stranger = app.anonymous();
    for (email, password) in
        [("ada", WRONG), (GOOD, WRONG), ("ada@example.com", &GOOD.repeat(200)), ("", GOOD)]
    {
        story.heard(&stranger.log_in(email, password).await);
    }
    let ada = LoggedIn::with(app, &stranger.log_in("ada", GOOD).await.data(200));
    story.tokens(&ada);
    app.advance(Duration::from_secs(30));
    let next = LoggedIn::with(app, &stranger.refresh(&ada.refresh).await.data(200));
    story.tokens(&next);
    for path in ["/api/v1/auth/me", "/api/v1/users", "/api/v1/auth/sessions", "/api/v1/audit/logs"] {
        story.heard(&next.get(path).await);
        story.heard(&stranger.get(&format!("{path}?access_token={}", next.access)).await);
    }
    app.advance(Duration::from_secs(30));
    story.heard(&stranger.refresh(&ada.refresh).await);
    story.heard(&stranger.refresh(&next.access).await);
    story.heard(&stranger.post_raw("/api/v1/auth/refresh", &format!("{{\"x\":\"{}\"}}", next.refresh)).await);
    let odd = app.anonymous().header("authorization", &format!("Basic {}", next.access));
    story.heard(&odd.header("user-agent", "Browser/1.0").get("/api/v1/auth/me").await);
    let root = LoggedIn::with(app, &stranger.log_in("root@example.com", GOOD).await.data(200));
    story.tokens(&root);
    app.engine.fail_commit(1, StoreError::Closed);
    story.heard(&stranger.log_in("ada", GOOD).await);
    for path in ["/api/v1/users", "/api/v1/audit/logs?limit=100", "/api/v1/outbox", "/metrics", "/health"] {
        story.heard(&root.get(path).await);
    }
    for path in ["sessions", "lockouts", "limits", "server", "audit/suspicious"] {
        story.heard(&root.get(&format!("/api/v1/{path}")).await);
    }
    story.heard(&root.raw(Method::POST, "/api/v1/auth/logout", Some("text/plain"), GOOD).await);
    story.heard(&root.post("/api/v1/auth/logout-all", json!({})).await);
    story.heard(&root.get("/api/v1/auth/me").await);
}

/// Changing a password and replacing a lost one, with every mistake on the way.
async fn new_passwords(app: &TestApp, story: &mut Story) {
    let stranger = app.anonymous();
    let ada = LoggedIn::with(app, &stranger.log_in("ada", GOOD).await.data(200));
    story.tokens(&ada);
    for (current, new) in [(WRONG, NEXT), (GOOD, "planted"), (GOOD, GOOD), (GOOD, NEXT)] {
        let body = json!({ "current_password": current, "new_password": new });
        story.heard(&ada.post("/api/v1/auth/password/change", body).await);
    }
    app.mails().await;
    app.advance(Duration::from_secs(1));
    let body = json!({ "email": "ada@example.com" });
    story.heard(&stranger.post("/api/v1/auth/password-reset/initiate", body).await);
    let token = app.reset_token("ada@example.com").await;
    story.secret(&token);
    let form = |password: &str, repeat: &str| format!("token={token}&password={password}&repeat={repeat}");
    for answer in [
        stranger.get(&format!("/nowhere?token={token}")).await,
        stranger.post_form("/reset-password", &form(NEXT, NEXT).replace("lkr_", "lkv_")).await,
    ] {
        story.heard(&answer);
    }
    // Its own page holds the token, and no password.
    for answer in [
        stranger.get(&format!("/reset-password?token={token}")).await,
        stranger.post_form("/reset-password", &form(LAST, NEXT)).await,
        stranger.post_form("/reset-password", &form(NEXT, NEXT)).await,
    ] {
        let text = answer.text.replace(&token, "");
        story.heard(&Answer { text, ..answer });
    }
    let confirm = "/api/v1/auth/password-reset/confirm";
    for new in ["planted", NEXT, LAST, LAST] {
        story.heard(&stranger.post(confirm, json!({ "token": token, "new_password": new })).await);
    }
    story.heard(&stranger.post_raw(confirm, &format!("{{\"token\":[\"{token}\"]")).await);
    stranger.log_in("ada", LAST).await.data(200);
}

/// A second factor, set up and used, with every mistake on the way.
async fn second_factors(app: &TestApp, story: &mut Story) {
    let boss = app.log_in("boss").await;
    story.tokens(&boss);
    let post = async |path: &str, body: serde_json::Value| {
        boss.post(&format!("/api/v1/auth/mfa/{path}"), body).await
    };
    let setup = post("setup", json!({})).await.data(200);
    let phone = Authenticator::of(&setup);
    story.secret(text_at(&setup, "/secret"));
    phone.backup_codes.iter().for_each(|code| story.secret(code));
    story.heard(&post("enable", json!({ "code": phone.backup_codes[0] })).await);
    story.heard(&post("enable", json!({ "code": phone.code(app) })).await);
    story.heard(&post("setup", json!({})).await);
    story.heard(&post("disable", json!({ "password": WRONG })).await);
    story.heard(&boss.get("/api/v1/auth/mfa").await);
    let handle = app.first_step("boss").await;
    story.secret(&handle);
    for code in ["planted", &phone.backup_codes[1], &phone.backup_codes[1]] {
        let answer = app.second_step(&handle, code).await;
        if !answer.status.is_success() {
            story.heard(&answer);
        }
    }
    let renewed = post("backup-codes", json!({ "password": PASSWORD })).await.data(200);
    renewed["backup_codes"].as_array().unwrap().iter().for_each(|code| story.secret(code.as_str().unwrap()));
    story.heard(&post("disable", json!({ "password": PASSWORD })).await);
}

/// A service that asks about tokens and revokes one, with every mistake on the way.
async fn questions(app: &TestApp, story: &mut Story) {
    let boss = app.log_in("boss").await;
    story.tokens(&boss);
    let key = boss.make_key(&["users:read"]).await;
    story.secret(&key.key);
    let service = boss.register_service("Billing").await;
    story.secret(&service.secret);
    let rotated = boss.post(&format!("{}/rotate", service.place()), json!({})).await.data(200);
    story.secret(text_at(&rotated, "/client_secret"));
    story.heard(&boss.get(SERVICES).await);
    let in_body = format!("token={}&client_id={}&client_secret={}", boss.access, service.id, service.secret);
    for form in [
        format!("token={}", boss.access),
        format!("token={}&token={}", boss.refresh, boss.refresh),
        format!("token={}&client_ip={}", key.key, service.secret),
        format!("{}={}", service.secret, service.secret),
        in_body.clone(),
    ] {
        story.heard(&service.post_form(INTROSPECT, &form).await);
        story.heard(&app.anonymous().post_form(&format!("{INTROSPECT}?{in_body}"), &form).await);
        story.heard(&app.anonymous().post_raw(REVOKE, &form).await);
        story.heard(&key.post_form(REVOKE, &form).await);
    }
    story.heard(&service.revoke(&key.key).await);
    story.heard(&service.revoke(&boss.refresh).await);
}

/// A session that lives by a cookie, with every mistake on the way.
async fn browsers(app: &TestApp, story: &mut Story) {
    let first = app.browse("boss").await;
    story.secret(&first.cookie);
    story.secret(&first.csrf);
    story.heard(&first.get("/api/v1/auth/sessions").await);
    story.heard(&app.anonymous().cookie(&first.cookie).delete("/api/v1/users/me").await);
    story.heard(&app.anonymous().header("x-api-key", &first.cookie).get("/api/v1/auth/me").await);
    story.heard(&app.anonymous().cookie(&first.csrf).get(&format!("/nowhere/{}", first.cookie)).await);
    let step_up = first.act("step-up", json!({ "password": PASSWORD })).await;
    let fresh = InBrowser::with(app, &step_up);
    story.secret(&fresh.cookie);
    story.secret(&fresh.csrf);
    story.heard(&first.get("/api/v1/auth/me").await);
    app.advance(Duration::from_secs(120));
    story.heard(&fresh.act("session/refresh", json!({})).await);
    story.heard(&fresh.act("logout", json!({})).await);
}

/// G65. R85.
#[tokio::test]
async fn no_secret_reaches_the_log_the_audit_the_store_or_another_answer() {
    listen();
    let app = TestApp::new();
    app.add("boss", Role::Admin).await;
    let mut story = Story::default();
    story.secrets.extend([GOOD, WRONG, NEXT, LAST].map(str::to_owned));
    beginnings(&app, &mut story).await;
    doings(&app, &mut story).await;
    new_passwords(&app, &mut story).await;
    second_factors(&app, &mut story).await;
    questions(&app, &mut story).await;
    browsers(&app, &mut story).await;
    let boss = app.log_in("boss").await;
    let id = text_at(&boss.get("/api/v1/auth/me").await.data(200), "/id").parse().unwrap();
    let phc = app.services.read(|read| store::user::phc(read, id)).unwrap().unwrap();
    let (_, hash) = phc.rsplit_once('$').unwrap();
    LISTENS.store(false, Ordering::SeqCst);
    let log = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
    for expected in ["latchkey::request", "login", "Email not sent", "/api/v1/auth/verify-email/{token}"] {
        assert!(log.contains(expected), "the recorder is deaf: no {expected} in\n{log}");
    }
    let audit = format!("{:?}", app.records());
    for secret in story.secrets.iter().map(String::as_str).chain([hash]) {
        for (place, text) in [("log", &log), ("audit log", &audit)] {
            assert!(!text.contains(secret), "{secret} is in the {place}");
        }
        for answer in &story.answers {
            assert!(!answer.contains(secret), "{secret} is in the answer {answer}");
        }
        assert!(secret == hash || !app.at_rest(secret), "{secret} is in the store");
    }
    assert!(story.answers.iter().all(|answer| !answer.contains("$argon2")) && !log.contains("$argon2"));
}
