//! One's links with accounts elsewhere: making, listing and taking them away.

use std::time::Duration;

use latchkey::domain::role::Role;
use serde_json::{Value, json};

use crate::harness::{Answer, Away, Federated, LoggedIn, text_at};

const IDENTITIES: &str = "/api/v1/users/me/identities";

async fn begin<'a>(caller: &LoggedIn<'a>, provider: &str) -> Away<'a> {
    let begun = caller.post(IDENTITIES, json!({ "provider": provider })).await;
    let url = text_at(&begun.data(200), "/authorization_url");
    Away::of(caller.app(), provider, &url, &begun)
}

async fn linked(caller: &LoggedIn<'_>, provider: &str, code: &str) -> Answer {
    begin(caller, provider).await.back(&format!("code={code}")).await
}

async fn all_of(caller: &LoggedIn<'_>) -> Vec<Value> {
    caller.get(IDENTITIES).await.data(200)["identities"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_link_is_made_by_whoever_is_logged_in_and_opens_the_account() {
    let all = Federated::new();
    all.app.add("ada", Role::Developer).await;
    // Another address, and not even proved: it is her say that counts.
    all.github.says("code", json!({ "sub": "7", "email": "ada@work.example", "email_verified": false }));
    let ada = all.app.log_in("ada").await;
    let away = begin(&ada, "github").await;
    let (answer, events) = all.app.events_of(away.back("code=code")).await;
    let identity = answer.data(200)["identity"].clone();
    assert_eq!(events, ["identity.linked success"]);
    assert_eq!(
        identity,
        json!({ "id": identity["id"], "provider": "github", "linked_at": "2027-01-15T08:00:00.000Z" })
    );
    assert_eq!(all_of(&ada).await, std::slice::from_ref(&identity));
    assert_eq!(
        linked(&ada, "github", "code").await.data(200)["identity"],
        identity,
        "a second time changes nothing"
    );
    assert_eq!(all.came_back("github", "code").await.data(200)["user"]["username"], "ada");

    let (answer, events) =
        all.app.events_of(ada.delete(&format!("{IDENTITIES}/{}", text_at(&identity, "/id")))).await;
    answer.data(200);
    assert_eq!(events, ["identity.unlinked success"]);
    assert!(all_of(&ada).await.is_empty());
    all.came_back("github", "code").await.refused(403, "FORBIDDEN");
    ada.delete(&format!("{IDENTITIES}/{}", text_at(&identity, "/id"))).await.refused(404, "NOT_FOUND");
    ada.delete(&format!("{IDENTITIES}/x")).await.refused(404, "NOT_FOUND");
}

/// The owner is told of each new way in, and of the end of one.
#[tokio::test]
async fn the_owner_is_told_of_a_link_once_and_of_its_end() {
    let all = Federated::new();
    all.app.add("ada", Role::Developer).await;
    all.github.says("code", json!({ "sub": "7", "email": "ada@work.example", "email_verified": false }));
    let ada = all.app.log_in("ada").await;
    let identity = linked(&ada, "github", "code").await.data(200)["identity"].clone();
    linked(&ada, "github", "code").await.data(200);
    ada.delete(&format!("{IDENTITIES}/{}", text_at(&identity, "/id"))).await.data(200);
    // The newest is the first.
    let mails = all.app.mails().await;
    assert!(mails.iter().all(|mail| mail.to == "ada@example.com" && mail.text.contains("198.51.100.7")));
    let subjects: Vec<_> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    assert_eq!(subjects, ["One way less to log in - Latchkey", "Another way to log in - Latchkey"]);
}

#[tokio::test]
async fn a_link_of_another_account_is_not_taken_over() {
    let all = Federated::new();
    for name in ["ada", "bob"] {
        all.app.add(name, Role::Developer).await;
    }
    all.google.says("code", json!({ "sub": "7" }));
    let (ada, bob) = (all.app.log_in("ada").await, all.app.log_in("bob").await);
    let identity = linked(&ada, "google", "code").await.data(200);
    linked(&bob, "google", "code").await.refused(409, "CONFLICT");
    bob.delete(&format!("{IDENTITIES}/{}", text_at(&identity, "/identity/id")))
        .await
        .refused(404, "NOT_FOUND");
    assert!(all_of(&bob).await.is_empty() && all_of(&ada).await.len() == 1);
}

#[tokio::test]
async fn a_link_needs_a_fresh_proof_and_the_session_that_began_it() {
    let all = Federated::new();
    all.app.add("ada", Role::Developer).await;
    all.google.says("code", json!({ "sub": "7" }));
    let ada = all.app.log_in("ada").await;
    let away = begin(&ada, "google").await;
    ada.post("/api/v1/auth/logout", json!({})).await.data(200);
    away.back("code=code").await.refused(401, "TOKEN_INVALID");
    let ada = all.app.log_in("ada").await;
    let identity = linked(&ada, "google", "code").await.data(200);
    ada.post(IDENTITIES, json!({ "provider": "nobody" })).await.refused(404, "NOT_FOUND");
    all.app.advance(Duration::from_secs(3_599));
    let ada = LoggedIn::with(&all.app, &ada.refresh(&ada.refresh).await.data(200));
    all.app.advance(Duration::from_secs(2));
    ada.post(IDENTITIES, json!({ "provider": "google" })).await.refused(401, "STEP_UP_REQUIRED");
    let place = format!("{IDENTITIES}/{}", text_at(&identity, "/identity/id"));
    ada.delete(&place).await.refused(401, "STEP_UP_REQUIRED");
}

#[tokio::test]
async fn an_account_without_a_password_keeps_its_last_link() {
    let all = Federated::new();
    all.google.says("code", json!({ "sub": "7", "email": "ada@example.com", "email_verified": true }));
    all.github.says("code", json!({ "sub": "8" }));
    let ada = LoggedIn::with(&all.app, &all.came_back("google", "code").await.data(200));
    let first = format!("{IDENTITIES}/{}", text_at(&all_of(&ada).await[0], "/id"));
    ada.delete(&first).await.refused(409, "CONFLICT");
    linked(&ada, "github", "code").await.data(200);
    ada.delete(&first).await.data(200);
    let last = format!("{IDENTITIES}/{}", text_at(&all_of(&ada).await[0], "/id"));
    ada.delete(&last).await.refused(409, "CONFLICT");
}

#[tokio::test]
async fn an_account_has_ten_links_and_takes_them_along() {
    let all = Federated::new();
    all.app.add("ada", Role::Developer).await;
    let ada = all.app.log_in("ada").await;
    for subject in 0..10 {
        all.google.says("code", json!({ "sub": subject.to_string() }));
        linked(&ada, "google", "code").await.data(200);
    }
    all.google.says("code", json!({ "sub": "one too many" }));
    linked(&ada, "google", "code").await.refused(409, "CONFLICT");
    assert_eq!(all_of(&ada).await.len(), 10);
    ada.delete("/api/v1/users/me").await.data(200);
    all.google.says("code", json!({ "sub": "0" }));
    all.came_back("google", "code").await.refused(403, "FORBIDDEN");
}
