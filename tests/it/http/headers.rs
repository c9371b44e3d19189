//! What every answer of every operation carries, and what none does.

use latchkey::domain::role::Role;
use latchkey::http::OPENAPI;
use poem::http::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, PASSWORD, TestApp, filled};

#[track_caller]
fn assert_guarded(answer: &Answer, what: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("strict-transport-security", "max-age=31536000"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{what}: {} {}", answer.status, answer.text);
    }
    for name in ["server", "x-powered-by", "via", "set-cookie", "access-control-allow-origin"] {
        assert_eq!(answer.header(name), None, "{what}");
    }
    assert!(answer.header("x-request-id").is_some(), "{what}");
    assert!(answer.header("content-type").unwrap().starts_with("application/json"), "{what}");
    assert!(!answer.text.contains(env!("CARGO_PKG_VERSION")) || what.contains("/health"), "{what}");
}

/// Every operation: by a stranger, by somebody known with rubbish for a body, by a method it does not know.
#[tokio::test]
async fn every_answer_of_every_operation_is_kept_from_caches_frames_and_guesses() {
    let app = TestApp::new().with_user("ada").await;
    let spec: Value = serde_json::from_str(OPENAPI).unwrap();
    let mut seen = 0;
    for (path, operations) in spec["paths"].as_object().unwrap() {
        let path = filled(path);
        let methods = operations.as_object().unwrap().keys().map(|method| method.to_uppercase());
        for method in methods.chain(["TRACE".to_owned()]) {
            let what = format!("{method} {path}");
            let method: Method = method.parse().unwrap();
            for body in ["", "{", "{}"] {
                let stranger =
                    app.anonymous().raw(method.clone(), &path, Some("application/json"), body).await;
                assert_guarded(&stranger, &what);
                // Each time anew: some of the operations end the session, and one the account.
                if app.account("ada").is_none() {
                    app.add("ada", Role::Developer).await;
                }
                let ada = app.log_in("ada").await;
                assert_guarded(&ada.raw(method.clone(), &path, Some("application/json"), body).await, &what);
                seen += 1;
            }
        }
    }
    assert!(seen > 60, "{seen}");
}

#[tokio::test]
async fn an_answer_with_a_token_is_stored_by_nobody() {
    let app = TestApp::new().with_user("ada").await;
    let login = json!({ "email": "ada@example.com", "password": PASSWORD });
    let answer = app.anonymous().post("/api/v1/auth/login", login).await;
    let tokens = answer.data(200);
    assert_guarded(&answer, "login");
    let refreshed = app.anonymous().refresh(tokens["refresh_token"].as_str().unwrap()).await;
    assert!(refreshed.data(200)["access_token"].is_string());
    assert_guarded(&refreshed, "refresh");
}
