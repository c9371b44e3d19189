//! The diagnosis header of the pynomaly guide (P30), which every mount has where the operator allows it.

use latchkey::domain::role::Role;
use serde_json::json;

use super::pynomaly::{at, log_in};
use crate::harness::{Answer, TestApp, text_at};

const HEADER: &str = "x-debug-auth";

/// P30: never without the operator's leave, nor unasked.
#[tokio::test]
async fn nobody_is_told_unless_they_ask_and_the_operator_allows_it() {
    let closed = TestApp::new();
    let answer = closed.anonymous().header("x-debug", "true").get(&at("/auth/me")).await;
    assert_eq!(answer.header(HEADER), None);
    let app = TestApp::new().with_debug_headers();
    for value in [None, Some("false"), Some("1")] {
        let caller = app.anonymous();
        let caller = if let Some(value) = value { caller.header("x-debug", value) } else { caller };
        assert_eq!(caller.get(&at("/auth/me")).await.header(HEADER), None, "{value:?}");
    }
}

/// P30.
#[tokio::test]
async fn whoever_asks_learns_method_subject_and_reason_and_no_secret() {
    let app = TestApp::new().with_debug_headers().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    let ada = app.account("ada").unwrap().id;
    let token = text_at(&log_in(&app, "ada").await.json(), "/access_token");
    let me = |name: &'static str, value: String| {
        let app = &app;
        async move {
            let caller = app.anonymous().header("x-debug", "True").header(name, &value);
            caller.get(&at("/auth/me")).await
        }
    };
    let told = |answer: &Answer| answer.header(HEADER).unwrap().to_owned();
    let good = me("authorization", format!("Bearer {token}")).await;
    assert_eq!(told(&good), format!("method=bearer; subject={ada}; reason=ok"));
    let forged = me("authorization", format!("Bearer {token}x")).await;
    assert_eq!(told(&forged), "method=bearer; reason=token_invalid");
    assert_eq!(
        told(&me("authorization", "Bearer".to_owned()).await),
        "method=malformed; reason=token_invalid"
    );
    assert_eq!(told(&me("accept", "*/*".to_owned()).await), "method=none; reason=unauthorized");
    let unknown = me("x-api-key", "pyn_nonsense".to_owned()).await;
    assert_eq!(told(&unknown), "method=api_key; reason=token_invalid");

    let key = app.log_in("boss").await.make_key(&["integrations:read"]).await.key;
    let caller = app.anonymous().header("x-debug", "true").header("x-api-key", &key);
    let refused = caller.get(&at("/detection")).await;
    let boss = app.account("boss").unwrap().id;
    assert_eq!(
        told(&refused),
        format!("method=api_key; subject={boss}; reason=forbidden; required=metrics:read")
    );
    assert_eq!(
        told(&caller.get("/api/v1/auth/me").await),
        format!("method=api_key; subject={boss}; reason=ok")
    );
}

/// P30 beside S7: a login tells no more than its answer, whether there is such an account or not.
#[tokio::test]
async fn a_failed_login_tells_nothing_of_the_account() {
    let app = TestApp::new().with_debug_headers().with_user("ada").await;
    for username in ["ada", "nobody"] {
        let caller = app.anonymous().header("x-debug", "true");
        let body = json!({ "username": username, "password": "wrong password" });
        let answer = caller.post(&at("/auth/login"), body).await;
        assert_eq!(answer.header(HEADER), Some("method=none; reason=authentication_failed"));
    }
}
