//! `/account`: name, address, password, and the proof that sensitive pages ask for; SECURITY R4, R36, R49.

use std::time::Duration;

use super::{NONE, page, refused};
use crate::harness::{PASSWORD, SESSION_COOKIE, STEP, TestApp};

const NEW: &str = "seven silent paper lanterns";
const HOUR: Duration = Duration::from_secs(3_601);

#[tokio::test]
async fn a_name_is_changed_by_its_owner() {
    let app = TestApp::new().with_user("ada").await;
    let mut ada = app.surf_as("ada").await;
    let (done, events) = app.events_of(ada.act("/account/name", &[("name", "Ada <b>Lovelace</b>")])).await;
    assert_eq!(done.goes_to(), "/account?done=name");
    assert_eq!(events, ["user.updated success"]);
    assert_eq!(app.records().pop().unwrap().detail, [("field".to_owned(), "name".to_owned())]);
    let html = ada.get("/account?done=name").await;
    assert!(page(&html, 200).contains("Your name is changed."));
    assert!(
        html.text.contains("Ada &lt;b&gt;Lovelace&lt;/b&gt;") && html.text.contains("aria-current=\"page\"")
    );
    assert!(!page(&ada.get("/account?done=%3Cb%3E").await, 200).contains("role=\"status\""));
    let (same, events) = app.events_of(ada.act("/account/name", &[("name", "Ada <b>Lovelace</b>")])).await;
    assert_eq!((same.goes_to(), events.len()), ("/account?done=name", 0));
    refused(&ada.act("/account/name", &[("name", "x")]).await, 400, "The name must be");
}

#[tokio::test]
async fn another_address_is_proved_before_it_counts() {
    let app = TestApp::new().with_user("ada").await.with_user("bob").await;
    let mut ada = app.surf_as("ada").await;
    assert!(page(&ada.get("/account/email").await, 200).contains("ada@example.com"));
    let (done, events) = app.events_of(ada.act("/account/email", &[("new_email", "new@example.com")])).await;
    assert_eq!(done.goes_to(), "/account?done=email");
    assert_eq!(events, ["email.change_requested success"]);
    assert!(page(&ada.get("/account").await, 200).contains("ada@example.com"));
    let token = app.mailed_token("new@example.com").await;
    page(&ada.send("/verify-email", &[("token", &token)]).await, 200);
    assert!(page(&ada.get("/account").await, 200).contains("new@example.com"));
    for (typed, status, says) in [
        ("nonsense", 400, "The email address "),
        ("new@example.com", 400, "This is the address of your account already."),
        ("bob@example.com", 409, "A user with this email already exists"),
    ] {
        refused(&ada.act("/account/email", &[("new_email", typed)]).await, status, says);
    }
}

/// R4, R36.
#[tokio::test]
async fn a_password_is_changed_with_the_one_before() {
    let app = TestApp::new().with_user("ada").await;
    let (mut ada, mut other) = (app.surf_as("ada").await, app.surf_as("ada").await);
    let typed =
        |current, password, repeat| [("current", current), ("password", password), ("repeat", repeat)];
    for (fields, status, says, events) in [
        (
            typed("wrong", NEW, NEW),
            401,
            "The current password is wrong.",
            vec!["password.changed denied wrong_password"],
        ),
        (typed(PASSWORD, NEW, PASSWORD), 400, "The two new passwords are not the same.", vec![]),
        (typed(PASSWORD, "short", "short"), 400, "The password must have at least 8 characters.", vec![]),
        (typed(PASSWORD, PASSWORD, PASSWORD), 400, "must not be one of your last", vec![]),
    ] {
        let (answer, written) = app.events_of(ada.act("/account/password", &fields)).await;
        refused(&answer, status, says);
        assert_eq!(written, events, "{says}");
        assert!(!answer.text.contains(NEW) && !answer.text.contains(PASSWORD));
    }
    let (done, events) = app.events_of(ada.act("/account/password", &typed(PASSWORD, NEW, NEW))).await;
    assert_eq!(done.goes_to(), "/account?done=password");
    assert_eq!(events, ["password.changed success"]);
    assert!(ada.is_in().await && !other.is_in().await);
    page(&app.surf().log_in("ada", PASSWORD).await, 401);
    assert_eq!(app.surf().log_in("ada", NEW).await.goes_to(), "/account");
}

/// A sensitive page asks for a proof first, and goes on where it was.
#[tokio::test]
async fn an_old_login_is_proved_again_and_goes_on() {
    let app = TestApp::new().with_user("ada").await;
    let mut ada = app.surf_as("ada").await;
    app.advance(HOUR);
    for path in ["/account/email", "/account/keys/new", "/account/keys/x", "/account/app", "/account/links"] {
        let back = ada.get(path).await.goes_to().to_owned();
        assert!(
            back.starts_with(&format!("/account/proof?return_to={}", path.replace('/', "%2F"))),
            "{back}"
        );
    }
    let stale =
        ada.act("/account/keys/new", &[("name", "Key"), ("life", "30"), ("scope.metrics:read", "on")]).await;
    assert_eq!(stale.goes_to(), "/account/proof?return_to=%2Faccount%2Fkeys%2Fnew");
    let asked = ada.get("/account/proof?return_to=%2Faccount%2Fkeys%2Fnew").await;
    assert!(page(&asked, 200).contains("value=\"/account/keys/new\""));
    let (wrong, events) = app.events_of(ada.act("/account/proof", &[("password", "wrong")])).await;
    refused(&wrong, 401, "The password is wrong.");
    assert_eq!(events, ["session.stepped_up denied wrong_password"]);
    let before = ada.jar[SESSION_COOKIE].clone();
    let fields = [("password", PASSWORD), ("return_to", "/account/keys/new")];
    let (done, events) = app.events_of(ada.act("/account/proof", &fields)).await;
    assert_eq!(done.goes_to(), "/account/keys/new");
    assert_eq!(events, ["session.stepped_up success password"]);
    assert_ne!(ada.jar[SESSION_COOKIE], before, "T28: another id, another secret");
    page(&ada.get("/account/keys/new").await, 200);
    for elsewhere in ["https://evil.example", "//evil.example", ""] {
        let fields = [("password", PASSWORD), ("return_to", elsewhere)];
        ada.get("/account/proof").await;
        assert_eq!(ada.act("/account/proof", &fields).await.goes_to(), "/account");
    }
}

#[tokio::test]
async fn where_a_second_factor_is_on_a_code_is_the_proof() {
    let app = TestApp::new().with_user("ada").await;
    let mut ada = app.surf_as("ada").await;
    let phone = ada.enrol().await;
    app.advance(HOUR);
    let asked = ada.get("/account/proof?return_to=%2Faccount%2Fkeys%2Fnew").await;
    let html = page(&asked, 200);
    assert!(html.contains("name=\"code\"") && !html.contains("name=\"password\""), "{html}");
    refused(&ada.act("/account/proof", &[("password", PASSWORD)]).await, 400, "send one of its codes");
    refused(
        &ada.act("/account/proof", &[("code", &phone.wrong_code(&app))]).await,
        401,
        "This code is wrong",
    );
    let fields = [("code", phone.code(&app)), ("return_to", "/account/keys/new".to_owned())];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(ada.act("/account/proof", &fields).await.goes_to(), "/account/keys/new");
    app.advance(STEP);
    let (_, events) = app.events_of(ada.get("/account")).await;
    assert_eq!(events, NONE);
}
