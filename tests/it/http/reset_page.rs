//! The pages of a lost password, as a browser without script sees them: rule G60; SECURITY R37, R61.

use latchkey::domain::password_policy::PolicyKind;
use poem::http::Method;

use super::page::page;
use crate::harness::{PASSWORD, TestApp, shipped_limits};

const ADA: &str = "ada@example.com";
const NEW: &str = "seven silent paper lanterns";

fn form(token: &str, password: &str, repeat: &str) -> String {
    format!("token={token}&password={}&repeat={}", password.replace(' ', "+"), repeat.replace(' ', "+"))
}

/// A server where Ada asked for a link on the page, and the token in it.
async fn asked() -> (TestApp, String) {
    let app = TestApp::new().with_user("ada").await;
    let answer = app.anonymous().post_form("/forgot-password", "email=ada%40example.com").await;
    page(&answer, 200);
    let token = app.reset_token(ADA).await;
    (app, token)
}

#[tokio::test]
async fn a_lost_password_is_replaced_with_pages_alone() {
    let app = TestApp::new().with_user("ada").await;
    let ask = app.anonymous().get("/forgot-password").await;
    assert!(page(&ask, 200).contains("name=\"email\""));
    let browser = app.anonymous();
    let (sent, events) =
        app.events_of(browser.post_form("/forgot-password", "email=ada%40example.com")).await;
    page(&sent, 200);
    assert_eq!(events, ["password.reset_requested success"]);
    let token = app.reset_token(ADA).await;
    let link = format!("/reset-password?token={token}");
    let look = async {
        for _ in 0..3 {
            assert!(page(&app.anonymous().get(&link).await, 200).contains(&format!("value=\"{token}\"")));
        }
        app.anonymous().raw(Method::HEAD, &link, None, "").await;
    };
    let ((), events) = app.events_of(look).await;
    assert_eq!(events, [""; 0], "looking changes nothing: mail scanners look");
    let typed = form(&token, NEW, NEW);
    let (set, events) = app.events_of(browser.post_form("/reset-password", &typed)).await;
    assert!(page(&set, 200).contains("new password is set"));
    assert_eq!(events, ["password.reset success"]);
    app.anonymous().log_in("ada", PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
    app.anonymous().log_in("ada", NEW).await.data(200);
    assert!(page(&app.anonymous().get(&link).await, 400).contains("no longer valid"));
}

#[tokio::test]
async fn a_mistake_shows_the_form_again_with_the_token_and_no_password() {
    let (app, token) = asked().await;
    for (password, repeat, says) in [
        ("planted", "planted", "at least 8 characters"),
        ("planted password", "planted passwort", "not the same"),
    ] {
        let post = app.anonymous();
        let (answer, events) =
            app.events_of(post.post_form("/reset-password", &form(&token, password, repeat))).await;
        let html = page(&answer, 400);
        assert!(html.contains("role=\"alert\"") && html.contains(says), "{html}");
        assert!(html.contains(&format!("value=\"{token}\"")) && !html.contains("planted"), "{html}");
        assert_eq!(events, [""; 0]);
    }
    page(&app.anonymous().post_form("/reset-password", &form(&token, NEW, NEW)).await, 200);
}

#[tokio::test]
async fn every_dead_link_shows_one_page_that_leads_to_a_new_one() {
    let (app, token) = asked().await;
    app.advance(std::time::Duration::from_secs(3_600));
    let hostile = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    let mut shown = Vec::new();
    for token in ["", "x", "lkr_AAAA", hostile, &token] {
        let looked = app.anonymous().get(&format!("/reset-password?token={token}")).await;
        let posted = app.anonymous().post_form("/reset-password", &form(token, NEW, NEW)).await;
        shown.extend([page(&looked, 400).to_owned(), page(&posted, 400).to_owned()]);
    }
    for path in ["/reset-password", "/reset-password?other=1", "/reset-password?token=a&token=b"] {
        shown.push(page(&app.anonymous().get(path).await, 400).to_owned());
    }
    assert!(shown[0].contains("no longer valid") && shown[0].contains("href=\"/forgot-password\""));
    assert!(shown.iter().all(|html| *html == shown[0]));
}

#[tokio::test]
async fn the_page_tells_nothing_about_an_address() {
    let app = TestApp::new().with_user("ada").await;
    let mut shown = Vec::new();
    for email in ["ada%40example.com", "nobody%40example.com", "", "%00", "%22%3E%3Cscript%3E"] {
        let answer = app.anonymous().post_form("/forgot-password", &format!("email={email}")).await;
        shown.push(page(&answer, 200).to_owned());
    }
    assert!(shown.iter().all(|html| *html == shown[0]));
    assert_eq!(app.mails().await.len(), 1);
}

/// The pages take from the budgets of the operations they stand for, and refuse as pages.
#[tokio::test]
async fn the_pages_have_the_budgets_of_their_operations() {
    let app = TestApp::with_policy(|policy| policy.limits = shipped_limits());
    let stranger = app.anonymous();
    for _ in 0..3 {
        page(&stranger.post_form("/forgot-password", "email=ada%40example.com").await, 200);
    }
    assert!(
        page(&stranger.post_form("/forgot-password", "email=a",).await, 429).contains("Too many requests")
    );
    for _ in 0..10 {
        page(&stranger.post_form("/reset-password", &form("x", NEW, NEW)).await, 400);
    }
    page(&stranger.post_form("/reset-password", &form("x", NEW, NEW)).await, 429);
    page(&stranger.get("/reset-password?token=x").await, 400);
    page(&stranger.get("/forgot-password").await, 200);
}

/// The form says what the policy asks for, before anybody breaks it.
#[tokio::test]
async fn the_form_says_the_policy_in_words() {
    let app = TestApp::with_policy(|policy| policy.password.kind = PolicyKind::Classes);
    let app = app.with_user_of("ada", "Correct-horse-7").await;
    app.anonymous().post_form("/forgot-password", "email=ada%40example.com").await;
    let token = app.reset_token(ADA).await;
    let shown = app.anonymous().get(&format!("/reset-password?token={token}")).await;
    assert!(page(&shown, 200).contains("an uppercase letter, a lowercase letter, a digit"));
    let refused = app.anonymous().post_form("/reset-password", &form(&token, "lowercase", "lowercase")).await;
    let says = "The password must have an uppercase letter. The password must have a digit.";
    assert!(page(&refused, 400).contains(says), "{}", refused.text);
    let reused = form(&token, "Correct-horse-7", "Correct-horse-7");
    let refused = app.anonymous().post_form("/reset-password", &reused).await;
    assert!(page(&refused, 400).contains("must not be one of your last"));
}
