//! Registration: rules G6 to G9, G64, G82 and X33; SECURITY R1, R2, R5, R10, R55, R62 to R64.

use latchkey::store::{Abort, Read, Stamp, Txn, tables};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{PASSWORD, START, TestApp};

const PATH: &str = "/api/v1/auth/register";

/// A good registration of `email` with other or more fields.
fn form(email: &str, changes: &Value) -> Value {
    let mut form = json!({ "email": email, "password": PASSWORD, "name": "Ada Lovelace" });
    for (name, value) in changes.as_object().into_iter().flatten() {
        form[name] = value.clone();
    }
    form
}

fn ada() -> Value {
    form("ada@example.com", &Value::Null)
}

/// Holds that a registration is refused with this code and leaves no trace: no hash, no event, no mail.
#[track_caller]
fn refused_without_trace(app: &TestApp, body: &str, code: (u16, &str)) -> impl Future<Output = Value> {
    let caller = std::panic::Location::caller();
    async move {
        let hashes = app.hashes();
        let (answer, events) = app.events_of(app.anonymous().post_raw(PATH, body)).await;
        assert_eq!((events, app.hashes() - hashes), (Vec::<String>::new(), 0), "{caller}: {body}");
        assert_eq!(app.mails().await.len(), 0, "{caller}: {body}");
        answer.refused(code.0, code.1)
    }
}

/// G6, G64.
#[tokio::test]
async fn a_stranger_becomes_a_pending_account() {
    let app = TestApp::new();
    let (answer, events) =
        app.events_of(app.anonymous().post(PATH, form("Ada@Example.com", &Value::Null))).await;
    let data = answer.data(201);
    let expected = json!({
        "id": data["id"],
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "status": "pending",
        "message": "User registered successfully. Please verify your email.",
    });
    assert_eq!(data, expected);
    let id: Uuid = data["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(id.get_version_num(), 7);
    assert_eq!(events, ["user.registered success"]);
    let record = app.records().pop().unwrap();
    assert_eq!(record.detail, [("role".to_owned(), "developer".to_owned())]);
    assert_eq!((record.actor, record.subject), (Some(*id.as_bytes()), Some(*id.as_bytes())));
    let phc = app.services.read(|read| latchkey::store::user::phc(read, id.into())).unwrap().unwrap();
    assert!(phc.starts_with("$argon2id$v=19$"), "{phc}");
}

/// G7, R1, R63, R64.
#[tokio::test]
async fn every_bad_field_is_named() {
    let app = TestApp::new();
    let long = |length: usize| "a".repeat(length);
    let emails = [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        " ada@example.com",
        "ada@example.com ",
        "ada@example.com,eve@example.com",
        "ada@example.com\r\nBcc: eve@example.com",
        "Ada <ada@example.com>",
        "\"a b\"@example.com",
        "ada@@example.com",
        "ada@127.0.0.1",
        "ada@[127.0.0.1]",
        "\u{430}da@example.com",
        "ada@ex\u{e4}mple.com",
        "ada\0@example.com",
        &format!("{}@example.com", long(65)),
        &format!("a@{}com", "abcdefgh.".repeat(30)),
    ];
    let passwords = ["", "short77", &long(129), "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}"];
    let names = ["", "A", " A ", "Ada\nLovelace", "Ada\u{202e}ecalevoL", &long(101)];
    let usernames = ["", "a b", "ada@example.com", ".ada", "ad\u{430}", &long(51)];
    let fields: [(&str, &[&str]); 4] =
        [("email", &emails), ("password", &passwords), ("name", &names), ("username", &usernames)];
    for (field, values) in fields {
        for value in values {
            let body = form("ada@example.com", &json!({ field: value })).to_string();
            let error = refused_without_trace(&app, &body, (400, "VALIDATION_ERROR")).await;
            assert_eq!(error["details"]["field"], field, "{value:?}: {error:#}");
            assert_eq!(error["details"]["fields"].as_array().map(Vec::len), Some(1), "{value:?}: {error:#}");
        }
    }
}

/// G7.
#[tokio::test]
async fn all_faults_are_listed_at_once() {
    let app = TestApp::new();
    let body = json!({ "email": "ada", "password": "short", "name": "A", "username": "-" }).to_string();
    let error = refused_without_trace(&app, &body, (400, "VALIDATION_ERROR")).await;
    let listed: Vec<_> = error["details"]["fields"].as_array().unwrap().iter().collect();
    let mut named: Vec<_> = listed.iter().map(|fault| fault["field"].as_str().unwrap()).collect();
    named.sort_unstable();
    assert_eq!(named, ["email", "name", "password", "username"]);
    assert!(listed.iter().all(|fault| fault["message"].as_str().is_some_and(|text| text.len() > 10)));
}

/// R5, R63, G82: a value of another type is refused by the name of its field, and never repeated.
#[tokio::test]
async fn types_are_strict() {
    let app = TestApp::new();
    let wrong = [
        json!(["ada@example.com", "eve@example.com"]),
        json!({ "$ne": "planted-value" }),
        json!(12_345_678),
        json!(true),
    ];
    for field in ["email", "password", "name", "username"] {
        for value in &wrong {
            let body = form("ada@example.com", &json!({ field: value })).to_string();
            let error = refused_without_trace(&app, &body, (400, "VALIDATION_ERROR")).await;
            assert_eq!(error["details"]["field"], field, "{value}: {error:#}");
            assert!(!error.to_string().contains("planted-value"), "{error:#}");
        }
    }
    for field in ["email", "password", "name"] {
        let mut body = ada();
        body[field] = Value::Null;
        refused_without_trace(&app, &body.to_string(), (400, "VALIDATION_ERROR")).await;
        body.as_object_mut().unwrap().remove(field);
        let error = refused_without_trace(&app, &body.to_string(), (400, "VALIDATION_ERROR")).await;
        assert_eq!(error["details"], json!({ "field": field, "reason": "missing" }));
    }
    for body in ["", "{", "null", "[]", "\"ada\"", r#"["ada@example.com","correct horse battery","Ada"]"#] {
        refused_without_trace(&app, body, (400, "VALIDATION_ERROR")).await;
    }
}

/// R55.
#[tokio::test]
async fn nobody_gives_themselves_a_role_a_status_or_an_id() {
    let app = TestApp::new();
    let id = "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11";
    let more = [
        ("role", json!("super_admin")),
        ("roles", json!(["super_admin"])),
        ("status", json!("active")),
        ("id", json!(id)),
        ("email_verified", json!(true)),
        ("email_verified_at", json!(1)),
        ("mfa_enabled", json!(false)),
        ("is_admin", json!(true)),
        ("Password", json!(PASSWORD)),
    ];
    for (field, value) in more {
        let body = form("ada@example.com", &json!({ field: value })).to_string();
        let error = refused_without_trace(&app, &body, (400, "VALIDATION_ERROR")).await;
        assert_eq!(error["details"], json!({ "field": field, "reason": "unknown" }));
    }
}

/// R73: which of two members counts must not depend on who reads.
#[tokio::test]
async fn a_member_given_twice_is_refused() {
    let app = TestApp::new();
    let body = r#"{"email":"ada@example.com","password":"correct horse battery","name":"Ada","email":"eve@example.com"}"#;
    let error = refused_without_trace(&app, body, (400, "VALIDATION_ERROR")).await;
    assert_eq!(error["details"], json!({ "field": "email", "reason": "duplicate" }));
}

/// G8, X33: in any case of letters, by address and by username.
#[tokio::test]
async fn a_taken_name_is_refused() {
    let app = TestApp::new().with_user("ada").await;
    for (email, username, field) in [
        ("ada@example.com", Value::Null, "email"),
        ("ADA@EXAMPLE.COM", Value::Null, "email"),
        ("Ada@example.com", json!("somebody"), "email"),
        ("other@example.com", json!("ada"), "username"),
        ("other@example.com", json!("ADA"), "username"),
    ] {
        let body = form(email, &json!({ "username": username })).to_string();
        let error = refused_without_trace(&app, &body, (409, "ALREADY_EXISTS")).await;
        assert_eq!(error["details"], json!({ "field": field }), "{email}");
        assert_eq!(error["message"], format!("A user with this {field} already exists"));
    }
}

#[tokio::test]
async fn a_username_comes_from_the_address_and_is_made_unique() {
    let app = TestApp::new();
    for email in ["ada+math@example.com", "ada+math@example.org", "Ada-Math@example.net"] {
        app.anonymous().register(email).await.data(201);
    }
    let username = |email: &str| app.account(email).unwrap().username.as_str().to_owned();
    assert_eq!(username("ada+math@example.com"), "ada-math");
    for email in ["ada+math@example.org", "ada-math@example.net"] {
        let number = app.account(email).unwrap().number;
        assert_eq!(username(email), format!("ada-math-{number}"));
        assert_eq!(app.account(&username(email)).unwrap().email.as_str(), email);
    }
}

/// Makes other accounts have these numbers, and the username `eve-<number>` of each.
async fn occupy(app: &TestApp, numbers: &[u32]) {
    let numbers = numbers.to_vec();
    // No randomness of the server is spent: the next account draws what it would have drawn.
    let stamp = Stamp { now: START, nonce: [0; 16] };
    let occupy = move |txn: &mut Txn<'_>| {
        txn.put(&tables::IDENTIFIERS, &"eve".to_owned(), &[1; 16])?;
        for number in &numbers {
            txn.put(&tables::IDENTIFIERS, &format!("eve-{number}"), &[1; 16])?;
        }
        // Of the first number only the username is taken.
        for number in numbers.iter().skip(1) {
            txn.put(&tables::USER_NUMBERS, number, &[1; 16])?;
        }
        Ok::<_, Abort<()>>(())
    };
    app.store().transact("occupy", stamp, occupy).await.unwrap();
}

/// Whatever numbers are drawn, no account takes a name or a number that another one has.
#[tokio::test]
async fn a_new_account_overwrites_no_number_and_no_name() {
    let mut occupied = Vec::new();
    loop {
        let app = TestApp::new();
        occupy(&app, &occupied).await;
        let answer = app.anonymous().register("eve@example.com").await;
        for number in &occupied {
            let owner = app.services.read(|read| read.get(&tables::IDENTIFIERS, &format!("eve-{number}")));
            assert_eq!(owner.unwrap(), Some([1; 16]));
        }
        for number in occupied.iter().skip(1) {
            let owner = app.services.read(|read| read.get(&tables::USER_NUMBERS, number)).unwrap();
            assert_eq!(owner, Some([1; 16]));
        }
        let Some(eve) = app.account("eve@example.com") else {
            let error = answer.refused(409, "ALREADY_EXISTS");
            assert_eq!(error["details"]["field"], "username");
            break;
        };
        answer.data(201);
        assert_eq!(eve.username.as_str(), format!("eve-{}", eve.number));
        assert!(!occupied.contains(&eve.number));
        occupied.push(eve.number);
    }
    assert_eq!(occupied.len(), 8, "as many as are tried");
}

/// G9, R62, R63: one mail to one address, with one link that stands on the configured URL, whatever the
/// request says of hosts.
#[tokio::test]
async fn the_mail_goes_to_the_address_with_a_link_from_the_configured_url() {
    let app = TestApp::new();
    let stranger = app.anonymous().header("host", "evil.example").header("x-forwarded-host", "evil.example");
    let stranger =
        stranger.header("forwarded", "host=evil.example;proto=http").header("origin", "https://evil.example");
    stranger.post(PATH, ada()).await.data(201);
    let mails = app.mails().await;
    let [mail] = mails.as_slice() else { panic!("{} mails", mails.len()) };
    assert_eq!(mail.to, "ada@example.com");
    assert_eq!(mail.subject, "Confirm your email address for Latchkey");
    let token = app.mailed_token("ada@example.com").await;
    let link = format!("https://auth.example.com/verify-email?token={token}");
    assert!(token.starts_with("lkv_") && token.len() == 68, "{token}");
    assert_eq!(mail.text.matches("://").count(), 1, "{}", mail.text);
    assert!(mail.text.contains(&format!("\n{link}\n")), "{}", mail.text);
    assert!(mail.html.contains(&link), "{}", mail.html);
    assert!(!format!("{}{}", mail.text, mail.html).contains("evil.example"));
    assert!(!format!("{:?}", app.records()).contains(&token));
}

#[tokio::test]
async fn a_closed_registration_makes_no_account() {
    let app = TestApp::with_policy(|policy| policy.registration.is_enabled = false);
    let error = refused_without_trace(&app, &ada().to_string(), (403, "FORBIDDEN")).await;
    assert_eq!(error["message"], "Registration is closed.");
    refused_without_trace(&app, &json!({ "email": "bad" }).to_string(), (400, "VALIDATION_ERROR")).await;
    assert!(app.account("ada@example.com").is_none());
}
