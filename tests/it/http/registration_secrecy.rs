//! What registration keeps to itself, and what counts in a password: SECURITY R1, R2, R10.

use latchkey::domain::audit::Action;
use serde_json::{Value, json};

use crate::harness::{Answer, PASSWORD, TestApp};

const PATH: &str = "/api/v1/auth/register";

fn hiding() -> TestApp {
    TestApp::with_policy(|policy| policy.registration.hides_existing = true)
}

async fn register(app: &TestApp, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password, "name": "Somebody" });
    app.anonymous().header("x-request-id", "same").post(PATH, body).await
}

/// An answer without what differs between any two registrations.
fn without_names(answer: &Answer) -> (u16, poem::http::HeaderMap, Value) {
    let mut headers = answer.headers_but_limits();
    headers.remove("content-length");
    let mut json = answer.json();
    json["data"]["id"] = Value::Null;
    json["data"]["email"] = Value::Null;
    (answer.status.as_u16(), headers, json)
}

/// R10: a taken address answers like a free one, at the cost of one hash both times; its owner gets a mail.
#[tokio::test]
async fn a_hidden_account_answers_like_none_and_its_owner_is_told() {
    let app = hiding().with_user("ada").await;
    let hashes = app.hashes();
    let (free, events) = app.events_of(register(&app, "eve@example.com", PASSWORD)).await;
    assert_eq!(events, ["user.registered success"]);
    assert_eq!(app.hashes() - hashes, 1);
    let (taken, events) = app.events_of(register(&app, "ADA@example.com", "another password")).await;
    assert_eq!(events, ["user.registration_repeated denied"]);
    assert_eq!(app.hashes() - hashes, 2);
    assert_eq!(without_names(&free), without_names(&taken));
    assert_eq!(taken.data(201)["email"], "ada@example.com");

    let record = app.records().pop().unwrap();
    assert_eq!((record.actor, record.subject), (None, None));
    assert_eq!(record.action, Action::RegistrationRepeated.name());
    assert_eq!(record.detail, [("name_hash".to_owned(), app.services.keys.name_hash("ada@example.com"))]);
    let mails = app.mails().await;
    let told: Vec<_> = mails.iter().filter(|mail| mail.to == "ada@example.com").collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].subject, "You already have an account at Latchkey");
    assert!(!told[0].text.contains("token="), "{}", told[0].text);
    assert_eq!(mails.len(), 2);

    app.anonymous().log_in("ada", PASSWORD).await.data(200);
    app.anonymous().log_in("ada", "another password").await.refused(401, "AUTHENTICATION_FAILED");
}

/// R10: a username refused because another registration took it would tell that that one made an account.
#[tokio::test]
async fn no_username_can_be_chosen_where_accounts_are_hidden() {
    let app = hiding().with_user("ada").await;
    let hashes = app.hashes();
    let mut answers = Vec::new();
    for (email, username) in [
        ("ada@example.com", "fresh"),
        ("free@example.com", "fresh"),
        ("free@example.com", "ada"),
        ("free@example.com", "a b"),
    ] {
        let body = json!({ "email": email, "password": PASSWORD, "name": "Somebody", "username": username });
        let request = app.anonymous().header("x-request-id", "same");
        let (answer, events) = app.events_of(request.post(PATH, body)).await;
        assert_eq!(events, [""; 0], "{email} {username}");
        let error = answer.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["message"], "username: cannot be chosen on this server");
        assert_eq!(error["details"]["field"], "username");
        answers.push((answer.headers_but_limits(), answer.text));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!((app.hashes() - hashes, app.mails().await.len()), (0, 0));
}

/// R10: whether another account has the derived name must not show in one's own.
#[tokio::test]
async fn a_derived_username_carries_its_number_where_accounts_are_hidden() {
    let app = hiding().with_user("ada").await;
    for email in ["ada@example.org", "eve@example.com"] {
        register(&app, email, PASSWORD).await.data(201);
        let user = app.account(email).unwrap();
        assert_eq!(user.username.as_str(), format!("{}-{}", user.email.local(), user.number));
    }
}

/// R1, R2: what was typed is compared as text: in whichever form it was composed.
#[tokio::test]
async fn a_password_is_the_same_composed_and_decomposed() {
    let app = TestApp::new();
    let (composed, decomposed) = ("cr\u{e8}me br\u{fb}l\u{e9}e", "cre\u{300}me bru\u{302}le\u{301}e");
    assert_ne!(composed, decomposed);
    for (email, set) in [("a@example.com", composed), ("b@example.com", decomposed)] {
        register(&app, email, set).await.data(201);
        app.verify(&app.mailed_token(email).await).await.data(200);
        for typed in [composed, decomposed] {
            app.anonymous().log_in(email, typed).await.data(200);
        }
        app.anonymous().log_in(email, "creme brulee").await.refused(401, "AUTHENTICATION_FAILED");
    }
}

/// R1: characters are counted after composing; 128 are taken whole, 129 refused, none is ever cut off.
#[tokio::test]
async fn the_longest_password_has_128_characters_and_each_counts() {
    let app = TestApp::new();
    let longest = "e\u{301}".repeat(128);
    register(&app, "ada@example.com", &longest).await.data(201);
    app.verify(&app.mailed_token("ada@example.com").await).await.data(200);
    app.anonymous().log_in("ada", &longest).await.data(200);
    let but_one = "\u{e9}".repeat(127);
    for wrong in [format!("{but_one}e"), but_one.clone(), format!("{longest}e"), longest.repeat(40)] {
        let (answer, events) = app.events_of(app.anonymous().log_in("ada", &wrong)).await;
        answer.refused(401, "AUTHENTICATION_FAILED");
        assert_eq!(events, ["login.failed denied wrong_password"]);
    }
    for too_long in [129, 1_000] {
        let answer = register(&app, "eve@example.com", &"\u{1f511}".repeat(too_long)).await;
        assert_eq!(answer.refused(400, "VALIDATION_ERROR")["details"]["field"], "password");
    }
    register(&app, "eve@example.com", &"\u{1f511}".repeat(128)).await.data(201);
}

/// R2: nothing is trimmed, folded or cut at a NUL.
#[tokio::test]
async fn every_character_of_a_password_counts() {
    let app = TestApp::unlimited();
    let password = " pass\0word \t";
    register(&app, "ada@example.com", password).await.data(201);
    app.verify(&app.mailed_token("ada@example.com").await).await.data(200);
    app.anonymous().log_in("ada", password).await.data(200);
    for wrong in [
        "pass\0word",
        " pass\0word",
        " pass\0Word \t",
        " pass\0word \t\0",
        " pass\0wore \t",
        " pass",
        " password \t",
    ] {
        app.anonymous().log_in("ada", wrong).await.refused(401, "AUTHENTICATION_FAILED");
    }
}
