//! `/account/sessions`; SECURITY R32, R39.

use std::time::Duration;

use super::page;
use crate::harness::{PASSWORD, TestApp, between};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn sessions_are_seen_and_ended_one_by_one_and_all_others_at_once() {
    let app = TestApp::new().with_user("ada").await.with_user("bob").await;
    let mut ada = app.surf_as("ada").await;
    app.advance(SECOND);
    let mut desk = app.surf_as("ada").await;
    app.advance(SECOND);
    let tokens = app.log_in("ada").await;
    let list = ada.get("/account/sessions").await;
    let html = page(&list, 200);
    assert_eq!((html.matches("<li><div>").count(), html.matches("This one").count()), (3, 1));
    assert!(html.contains("198.51.100.7") && !html.contains("lkc_"));
    let id = between(html, "name=\"id\" value=\"", "\"").to_owned();
    let (ended, events) = app.events_of(ada.act("/account/sessions/end", &[("id", &id)])).await;
    assert_eq!(ended.goes_to(), "/account/sessions?done=ended");
    assert_eq!(events, ["session.ended success revoked"]);
    assert_eq!([tokens.is_in().await, desk.is_in().await], [false, true], "the newest was first");
    let mut bob = app.surf_as("bob").await;
    bob.get("/account/sessions").await;
    let own = ada.get("/account/sessions").await;
    let of_desk = between(&own.text, "name=\"id\" value=\"", "\"").to_owned();
    for id in [of_desk.as_str(), &id, "x", ""] {
        let (answer, events) = app.events_of(bob.act("/account/sessions/end", &[("id", id)])).await;
        assert!(page(&answer, 404).contains("There is no such session."), "{id}");
        assert_eq!(events, [""; 0]);
    }
    let third = app.log_in("ada").await;
    let (ended, events) = app.events_of(ada.act("/account/sessions/end-others", &[])).await;
    assert_eq!(ended.goes_to(), "/account/sessions?done=others_ended");
    assert_eq!(events, ["session.all_ended success others"]);
    assert_eq!(app.records().pop().unwrap().detail, [("sessions_ended".to_owned(), "2".to_owned())]);
    assert_eq!([third.is_in().await, desk.is_in().await, ada.is_in().await], [false, false, true]);
    assert!(bob.is_in().await);
}

/// One's own session is ended like any other, and its cookie goes with it.
#[tokio::test]
async fn this_session_can_be_ended_too() {
    let app = TestApp::new().with_user("ada").await;
    let mut ada = app.surf();
    ada.log_in("ada", PASSWORD).await;
    ada.get("/account/sessions").await;
    let id = app.records().pop().unwrap().session.unwrap();
    let id = latchkey::domain::id::SessionId::from_bytes(id).to_string();
    let left = ada.act("/account/sessions/end", &[("id", &id)]).await;
    assert_eq!(left.goes_to(), "/logout");
    assert!(ada.jar.is_empty());
}
