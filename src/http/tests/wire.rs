//! What every answer carries, and where requests are served at all.

use poem::http::{Method, StatusCode};

use super::harness::{App, request, request_from};
use crate::domain::user::ada;
use crate::http::middleware::transport::Transport;

/// G2.
#[tokio::test]
async fn a_success_is_enveloped_and_stamped() {
    let answer = App::new().post("/api/v1/login", r#"{"email":"ada","password":"b"}"#).await;
    assert_eq!(
        answer.text,
        r#"{"success":true,"data":{"message":"ada"},"timestamp":"2027-01-15T08:00:00.000Z"}"#
    );
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn the_bearer_of_a_good_token_comes_in() {
    let headers = [("authorization", "bearer good")];
    let answer = App::new().send(request(Method::GET, "/api/v1/me", &headers, "")).await;
    assert_eq!(answer.json()["data"]["message"], ada().id.to_string());
}

/// G5.
#[tokio::test]
async fn the_request_id_is_echoed_or_made() {
    let app = App::new();
    let named = request(Method::GET, "/health", &[("x-request-id", "trace-1")], "");
    assert_eq!(app.send(named).await.header("x-request-id"), Some("trace-1"));
    let harmful = request(Method::GET, "/nowhere", &[("x-request-id", "<script>")], "");
    let made = app.send(harmful).await.header("x-request-id").unwrap().to_owned();
    assert_eq!(made.len(), 36);
    assert_ne!(app.get("/health").await.header("x-request-id"), Some(made.as_str()));
}

#[tokio::test]
async fn every_answer_keeps_browsers_from_doing_harm() {
    let app = App::new();
    for path in
        ["/api/v1/users/7", "/nowhere", "/api/v1/panic", "/health", "/openapi.json", "/metrics", "/docs"]
    {
        let answer = app.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("server"), None, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
}

#[tokio::test]
async fn plain_http_says_nothing_of_strict_transport() {
    let answer = App::over(Transport::Dev).get("/health").await;
    assert_eq!(answer.header("strict-transport-security"), None);
}

#[tokio::test]
async fn the_description_and_its_page_are_served() {
    let app = App::new();
    let spec = app.get("/openapi.json").await.json();
    assert!(spec["openapi"].as_str().unwrap().starts_with("3."));
    let login = &spec["paths"]["/api/v1/login"]["post"];
    assert_eq!(
        login["responses"]["413"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/Failure"
    );
    assert_eq!(spec["paths"]["/api/v1/me"]["get"]["security"][0]["Bearer"], serde_json::json!([]));
    assert_eq!(spec["components"]["securitySchemes"]["Bearer"]["scheme"], "bearer");
    let page = app.get("/docs").await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    for file in ["/docs/swagger-ui.js", "/docs/swagger-ui.css", "/docs/start.js"] {
        assert!(page.text.contains(file));
        assert_eq!(app.get(file).await.status, StatusCode::OK);
    }
}

/// G1.
#[tokio::test]
async fn plain_http_is_refused_and_health_is_answered() {
    let app = App::over(Transport::Reject);
    let answer = app.get("/api/v1/users/7").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "HTTPS_REQUIRED"));
    for path in ["/health", "/health/live", "/health/ready"] {
        assert_eq!(app.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(app.get("/health/../api/v1/users/7").await.code(), "HTTPS_REQUIRED");
}

/// S34.
#[tokio::test]
async fn plain_http_is_sent_on_to_the_configured_name() {
    let app = App::over(Transport::Redirect { base: "https://auth.example.com".to_owned() });
    let headers = [("host", "evil.example"), ("x-forwarded-host", "evil.example")];
    let answer = app.send(request(Method::GET, "/a%20b?c=d", &headers, "")).await;
    assert_eq!(answer.status, StatusCode::MOVED_PERMANENTLY);
    assert_eq!(answer.header("location"), Some("https://auth.example.com/a%20b?c=d"));
    assert_eq!(app.get("/health").await.status, StatusCode::OK);
}

#[tokio::test]
async fn plain_http_is_served_to_a_trusted_proxy_only() {
    let app = App::over(Transport::Trusted);
    let proxy = request_from("10.0.0.1:5", Method::GET, "/api/v1/users/7", &[], "");
    assert_eq!(app.send(proxy).await.status, StatusCode::OK);
    let forged = [("x-forwarded-for", "10.0.0.1"), ("x-forwarded-proto", "https")];
    let stranger = request(Method::GET, "/api/v1/users/7", &forged, "");
    assert_eq!(app.send(stranger).await.code(), "HTTPS_REQUIRED");
    assert_eq!(app.get("/health").await.status, StatusCode::OK);
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let answer = App::new().send(request(Method::HEAD, "/api/v1/users/7", &[], "")).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, ""));
}
