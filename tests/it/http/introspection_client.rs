//! Who may ask about tokens, and how they say so: RFC 7662, 2.1; RFC 6749, 2.3 and 5.2; RFC 8414.

use std::time::Duration;

use latchkey::domain::limit::{Budget, Class};
use latchkey::domain::role::Role;
use latchkey::domain::user::Status;
use poem::http::Method;
use serde_json::json;

use crate::harness::{INTROSPECT, TestApp, shipped_limits};

/// The client of the examples of RFC 6749, RFC 7009 and RFC 7662.
const OF_THE_RFC: &str = "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW";
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

async fn staffed() -> TestApp {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    app
}

/// RFC 6749, 2.3.1: in the header or in the body, and one credential only.
#[tokio::test]
async fn a_service_sends_its_secret_in_one_of_two_ways() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let service = boss.register_service("Billing").await;
    let in_body = format!("token=x&client_id={}&client_secret={}", service.id, service.secret);
    assert_eq!(app.anonymous().introspected(&in_body).await, json!({ "active": false }));
    assert_eq!(
        service.introspected("token=x&client_secret=").await,
        json!({ "active": false }),
        "empty is absent"
    );
    service.post_form(INTROSPECT, &in_body).await.told(400, "invalid_request");
    let key = boss.make_key(&["users:read"]).await;
    key.post_form(INTROSPECT, &in_body).await.told(400, "invalid_request");
    for (name, value) in [
        ("authorization", format!("Bearer {}", boss.access)),
        ("authorization", OF_THE_RFC.to_owned()),
        ("authorization", "Basic x".to_owned()),
        ("authorization", "Digest x".to_owned()),
        ("x-api-key", "lk_x".to_owned()),
    ] {
        let caller = app.anonymous().header(name, &value);
        let (answer, events) = app.events_of(caller.post_form(INTROSPECT, "token=x")).await;
        answer.told(401, "invalid_client");
        assert_eq!(events, [""; 0]);
        let refused = caller.post_form(INTROSPECT, &in_body).await;
        assert!(
            [400, 401].contains(&refused.status.as_u16()),
            "a secret in the body makes nothing good: {value}"
        );
    }
    app.anonymous().post_form(INTROSPECT, "token=x").await.told(401, "invalid_client");
    let wrong = format!("token=x&client_id={}&client_secret=x", service.id);
    app.anonymous().post_form(INTROSPECT, &wrong).await.told(401, "invalid_client");
    let url = format!("{INTROSPECT}?{in_body}");
    app.anonymous().post_form(&url, "token=x").await.told(401, "invalid_client");
}

/// The table of who may ask.
#[tokio::test]
async fn an_api_key_asks_with_the_scope_that_reads_accounts() {
    let app = staffed().await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let [reader, other] = [boss.make_key(&["users:read"]).await, boss.make_key(&["users:update"]).await];
    for (name, value) in
        [("x-api-key", reader.key.clone()), ("authorization", format!("ApiKey {}", reader.key))]
    {
        assert!(app.anonymous().header(name, &value).finds_active(&ada.access).await);
    }
    let (answer, events) = app.events_of(other.post_form(INTROSPECT, &format!("token={}", ada.access))).await;
    assert_eq!(answer.told(403, "insufficient_scope")["scope"], "users:read");
    assert_eq!(events, ["access.denied denied permission_missing"]);
    let own = ada.make_key(&["metrics:read"]).await;
    own.post_form(INTROSPECT, &format!("token={}", own.key)).await.told(403, "insufficient_scope");
    app.set_roles("boss", &[Role::Developer]).await;
    reader.post_form(INTROSPECT, "token=x").await.told(403, "insufficient_scope");
    app.set_status("boss", Status::Suspended).await;
    reader.post_form(INTROSPECT, "token=x").await.told(401, "invalid_client");
}

/// RFC 7662, 2.1: the examples, as they stand.
#[tokio::test]
async fn the_requests_of_the_rfc_are_understood() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let service = boss.register_service("Billing").await;
    let basic = app.anonymous().header("accept", "application/json").header("authorization", OF_THE_RFC);
    let example = "token=mF_9.B5f-4.1JqM&token_type_hint=access_token";
    basic.post_form(INTROSPECT, example).await.told(401, "invalid_client");
    assert_eq!(service.introspected(example).await, json!({ "active": false }));
    let bearer = app.anonymous().header("authorization", "Bearer 23410913-abewfq.123483");
    bearer.post_form(INTROSPECT, "token=2YotnFZFEjr1zCsicMWpAA").await.told(401, "invalid_client");
}

#[tokio::test]
async fn a_form_that_is_none_is_refused_in_the_words_of_oauth() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let service = boss.register_service("Billing").await;
    let planted = "planted-planted";
    for body in [
        "",
        "token=",
        "Token=x",
        "token_type_hint=access_token",
        "token=planted-planted&token=planted-planted",
        "token=x&token_type_hint=a&token_type_hint=b",
        "token=x&client_id=a&client_id=a",
        "token[]=x",
        "{\"token\":\"planted-planted\"}",
    ] {
        let answer = service.raw(Method::POST, INTROSPECT, FORM, body).await;
        answer.told(400, "invalid_request");
        assert!(!answer.text.contains(planted), "{}", answer.text);
    }
    assert_eq!(
        service.introspected("token=x&foo=1&foo=2&%ff=%ff").await["active"],
        false,
        "unknown is ignored"
    );
    let token = app.log_in("ada").await.access.replace('.', "%2E");
    assert!(service.finds_active(&token).await, "a form is decoded");
    let typed = "Application/X-WWW-Form-Urlencoded; charset=UTF-8";
    assert_eq!(service.raw(Method::POST, INTROSPECT, Some(typed), "token=x").await.status, 200);
    for kind in [None, Some("application/json"), Some("text/plain"), Some("multipart/form-data; boundary=x")]
    {
        service.raw(Method::POST, INTROSPECT, kind, "token=x").await.told(415, "invalid_request");
    }
    let zipped = app.anonymous().header("content-encoding", "gzip").header("authorization", OF_THE_RFC);
    zipped.post_form(INTROSPECT, "token=x").await.told(401, "invalid_client");
    let large = format!("token={}", "x".repeat(70_000));
    service.raw(Method::POST, INTROSPECT, FORM, large).await.told(413, "invalid_request");
    for (kind, body) in [(None, ""), (FORM, "token=x&token=y"), (Some("application/json"), "{}")] {
        let answer = app.anonymous().raw(Method::POST, INTROSPECT, kind, body).await;
        answer.told(401, "invalid_client");
        assert!(answer.header("ratelimit").is_some(), "a stranger is counted, whatever they send");
    }
    service.get("/oauth/nothing").await.told(404, "invalid_request");
}

/// Who fails takes of the address's budget, who does not of their own.
#[tokio::test]
async fn wrong_secrets_cost_the_address_and_questions_cost_who_asks() {
    let app = TestApp::with_policy(|policy| {
        policy.limits = shipped_limits();
        let few = Budget::new(3, Duration::from_secs(60)).unwrap();
        *policy.limits.budgets.get_mut(Class::Introspection) = few;
        *policy.limits.budgets.get_mut(Class::Anonymous) = few;
    });
    app.add("boss", Role::Admin).await;
    let boss = app.log_in("boss").await;
    let (service, other) = (boss.register_service("Billing").await, boss.register_service("Shop").await);
    let wrong = app.anonymous().header("authorization", OF_THE_RFC);
    for _ in 0..3 {
        wrong.post_form(INTROSPECT, "token=x").await.told(401, "invalid_client");
    }
    let answer = wrong.post_form(INTROSPECT, "token=x").await;
    answer.told(429, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), Some("20"));
    app.anonymous().post_form(INTROSPECT, "token=x").await.told(429, "temporarily_unavailable");
    for left in ["2", "1", "0"] {
        let answer = service.post_form(INTROSPECT, "token=x").await;
        assert_eq!((answer.status.as_u16(), answer.header("x-ratelimit-remaining")), (200, Some(left)));
        assert!(answer.header("ratelimit-policy").unwrap().starts_with("\"introspection\""));
    }
    let answer = service.post_form(INTROSPECT, "token=x").await;
    answer.told(429, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), Some("20"));
    assert_eq!(other.introspected("token=x").await["active"], false, "each has their own");

    let key = boss.make_key(&["users:read"]).await;
    let own = boss.make_key_with(&["users:read"], json!({ "rate_limit": 1 })).await;
    for left in ["2", "1", "0"] {
        assert_eq!(key.post_form(INTROSPECT, "token=x").await.header("x-ratelimit-remaining"), Some(left));
    }
    key.post_form(INTROSPECT, "token=x").await.told(429, "temporarily_unavailable");
    assert_eq!(own.introspected("token=x").await["active"], false);
    own.post_form(INTROSPECT, "token=x").await.told(429, "temporarily_unavailable");
}

/// RFC 8414: what is there, and no more.
#[tokio::test]
async fn the_server_says_where_to_ask() {
    let app = TestApp::new();
    let answer = app.anonymous().get("/.well-known/oauth-authorization-server").await;
    let methods = json!(["client_secret_basic", "client_secret_post"]);
    let expected = json!({
        "issuer": "https://auth.example.com",
            "jwks_uri": "https://auth.example.com/.well-known/jwks.json",
        "response_types_supported": [],
        "grant_types_supported": [],
        "introspection_endpoint": "https://auth.example.com/oauth/introspect",
        "introspection_endpoint_auth_methods_supported": methods,
        "revocation_endpoint": "https://auth.example.com/oauth/revoke",
        "revocation_endpoint_auth_methods_supported": methods,
    });
    assert_eq!((answer.status.as_u16(), answer.json()), (200, expected));
    app.anonymous().get("/.well-known/nothing").await.refused(404, "NOT_FOUND");
}
