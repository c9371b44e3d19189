//! Paths and methods nobody serves: 404 and 405 in the envelope, `HEAD` and `OPTIONS`.

use std::collections::{BTreeMap, BTreeSet};

use latchkey::http::OPENAPI;
use poem::http::Method;
use serde_json::Value;

use crate::harness::{TestApp, filled};

/// Each path of the reviewed description with its methods.
fn paths() -> BTreeMap<String, BTreeSet<String>> {
    let spec: Value = serde_json::from_str(OPENAPI).unwrap();
    let paths = spec["paths"].as_object().unwrap().iter();
    let methods =
        |operations: &Value| operations.as_object().unwrap().keys().map(|m| m.to_uppercase()).collect();
    paths.map(|(path, operations)| (path.clone(), methods(operations))).collect()
}

#[tokio::test]
async fn a_method_that_a_path_does_not_know_is_405_and_says_which_it_knows() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    for (path, known) in paths() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "CONNECT"] {
            if known.contains(method) {
                continue;
            }
            let method: Method = method.parse().unwrap();
            let answer = ada.raw(method.clone(), &filled(&path), None, "").await;
            if path.starts_with("/oauth/") {
                answer.told(405, "invalid_request");
            } else {
                answer.refused(405, "METHOD_NOT_ALLOWED");
            }
            let allow: BTreeSet<_> = answer.header("allow").unwrap().split(", ").map(str::to_owned).collect();
            let mut expected = known.clone();
            if known.contains("GET") {
                expected.insert("HEAD".to_owned());
            }
            assert_eq!(allow, expected, "{method} {path}");
            assert!(answer.header("access-control-allow-origin").is_none());
        }
    }
}

#[tokio::test]
async fn head_answers_as_get_does() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let pages = ["/docs", "/openapi.json", "/setup", "/metrics", "/assets/page.css"].map(str::to_owned);
    let api =
        paths().into_iter().filter(|(_, methods)| methods.contains("GET")).map(|(path, _)| filled(&path));
    for path in api.chain(pages) {
        let (get, head) = (ada.get(&path).await, ada.raw(Method::HEAD, &path, None, "").await);
        assert_eq!(
            (head.status, head.header("content-type")),
            (get.status, get.header("content-type")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_in_the_envelope_whatever_the_method() {
    let app = TestApp::new();
    let long = format!("/api/v1/{}", "x".repeat(4_000));
    for path in [
        "/wherever",
        "/api/v1/wherever",
        "/api/v2/users",
        "/api/v1/auth",
        "/healthy",
        "/docs/x",
        "/%F0%9F%98%80",
        &long,
    ] {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::HEAD]
        {
            let answer = app.anonymous().raw(method.clone(), path, Some("application/json"), "{}").await;
            let error = answer.refused(404, "NOT_FOUND");
            assert!(!error.to_string().contains("wherever"), "{method} {path}: the path is not repeated");
        }
    }
}

#[tokio::test]
async fn a_request_id_is_kept_when_harmless_and_replaced_when_not() {
    let app = TestApp::new();
    let longest = "x".repeat(128);
    for good in ["abc", "trace-1:2.3_4", &longest] {
        let answer = app.anonymous().header("x-request-id", good).get("/api/v1/auth/me").await;
        assert_eq!(answer.refused(401, "UNAUTHORIZED")["request_id"], good);
    }
    let too_long = "x".repeat(129);
    for bad in [
        "",
        " ",
        "a b",
        "a\tb",
        "a;b",
        "<script>",
        "a\"b",
        "{{7*7}}",
        "${jndi:x}",
        "a\u{e9}",
        "%0d%0aX-Evil: 1",
        &too_long,
    ] {
        let answer = app.anonymous().header("x-request-id", bad).get("/api/v1/auth/me").await;
        let shown = answer.refused(401, "UNAUTHORIZED")["request_id"].as_str().unwrap().to_owned();
        assert_ne!(shown, bad);
        assert_eq!(shown.len(), 36, "a new one: {shown}");
        assert!(!answer.text.contains("script") && answer.header("x-evil").is_none());
    }
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_no_banner() {
    let app = TestApp::new();
    for path in ["/api/v1/auth/me", "/nothing", "/health", "/docs", "/setup", "/openapi.json", "/metrics"] {
        let answer = app.anonymous().header("origin", "https://evil.example").get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            // A form says where it is from (see http/csrf.rs).
            ("referrer-policy", if path == "/setup" { "same-origin" } else { "no-referrer" }),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        assert!(answer.header("strict-transport-security").is_some(), "{path}");
        for name in ["server", "x-powered-by", "access-control-allow-origin", "set-cookie"] {
            assert_eq!(answer.header(name), None, "{path}");
        }
    }
    let me = app.anonymous().get("/api/v1/auth/me").await;
    assert_eq!(me.header("cache-control"), Some("no-store"));
}
