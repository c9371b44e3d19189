use serde_json::Value;

use super::*;
use crate::wire::auth::LoginRequest;

/// `code field reason` of what reading `body` as a login gives; `ok` when it is one.
fn login(body: &[u8]) -> String {
    match parse::<LoginRequest>(body) {
        Ok(_) => "ok".to_owned(),
        Err(error) => {
            let failure = serde_json::to_value(error.to_wire("r")).unwrap();
            let details = &failure["error"]["details"];
            let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            format!("{} {}", word(&details["field"]), word(&details["reason"]))
        }
    }
}

#[test]
fn a_login_is_read() {
    assert_eq!(login(br#" {"email":"ada","password":"x"} "#), "ok");
    assert_eq!(login("{\"password\":\"pä\\u0000ß\",\"email\":\"\u{1f600}\"}".as_bytes()), "ok");
}

#[test]
fn the_field_to_blame_is_named() {
    assert_eq!(login(br#"{"email":"ada"}"#), "password missing");
    assert_eq!(login(br#"{"email":"ada","password":"x","admin":true}"#), "admin unknown");
    assert_eq!(login(br#"{"email":"a","password":"x","email":"b"}"#), "email duplicate");
    assert_eq!(login(br#"{"email":"a","password":["x"]}"#), "password wrong_type");
    assert_eq!(login(br#"{"email":{"$ne":null},"password":"x"}"#), "email wrong_type");
    assert_eq!(login(b"{\"email\":\n \"\\\"password:\",\n\"password\" : 7}"), "password wrong_type");
    assert_eq!(login(br#"{"email":null,"password":"x"}"#), "email wrong_type");
    assert_eq!(login(br#"{"email":true,"password":"x"}"#), "email wrong_type");
}

#[test]
fn a_field_name_that_could_do_harm_is_not_repeated() {
    let long = format!(r#"{{"{}":1}}"#, "a".repeat(65));
    for body in [r#"{"<script>":1}"#, "{\"a`b\":1}", r#"{"a\nb":1}"#, &long] {
        let error = parse::<LoginRequest>(body.as_bytes()).unwrap_err();
        let text = serde_json::to_string(&error.to_wire("r")).unwrap();
        assert!(!text.contains("script") && !text.contains("aaaa") && !text.contains("details"), "{text}");
    }
}

#[test]
fn what_is_not_one_json_object_is_refused() {
    let deep = "[".repeat(100_000);
    let deep_object = r#"{"a":"#.repeat(100_000);
    let deep_field = format!(r#"{{"email":{deep}"#);
    for body in ["", " ", "null", "[]", r#"["ada","x"]"#, "\"x\"", "7", "{", "{}x", "{} {}", "{'a':1}", "{,}"]
    {
        assert_ne!(login(body.as_bytes()), "ok", "{body}");
    }
    for body in [&deep, &deep_object, &deep_field] {
        assert_ne!(login(body.as_bytes()), "ok");
    }
    assert_ne!(login(br#"{"email":"a","password":"x"}trailing"#), "ok");
    assert_ne!(login(br#"{"email":"a","password":"x",}"#), "ok");
}

#[test]
fn a_field_that_takes_any_json_is_bounded_too() {
    #[derive(Debug, serde::Deserialize)]
    struct Free {
        #[expect(dead_code, reason = "it is only read")]
        any: Value,
    }
    let refusal = |any: &str| {
        let error = parse::<Free>(format!(r#"{{"any":{any}}}"#).as_bytes()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ValidationError);
        error.message().to_owned()
    };
    parse::<Free>(br#"{"any":{"a":[1,{"b":null}]}}"#).unwrap();
    parse::<Free>(format!(r#"{{"any":{}{}}}"#, "[".repeat(63), "]".repeat(63)).as_bytes()).unwrap();
    assert!(refusal(&format!("{}{}", "[".repeat(64), "]".repeat(64))).contains("too deeply"));
    assert!(refusal(&format!("{}{}", "[".repeat(20_000), "]".repeat(20_000))).contains("not valid JSON"));
    assert!(refusal(&format!("[{}]", vec!["0"; 20_000].join(","))).contains("too many values"));
    assert!(refusal(r#"{"a":1,"a":2}"#).contains("twice"));
}

#[test]
fn text_that_is_not_unicode_is_refused() {
    assert_ne!(login(b"{\"email\":\"\xff\",\"password\":\"x\"}"), "ok");
    assert_ne!(login(br#"{"email":"\ud800","password":"x"}"#), "ok");
    assert_ne!(login(b"\xef\xbb\xbf{\"email\":\"a\",\"password\":\"x\"}"), "ok");
}

#[test]
fn no_error_repeats_a_value() {
    for body in [
        r#"{"email":"a","password":["hunter2"]}"#,
        r#"{"email":"a","password":"hunter2","password":"hunter2"}"#,
        r#"{"email":7,"password":"hunter2"}"#,
        r#"{"password":"hunter2"#,
        r#"["a","hunter2"]"#,
        r#""hunter2""#,
    ] {
        let error = parse::<LoginRequest>(body.as_bytes()).unwrap_err();
        let text = format!("{error:?} {}", serde_json::to_string(&error.to_wire("r")).unwrap());
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn only_json_in_utf_8_is_json() {
    for good in [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
    ] {
        assert!(is_json(good), "{good}");
    }
    for bad in [
        "",
        "text/plain",
        "application/xml",
        "application/json; charset=utf-16",
        "application/problem+json",
        "application/jsonx",
        "application/json; x=y",
    ] {
        assert!(!is_json(bad), "{bad}");
    }
}
