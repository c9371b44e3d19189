//! Logging in for a cookie: rules T23, T24, T28 and T31 of the contract, X25; SECURITY R37.

use std::sync::Arc;
use std::time::Duration;

use latchkey::domain::cookie::OverMax;
use latchkey::domain::user::Status;
use latchkey::services::login::{LoggedIn, Typed, log_in};
use latchkey::services::opening::{Opened, Opening};
use serde_json::{Value, json};

use crate::harness::{
    Answer, Authenticator, InBrowser, LoggedIn as Bearer, PASSWORD, SESSION, STEP, TestApp, shipped_limits,
    text_at,
};

const LIST: &str = "/api/v1/auth/sessions";
const NONE: [&str; 0] = [];

/// How many of these cookies still open a door.
async fn open(browsers: &[InBrowser<'_>]) -> Vec<bool> {
    let mut open = Vec::new();
    for browser in browsers {
        open.push(browser.is_in().await);
    }
    open
}

/// T23, R37.
#[tokio::test]
async fn a_login_sets_a_cookie_that_no_script_and_no_other_host_gets() {
    let app = TestApp::new().with_user("ada").await;
    let (answer, events) = app.events_of(app.anonymous().log_in_for_cookie("ada", PASSWORD)).await;
    assert_eq!(events, ["login.succeeded success"]);
    let cookie = answer.new_cookie().unwrap();
    let expected =
        format!("__Host-latchkey={cookie}; Max-Age=604800; Path=/; Secure; HttpOnly; SameSite=Lax");
    assert_eq!(answer.header("set-cookie"), Some(expected.as_str()));
    assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 1);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let data = answer.data(200);
    let account = app.account("ada").unwrap();
    let expected = json!({
        "user": {
            "id": account.id.to_string(),
            "email": "ada@example.com",
            "username": "ada",
            "name": "ada",
            "status": "active",
            "mfa_enabled": false,
        },
        "csrf_token": data["csrf_token"],
        "expires_at": "2027-01-16T08:00:00.000Z",
        "absolute_expires_at": "2027-01-22T08:00:00.000Z",
        "requires_mfa": false,
    });
    assert_eq!(data, expected);
    let record = app.records().pop().unwrap();
    let ada = InBrowser::with(&app, &answer);
    assert_eq!(record.session.map(|id| uuid::Uuid::from_bytes(id).to_string()), Some(ada.session_id().await));
    for secret in [cookie.as_str(), &cookie[30..], &ada.csrf] {
        assert!(!app.at_rest(secret), "only hashes are stored");
    }
}

/// T24: one login service behind two doors.
#[tokio::test]
async fn a_refused_login_sets_no_cookie_and_looks_and_counts_like_one_for_tokens() {
    let app = TestApp::new().with_user("ada").await.with_user("off").await;
    app.set_status("off", Status::Suspended).await;
    let error = |answer: Answer| {
        assert_eq!(answer.header("set-cookie"), None);
        let mut error = answer.json()["error"].clone();
        error["request_id"] = Value::Null;
        (answer.status, error)
    };
    for (name, password) in [("ada", "wrong"), ("nobody", PASSWORD), ("off", PASSWORD)] {
        let (tokens, one) = app.events_of(app.anonymous().log_in(name, password)).await;
        let (cookie, other) = app.events_of(app.anonymous().log_in_for_cookie(name, password)).await;
        assert_eq!((error(tokens), one), (error(cookie), other), "{name}");
    }
    for _ in 0..3 {
        app.anonymous().log_in_for_cookie("ada", "wrong").await.refused(401, "AUTHENTICATION_FAILED");
    }
    let (answer, events) = app.events_of(app.anonymous().log_in_for_cookie("ada", PASSWORD)).await;
    answer.refused(423, "ACCOUNT_LOCKED");
    assert_eq!(events, ["login.failed denied locked"]);
    app.anonymous().log_in("ada", PASSWORD).await.refused(423, "ACCOUNT_LOCKED");
    let body = json!({ "email": "ada", "password": PASSWORD, "more": 1 });
    app.anonymous().post(SESSION, body).await.refused(400, "VALIDATION_ERROR");
    app.anonymous().post_form(SESSION, "email=ada&password=x").await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
}

/// The budget of logins is one, too.
#[tokio::test]
async fn both_doors_take_from_one_budget() {
    let app = TestApp::with_policy(|policy| policy.limits = shipped_limits()).with_user("ada").await;
    for _ in 0..2 {
        app.anonymous().log_in("ada", PASSWORD).await.data(200);
        app.browse("ada").await;
    }
    app.browse("ada").await;
    app.anonymous().log_in("ada", PASSWORD).await.refused(429, "RATE_LIMIT_EXCEEDED");
    app.anonymous().log_in_for_cookie("ada", PASSWORD).await.refused(429, "RATE_LIMIT_EXCEEDED");
}

/// T28: whoever planted a cookie before the login has nothing of it.
#[tokio::test]
async fn each_login_has_a_cookie_of_its_own_and_ends_the_one_it_came_with() {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    let planted = app.browse("eve").await;
    let log_in = app.anonymous().cookie(&planted.cookie);
    let (answer, events) = app.events_of(log_in.log_in_for_cookie("ada", PASSWORD)).await;
    assert_eq!(events, ["session.ended success replaced", "login.succeeded success"]);
    let ended = app.records().into_iter().rev().nth(1).unwrap();
    let eve = *app.account("eve").unwrap().id.as_bytes();
    assert_eq!((ended.actor, ended.subject), (Some(eve), Some(eve)));
    let first = InBrowser::with(&app, &answer);
    assert_eq!([planted.is_in().await, first.is_in().await], [false, true]);
    let again = app.anonymous().cookie(&first.cookie).log_in_for_cookie("ada", PASSWORD).await;
    let second = InBrowser::with(&app, &again);
    assert_eq!([first.is_in().await, second.is_in().await], [false, true]);
    let other = app.browse("ada").await;
    let mut cookies = vec![&planted.cookie, &first.cookie, &second.cookie, &other.cookie];
    assert!(cookies.iter().all(|cookie| cookie.len() == 68));
    cookies.sort();
    cookies.dedup();
    assert_eq!(cookies.len(), 4);
    assert!(second.is_in().await, "a login elsewhere ends nothing");
    for stale in [planted.cookie.as_str(), "x", ""] {
        let log_in = app.anonymous().cookie(stale);
        let (answer, events) = app.events_of(log_in.log_in_for_cookie("eve", PASSWORD)).await;
        assert!(answer.new_cookie().is_some());
        assert_eq!(events, ["login.succeeded success"]);
    }
    let failed = app.anonymous().cookie(&second.cookie).log_in_for_cookie("ada", "wrong").await;
    failed.refused(401, "AUTHENTICATION_FAILED");
    assert!(second.is_in().await, "a login that fails ends nothing");
}

/// X25: the oldest makes room, and sessions with tokens are not counted.
#[tokio::test]
async fn the_sixth_session_ends_the_oldest() {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    let (bearer, eve) = (app.log_in("ada").await, app.browse("eve").await);
    let mut browsers = Vec::new();
    for _ in 0..5 {
        browsers.push(app.browse("ada").await);
        app.advance(Duration::from_secs(1));
    }
    assert_eq!(open(&browsers).await, [true; 5]);
    // Under another id the oldest is the oldest still.
    browsers[0] = InBrowser::with(&app, &browsers[0].act("step-up", json!({ "password": PASSWORD })).await);
    let (answer, events) = app.events_of(app.anonymous().log_in_for_cookie("ada", PASSWORD)).await;
    browsers.push(InBrowser::with(&app, &answer));
    assert_eq!(events, ["session.ended success evicted", "login.succeeded success"]);
    assert_eq!(open(&browsers).await, [false, true, true, true, true, true]);
    let again = app.anonymous().cookie(&browsers[5].cookie);
    let (_, events) = app.events_of(again.log_in_for_cookie("ada", PASSWORD)).await;
    assert_eq!(events, ["session.ended success replaced", "login.succeeded success"]);
    assert_eq!(open(&browsers[1..5]).await, [true; 4]);
    assert!(bearer.is_in().await && eve.is_in().await);
    app.advance(Duration::from_secs(86_400));
    let (_, events) = app.events_of(app.browse("ada")).await;
    assert_eq!(events, ["login.succeeded success"], "what ended by itself takes no place");
}

/// T31.
#[tokio::test]
async fn a_policy_may_refuse_the_sixth_login() {
    let app = TestApp::with_policy(|policy| policy.cookies.over_max = OverMax::Refuse).with_user("ada").await;
    let mut browsers = Vec::new();
    for _ in 0..5 {
        browsers.push(app.browse("ada").await);
    }
    for _ in 0..6 {
        let (answer, events) = app.events_of(app.anonymous().log_in_for_cookie("ada", PASSWORD)).await;
        assert_eq!(answer.refused(409, "CONFLICT")["message"], "Maximum concurrent sessions exceeded");
        assert_eq!(answer.header("set-cookie"), None);
        assert_eq!(events, ["login.failed denied too_many_sessions"], "and it is no guess");
    }
    app.anonymous().log_in("ada", PASSWORD).await.data(200);
    app.anonymous().cookie(&browsers[4].cookie).log_in_for_cookie("ada", PASSWORD).await.data(200);
    browsers[0].act("logout", json!({})).await.data(200);
    app.browse("ada").await;
    app.anonymous().log_in_for_cookie("ada", PASSWORD).await.refused(409, "CONFLICT");
}

/// T31: who did not prove the second factor is not told how many there are.
#[tokio::test]
async fn a_refusal_comes_after_the_second_step() {
    let refuse = |policy: &mut latchkey::services::Policy| {
        (policy.cookies.over_max, policy.cookies.max) = (OverMax::Refuse, 1);
    };
    let app = TestApp::with_policy(refuse).with_user("ada").await;
    let phone = app.enrol(&app.log_in("ada").await).await;
    let body = |code: String| json!({ "email": "ada", "password": PASSWORD, "mfa_code": code });
    let first = InBrowser::with(&app, &app.anonymous().post(SESSION, body(phone.code(&app))).await);
    app.advance(STEP);
    let begun = app.anonymous().log_in_for_cookie("ada", PASSWORD).await.data(200);
    let handle = text_at(&begun, "/session_id");
    let (answer, events) = app.events_of(app.second_step(&handle, &phone.code(&app))).await;
    assert_eq!(answer.refused(409, "CONFLICT")["message"], "Maximum concurrent sessions exceeded");
    assert_eq!(events, ["login.failed denied too_many_sessions"]);
    app.second_step(&handle, &phone.code_of(&app, 1)).await.refused(401, "AUTHENTICATION_FAILED");
    app.advance(STEP);
    app.anonymous().post(SESSION, body(phone.code(&app))).await.refused(409, "CONFLICT");
    assert!(first.is_in().await);
}

/// T31, X25: counted where it is written.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_24_logins_at_once_no_more_than_five_live() {
    for over_max in [OverMax::Evict, OverMax::Refuse] {
        let change = |policy: &mut latchkey::services::Policy| {
            policy.cookies.over_max = over_max;
            policy.limits.is_enabled = false;
        };
        let app = Arc::new(TestApp::with_policy(change).with_user("ada").await);
        for round in 1..=3 {
            let mut logins = tokio::task::JoinSet::new();
            for _ in 0..24 {
                let app = app.clone();
                logins.spawn(async move {
                    let ctx = app.services.own_context("race");
                    let typed = Typed { name: "ada", password: PASSWORD, code: None };
                    let done = log_in(&app.services, &ctx, typed, Opening::Cookie { presented: None }).await;
                    matches!(done, Ok(LoggedIn::Done(Opened::Cookie(_))))
                });
            }
            let done = logins.join_all().await.into_iter().filter(|done| *done).count();
            let expected = match over_max {
                OverMax::Evict => 24,
                OverMax::Refuse => {
                    if round == 1 {
                        5
                    } else {
                        0
                    }
                }
            };
            assert_eq!(done, expected, "round {round}");
            assert_eq!(app.row_counts()[&0x25], 5, "round {round}");
        }
    }
}

/// The second step of a login for a cookie opens a cookie, wherever codes are sent.
#[tokio::test]
async fn a_login_with_a_second_factor_ends_in_what_it_was_begun_for() {
    let app = TestApp::new().with_user("ada").await;
    let phone: Authenticator = app.enrol(&app.log_in("ada").await).await;
    let (answer, events) = app.events_of(app.anonymous().log_in_for_cookie("ada", PASSWORD)).await;
    assert_eq!(events, ["login.mfa_required success"]);
    assert_eq!(answer.header("set-cookie"), None);
    let data = answer.data(200);
    assert_eq!(data["requires_mfa"], true);
    let handle = text_at(&data, "/session_id");
    app.second_step(&handle, &phone.wrong_code(&app)).await.refused(401, "MFA_INVALID");
    let code = phone.code(&app);
    let foreign = app.anonymous().header("sec-fetch-site", "cross-site");
    let body = json!({ "session_id": handle, "code": code });
    let (answer, events) = app.events_of(foreign.post("/api/v1/auth/mfa/verify", body.clone())).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["details"], json!({ "reason": "csrf", "cause": "site" }));
    assert_eq!(events, ["access.denied denied csrf"]);
    let (answer, events) = app.events_of(app.anonymous().post("/api/v1/auth/mfa/verify", body)).await;
    assert_eq!(events, ["login.succeeded success"]);
    assert!(answer.data(200).get("access_token").is_none(), "{}", answer.text);
    let first = InBrowser::with(&app, &answer);
    assert!(first.is_in().await);

    app.advance(STEP);
    let body = json!({ "email": "ada", "password": PASSWORD, "mfa_code": phone.code(&app) });
    let at_once = InBrowser::with(&app, &app.anonymous().cookie(&first.cookie).post(SESSION, body).await);
    assert_eq!([first.is_in().await, at_once.is_in().await], [false, true]);

    app.advance(STEP);
    let handle = app.first_step("ada").await;
    let body = json!({ "session_id": handle, "code": phone.code(&app) });
    let foreign = app.anonymous().header("origin", "https://app.example.com").cookie(&at_once.cookie);
    let answer = foreign.post("/api/v1/auth/mfa/verify", body).await;
    assert_eq!(answer.header("set-cookie"), None);
    assert!(Bearer::with(&app, &answer.data(200)).is_in().await, "tokens do not ask where a page is from");
    assert!(at_once.is_in().await, "a login for tokens ends nothing");

    app.advance(STEP);
    let handle = text_at(&app.anonymous().log_in_for_cookie("ada", PASSWORD).await.data(200), "/session_id");
    let body = json!({ "session_id": handle, "code": phone.code(&app) });
    let answer = app.anonymous().cookie(&at_once.cookie).post("/api/v1/auth/mfa/verify", body).await;
    let last = InBrowser::with(&app, &answer);
    assert_eq!([at_once.is_in().await, last.is_in().await], [false, true]);
    let (_, none) = app.events_of(last.get(LIST)).await;
    assert_eq!(none, NONE);
}
