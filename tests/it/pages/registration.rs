//! `/register`, and another mail; SECURITY R10.

use super::{NONE, page, refused};
use crate::harness::{PASSWORD, TestApp};

fn form<'a>(name: &'a str, email: &'a str, password: &'a str) -> [(&'a str, &'a str); 3] {
    [("name", name), ("email", email), ("password", password)]
}

#[tokio::test]
async fn an_account_is_made_proved_and_opened_with_pages_alone() {
    let app = TestApp::new();
    let mut ada = app.surf();
    assert!(page(&ada.get("/register").await, 200).contains("autocomplete=\"new-password\""));
    let new = form("Ada Lovelace", "ada@example.com", PASSWORD);
    let (made, events) = app.events_of(ada.send("/register", &new)).await;
    assert_eq!(made.goes_to(), "/register/done");
    assert_eq!(events, ["user.registered success"]);
    assert!(page(&ada.get("/register/done").await, 200).contains("/verify-email/again"));
    page(&ada.log_in("ada@example.com", PASSWORD).await, 401);
    app.advance(std::time::Duration::from_secs(60));
    let (again, events) =
        app.events_of(ada.send("/verify-email/again", &[("email", "ada@example.com")])).await;
    assert_eq!(again.goes_to(), "/register/done");
    assert_eq!(events, ["email.verification_resent success"]);
    let token = app.mailed_token("ada@example.com").await;
    assert!(page(&ada.send("/verify-email", &[("token", &token)]).await, 200).contains("href=\"/login\""));
    assert_eq!(ada.log_in("ada@example.com", PASSWORD).await.goes_to(), "/account");
}

#[tokio::test]
async fn a_refused_registration_says_why_with_all_but_the_password() {
    let app = TestApp::new().with_user("ada").await;
    for (name, email, password, status, says) in [
        ("A", "new@example.com", "planted password", 400, "The name must be"),
        ("Ada", "nonsense", "planted password", 400, "The email address "),
        ("Ada", "new@example.com", "planted", 400, "The password must have at least 8 characters."),
        ("Ada", "ada@example.com", "planted password", 409, "A user with this email already exists"),
        ("\"><b>x", "nonsense", "planted", 400, "&quot;&gt;&lt;b&gt;x"),
    ] {
        let (answer, events) =
            app.events_of(app.surf().send("/register", &form(name, email, password))).await;
        refused(&answer, status, says);
        assert!(!answer.text.contains("planted") && answer.text.contains(&format!("value=\"{email}\"")));
        assert_eq!(events, NONE);
    }
}

/// R10: where taken addresses are hidden, the page hides them too.
#[tokio::test]
async fn a_hidden_address_looks_like_a_free_one() {
    let app = TestApp::with_policy(|policy| policy.registration.hides_existing = true);
    let app = app.with_user("ada").await;
    let free = app.surf().send("/register", &form("Ada", "new@example.com", PASSWORD)).await;
    let taken = app.surf().send("/register", &form("Ada", "ada@example.com", PASSWORD)).await;
    assert_eq!((free.goes_to(), free.text.as_str()), (taken.goes_to(), taken.text.as_str()));
    assert_eq!(app.mails().await.len(), 2, "the owner gets a mail instead");
    let mut shown = Vec::new();
    for email in ["ada@example.com", "new@example.com", "nobody@example.com", ""] {
        shown.push(app.surf().send("/verify-email/again", &[("email", email)]).await.goes_to().to_owned());
    }
    assert!(shown.iter().all(|to| to == "/register/done"));
}

#[tokio::test]
async fn closed_is_said_and_not_offered() {
    let app = TestApp::with_policy(|policy| policy.registration.is_enabled = false);
    assert!(page(&app.surf().get("/register").await, 403).contains("Registration is closed"));
    let sent = app.surf().send("/register", &form("Ada", "ada@example.com", PASSWORD)).await;
    page(&sent, 403);
    assert!(!page(&app.surf().get("/login").await, 200).contains("/register"));
    assert!(page(&TestApp::new().surf().get("/login").await, 200).contains("/register"));
}
