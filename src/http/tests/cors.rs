//! Calls from web pages of other origins: the listed one, any other, and none.

use poem::http::{Method, StatusCode};

use super::harness::{Answered, App, request};

const LISTED: &str = "https://app.example.com";
const OURS: [&str; 6] = [
    "access-control-allow-origin",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "access-control-max-age",
    "access-control-allow-credentials",
];

async fn preflight(path: &str, origin: &str) -> Answered {
    let headers = [("origin", origin), ("access-control-request-method", "POST")];
    App::new().send(request(Method::OPTIONS, path, &headers, "")).await
}

fn says_nothing(answer: &Answered) {
    for name in OURS {
        assert_eq!(answer.header(name), None, "{name}");
    }
}

#[tokio::test]
async fn a_listed_origin_may_ask_and_read_errors_as_well() {
    let app = App::new();
    for (path, status) in
        [("/api/v1/users/7", 200), ("/api/v1/me", 401), ("/nowhere", 404), ("/api/v1/broken", 500)]
    {
        let answer = app.send(request(Method::GET, path, &[("origin", LISTED)], "")).await;
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.header("access-control-allow-origin"), Some(LISTED));
        assert_eq!(answer.header("vary"), Some("Origin"));
        let exposed = answer.header("access-control-expose-headers").unwrap();
        for name in ["X-Request-ID", "X-RateLimit-Remaining", "RateLimit", "RateLimit-Policy", "Retry-After"]
        {
            assert!(exposed.split(", ").any(|exposed| exposed == name), "{name}");
        }
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        assert_eq!(answer.header("access-control-allow-methods"), None);
    }
}

#[tokio::test]
async fn a_preflight_is_answered_with_the_methods_of_the_route() {
    for (path, methods) in [
        ("/api/v1/login", "POST"),
        ("/api/v1/users/7", "GET, HEAD"),
        ("/api/v1/me", "GET, HEAD"),
        ("/health", "GET, HEAD"),
    ] {
        let answer = preflight(path, LISTED).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::NO_CONTENT, ""), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(LISTED));
        assert_eq!(answer.header("access-control-allow-methods"), Some(methods), "{path}");
        let allowed = answer.header("access-control-allow-headers");
        assert_eq!(allowed, Some("Authorization, Content-Type, X-Request-ID, X-API-Key, Last-Event-ID"));
        assert_eq!(answer.header("access-control-max-age"), Some("600"));
        assert_eq!(answer.header("vary"), Some("Origin"));
        for name in ["access-control-allow-credentials", "content-type", "allow"] {
            assert_eq!(answer.header(name), None, "{name}");
        }
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!(preflight("/nowhere", LISTED).await.code(), "NOT_FOUND");
}

#[tokio::test]
async fn any_other_origin_learns_nothing_and_changes_nothing() {
    let app = App::new();
    for origin in [
        "https://evil.example",
        "null",
        "*",
        "",
        "https://app.example.com.evil.example",
        "https://app.example.com:8443",
        "http://app.example.com",
        "HTTPS://APP.EXAMPLE.COM",
        "https://app.example.com/",
        "https://app.example.com, https://evil.example",
    ] {
        let plain = app.get("/api/v1/users/7").await;
        let answer = app.send(request(Method::GET, "/api/v1/users/7", &[("origin", origin)], "")).await;
        assert_eq!((answer.status, &answer.text), (plain.status, &plain.text), "{origin}");
        says_nothing(&answer);
        let answer = preflight("/api/v1/login", origin).await;
        assert_eq!(answer.code(), "METHOD_NOT_ALLOWED", "{origin}");
        assert_eq!(answer.header("allow"), Some("POST"));
        says_nothing(&answer);
    }
    let twice = [("origin", LISTED), ("origin", "https://evil.example")];
    says_nothing(&app.send(request(Method::GET, "/health", &twice, "")).await);
    says_nothing(&app.get("/health").await);
}

#[tokio::test]
async fn an_options_request_that_is_no_preflight_stays_one_for_an_unknown_method() {
    let bare = request(Method::OPTIONS, "/api/v1/login", &[("origin", LISTED)], "");
    let answer = App::new().send(bare).await;
    assert_eq!(answer.code(), "METHOD_NOT_ALLOWED");
    assert_eq!(answer.header("access-control-allow-origin"), Some(LISTED));
}
