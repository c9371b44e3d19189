//! Requests that another site causes: rule T35 of the contract; SECURITY R37.

use latchkey::domain::role::Role;
use poem::http::Method;
use serde_json::json;

use super::access::{FOR_SERVICES, OPEN, operations};
use crate::harness::{InBrowser, PASSWORD, SESSION, TestApp, filled};

const ME: &str = "/api/v1/auth/me";
const LOGOUT: &str = "/api/v1/auth/logout";
const NONE: [&str; 0] = [];
const OURS: (&str, &str) = ("origin", "https://auth.example.com");

/// T35.
#[tokio::test]
async fn no_operation_changes_anything_with_a_cookie_alone() {
    let app = TestApp::new();
    app.add("root", Role::SuperAdmin).await;
    let root = app.browse("root").await;
    let bare = || app.anonymous().cookie(&root.cookie);
    let mut count = 0;
    for (method, path, id) in operations() {
        let takes_cookies = !OPEN.contains(&id.as_str()) && !FOR_SERVICES.contains(&id.as_str());
        if !takes_cookies || method == Method::GET {
            continue;
        }
        let (answer, events) = app.events_of(bare().bodiless(method, &filled(&path))).await;
        let error = answer.refused(403, "FORBIDDEN");
        assert_eq!(error["details"], json!({ "reason": "csrf", "cause": "token_missing" }), "{id}");
        assert_eq!(events, ["access.denied denied csrf"], "{id}");
        let record = app.records().pop().unwrap();
        assert_eq!(record.detail, [("cause".to_owned(), "token_missing".to_owned())]);
        assert!(record.actor.is_some() && record.session.is_some());
        count += 1;
    }
    assert!(count > 20, "{count} operations");
    assert!(root.is_in().await);
}

#[tokio::test]
async fn origin_site_and_token_must_all_be_right() {
    let app = TestApp::unlimited().with_user("ada").await.with_user("eve").await;
    let (ada, eve) = (app.browse("ada").await, app.browse("eve").await);
    let token = ("x-csrf-token", ada.csrf.as_str());
    let (same, foreign) = (("sec-fetch-site", "same-origin"), ("origin", "https://evil.example"));
    let table: [(&[(&str, &str)], &str); 13] = [
        (&[OURS, same], "token_missing"),
        (&[token, token, OURS, same], "token_missing"),
        (&[("x-csrf-token", &eve.csrf), OURS, same], "token_wrong"),
        (&[("x-csrf-token", &ada.csrf[..42]), OURS, same], "token_wrong"),
        (&[("x-csrf-token", &ada.cookie), OURS, same], "token_wrong"),
        (&[("x-csrf-token", "")], "token_wrong"),
        (&[token, foreign], "origin"),
        (&[token, OURS, foreign], "origin"),
        (&[token, ("origin", "null")], "origin"),
        (&[token, ("origin", "http://auth.example.com"), same], "origin"),
        (&[token, ("origin", "https://auth.example.com.evil.example"), same], "origin"),
        (&[token, OURS, ("sec-fetch-site", "same-site")], "site"),
        (&[token, ("sec-fetch-site", "cross-site")], "site"),
    ];
    for (headers, cause) in table {
        let request = || app.anonymous().cookie(&ada.cookie).header("host", "evil.example");
        let request = headers.iter().fold(request(), |request, (name, value)| request.header(name, value));
        let (answer, events) = app.events_of(request.post(LOGOUT, json!({}))).await;
        let error = answer.refused(403, "FORBIDDEN");
        assert_eq!(error["details"], json!({ "reason": "csrf", "cause": cause }), "{headers:?}");
        assert_eq!(events, ["access.denied denied csrf"]);
        assert!(!answer.clears_cookie());
    }
    assert!(ada.is_in().await);
    let whole = ada.header(OURS.0, OURS.1).header("sec-fetch-site", "same-origin");
    whole.post(LOGOUT, json!({})).await.data(200);
    eve.header("sec-fetch-site", "none").post(LOGOUT, json!({})).await.data(200);
}

/// Reading needs no proof, and writes nothing.
#[tokio::test]
async fn what_only_reads_may_come_from_anywhere() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.browse("ada").await;
    let linked = app.anonymous().cookie(&ada.cookie).header("sec-fetch-site", "cross-site");
    let before = app.row_counts();
    for method in [Method::GET, Method::HEAD] {
        let (answer, events) = app.events_of(linked.bodiless(method, ME)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(events, NONE);
    }
    assert_eq!(app.row_counts(), before);
    let answer = linked.get(ME).await;
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
}

/// Another site cannot log a browser in to an account of its own.
#[tokio::test]
async fn a_login_that_another_site_causes_is_refused_before_anything_is_compared() {
    let app = TestApp::new().with_user("ada").await;
    for (name, value, cause) in [
        ("origin", "https://evil.example", "origin"),
        ("origin", "null", "origin"),
        ("sec-fetch-site", "cross-site", "site"),
        ("sec-fetch-site", "same-site", "site"),
    ] {
        let hashes = app.hashes();
        let foreign = app.anonymous().header(name, value);
        let (answer, events) = app.events_of(foreign.log_in_for_cookie("ada", PASSWORD)).await;
        let error = answer.refused(403, "FORBIDDEN");
        assert_eq!(error["details"], json!({ "reason": "csrf", "cause": cause }), "{name}: {value}");
        assert_eq!((events, app.hashes()), (vec!["access.denied denied csrf".to_owned()], hashes));
        assert_eq!(answer.header("set-cookie"), None);
    }
    let form = app.anonymous().header(OURS.0, OURS.1).post_form(SESSION, "email=ada&password=x").await;
    form.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    let own = app.anonymous().header(OURS.0, OURS.1).header("sec-fetch-site", "same-origin");
    InBrowser::with(&app, &own.log_in_for_cookie("ada", PASSWORD).await);
    let foreign = app.anonymous().header("origin", "https://app.example.com");
    foreign.log_in("ada", PASSWORD).await.data(200);
}

/// A token that a page sends itself is no cookie, which a browser sends by itself.
#[tokio::test]
async fn tokens_and_keys_need_no_proof() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let bearer = app.anonymous().header("authorization", &format!("Bearer {}", ada.access));
    let foreign = bearer.header("origin", "https://app.example.com").header("sec-fetch-site", "cross-site");
    foreign.post(LOGOUT, json!({})).await.data(200);
}
