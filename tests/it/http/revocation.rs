//! Revoking tokens: RFC 7009; SECURITY R32, R44, R56.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::services::asker::Asker;
use latchkey::services::revocation::revoke;
use serde_json::json;

use crate::harness::{LoggedIn, REVOKE, TestApp};

async fn staffed() -> TestApp {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    app
}

/// RFC 7009, 2.1: either token ends both, and the other sessions live on.
#[tokio::test]
async fn either_token_ends_its_session_and_no_other() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let service = boss.register_service("Billing").await;
    let other = app.log_in("ada").await;
    for (is_refresh, hint) in
        [(false, ""), (true, ""), (false, "&token_type_hint=refresh_token"), (true, "&token_type_hint=x")]
    {
        let ada = app.log_in("ada").await;
        let token = if is_refresh { &ada.refresh } else { &ada.access };
        let form = format!("token={token}{hint}");
        let (answer, events) = app.events_of(service.post_form(REVOKE, &form)).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, "{}"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(events, ["session.ended success revoked"]);
        let record = app.records().pop().unwrap();
        let id = *app.account("ada").unwrap().id.as_bytes();
        assert_eq!((record.actor, record.subject), (None, Some(id)), "a service is no account");
        assert_eq!(record.detail, [("service".to_owned(), service.id.clone())]);
        assert!(!ada.is_in().await && !service.finds_active(&ada.access).await);
        app.anonymous().refresh(&ada.refresh).await.refused(401, "TOKEN_INVALID");
        let (again, events) = app.events_of(service.post_form(REVOKE, &form)).await;
        assert_eq!((again.status.as_u16(), events.len()), (200, 0), "it was good for nothing");
    }
    assert!(other.is_in().await);
}

/// RFC 7009, 2.2: what is not good is answered like what was.
#[tokio::test]
async fn a_token_that_is_good_for_nothing_is_answered_alike() {
    let app = staffed().await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let service = boss.register_service("Billing").await;
    app.advance(Duration::from_secs(3_600));
    for dead in ["x", "45ghiukldjahdnhzdauz", &ada.access, &ada.refresh[1..], &service.secret[1..], "%00"] {
        let (answer, events) = app.events_of(service.revoke(dead)).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str(), events.len()), (200, "{}", 0), "{dead}");
    }
    app.anonymous().refresh(&ada.refresh).await.data(200);
}

/// RFC 7009, 2.1: the example, as it stands.
#[tokio::test]
async fn the_request_of_the_rfc_is_understood() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let service = boss.register_service("Billing").await;
    let example = "token=45ghiukldjahdnhzdauz&token_type_hint=refresh_token";
    let stranger = app.anonymous().header("authorization", "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW");
    stranger.post_form(REVOKE, example).await.told(401, "invalid_client");
    assert_eq!(service.post_form(REVOKE, example).await.status, 200);
    let in_body = format!("{example}&client_id={}&client_secret={}", service.id, service.secret);
    assert_eq!(app.anonymous().post_form(REVOKE, &in_body).await.status, 200);
    for bad in ["", "token=", "token=x&token=y"] {
        service.post_form(REVOKE, bad).await.told(400, "invalid_request");
    }
    service.post(REVOKE, json!({ "token": "x" })).await.told(415, "invalid_request");
    app.anonymous().post_form(REVOKE, "token=x").await.told(401, "invalid_client");
}

/// The table of who may revoke, and R56 for keys.
#[tokio::test]
async fn an_api_key_revokes_with_the_scope_that_changes_accounts() {
    let app = staffed().await;
    app.add("root", Role::SuperAdmin).await;
    let (ada, boss, root) = (app.log_in("ada").await, app.log_in("boss").await, app.log_in("root").await);
    let (reader, writer) = (boss.make_key(&["users:read"]).await, boss.make_key(&["users:update"]).await);
    let (answer, events) = app.events_of(reader.revoke(&ada.access)).await;
    assert_eq!(answer.told(403, "insufficient_scope")["scope"], "users:update");
    assert_eq!(events, ["access.denied denied permission_missing"]);
    assert!(ada.is_in().await);

    let (answer, events) = app.events_of(writer.revoke(&ada.access)).await;
    assert_eq!((answer.status.as_u16(), events), (200, vec!["session.ended success revoked".to_owned()]));
    let record = app.records().pop().unwrap();
    let id = |name: &str| Some(*app.account(name).unwrap().id.as_bytes());
    assert_eq!((record.actor, record.subject), (id("boss"), id("ada")));
    assert_eq!(record.detail, [("api_key".to_owned(), writer.id.clone())]);
    assert!(!ada.is_in().await);

    let ada = app.log_in("ada").await;
    let (of_ada, of_root) = (ada.make_key(&["metrics:read"]).await, root.make_key(&["metrics:read"]).await);
    let (answer, events) = app.events_of(writer.revoke(&of_ada.key)).await;
    assert_eq!((answer.status.as_u16(), events), (200, vec!["api_key.revoked success".to_owned()]));
    assert!(!of_ada.is_in().await);
    assert_eq!(writer.revoke(&of_ada.key).await.status, 200);
    let (answer, events) = app.events_of(writer.revoke(&of_root.key)).await;
    answer.told(403, "access_denied");
    assert_eq!(events, ["access.denied denied outranked"]);
    assert!(of_root.is_in().await);
}

/// Being shown a key is no right to end it.
#[tokio::test]
async fn a_service_does_not_revoke_api_keys() {
    let app = staffed().await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let service = boss.register_service("Billing").await;
    let key = ada.make_key(&["metrics:read"]).await;
    let (answer, events) = app.events_of(service.revoke(&key.key)).await;
    answer.told(400, "unsupported_token_type");
    assert_eq!(events, [""; 0]);
    assert!(key.is_in().await);
    let unknown = "lk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwch9RCU";
    service.revoke(unknown).await.told(400, "unsupported_token_type");
}

/// A former secret that is over is nobody's proof.
#[tokio::test]
async fn a_key_is_not_revoked_with_a_secret_that_is_over() {
    let app = staffed().await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let writer = boss.make_key(&["users:update"]).await;
    let old = ada.make_key(&["metrics:read"]).await;
    let rotate = format!("{}/rotate", old.place());
    let new = ada.post(&rotate, json!({ "grace_seconds": 60 })).await.data(200);
    app.advance(Duration::from_secs(60));
    assert_eq!(writer.revoke(&old.key).await.status, 200);
    let new = app.anonymous().header("x-api-key", new["api_key"].as_str().unwrap());
    new.get("/api/v1/auth/me").await.data(200);
}

/// R44: a refresh that wins the race has made tokens of the same session, and the revocation ends that.
#[tokio::test]
async fn a_replaced_refresh_token_still_ends_its_session() {
    let app = staffed().await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let service = boss.register_service("Billing").await;
    let next = LoggedIn::with(&app, &app.anonymous().refresh(&ada.refresh).await.data(200));
    assert_eq!(service.revoke(&ada.refresh).await.status, 200);
    assert!(!next.is_in().await);
    app.anonymous().refresh(&next.refresh).await.refused(401, "TOKEN_INVALID");
}

/// Whoever was deleted after the head of the request is nobody any more.
#[tokio::test]
async fn a_service_that_was_deleted_meanwhile_revokes_nothing() {
    let app = staffed().await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let service = boss.register_service("Billing").await;
    let asker = Asker::Service(service.id.parse().unwrap());
    boss.delete(&service.place()).await.data(200);
    let ctx = app.services.own_context("test");
    assert!(revoke(&app.services, &ctx, &asker, &ada.access).await.is_err());
    assert!(ada.is_in().await);
}
