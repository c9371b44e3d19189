//! `/account/data` and `/account/delete`: a copy of all that is held of oneself, and the end of the account; SECURITY R58,
//! R66.

use std::time::Duration;

use latchkey::domain::limit::Class;
use latchkey::domain::role::Role;
use serde_json::Value;

use super::{NONE, page, refused};
use crate::harness::{InBrowser, SESSION_COOKIE, TestApp, between, guard, shipped_limits};

const DATA: &str = "/account/data";
const DOWNLOAD: &str = "/account/data/download";
const DELETE: &str = "/account/delete";
const EXPORT: &str = "/api/v1/users/me/export";
const HOUR: Duration = Duration::from_secs(3_601);
const ADDRESS: [(&str, &str); 1] = [("email", "ada@example.com")];

#[tokio::test]
async fn a_copy_is_the_document_of_the_operation_as_a_file() {
    let app = TestApp::new().with_user("ada").await;
    let mut ada = app.surf_as("ada").await;
    assert!(page(&ada.get("/account").await, 200).contains("href=\"/account/data\""));
    let (html, events) = app.events_of(ada.get(DATA)).await;
    assert_eq!(events, NONE);
    assert!(page(&html, 200).contains(DELETE) && !html.text.contains("name=\"before\""));
    assert!(!html.text.contains("older part"));
    let (copy, events) = app.events_of(ada.act(DOWNLOAD, &[])).await;
    assert_eq!((copy.status.as_u16(), events), (200, vec!["user.exported success".to_owned()]));
    for (name, value) in [
        ("content-type", "application/json"),
        ("content-disposition", "attachment; filename=\"account-data.json\""),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(copy.header(name), Some(value));
    }
    assert!(copy.text.starts_with("{\n  \"user\": {\n"), "for people, too: {}", copy.text);
    let copy: Value = serde_json::from_str(&copy.text).unwrap();
    let mut given = InBrowser::of(&app, &ada.jar[SESSION_COOKIE], "").get(EXPORT).await.data(200);
    assert_eq!(given["audit_logs"][0]["action"], "user.exported");
    given["audit_logs"].as_array_mut().unwrap().remove(0);
    assert_eq!(copy, given);
}

#[tokio::test]
async fn an_older_part_is_a_file_of_its_own() {
    let app = TestApp::unlimited().with_user("ada").await;
    let mut ada = app.surf_as("ada").await;
    for n in 0..505 {
        ada.act("/account/name", &[("name", &format!("Ada {n}"))]).await;
    }
    let html = ada.get(DATA).await;
    let older = between(page(&html, 200), "<a href=\"/account/data?before=", "\"").to_owned();
    let newest: Value = serde_json::from_str(&ada.act(DOWNLOAD, &[]).await.text).unwrap();
    let html = ada.get(&format!("{DATA}?before={older}")).await;
    assert_eq!(between(page(&html, 200), "name=\"before\" value=\"", "\""), older);
    assert!(html.text.contains("an older part") && !html.text.contains("next older part"));
    let oldest: Value = serde_json::from_str(&ada.act(DOWNLOAD, &[("before", &older)]).await.text).unwrap();
    assert!(oldest.get("next_before").is_none());
    let last = |part: &Value| part["audit_logs"].as_array().unwrap().last().unwrap()["action"].clone();
    assert_eq!((last(&newest), last(&oldest)), ("user.updated".into(), "user.registered".into()));
    page(&ada.get(&format!("{DATA}?before=x")).await, 200);
}

#[tokio::test]
async fn a_copy_asks_for_a_proof_first_and_is_limited() {
    let app = TestApp::with_policy(|policy| {
        *policy.limits.budgets.get_mut(Class::Export) = *shipped_limits().budgets.get(Class::Export);
    });
    let app = app.with_user("ada").await;
    let mut ada = app.surf_as("ada").await;
    for _ in 0..10 {
        assert_eq!(ada.act(DOWNLOAD, &[]).await.status, 200);
    }
    let (answer, events) = app.events_of(ada.act(DOWNLOAD, &[])).await;
    assert!(page(&answer, 429).contains("Come back in ") && answer.header("retry-after").is_some());
    assert_eq!(events, NONE);
    app.advance(HOUR);
    let proof = "/account/proof?return_to=%2Faccount%2Fdata";
    assert_eq!(ada.get(DATA).await.goes_to(), proof);
    assert_eq!(ada.act(DOWNLOAD, &[]).await.goes_to(), proof);
    for (path, fields) in [(DELETE, &ADDRESS[..])] {
        let proof = "/account/proof?return_to=%2Faccount%2Fdelete";
        assert_eq!(ada.get(path).await.goes_to(), proof);
        assert_eq!(ada.act(path, fields).await.goes_to(), proof);
    }
    assert!(app.account("ada").is_some());
}

#[tokio::test]
async fn whoever_types_their_address_deletes_their_account_and_ends_at_a_page() {
    let app = TestApp::with_policy(|policy| guard(policy, &[("app.example.com", "/", &[], "login")]));
    let app = app.with_user("ada").await;
    let mut ada = app.surf_as("ada").await;
    assert_eq!(ada.jar.len(), 2, "one cookie is for applications");
    let html = ada.get(DELETE).await;
    assert!(page(&html, 200).contains("What goes") && html.text.contains("What stays"));
    for typed in ["", "ada", "eve@example.com"] {
        let (answer, events) = app.events_of(ada.act(DELETE, &[("email", typed)])).await;
        refused(&answer, 400, "That is not the email address of your account.");
        assert_eq!(events, NONE);
    }
    assert_eq!(ada.get("/account/deleted").await.goes_to(), "/account", "it is not");
    let (gone, events) = app.events_of(ada.act(DELETE, &[("email", " Ada@Example.com ")])).await;
    assert_eq!((gone.goes_to(), events), ("/account/deleted", vec!["user.deleted success".to_owned()]));
    assert!(ada.jar.is_empty() && app.account("ada").is_none());
    let end = ada.get("/account/deleted").await;
    assert!(page(&end, 200).contains("Your account is deleted") && !end.text.contains("ada"));
}

#[tokio::test]
async fn where_nobody_deletes_their_own_account_the_page_is_not_there_and_the_form_is_refused() {
    let app = TestApp::with_policy(|policy| policy.self_deletion = false).with_user("ada").await;
    let mut ada = app.surf_as("ada").await;
    assert!(!page(&ada.get(DATA).await, 200).contains(DELETE));
    let (answer, events) = app.events_of(ada.get(DELETE)).await;
    assert!(page(&answer, 403).contains("Ask an administrator"));
    assert_eq!(events, NONE);
    for typed in ["ada@example.com", "x"] {
        let (answer, events) = app.events_of(ada.act(DELETE, &[("email", typed)])).await;
        assert!(page(&answer, 403).contains("Ask an administrator to delete your account."));
        assert_eq!(events, ["access.denied denied self_deletion_off"]);
    }
    assert!(ada.is_in().await);
}

/// R58.
#[tokio::test]
async fn the_last_super_administrator_stays_and_is_told_so() {
    let app = TestApp::new();
    app.add("ada", Role::SuperAdmin).await;
    let mut ada = app.surf_as("ada").await;
    let (answer, events) = app.events_of(ada.act(DELETE, &ADDRESS)).await;
    assert!(page(&answer, 409).contains("The last active super administrator cannot be deleted."));
    assert!(answer.text.contains("role=\"alert\"") && !answer.text.contains("aria-invalid"));
    assert_eq!(events, ["access.denied denied last_super_admin"]);
    assert!(ada.is_in().await);
}
