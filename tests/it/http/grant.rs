//! Grants: T45, T46, G71, X14, SECURITY R56, R59; their end, to the millisecond, and their sweep.

use std::time::Duration;

use latchkey::domain::resource::GRANTS_MAX;
use latchkey::domain::role::Role;
use latchkey::services::sweep::sweep;
use latchkey::store::check::check;
use serde_json::{Value, json};

use crate::harness::{Answer, LoggedIn, TestApp, place, text_at};

const IT: &str = "metrics/1";
const EXPIRY: u8 = 0x04;
const GRANTS_TO: u8 = 0x72;

/// Ada owns a resource of a kind that developers may create, read and update, and not delete.
async fn shared() -> TestApp {
    let app = TestApp::new();
    for (name, role) in [
        ("boss", Role::Admin),
        ("ada", Role::Developer),
        ("dev", Role::Developer),
        ("vic", Role::Viewer),
        ("eve", Role::Viewer),
    ] {
        app.add(name, role).await;
    }
    app.log_in("ada").await.register_resource(IT).await.data(201);
    app
}

async fn may(caller: &LoggedIn<'_>, permission: &str) -> bool {
    let body = json!({ "permission": permission, "resource": IT });
    caller.post("/api/v1/authz/check", body).await.data(200)["allowed"].as_bool().unwrap()
}

async fn grant_until(caller: &LoggedIn<'_>, to: &str, permission: &str, end: &str) -> Answer {
    let body = json!({ "user_id": caller.app().id_of(to), "permission": permission, "expires_at": end });
    caller.post(&place(IT, "/grants"), body).await
}

async fn granted(caller: &LoggedIn<'_>) -> Vec<Value> {
    caller.get(&place(IT, "/grants")).await.data(200)["grants"].as_array().unwrap().clone()
}

/// T45.
#[tokio::test]
async fn a_grant_is_for_one_user_one_resource_and_one_permission_until_it_is_taken_back() {
    let app = shared().await;
    let (ada, vic) = (app.log_in("ada").await, app.log_in("vic").await);
    let eve = app.log_in("eve").await;
    ada.register_resource("metrics/2").await.data(201);
    assert!(!may(&vic, "metrics:update").await);
    let (answer, events) = app.events_of(ada.grant(IT, "vic", "metrics:update")).await;
    assert_eq!(answer.data(201), json!({ "user_id": app.id_of("vic"), "permission": "metrics:update" }));
    assert_eq!(events, ["grant.added success"]);
    let record = app.records().pop().unwrap();
    assert_eq!(record.subject, Some(*app.account("vic").unwrap().id.as_bytes()));
    let facts = |all: &[(&str, &str)]| {
        all.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(record.detail, facts(&[("resource", IT), ("permission", "metrics:update")]));
    assert!(may(&vic, "metrics:update").await);
    assert!(!may(&vic, "metrics:delete").await && !may(&vic, "metrics:create").await);
    assert!(!may(&eve, "metrics:update").await);
    let other = json!({ "permission": "metrics:update", "resource": "metrics/2" });
    assert_eq!(vic.post("/api/v1/authz/check", other).await.data(200)["allowed"], false);
    let (answer, events) = app.events_of(ada.take_back(IT, "vic", "metrics:update")).await;
    answer.data(200);
    assert_eq!(events, ["grant.removed success"]);
    assert!(!may(&vic, "metrics:update").await);
    ada.take_back(IT, "vic", "metrics:update").await.refused(404, "NOT_FOUND");
    assert!(check(app.store()).unwrap().is_clean());
}

/// T46: the owner, whoever was granted it, and whoever may update all of the kind; nobody else.
#[tokio::test]
async fn only_owner_grantee_and_holders_of_the_update_right_may_modify() {
    let app = shared().await;
    app.set_roles("ada", &[Role::Viewer]).await;
    app.log_in("ada").await.grant(IT, "vic", "metrics:write").await.data(201);
    for (name, expected) in [("ada", true), ("vic", true), ("dev", true), ("boss", true), ("eve", false)] {
        assert_eq!(may(&app.log_in(name).await, "metrics:update").await, expected, "{name}");
    }
}

/// T45: to the millisecond, and however late the sweep comes.
#[tokio::test]
async fn a_grant_ends_to_the_millisecond_and_is_swept_later() {
    let app = shared().await;
    let (ada, vic) = (app.log_in("ada").await, app.log_in("vic").await);
    let before = app.row_counts();
    let end = "2027-01-15T08:00:10.500Z";
    let (answer, _) = app.events_of(grant_until(&ada, "vic", "metrics:update", end)).await;
    assert_eq!(answer.data(201)["expires_at"], end);
    assert!(app.records().pop().unwrap().detail.contains(&("expires_at".to_owned(), end.to_owned())));
    ada.grant(IT, "eve", "metrics:delete").await.data(201);
    app.advance(Duration::from_millis(10_499));
    assert!(!sweep(&app.services).await.unwrap());
    assert!(may(&vic, "metrics:update").await);
    assert_eq!(granted(&ada).await.len(), 2);
    app.advance(Duration::from_millis(1));
    assert!(!may(&vic, "metrics:update").await);
    assert_eq!(granted(&ada).await.len(), 1);
    vic.get(&place(IT, "")).await.refused(404, "NOT_FOUND");
    ada.take_back(IT, "vic", "metrics:update").await.refused(404, "NOT_FOUND");
    assert_eq!(app.row_counts()[&GRANTS_TO], 2, "not swept yet");
    let (_, events) = app.events_of(sweep(&app.services)).await;
    assert_eq!((events.len(), app.row_counts()[&GRANTS_TO]), (0, 1));
    ada.take_back(IT, "eve", "metrics:delete").await.data(200);
    assert_eq!(app.row_counts(), before);
}

#[tokio::test]
async fn many_grants_that_end_are_swept_in_small_steps() {
    let app = TestApp::unlimited();
    app.add("ada", Role::Developer).await;
    let ada = app.log_in("ada").await;
    let baseline = app.row_counts();
    for number in 0..10 {
        let name = format!("metrics/{number}");
        ada.register_resource(&name).await.data(201);
        for action in ["create", "read", "update", "delete", "write"] {
            let body = json!({
                "user_id": app.id_of("ada"), "permission": format!("metrics:{action}"),
                "expires_at": "2027-01-15T08:01:00Z"
            });
            ada.post(&place(&name, "/grants"), body).await.data(201);
        }
    }
    app.advance(Duration::from_secs(60));
    let mut steps = 1;
    while sweep(&app.services).await.unwrap() {
        steps += 1;
    }
    assert_eq!((steps, app.row_counts().get(&GRANTS_TO)), (4, None), "fifty grants, sixteen a step");
    for number in 0..10 {
        ada.delete(&place(&format!("metrics/{number}"), "")).await.data(200);
    }
    assert_eq!(app.row_counts(), baseline);
}

/// The same grant again has the new end, and the old end takes nothing away.
#[tokio::test]
async fn a_grant_that_is_given_again_has_its_new_end() {
    let app = shared().await;
    let (ada, vic) = (app.log_in("ada").await, app.log_in("vic").await);
    let before = app.row_counts()[&EXPIRY];
    grant_until(&ada, "vic", "metrics:update", "2027-01-15T08:00:10Z").await.data(201);
    grant_until(&ada, "vic", "metrics:update", "2027-01-15T08:00:30Z").await.data(201);
    assert_eq!(granted(&ada).await.len(), 1);
    app.advance(Duration::from_secs(10));
    sweep(&app.services).await.unwrap();
    assert!(may(&vic, "metrics:update").await);
    ada.grant(IT, "vic", "metrics:update").await.data(201);
    app.advance(Duration::from_secs(3_000));
    sweep(&app.services).await.unwrap();
    assert!(may(&vic, "metrics:update").await);
    assert_eq!(app.row_counts()[&EXPIRY], before);
}

/// R56: whoever may update all of the kind grants what they hold, and no more; and a grant is not passed on.
#[tokio::test]
async fn nobody_grants_what_they_do_not_hold_or_own() {
    let app = shared().await;
    let (ada, dev, vic) = (app.log_in("ada").await, app.log_in("dev").await, app.log_in("vic").await);
    dev.grant(IT, "eve", "metrics:update").await.data(201);
    dev.grant(IT, "eve", "metrics:write").await.data(201);
    let (answer, events) = app.events_of(dev.grant(IT, "eve", "metrics:delete")).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["details"]["required_permission"], "metrics:delete");
    assert_eq!(events, ["access.denied denied permission_missing"]);
    ada.grant(IT, "eve", "metrics:delete").await.data(201);
    ada.grant(IT, "dev", "metrics:delete").await.data(201);
    ada.grant(IT, "vic", "metrics:write").await.data(201);
    dev.grant(IT, "vic", "metrics:delete").await.refused(403, "FORBIDDEN");
    for answer in [
        vic.grant(IT, "eve", "metrics:update").await,
        vic.get(&place(IT, "/grants")).await,
        vic.take_back(IT, "eve", "metrics:update").await,
    ] {
        let details = answer.refused(403, "FORBIDDEN")["details"].clone();
        assert_eq!(
            details["required_permission"], "metrics:update",
            "a grantee sees it and may not share it"
        );
    }
    assert_eq!(granted(&ada).await.len(), 5);
    dev.take_back(IT, "eve", "metrics:delete").await.data(200);
}

#[tokio::test]
async fn a_grant_that_makes_no_sense_is_refused_with_its_field() {
    let app = shared().await;
    let ada = app.log_in("ada").await;
    let vic = app.id_of("vic");
    for (body, field, reason) in [
        (json!({ "user_id": "x", "permission": "metrics:update" }), "user_id", "unknown"),
        (
            json!({ "user_id": "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11", "permission": "metrics:update" }),
            "user_id",
            "unknown",
        ),
        (json!({ "user_id": vic, "permission": "metrics:*" }), "permission", "invalid"),
        (json!({ "user_id": vic, "permission": "policies:update" }), "permission", "other_kind"),
        (
            json!({ "user_id": vic, "permission": "metrics:update", "expires_at": "soon" }),
            "expires_at",
            "invalid",
        ),
        (
            json!({ "user_id": vic, "permission": "metrics:update", "expires_at": "2027-01-15T08:00:00Z" }),
            "expires_at",
            "past",
        ),
    ] {
        let answer = ada.post(&place(IT, "/grants"), body).await;
        let details = answer.refused(400, "VALIDATION_ERROR")["details"].clone();
        assert_eq!(details, json!({ "field": field, "reason": reason }));
    }
    for path in
        [format!("{vic}/metrics:fly"), "x/metrics:update".to_owned(), format!("{vic}/policies:update")]
    {
        ada.delete(&place(IT, &format!("/grants/{path}"))).await.refused(404, "NOT_FOUND");
    }
    assert_eq!(granted(&ada).await, [json!(null); 0]);
}

#[tokio::test]
async fn a_resource_has_sixty_four_grants_and_the_dead_make_room() {
    let app = TestApp::unlimited();
    app.add("ada", Role::Developer).await;
    let ada = app.log_in("ada").await;
    ada.register_resource(IT).await.data(201);
    let mut names = Vec::new();
    for number in 0..=GRANTS_MAX {
        names.push(format!("user{number}"));
        app.add(&names[number], Role::Viewer).await;
    }
    grant_until(&ada, &names[0], "metrics:update", "2027-01-15T08:00:10Z").await.data(201);
    for name in &names[1..GRANTS_MAX] {
        ada.grant(IT, name, "metrics:update").await.data(201);
    }
    ada.grant(IT, &names[GRANTS_MAX], "metrics:update").await.refused(409, "CONFLICT");
    ada.grant(IT, &names[1], "metrics:update").await.data(201);
    app.advance(Duration::from_secs(10));
    ada.grant(IT, &names[GRANTS_MAX], "metrics:update").await.data(201);
    assert_eq!(granted(&ada).await.len(), GRANTS_MAX);
    assert!(check(app.store()).unwrap().is_clean());
    let (answer, events) = app.events_of(ada.delete(&place(IT, ""))).await;
    answer.data(200);
    assert_eq!((events.len(), app.row_counts().get(&GRANTS_TO)), (1, None));
}

#[tokio::test]
async fn what_was_granted_to_a_deleted_account_goes_with_it() {
    let app = TestApp::unlimited();
    for (name, role) in [("ada", Role::Developer), ("vic", Role::Viewer), ("eve", Role::Viewer)] {
        app.add(name, role).await;
    }
    let (ada, vic) = (app.log_in("ada").await, app.log_in("vic").await);
    for number in 0..70 {
        let name = format!("metrics/{number}");
        ada.register_resource(&name).await.data(201);
        ada.grant(&name, "vic", "metrics:update").await.data(201);
    }
    ada.grant(IT, "eve", "metrics:update").await.data(201);
    vic.delete("/api/v1/users/me").await.data(200);
    let left = granted(&ada).await;
    assert_eq!((left.len(), text_at(&left[0], "/user_id")), (1, app.id_of("eve")));
    assert_eq!(app.row_counts()[&GRANTS_TO], 1);
    assert!(check(app.store()).unwrap().is_clean());
}
