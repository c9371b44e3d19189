//! Sessions that live by a cookie: rules T25 to T30, T32 to T34, T36 and T38 of the contract, X24; SECURITY
//! R26 and R39.

use std::time::Duration;

use latchkey::domain::role::Role;
use serde_json::json;

use crate::harness::{InBrowser, PASSWORD, SESSION, TestApp, text_at};

const LIST: &str = "/api/v1/auth/sessions";
const ME: &str = "/api/v1/auth/me";
const NONE: [&str; 0] = [];
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

async fn bound() -> TestApp {
    let bind = |policy: &mut latchkey::services::Policy| {
        (policy.cookies.bind_network, policy.cookies.bind_agent) = (true, true);
    };
    let app = TestApp::with_policy(bind).with_user("ada").await;
    app.add("boss", Role::Admin).await;
    app
}

/// A login at an address, by a browser of this name.
async fn browse_at<'a>(app: &'a TestApp, peer: &str, agent: &str) -> InBrowser<'a> {
    let client = app.anonymous().at(peer).header("user-agent", agent);
    InBrowser::with(app, &client.log_in_for_cookie("ada", PASSWORD).await)
}

/// T25, T26, T27.
#[tokio::test]
async fn a_cookie_opens_what_a_token_opens_and_any_other_text_nothing() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.browse("ada").await;
    let (answer, events) = app.events_of(ada.get(ME)).await;
    assert_eq!(text_at(&answer.data(200), "/username"), "ada");
    assert_eq!(events, NONE);
    app.anonymous().get(ME).await.refused(401, "UNAUTHORIZED");
    let last = if ada.cookie.ends_with('A') { 'B' } else { 'A' };
    let altered = format!("{}{last}", &ada.cookie[..67]);
    for cookie in ["", "x", &ada.cookie[4..], &altered, &format!("\"{}\"", ada.cookie)] {
        let (answer, events) = app.events_of(app.anonymous().cookie(cookie).get(ME)).await;
        assert_eq!(answer.refused(401, "TOKEN_INVALID")["message"], "Invalid session", "{cookie}");
        assert_eq!(events, NONE);
    }
    let mixed = app.anonymous().header("cookie", &format!("a=b; __Host-latchkey={}; c=d", ada.cookie));
    mixed.get(ME).await.data(200);
    let other_name = app.anonymous().header("cookie", &format!("latchkey={}", ada.cookie));
    other_name.get(ME).await.refused(401, "UNAUTHORIZED");
}

/// R26: each credential at its own door, and never two.
#[tokio::test]
async fn a_cookie_is_no_token_and_stands_beside_no_other_credential() {
    let app = TestApp::new().with_user("ada").await;
    let (ada, bearer) = (app.browse("ada").await, app.log_in("ada").await);
    let key = bearer.make_key(&["metrics:write"]).await;
    app.anonymous()
        .header("authorization", &format!("Bearer {}", ada.cookie))
        .get(ME)
        .await
        .refused(401, "TOKEN_INVALID");
    app.anonymous().header("x-api-key", &ada.cookie).get(ME).await.refused(401, "TOKEN_INVALID");
    app.anonymous().refresh(&ada.cookie).await.refused(401, "TOKEN_INVALID");
    for token in [&bearer.access, &bearer.refresh, &key.key] {
        app.anonymous().cookie(token).get(ME).await.refused(401, "TOKEN_INVALID");
    }
    let both = ada.header("authorization", &format!("Bearer {}", bearer.access));
    both.get(ME).await.refused(401, "TOKEN_INVALID");
    let ada = InBrowser::of(&app, &both.cookie, &both.csrf);
    app.anonymous()
        .cookie(&ada.cookie)
        .header("x-api-key", &key.key)
        .get(ME)
        .await
        .refused(401, "TOKEN_INVALID");
    app.anonymous().cookie(&ada.cookie).cookie(&ada.cookie).get(ME).await.refused(401, "TOKEN_INVALID");
    app.anonymous().cookie(&ada.cookie).cookie("").get(ME).await.refused(401, "TOKEN_INVALID");
    assert!(ada.is_in().await && bearer.is_in().await && key.is_in().await);
}

#[tokio::test]
async fn the_session_that_asks_is_told_when_it_ends() {
    let app = TestApp::new().with_user("ada").await;
    let (ada, bearer) = (app.browse("ada").await, app.log_in("ada").await);
    let (answer, events) = app.events_of(ada.get(SESSION)).await;
    assert_eq!(events, NONE);
    let data = answer.data(200);
    let user = ada.get(ME).await.data(200);
    let expected = json!({
        "id": data["id"],
        "kind": "cookie",
        "user": user,
        "csrf_token": ada.csrf,
        "expires_at": "2027-01-16T08:00:00.000Z",
        "absolute_expires_at": "2027-01-22T08:00:00.000Z",
    });
    assert_eq!(data, expected);
    let expected = json!({
        "id": bearer.session_id(),
        "kind": "tokens",
        "user": user,
        "expires_at": "2027-01-22T08:00:00.000Z",
        "absolute_expires_at": "2027-02-14T08:00:00.000Z",
    });
    assert_eq!(bearer.get(SESSION).await.data(200), expected);
}

/// T30, X24: use moves the idle end, and nothing moves the absolute one.
#[tokio::test]
async fn a_session_ends_a_day_after_its_last_use_and_a_week_after_its_login() {
    let app = TestApp::new().with_user("ada").await;
    let (idle, used) = (app.browse("ada").await, app.browse("ada").await);
    app.advance(23 * HOUR);
    assert!(used.is_in().await);
    app.advance(HOUR - Duration::from_millis(1));
    assert!(used.is_in().await);
    app.advance(Duration::from_millis(1));
    assert_eq!([idle.is_in().await, used.is_in().await], [false, true]);
    for _ in 0..5 {
        app.advance(DAY - SECOND);
        assert!(used.is_in().await);
    }
    app.advance(DAY - SECOND);
    assert!(used.is_in().await, "six seconds before the week is over");
    assert_eq!(used.session().await["expires_at"], "2027-01-22T08:00:00.000Z");
    app.advance(6 * SECOND);
    assert!(!used.is_in().await);
}

/// T36: a use is written when the last one is a minute old, so a session ends a minute early at most.
#[tokio::test]
async fn uses_are_written_once_a_minute() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.browse("ada").await;
    let last_used = async || {
        let list = app.log_in("ada").await.get(LIST).await.data(200);
        text_at(list["sessions"].as_array().unwrap().last().unwrap(), "/last_used_at")[11..19].to_owned()
    };
    for (advance, expected) in
        [(30, "08:00:00"), (29, "08:00:00"), (1, "08:01:00"), (59, "08:01:00"), (3_600, "09:01:59")]
    {
        app.advance(SECOND * advance);
        let (answer, events) = app.events_of(ada.get(ME)).await;
        answer.data(200);
        assert_eq!((last_used().await.as_str(), events), (expected, Vec::new()));
    }
    app.advance(59 * SECOND);
    assert!(ada.is_in().await);
    app.advance(DAY - 60 * SECOND);
    assert!(ada.is_in().await, "a second before a day is over since the use that was written");
    app.advance(DAY);
    assert!(!ada.is_in().await);
}

/// T30: refreshing moves the idle end, at once and to the millisecond.
#[tokio::test]
async fn a_refresh_moves_the_idle_end_only() {
    let app = TestApp::new().with_user("ada").await;
    let (ada, bearer) = (app.browse("ada").await, app.log_in("ada").await);
    app.advance(30 * SECOND);
    let (answer, events) = app.events_of(ada.act("session/refresh", json!({}))).await;
    let expected = json!({
        "expires_at": "2027-01-16T08:00:30.000Z",
        "absolute_expires_at": "2027-01-22T08:00:00.000Z",
    });
    assert_eq!(answer.data(200), expected);
    assert_eq!(answer.header("set-cookie"), None);
    assert_eq!(events, ["session.refreshed success"]);
    bearer.post("/api/v1/auth/session/refresh", json!({})).await.refused(409, "CONFLICT");
    ada.act("session/refresh", json!({ "ttl": 1 })).await.refused(400, "VALIDATION_ERROR");
    for _ in 0..6 {
        app.advance(DAY - MINUTE);
        ada.act("session/refresh", json!({})).await.data(200);
    }
    app.advance(DAY);
    ada.act("session/refresh", json!({})).await.refused(401, "TOKEN_INVALID");
}

/// T32, T33, T34.
#[tokio::test]
async fn a_bound_session_works_in_its_network_and_its_browser_alone() {
    let app = bound().await;
    let boss = app.log_in("boss").await;
    let ada = browse_at(&app, "203.0.113.7", "Browser/1").await;
    let from =
        |peer: &str, agent: &str| app.anonymous().cookie(&ada.cookie).at(peer).header("user-agent", agent);
    from("203.0.113.7", "Browser/1").get(ME).await.data(200);
    from("203.0.113.250", "Browser/1").get(ME).await.data(200);
    for (peer, agent, kind, words) in [
        ("203.0.114.7", "Browser/1", "ip_address_mismatch", "IP address mismatch"),
        ("203.0.113.7", "Browser/2", "user_agent_mismatch", "User agent mismatch"),
        ("2001:db8::1", "Browser/2", "ip_address_mismatch", "IP address mismatch"),
    ] {
        app.advance(SECOND);
        let (answer, events) = app.events_of(from(peer, agent).get(ME)).await;
        assert_eq!(answer.refused(401, "TOKEN_INVALID")["message"], "Suspicious session activity");
        assert_eq!(answer.header("set-cookie"), None);
        assert_eq!(events, [format!("access.denied denied {kind}")]);
        let record = app.records().pop().unwrap();
        assert_eq!((record.actor, record.subject), (None, Some(*app.account("ada").unwrap().id.as_bytes())));
        let seen = &boss.get("/api/v1/audit/suspicious?limit=1").await.data(200)["events"][0];
        assert_eq!(
            (seen["type"].as_str(), seen["details"]["suspicious"].as_str()),
            (Some(kind), Some(words))
        );
        assert_eq!(seen["details"]["ip_address"], peer);
        assert!(seen["details"]["session_id"].is_string());
        from("203.0.113.7", "Browser/1").get(ME).await.data(200);
    }
    app.anonymous().cookie(&ada.cookie).at("203.0.113.7").get(ME).await.refused(401, "TOKEN_INVALID");
    let v6 = browse_at(&app, "2001:db8::1", "Browser/1").await;
    let near = app.anonymous().cookie(&v6.cookie).header("user-agent", "Browser/1");
    near.at("2001:db8::ffff:1").get(ME).await.data(200);
}

#[tokio::test]
async fn elsewhere_a_session_goes_along_with_its_person() {
    let app = TestApp::new().with_user("ada").await;
    let ada = browse_at(&app, "203.0.113.7", "Browser/1").await;
    let moved = app.anonymous().cookie(&ada.cookie).at("2001:db8::1").header("user-agent", "Browser/2");
    let (answer, events) = app.events_of(moved.get(ME)).await;
    answer.data(200);
    assert_eq!(events, NONE);
}

/// T29, T38, R39: what a listing says of a session, and never its cookie.
#[tokio::test]
async fn sessions_of_both_kinds_are_listed() {
    let app = TestApp::new().with_user("ada").await;
    let first = browse_at(&app, "203.0.113.7", "Browser/1").await;
    app.advance(MINUTE);
    let same = browse_at(&app, "203.0.113.9", "Browser/1").await;
    app.advance(MINUTE);
    let tokens = app.log_in("ada").await;
    let (answer, events) = app.events_of(first.get(LIST)).await;
    assert_eq!(events, NONE);
    let list = answer.data(200)["sessions"].as_array().unwrap().clone();
    let kinds: Vec<_> = list.iter().map(|one| (one["kind"].clone(), one["current"].clone())).collect();
    let [tokens_kind, cookie] = [json!("tokens"), json!("cookie")];
    assert_eq!(kinds, [(tokens_kind, json!(false)), (cookie.clone(), json!(false)), (cookie, json!(true))]);
    assert_eq!(text_at(&list[0], "/id"), tokens.session_id());
    let expected = json!({
        "id": first.session_id().await,
        "kind": "cookie",
        "created_at": "2027-01-15T08:00:00.000Z",
        "last_used_at": "2027-01-15T08:02:00.000Z",
        "expires_at": "2027-01-16T08:02:00.000Z",
        "absolute_expires_at": "2027-01-22T08:00:00.000Z",
        "ip_address": "203.0.113.7",
        "user_agent": "Browser/1",
        "fingerprint": list[2]["fingerprint"],
        "current": true,
    });
    assert_eq!(list[2], expected);
    assert_eq!(list[1]["fingerprint"], list[2]["fingerprint"], "one browser in one network");
    assert_ne!(list[0]["fingerprint"], list[2]["fingerprint"]);
    assert_eq!(text_at(&list[0], "/fingerprint").len(), 16);
    for secret in [&first.cookie, &first.csrf, &same.cookie, &same.csrf] {
        assert!(!answer.text.contains(&secret[30..]));
    }
}

/// T28: what may do more has another id and another secret.
#[tokio::test]
async fn a_step_up_renews_the_cookie_and_the_token_and_keeps_the_ends() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.browse("ada").await;
    let (id, before) = (ada.session_id().await, app.row_counts());
    app.advance(2 * HOUR);
    let change = json!({ "new_email": "no address" });
    ada.act("email/change", change.clone()).await.refused(401, "STEP_UP_REQUIRED");
    ada.act("step-up", json!({ "password": "wrong" })).await.refused(401, "AUTHENTICATION_FAILED");
    assert!(ada.is_in().await);
    let (answer, events) = app.events_of(ada.act("step-up", json!({ "password": PASSWORD }))).await;
    assert_eq!(events, ["session.stepped_up success password"]);
    let fresh = InBrowser::with(&app, &answer);
    let max_age = answer.header("set-cookie").unwrap().split("; ").nth(1).unwrap();
    assert_eq!(max_age, format!("Max-Age={}", 7 * 86_400 - 7_200));
    let renewed = fresh.session_id().await;
    assert_eq!(app.records().pop().unwrap().detail, [("renewed_as".to_owned(), renewed.clone())]);
    assert!(renewed != id && fresh.cookie != ada.cookie && fresh.csrf != ada.csrf);
    assert_eq!([ada.is_in().await, fresh.is_in().await], [false, true]);
    fresh.act("email/change", change).await.refused(400, "VALIDATION_ERROR");
    let session = fresh.session().await;
    assert_eq!(session["absolute_expires_at"], "2027-01-22T08:00:00.000Z");
    assert_eq!(fresh.get(LIST).await.data(200)["sessions"][0]["created_at"], "2027-01-15T08:00:00.000Z");
    let mixed = InBrowser::of(&app, &fresh.cookie, &ada.csrf);
    mixed.act("logout", json!({})).await.refused(403, "FORBIDDEN");
    let after = app.row_counts();
    assert_eq!([after[&0x20], after[&0x21], after[&0x25]], [before[&0x20], before[&0x21], before[&0x25]]);
}

#[tokio::test]
async fn a_code_renews_it_too() {
    let app = TestApp::new().with_user("ada").await;
    let desk = app.browse("ada").await;
    let phone = app.enrol_in_browser(&desk).await;
    let (answer, events) = app.events_of(desk.act("step-up", json!({ "code": phone.code(&app) }))).await;
    assert_eq!(events, ["session.stepped_up success totp"]);
    let fresh = InBrowser::with(&app, &answer);
    assert_eq!([desk.is_in().await, fresh.is_in().await], [false, true]);
}
