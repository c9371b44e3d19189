//! Webhooks over the API: how they stand, tests, and what they gave up.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::services::webhook::Next;
use serde_json::{Value, json};

use crate::harness::{LoggedIn, PASSWORD, Receiver, TestApp, hook};

const HOOKS: &str = "/api/v1/webhooks";
const LETTERS: &str = "/api/v1/webhooks/siem/dead-letters";

async fn served(receiver: &Receiver) -> TestApp {
    let app = TestApp::with_webhooks(vec![hook("siem", Some("login.failed,user.*"), receiver)]).await;
    app.add("boss", Role::Admin).await;
    app.tell(0).await;
    receiver.take();
    app
}

async fn guess(app: &TestApp) {
    app.anonymous().log_in("boss", "a wrong password").await.refused(401, "AUTHENTICATION_FAILED");
}

/// Gives up whatever waits.
async fn give_up(app: &TestApp, receiver: &Receiver, events: usize) {
    receiver.fail(3 * events);
    while let Next::At(_) = app.tell(0).await {
        app.advance(Duration::from_secs(3_600));
    }
    receiver.take();
}

async fn fresh<'a>(app: &'a TestApp, name: &str) -> LoggedIn<'a> {
    LoggedIn::with(app, &app.anonymous().log_in(name, PASSWORD).await.data(200))
}

#[tokio::test]
async fn a_list_tells_how_each_stands_and_never_its_whole_address() {
    let receiver = Receiver::default();
    let app = served(&receiver).await;
    let boss = app.log_in("boss").await;
    let seen = |page: &Value| page["webhooks"][0].clone();
    let (page, events) = app.events_of(boss.get(HOOKS)).await;
    assert_eq!(events, [""; 0]);
    let expected = json!({
        "name": "siem", "origin": "https://siem.example.com", "events": ["login.failed", "user.*"],
        "state": "ok", "delivered": 1, "failures": 0, "behind": 1, "dead_letters": 0,
        "delivered_at": "2027-01-15T08:00:00.000Z",
    });
    let found = seen(&page.data(200));
    assert_eq!(found, expected);
    receiver.fail(1);
    guess(&app).await;
    app.tell(0).await;
    let failing = seen(&boss.get(HOOKS).await.data(200));
    assert_eq!((&failing["state"], &failing["failures"]), (&json!("failing"), &json!(1)));
    assert_eq!(failing["last_error"], "the receiver answered 503");
    assert!(failing["next_attempt_at"].as_str().unwrap() > "2027-01-15T08:00:02", "{failing:#}");
    receiver.go();
    app.advance(Duration::from_secs(5));
    app.tell(0).await;
    assert_eq!(seen(&boss.get(HOOKS).await.data(200))["state"], "disabled");
}

#[tokio::test]
async fn a_test_is_delivered_at_once_and_its_outcome_is_told_and_recorded() {
    let receiver = Receiver::default();
    let app = served(&receiver).await;
    let boss = app.log_in("boss").await;
    let (answer, events) = app.events_of(boss.post(&format!("{HOOKS}/siem/test"), json!({}))).await;
    assert_eq!(
        (answer.data(200), events),
        (json!({ "delivered": true }), vec!["webhook.tested success".to_owned()])
    );
    let told = receiver.take();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].entry.action, "webhook.test");
    assert!(told[0].id.starts_with("test-") && !told[0].id.contains('.'), "{}", told[0].id);
    receiver.fail(1);
    let (answer, events) = app.events_of(boss.post(&format!("{HOOKS}/siem/test"), json!({}))).await;
    assert_eq!(answer.data(200), json!({ "delivered": false, "error": "the receiver answered 503" }));
    assert_eq!(events, ["webhook.tested failure not_taken"]);
    let detail = app.records().pop().unwrap().detail;
    assert!(detail.contains(&("webhook".to_owned(), "siem".to_owned())), "{detail:?}");
    boss.post(&format!("{HOOKS}/other/test"), json!({})).await.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_hook_whose_receiver_was_gone_goes_on_where_it_was() {
    let receiver = Receiver::default();
    let app = served(&receiver).await;
    receiver.go();
    guess(&app).await;
    app.tell(0).await;
    guess(&app).await;
    let boss = app.log_in("boss").await;
    let (answer, events) = app.events_of(boss.post(&format!("{HOOKS}/siem/resume"), json!({}))).await;
    assert_eq!(answer.data(200), json!({ "message": "The webhook goes on." }));
    assert_eq!(events, ["webhook.resumed success"]);
    receiver.take();
    app.tell(0).await;
    assert_eq!(receiver.actions(), ["login.failed", "login.failed"]);
}

#[tokio::test]
async fn what_was_given_up_is_listed_page_by_page_delivered_after_all_or_dropped() {
    let receiver = Receiver::default();
    let app = served(&receiver).await;
    for _ in 0..3 {
        guess(&app).await;
    }
    give_up(&app, &receiver, 3).await;
    let boss = fresh(&app, "boss").await;
    let first = boss.get(&format!("{LETTERS}?limit=2")).await.data(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let last = boss.get(&format!("{LETTERS}?limit=2&cursor={cursor}")).await.data(200);
    assert!(last.get("next_cursor").is_none());
    let letters: Vec<_> =
        [&first, &last].iter().flat_map(|page| page["dead_letters"].as_array().unwrap()).collect();
    let [one, two, three] = letters[..] else { panic!("{letters:#?}") };
    assert_eq!((&one["action"], &one["attempts"]), (&json!("login.failed"), &json!(3)));
    let place = |letter: &Value| format!("{LETTERS}/{}", letter["id"].as_str().unwrap());
    let again = |letter: &Value| format!("{}/redeliver", place(letter));

    receiver.fail(1);
    let (answer, events) = app.events_of(boss.post(&again(one), json!({}))).await;
    assert_eq!(answer.data(200)["delivered"], false);
    assert_eq!(events, ["webhook.redelivered failure not_taken"]);
    receiver.take();
    let (answer, events) = app.events_of(boss.post(&again(one), json!({}))).await;
    assert_eq!(
        (answer.data(200), events),
        (json!({ "delivered": true }), vec!["webhook.redelivered success".to_owned()])
    );
    let told = receiver.take();
    assert_eq!(one["id"], format!("{}-{}", told[0].entry.seq, told[0].entry.index));
    boss.post(&again(one), json!({})).await.refused(404, "NOT_FOUND");

    let (answer, events) = app.events_of(boss.delete(&place(two))).await;
    assert_eq!(
        (answer.data(200), events),
        (json!({ "message": "Dead letter dropped." }), vec!["webhook.dropped success".to_owned()])
    );
    boss.delete(&place(two)).await.refused(404, "NOT_FOUND");
    let left = boss.get(LETTERS).await.data(200);
    assert_eq!(left["dead_letters"], json!([three]));
    assert_eq!(boss.get(HOOKS).await.data(200)["webhooks"][0]["dead_letters"], 1);
    for bad in ["x", "1", "1-x", "-1-0", "1-99999"] {
        boss.delete(&format!("{LETTERS}/{bad}")).await.refused(404, "NOT_FOUND");
    }
}

/// Nothing of an event is kept beside the audit log, so whoever is forgotten there is forgotten.
#[tokio::test]
async fn what_is_delivered_after_all_tells_nothing_of_somebody_who_was_deleted() {
    let receiver = Receiver::default();
    let app = served(&receiver).await.with_user("zuleika").await;
    let zuleika = app.anonymous().header("user-agent", "Zeppelin/9");
    zuleika.log_in("zuleika", "a wrong password").await.refused(401, "AUTHENTICATION_FAILED");
    app.tell(0).await;
    let before = receiver.take().pop().unwrap();
    assert_eq!(before.entry.user_agent.as_deref(), Some("Zeppelin/9"));
    zuleika.log_in("zuleika", "a wrong password").await.refused(401, "AUTHENTICATION_FAILED");
    give_up(&app, &receiver, 1).await;
    app.log_in("zuleika").await.delete("/api/v1/users/me").await.data(200);
    let boss = fresh(&app, "boss").await;
    let letter = boss.get(LETTERS).await.data(200)["dead_letters"][0]["id"].as_str().unwrap().to_owned();
    boss.post(&format!("{LETTERS}/{letter}/redeliver"), json!({})).await.data(200);
    let told = receiver.take().remove(0).entry;
    assert_eq!((told.action.as_str(), told.client, told.user_agent), ("login.failed", None, None));
    assert!(!app.at_rest("Zeppelin"));
}

#[tokio::test]
async fn whoever_may_not_change_integrations_sees_and_does_nothing() {
    let receiver = Receiver::default();
    let app = served(&receiver).await.with_user("bob").await;
    let bob = app.log_in("bob").await;
    let (answer, events) = app.events_of(bob.get(HOOKS)).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["details"]["required_permission"], "integrations:update");
    assert_eq!(events, ["access.denied denied permission_missing"]);
    bob.post(&format!("{HOOKS}/siem/test"), json!({})).await.refused(403, "FORBIDDEN");
    bob.post(&format!("{HOOKS}/other/test"), json!({})).await.refused(403, "FORBIDDEN");
    assert_eq!(receiver.actions(), [""; 0]);
}
