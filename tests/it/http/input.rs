//! Hostile bodies against every operation that takes one: refused with a documented status, in the envelope,
//! and never with a word of ours or of theirs too many.

use std::collections::BTreeMap;

use latchkey::domain::role::Role;
use latchkey::http::OPENAPI;
use poem::http::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, PASSWORD, TestApp, filled, text_at};

const JSON: Option<&str> = Some("application/json");

/// An operation with a body.
struct Operation {
    id: String,
    method: Method,
    path: String,
    is_guarded: bool,
    documented: Vec<u16>,
    /// Field, and whether it must be there.
    fields: BTreeMap<String, bool>,
    /// Field, and its JSON type.
    kinds: BTreeMap<String, String>,
}

/// Every POST and PUT of the reviewed description, but those that take a form.
fn operations() -> Vec<Operation> {
    let spec: Value = serde_json::from_str(OPENAPI).unwrap();
    let mut found = Vec::new();
    for (path, operations) in spec["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if !["post", "put", "patch"].contains(&method.as_str()) {
                continue;
            }
            if path.starts_with("/oauth/") {
                continue;
            }
            let schema = operation.pointer("/requestBody/content/application~1json/schema/$ref");
            let schema = schema.map(|name| spec.pointer(&name.as_str().unwrap()[1..]).unwrap().clone());
            let schema = schema.unwrap_or(json!({ "properties": {} }));
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let properties = schema["properties"].as_object().unwrap();
            let kinds = properties.iter().map(|(name, field)| (name.clone(), text_at(field, "/type")));
            let kinds = kinds.collect();
            let fields = properties.keys();
            found.push(Operation {
                id: text_at(operation, "/operationId"),
                method: method.to_uppercase().parse().unwrap(),
                path: filled(path),
                is_guarded: operation.get("security").is_some(),
                documented: operation["responses"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(|s| s.parse().unwrap())
                    .collect(),
                kinds,
                fields: fields.map(|name| (name.clone(), required.contains(&json!(name)))).collect(),
            });
        }
    }
    assert!(found.len() >= 8);
    found
}

impl Operation {
    /// A body whose fields have the right types.
    fn body(&self) -> serde_json::Map<String, Value> {
        let value = |name: &str, kind: &str| match (name, kind) {
            ("email", _) => json!("nobody@example.com"),
            ("password", _) => json!(PASSWORD),
            ("status", _) => json!("active"),
            ("ip_allowlist" | "checks", _) => json!([]),
            (_, "array") => json!(["metrics:read"]),
            (_, "integer") => json!(60),
            (_, "boolean") => json!(false),
            _ => json!("Planted"),
        };
        self.kinds.iter().map(|(name, kind)| (name.clone(), value(name, kind))).collect()
    }

    /// Whether `value` is of the type that `field` has.
    fn takes(&self, field: &str, value: &Value) -> bool {
        match self.kinds[field].as_str() {
            "array" => value.as_array().is_some_and(|all| all.iter().all(Value::is_string)),
            "integer" => value.is_u64(),
            "boolean" => value.is_boolean(),
            _ => value.is_string(),
        }
    }

    /// Sends a body as somebody who may call the operation; the answer must be one that is documented.
    async fn send(&self, app: &TestApp, kind: Option<&str>, body: impl Into<Vec<u8>>) -> Answer {
        let mut caller = app.anonymous();
        if self.is_guarded {
            caller = caller.header("authorization", &format!("Bearer {}", app.log_in("root").await.access));
        }
        let answer = caller.raw(self.method.clone(), &self.path, kind, body).await;
        let status = answer.status.as_u16();
        assert!(status < 500, "{}: {}", self.id, answer.text);
        assert!(self.documented.contains(&status), "{}: {status} is not documented", self.id);
        assert_eq!(answer.header("content-type"), Some("application/json"), "{}", self.id);
        if status >= 400 {
            let error = &answer.json()["error"];
            answer.refused(status, error["code"].as_str().unwrap());
            for internal in ["serde", "panicked", "src/", "poem", "expected", "Planted", PASSWORD] {
                assert!(!answer.text.contains(internal), "{}: {}", self.id, answer.text);
            }
        }
        answer
    }

    #[track_caller]
    fn refused(&self, answer: &Answer, what: &str) {
        assert_eq!(answer.status, 400, "{} took {what}: {}", self.id, answer.text);
    }
}

async fn app() -> TestApp {
    let app = TestApp::unlimited();
    app.add("root", Role::SuperAdmin).await;
    app
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_refused_and_its_field_named() {
    let app = app().await;
    let deep = (0..60).fold(json!("Planted"), |inner, _| json!([inner]));
    let wrong = [
        json!(7),
        json!(-1.5),
        json!(true),
        json!(["Planted"]),
        json!({ "$ne": null }),
        json!([]),
        json!({}),
        deep,
    ];
    for operation in operations() {
        for (field, is_required) in &operation.fields {
            for value in wrong.iter().filter(|value| !operation.takes(field, value)) {
                let mut body = operation.body();
                body.insert(field.clone(), value.clone());
                let answer = operation.send(&app, JSON, Value::Object(body).to_string()).await;
                operation.refused(&answer, &format!("{field}: {value}"));
                let details = json!({ "field": field, "reason": "wrong_type" });
                assert_eq!(answer.json()["error"]["details"], details, "{}: {value}", operation.id);
            }
            let mut body = operation.body();
            body.insert(field.clone(), Value::Null);
            let null = operation.send(&app, JSON, Value::Object(body.clone()).to_string()).await;
            body.remove(field);
            let absent = operation.send(&app, JSON, Value::Object(body).to_string()).await;
            if *is_required {
                operation.refused(&null, &format!("{field}: null"));
                let details = json!({ "field": field, "reason": "missing" });
                assert_eq!(absent.json()["error"]["details"], details, "{}", operation.id);
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_is_not_one_json_object_is_refused() {
    let app = app().await;
    for operation in operations() {
        let whole = Value::Object(operation.body()).to_string();
        let mut bodies: Vec<Vec<u8>> = [
            "null",
            "7",
            "true",
            "\"Planted\"",
            "[]",
            "[\"Planted\"]",
            "[{}]",
            "{",
            "}",
            "{,}",
            "{'a':1}",
            "{a:1}",
            "\0",
            "{}{}",
            "{} Planted",
            "// c\n{}",
            "NaN",
            "\u{feff}{}",
            "{\"a\":1e999}",
            "{\"a\":01}",
            "{\"a\":+1}",
            "{\"a\":\"\u{0}\"}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\x\"}",
        ]
        .map(|body| body.as_bytes().to_vec())
        .into();
        bodies.push(b"{\"a\":\"\xff\xfe\"}".to_vec());
        bodies.push(b"\xff\xfe{\0}\0".to_vec());
        bodies.push(format!("{whole} Planted").into_bytes());
        bodies.push(format!("{whole}{whole}").into_bytes());
        bodies.push(format!("\u{feff}{whole}").into_bytes());
        for opening in ["[", "{\"a\":", "{\"email\":[", "{\"password\":{\"a\":"] {
            bodies.push(opening.repeat(60_000 / opening.len()).into_bytes());
        }
        for body in bodies {
            let answer = operation.send(&app, JSON, body.clone()).await;
            operation.refused(&answer, &String::from_utf8_lossy(&body).chars().take(40).collect::<String>());
        }
        if !operation.fields.is_empty() {
            let answer = operation.send(&app, JSON, "").await;
            operation.refused(&answer, "nothing");
        }
    }
}

#[tokio::test]
async fn a_field_too_many_or_twice_is_refused_and_named() {
    let app = app().await;
    for operation in operations() {
        let whole = Value::Object(operation.body()).to_string();
        let open = whole.trim_end_matches('}');
        let comma = if operation.fields.is_empty() { "" } else { "," };
        let strange =
            ["role", "roles", "is_admin", "id", "constructor", "__proto__", "Email", "PASSWORD", "x"];
        for name in strange.into_iter().filter(|name| !operation.fields.contains_key(*name)) {
            for value in ["\"Planted\"", "null", "[[[]]]", "1e999999999", "123456789012345678901234567890"] {
                let answer = operation.send(&app, JSON, format!("{open}{comma}\"{name}\":{value}}}")).await;
                operation.refused(&answer, name);
                let details = json!({ "field": name, "reason": "unknown" });
                assert_eq!(answer.json()["error"]["details"], details, "{} {name}", operation.id);
            }
        }
        for field in operation.fields.keys() {
            let answer = operation.send(&app, JSON, format!("{open},\"{field}\":\"Planted again\"}}")).await;
            operation.refused(&answer, field);
            let details = json!({ "field": field, "reason": "duplicate" });
            assert_eq!(answer.json()["error"]["details"], details, "{}", operation.id);
        }
        let many: Vec<_> = (0..5_000).map(|at| format!("\"k{at}\":1")).collect();
        let answer = operation.send(&app, JSON, format!("{{{}}}", many.join(","))).await;
        operation.refused(&answer, "five thousand fields");
    }
}

#[tokio::test]
async fn a_body_one_byte_too_large_is_413_announced_or_not() {
    let app = app().await;
    for operation in operations() {
        let largest = format!("{{{}}}", " ".repeat(64 * 1024 - 2));
        let answer = operation.send(&app, JSON, largest.clone()).await;
        assert_ne!(answer.status, 413, "{}", operation.id);
        let answer = operation.send(&app, JSON, format!("{largest} ")).await;
        answer.refused(413, "PAYLOAD_TOO_LARGE");
        let root = app.log_in("root").await;
        let token = format!("Bearer {}", root.access);
        for length in ["65537", "99999999999", "18446744073709551615"] {
            let caller = app.anonymous().header("authorization", &token).header("content-length", length);
            let answer = caller.raw(operation.method.clone(), &operation.path, JSON, "{}").await;
            answer.refused(413, "PAYLOAD_TOO_LARGE");
        }
    }
}

#[tokio::test]
async fn only_json_without_an_encoding_is_read() {
    let app = app().await;
    for operation in operations().iter().filter(|operation| !operation.fields.is_empty()) {
        let whole = Value::Object(operation.body()).to_string();
        for kind in [
            None,
            Some("text/plain"),
            Some("application/xml"),
            Some("application/x-www-form-urlencoded"),
            Some("multipart/form-data; boundary=x"),
            Some("application/json; charset=utf-16"),
            Some("application/json, text/plain"),
            Some("application/jsonp"),
            Some("json"),
            Some(""),
        ] {
            let answer = operation.send(&app, kind, whole.clone()).await;
            answer.refused(415, "UNSUPPORTED_MEDIA_TYPE");
        }
        let token = format!("Bearer {}", app.log_in("root").await.access);
        for encoding in ["gzip", "deflate", "br", "identity, gzip", "x"] {
            let caller = app.anonymous().header("authorization", &token).header("content-encoding", encoding);
            let answer = caller.raw(operation.method.clone(), &operation.path, JSON, whole.clone()).await;
            answer.refused(415, "UNSUPPORTED_MEDIA_TYPE");
        }
    }
}

/// R72.
#[tokio::test]
async fn hostile_text_in_any_field_never_breaks_anything() {
    let app = app().await;
    let long = "x".repeat(60_000);
    let wide = "\u{1f469}\u{200d}\u{1f469}".repeat(2_000);
    let hostile = [
        "",
        " ",
        "\u{0}",
        "a\u{0}b",
        "a\r\nSet-Cookie: x=1",
        "\u{1b}[31m",
        "\u{202e}abc",
        "\u{feff}",
        "\u{fffd}",
        "\u{10ffff}",
        "' OR 1=1 --",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "{{7*7}}",
        "${jndi:ldap://x}",
        "%00%0a",
        "a@b@c",
        "\"@example.com",
        "a@[127.0.0.1]",
        "a@\u{e9}.example",
        "\u{130}@example.com",
        "-1",
        "eyJhbGciOiJub25lIn0.e30.",
        "lkv_",
        "lks_",
        &long,
        &wide,
    ];
    for operation in operations() {
        for field in operation.fields.keys() {
            for text in hostile {
                let mut body = operation.body();
                body.insert(field.clone(), json!(text));
                let answer = operation.send(&app, JSON, Value::Object(body).to_string()).await;
                for (_, value) in &answer.headers {
                    assert!(!value.as_bytes().iter().any(|byte| *byte < 0x20), "{field}: {text:?}");
                }
            }
        }
    }
    let root = app.log_in("root").await;
    let page = root.get("/api/v1/users?limit=100").await.data(200);
    for user in page["users"].as_array().unwrap() {
        let clean = |field: &str| !text_at(user, field).chars().any(char::is_control);
        assert!(clean("/name") && clean("/email") && clean("/username"), "{user:#}");
    }
}

#[tokio::test]
async fn hostile_parameters_never_break_anything() {
    let app = app().await;
    let root = app.log_in("root").await;
    let hostile = [
        "",
        "%00",
        "%ff%fe",
        "%",
        "%zz",
        "%0d%0aX-Evil:1",
        "'%20OR%201=1",
        "[]",
        "{}",
        "null",
        "-1",
        "1e9",
        "%F0%9F%98%80",
    ];
    let parameters = [
        ("users", ["limit", "offset", "status", "search"].as_slice()),
        ("audit/logs", &["user_id", "action", "start_date", "end_date", "limit", "cursor"]),
        ("outbox", &["limit", "cursor"]),
        ("auth/sessions", &["limit", "cursor"]),
    ];
    for (path, names) in parameters {
        for name in names {
            for value in hostile {
                for query in [
                    format!("{name}={value}"),
                    format!("{name}={value}&{name}={value}"),
                    format!("{name}[]={value}"),
                ] {
                    let answer = root.get(&format!("/api/v1/{path}?{query}")).await;
                    assert!(matches!(answer.status.as_u16(), 200 | 400), "{path}?{query}: {}", answer.text);
                    assert!(answer.json()["success"].is_boolean() && answer.header("x-evil").is_none());
                }
            }
        }
    }
    for value in hostile {
        for path in [format!("/api/v1/auth/verify-email/{value}"), format!("/api/v1/auth/sessions/{value}")] {
            let answer = root.raw(Method::DELETE, &path, None, "").await;
            assert!(answer.status.is_client_error(), "{path}: {}", answer.text);
            let answer = app.anonymous().get(&path).await;
            assert!(answer.status.is_client_error(), "{path}: {}", answer.text);
            assert_eq!(answer.json()["success"], false);
        }
    }
}
