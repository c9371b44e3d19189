//! The check of a password before it is chosen: rules T47 and T48; SECURITY R1, R3, R5, R7.

use latchkey::domain::password_policy::PolicyKind;
use serde_json::{Value, json};

use crate::harness::{PASSWORD, TestApp};

const PATH: &str = "/api/v1/auth/password/validate";

/// Holds that the check costs no hash and writes nothing.
async fn checked(app: &TestApp, body: Value) -> Value {
    let hashes = app.hashes();
    let (answer, events) = app.events_of(app.anonymous().post(PATH, body)).await;
    assert_eq!((events, app.hashes() - hashes), (Vec::<String>::new(), 0));
    answer.data(200)
}

#[tokio::test]
async fn a_good_password_is_valid_and_the_unasked_checks_are_told_too() {
    let app = TestApp::new();
    let expected = json!({
        "valid": true,
        "policy": "basic",
        "checks": {
            "length": true,
            "uppercase": false,
            "lowercase": true,
            "digit": false,
            "special": true,
            "no_common_patterns": true,
            "not_in_breached_list": true,
            "not_context": true,
        },
        "messages": [],
    });
    assert_eq!(checked(&app, json!({ "password": PASSWORD })).await, expected);
}

/// T47, T48.
#[tokio::test]
async fn the_strict_policy_asks_for_all_seven_checks() {
    let app = TestApp::with_policy(|policy| policy.password.kind = PolicyKind::Strict);
    let strict = checked(&app, json!({ "password": "qwerty" })).await;
    let expected = json!({
        "valid": false,
        "policy": "strict",
        "checks": {
            "length": false,
            "uppercase": false,
            "lowercase": true,
            "digit": false,
            "special": false,
            "no_common_patterns": false,
            "not_in_breached_list": false,
            "not_context": true,
        },
        "messages": [
            "The password must have at least 8 characters.",
            "The password must have an uppercase letter.",
            "The password must have a digit.",
            "The password must have a character that is neither a letter nor a digit.",
            "The password must not contain a common word such as \"password\", \"qwerty\" or \"123456\".",
            "The password is one of the most common passwords, please choose another.",
        ],
    });
    assert_eq!(strict, expected);
    assert_eq!(checked(&app, json!({ "password": "Tr0ub4dor&3x" })).await["valid"], true);
}

/// R3. Whether somebody has an account with these names changes nothing.
#[tokio::test]
async fn the_names_of_the_owner_count_whether_they_have_an_account_or_not() {
    let app = TestApp::new().with_user("lovelace").await;
    for name in ["lovelace", "nobodyyet"] {
        let password = format!("{name}12");
        for body in [
            json!({ "password": password, "email": format!("{name}@example.com") }),
            json!({ "password": password, "username": name }),
            json!({ "password": password, "name": format!("Ada {name}") }),
        ] {
            let told = checked(&app, body).await;
            assert_eq!((&told["valid"], &told["checks"]["not_context"]), (&json!(false), &json!(false)));
        }
        assert_eq!(checked(&app, json!({ "password": password })).await["valid"], true);
    }
}

/// R1, R2: counted after normalising, and to the last character.
#[tokio::test]
async fn length_is_counted_in_composed_characters() {
    let app = TestApp::new();
    for (password, is_kept) in [
        ("e\u{301}".repeat(7), false),
        ("e\u{301}".repeat(8), true),
        ("\u{1f511}".repeat(128), true),
        ("\u{1f511}".repeat(129), false),
        ("x".repeat(60_000), false),
        (String::new(), false),
    ] {
        let told = checked(&app, json!({ "password": password })).await;
        assert_eq!(told["checks"]["length"], is_kept, "{} bytes", password.len());
        assert_eq!(told["valid"], is_kept);
    }
}

/// R5, R7.
#[tokio::test]
async fn a_wrong_body_is_refused_and_never_repeated() {
    let app = TestApp::new();
    for body in [
        json!({}),
        json!({ "password": 12_345_678 }),
        json!({ "password": ["planted-secret"] }),
        json!({ "password": { "planted-secret": 1 } }),
        json!({ "password": PASSWORD, "email": 7 }),
        json!({ "password": PASSWORD, "policy": "basic" }),
    ] {
        let error = app.anonymous().post(PATH, body.clone()).await.refused(400, "VALIDATION_ERROR");
        assert!(!error.to_string().contains("planted"), "{body}: {error:#}");
    }
    let told = checked(&app, json!({ "password": "Planted\u{7f}", "name": "planted planted" })).await;
    assert!(!told.to_string().to_lowercase().contains("planted"), "{told:#}");
}
