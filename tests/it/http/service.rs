//! Registered services as administrators manage them; SECURITY R51, R53 for their secrets.

use std::time::Duration;

use latchkey::domain::role::Role;
use serde_json::{Value, json};

use crate::harness::{INTROSPECT, LoggedIn, SERVICES, ServiceClient, TestApp, text_at};

const DAY: Duration = Duration::from_secs(86_400);

async fn staffed() -> TestApp {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    app
}

async fn is_in(client: &ServiceClient<'_>) -> bool {
    let answer = client.post_form(INTROSPECT, "token=x").await;
    if answer.status.as_u16() == 200 {
        return true;
    }
    answer.told(401, "invalid_client");
    false
}

async fn all(caller: &LoggedIn<'_>) -> Vec<Value> {
    caller.get(SERVICES).await.data(200)["services"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_new_secret_is_shown_once_and_only_its_hash_is_kept() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let body = json!({ "name": " Billing ", "description": "In the cellar" });
    let (answer, events) = app.events_of(boss.post(SERVICES, body)).await;
    let made = answer.data(201);
    assert_eq!(events, ["service.created success"]);
    let record = app.records().pop().unwrap();
    let boss_id = Some(*app.account("boss").unwrap().id.as_bytes());
    assert_eq!((record.actor, record.subject), (boss_id, boss_id));
    assert_eq!(record.detail, [("service".to_owned(), text_at(&made, "/id"))]);

    let client = ServiceClient::with(&app, &made);
    assert_eq!((client.secret.len(), &client.secret[..5]), (53, "lkcs_"));
    assert!(is_in(&client).await);
    let listed = boss.get(SERVICES).await;
    assert!(!listed.text.contains(&client.secret[4..]), "a list never carries a secret");
    let expected = json!({
        "id": client.id,
        "client_id": client.id,
        "name": "Billing",
        "description": "In the cellar",
        "created_at": "2027-01-15T08:00:00.000Z",
        "rotated_at": "2027-01-15T08:00:00.000Z",
    });
    assert_eq!((&made["service"], &listed.data(200)["services"]), (&expected, &json!([expected])));
    assert!(!app.at_rest(&client.secret) && !app.at_rest(&client.secret[4..]));
}

#[tokio::test]
async fn a_secret_opens_nothing_but_its_own_service_at_its_own_doors() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let (billing, shop) = (boss.register_service("Billing").await, boss.register_service("Shop").await);
    let tried = |id: &str, secret: &str| {
        ServiceClient::with(&app, &json!({ "client_id": id, "client_secret": secret }))
    };
    let other = billing.secret.replace("lkcs_", "lk_");
    let cut = &billing.secret[..51];
    for (id, secret) in [
        (billing.id.as_str(), shop.secret.as_str()),
        (&billing.id, &other),
        (&billing.id, cut),
        (&billing.id, ""),
        (&billing.id.to_uppercase(), "x"),
        ("019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11", &billing.secret),
        ("", &billing.secret),
        ("Billing", &billing.secret),
    ] {
        let (is_in, events) = app.events_of(async { is_in(&tried(id, secret)).await }).await;
        assert!(!is_in && events.is_empty(), "{id} {secret}");
    }
    for shown in [format!("Bearer {}", billing.secret), format!("ApiKey {}", billing.secret)] {
        let answer = app.anonymous().header("authorization", &shown).get("/api/v1/auth/me").await;
        answer.refused(401, "TOKEN_INVALID");
    }
    billing.get("/api/v1/auth/me").await.refused(401, "TOKEN_INVALID");
}

#[tokio::test]
async fn a_rotation_leaves_the_old_secret_its_grace_and_the_one_before_none() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let first = boss.register_service("Billing").await;
    let rotate = format!("{}/rotate", first.place());
    let (answer, events) = app.events_of(boss.post(&rotate, json!({ "grace_seconds": 60 }))).await;
    assert_eq!(events, ["service.rotated success"]);
    let made = answer.data(200);
    let second = ServiceClient::with(&app, &made);
    assert_eq!(
        (&second.id, made["service"]["former_secret_ends_at"].as_str()),
        (&first.id, Some("2027-01-15T08:01:00.000Z"))
    );
    assert!(is_in(&first).await && is_in(&second).await);
    app.advance(Duration::from_millis(59_999));
    assert!(is_in(&first).await);
    app.advance(Duration::from_millis(1));
    assert!(!is_in(&first).await && is_in(&second).await);
    assert_eq!(all(&boss).await[0]["former_secret_ends_at"], Value::Null);

    let third = ServiceClient::with(&app, &boss.post(&rotate, json!({})).await.data(200));
    let fourth = ServiceClient::with(&app, &boss.post(&rotate, json!({})).await.data(200));
    assert_eq!([is_in(&second).await, is_in(&third).await, is_in(&fourth).await], [false, true, true]);
    let fifth = ServiceClient::with(&app, &boss.post(&rotate, json!({ "grace_seconds": 0 })).await.data(200));
    assert_eq!([is_in(&third).await, is_in(&fourth).await, is_in(&fifth).await], [false, false, true]);
    app.advance(DAY);
    assert!(is_in(&fifth).await, "a secret does not end by itself");
}

#[tokio::test]
async fn a_deleted_service_is_nobody_at_once() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let client = boss.register_service("Billing").await;
    let before = app.row_counts();
    let other = boss.register_service("Shop").await;
    assert!(is_in(&other).await);
    let (answer, events) = app.events_of(boss.delete(&other.place())).await;
    answer.data(200);
    assert_eq!(events, ["service.deleted success"]);
    assert!(!is_in(&other).await && is_in(&client).await);
    assert_eq!(app.row_counts(), before);
    for id in [other.id.as_str(), "x", "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11"] {
        let place = format!("{SERVICES}/{id}");
        boss.delete(&place).await.refused(404, "NOT_FOUND");
        boss.post(&format!("{place}/rotate"), json!({})).await.refused(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn services_are_listed_page_by_page_newest_first() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    for name in ["a", "b", "c"] {
        boss.register_service(name).await;
        app.advance(Duration::from_secs(1));
    }
    let names = |page: &Value| -> Vec<String> {
        page["services"].as_array().unwrap().iter().map(|one| text_at(one, "/name")).collect()
    };
    let first = boss.get(&format!("{SERVICES}?limit=2")).await.data(200);
    let next = text_at(&first, "/next_cursor");
    let second = boss.get(&format!("{SERVICES}?limit=2&cursor={next}")).await.data(200);
    assert_eq!((names(&first), names(&second)), (vec!["c".to_owned(), "b".to_owned()], vec!["a".to_owned()]));
    assert!(second["next_cursor"].is_null() && second["as_of"].is_string());
    for bad in ["limit=0", "limit=101", "cursor=x"] {
        boss.get(&format!("{SERVICES}?{bad}")).await.refused(400, "VALIDATION_ERROR");
    }
    let key = boss.make_key(&["integrations:update"]).await;
    assert_eq!(names(&key.get(SERVICES).await.data(200)).len(), 3);
    let key = boss.make_key(&["integrations:read"]).await;
    key.get(SERVICES).await.refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn a_bad_field_is_named_and_registers_nothing() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("x".repeat(101))),
        ("name", json!("a\u{7}b")),
        ("description", json!("x".repeat(501))),
        ("client_secret", json!("lkcs_x")),
    ] {
        let mut body = json!({ "name": "Billing" });
        body[field] = value.clone();
        let (answer, events) = app.events_of(boss.post(SERVICES, body)).await;
        assert_eq!(answer.refused(400, "VALIDATION_ERROR")["details"]["field"], field, "{value}");
        assert_eq!(events, [""; 0]);
    }
    assert!(all(&boss).await.is_empty());
    let client = boss.register_service("Billing").await;
    let rotate = format!("{}/rotate", client.place());
    let error =
        boss.post(&rotate, json!({ "grace_seconds": 604_801 })).await.refused(400, "VALIDATION_ERROR");
    assert_eq!(error["details"]["field"], "grace_seconds");
}

/// RFC 9470, and the permission first: nobody without it learns that a proof would help.
#[tokio::test]
async fn a_secret_is_given_out_to_a_fresh_session_of_an_administrator_alone() {
    let app = staffed().await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let client = boss.register_service("Billing").await;
    let (answer, events) = app.events_of(ada.post(SERVICES, json!({ "name": "x" }))).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["details"]["required_permission"], "integrations:create");
    assert_eq!(events, ["access.denied denied permission_missing"]);
    app.advance(Duration::from_secs(3_601));
    let stale = LoggedIn::with(&app, &app.anonymous().refresh(&boss.refresh).await.data(200));
    let rotate = format!("{}/rotate", client.place());
    stale.post(SERVICES, json!({ "name": "x" })).await.refused(401, "STEP_UP_REQUIRED");
    stale.post(&rotate, json!({})).await.refused(401, "STEP_UP_REQUIRED");
    stale.delete(&client.place()).await.data(200);
    let ada = LoggedIn::with(&app, &app.anonymous().refresh(&ada.refresh).await.data(200));
    ada.post(SERVICES, json!({ "name": "x" })).await.refused(403, "FORBIDDEN");
}

/// An integration outlives whoever set it up.
#[tokio::test]
async fn a_service_does_not_end_with_the_account_that_registered_it() {
    let app = staffed().await;
    app.add("root", Role::SuperAdmin).await;
    let boss = app.log_in("boss").await;
    let client = boss.register_service("Billing").await;
    let id = app.account("boss").unwrap().id;
    let root = app.log_in("root").await;
    root.put(&format!("/api/v1/users/{id}"), json!({ "status": "suspended" })).await.data(200);
    assert!(is_in(&client).await);
    boss.delete(&client.place()).await.refused(401, "TOKEN_INVALID");
    root.delete(&client.place()).await.data(200);
}
