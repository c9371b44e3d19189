//! Every failure keeps the envelope, whoever makes it.

use poem::http::{Method, StatusCode};

use super::harness::{App, SECRET, request};

const JSON: (&str, &str) = ("content-type", "application/json");

/// G3.
#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let app = App::new();
    for path in ["/api/v1/nothing-here", "/nowhere", "/", "/api/v1/users/1/2", "/healthy"] {
        let answer = app.get(path).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::NOT_FOUND, "NOT_FOUND"), "{path}");
    }
}

/// R74.
#[tokio::test]
async fn an_unknown_method_is_told_which_are_known() {
    let app = App::new();
    for (method, path, allow) in [
        (Method::DELETE, "/api/v1/login", "POST"),
        (Method::PUT, "/api/v1/users/7", "GET, HEAD"),
        (Method::from_bytes(b"BREW").unwrap(), "/api/v1/me", "GET, HEAD"),
        (Method::POST, "/docs", "GET, HEAD"),
    ] {
        let answer = app.send(request(method, path, &[], "")).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (405, "METHOD_NOT_ALLOWED"), "{path}");
        assert_eq!(answer.header("allow"), Some(allow), "{path}");
    }
}

#[tokio::test]
async fn a_body_of_another_type_or_encoding_is_refused() {
    let app = App::new();
    let body = r#"{"email":"a","password":"b"}"#;
    let gzip: &[(&str, &str)] = &[JSON, ("content-encoding", "gzip")];
    for headers in [&[][..], &[("content-type", "text/plain")], &[("content-type", "application/xml")], gzip]
    {
        let answer = app.send(request(Method::POST, "/api/v1/login", headers, body)).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (415, "UNSUPPORTED_MEDIA_TYPE"));
    }
}

#[tokio::test]
async fn a_body_above_the_cap_is_refused_announced_or_not() {
    let app = App::new();
    let large = format!(r#"{{"email":"a","password":"{}"}}"#, "x".repeat(64 * 1024));
    let announced: &[(&str, &str)] = &[JSON, ("content-length", "104857600")];
    for (headers, body) in [(&[JSON][..], large.clone()), (announced, String::new())] {
        let answer = app.send(request(Method::POST, "/api/v1/login", headers, body)).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (413, "PAYLOAD_TOO_LARGE"));
    }
    let answer = app.post("/api/v1/made", large).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "also where no body is expected");
}

/// G4.
#[tokio::test]
async fn a_bad_body_names_its_field() {
    let app = App::new();
    for (body, field, reason) in [
        (r#"{"email":"a"}"#, "password", "missing"),
        (r#"{"email":"a","password":"b","role":"admin"}"#, "role", "unknown"),
        (r#"{"email":"a","password":"b","password":"c"}"#, "password", "duplicate"),
        (r#"{"email":["a"],"password":"b"}"#, "email", "wrong_type"),
    ] {
        let answer = app.post("/api/v1/login", body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "VALIDATION_ERROR"), "{body}");
        let details = &answer.json()["error"]["details"];
        assert_eq!((details["field"].as_str(), details["reason"].as_str()), (Some(field), Some(reason)));
    }
}

/// G3, G82.
#[tokio::test]
async fn malformed_bodies_are_refused_in_the_envelope() {
    let app = App::new();
    let deep = r#"{"email":"#.to_owned() + &"[".repeat(30_000);
    let bodies: [&[u8]; 7] =
        [b"", b"{", b"nonsense", b"[]", b"{\"email\":\"\xff\"}", b"{}{}", deep.as_bytes()];
    for body in bodies {
        let answer = app.post("/api/v1/login", body.to_vec()).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "VALIDATION_ERROR"));
    }
}

#[tokio::test]
async fn an_operation_without_a_body_takes_nothing_or_an_empty_object() {
    let app = App::new();
    for body in ["", "{}", " {} "] {
        assert_eq!(app.post("/api/v1/made", body).await.status, StatusCode::CREATED, "{body:?}");
    }
    for body in ["[]", "null", r#"{"x":1}"#, "x"] {
        assert_eq!(app.post("/api/v1/made", body).await.code(), "VALIDATION_ERROR", "{body:?}");
    }
}

#[tokio::test]
async fn a_bad_parameter_is_named_and_its_value_is_not() {
    let app = App::new();
    let answer = app.get("/api/v1/users/7?limit=hunter2").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "VALIDATION_ERROR"));
    assert_eq!(answer.json()["error"]["details"]["field"], "limit");
    assert!(!answer.text.contains("hunter2"));
    let answer = app.get("/api/v1/users/hunter2").await;
    assert_eq!(answer.code(), "VALIDATION_ERROR");
    assert!(!answer.text.contains("hunter2") && !answer.text.contains("param0"));
}

/// G4, G82.
#[tokio::test]
async fn a_failure_inside_tells_the_caller_nothing() {
    let app = App::new();
    for path in ["/api/v1/broken", "/api/v1/panic"] {
        let answer = app.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (500, "INTERNAL_ERROR"), "{path}");
        assert!(!answer.text.contains(SECRET), "{path}");
    }
    assert_eq!(app.get("/api/v1/users/7").await.status, StatusCode::OK, "the process lives");
}

#[tokio::test]
async fn a_limit_says_when_to_come_back() {
    let answer = App::new().get("/api/v1/busy").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (429, "RATE_LIMIT_EXCEEDED"));
    assert_eq!(answer.header("retry-after"), Some("7"));
}

/// G4.
#[tokio::test]
async fn a_token_is_missing_bad_or_expired_and_each_is_said() {
    let app = App::new();
    let call =
        |headers: &'static [(&'static str, &'static str)]| request(Method::GET, "/api/v1/me", headers, "");
    let none = app.send(call(&[])).await;
    assert_eq!((none.status.as_u16(), none.code().as_str()), (401, "UNAUTHORIZED"));
    assert_eq!(none.header("www-authenticate"), Some("Bearer"));
    let bad = app.send(call(&[("authorization", "Bearer forged")])).await;
    assert_eq!((bad.status.as_u16(), bad.code().as_str()), (401, "TOKEN_INVALID"));
    assert_eq!(bad.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    let old = app.send(call(&[("authorization", "Bearer old")])).await;
    assert_eq!((old.status.as_u16(), old.code().as_str()), (401, "TOKEN_EXPIRED"));
    assert_eq!(old.json()["error"]["message"], "Access token has expired");
    let query = app.get("/api/v1/me?access_token=good").await;
    assert_eq!(query.code(), "UNAUTHORIZED", "never from the query");
}
