//! The first administrator, over the API: the code, its life and its ends.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::services::setup;
use serde_json::{Value, json};

use crate::harness::{LoggedIn, PASSWORD, TestApp, text_at};

const SETUP: &str = "/api/v1/setup";

/// What the start of a server prints.
pub(super) async fn code_of(app: &TestApp) -> Option<String> {
    let code = setup::issue_code(&app.services, &app.services.own_context("start")).await.unwrap();
    code.map(|code| code.reveal().to_string())
}

fn form(code: &str) -> Value {
    json!({ "code": code, "email": "root@example.com", "password": PASSWORD, "name": "Root" })
}

#[tokio::test]
async fn the_code_makes_one_super_administrator_who_can_log_in_at_once() {
    let app = TestApp::new();
    let code = code_of(&app).await.unwrap();
    assert!(!app.at_rest(&code), "only its hash is stored");
    let (answer, events) = app.events_of(app.anonymous().post(SETUP, form(&format!(" {code}\n")))).await;
    let root = answer.data(201);
    assert_eq!((&root["roles"], &root["status"]), (&json!(["super_admin"]), &json!("active")));
    assert_eq!(events, ["user.registered success"]);
    let record = app.records().pop().unwrap();
    assert_eq!(
        (record.actor, record.actor.is_some()),
        (record.subject, true),
        "nobody else made the account"
    );
    let tokens = app.anonymous().log_in("root@example.com", PASSWORD).await.data(200);
    LoggedIn::with(&app, &tokens).get("/api/v1/users").await.data(200);
    let (answer, events) = app.events_of(app.anonymous().post(SETUP, form(&code))).await;
    answer.refused(409, "CONFLICT");
    assert_eq!(events, [""; 0]);
    assert_eq!(code_of(&app).await, None, "no code for a server that is set up");
}

#[tokio::test]
async fn a_wrong_code_is_refused_and_leaves_the_right_one() {
    let app = TestApp::new();
    let code = code_of(&app).await.unwrap();
    let other = code_of(&TestApp::new()).await.unwrap();
    let mut flipped = code.clone().into_bytes();
    let last = flipped.len() - 2;
    flipped[last] = if flipped[last] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    let kind = code.replace("lks_", "lkv_");
    for wrong in ["", "x", &flipped, &kind, &code.to_uppercase(), &format!("{code}A"), &"lks_".repeat(50)] {
        let (answer, events) = app.events_of(app.anonymous().post(SETUP, form(wrong))).await;
        let error = answer.refused(403, "FORBIDDEN");
        assert_eq!(events, ["setup.denied denied wrong_code"], "{wrong}");
        assert!(!error.to_string().contains(&code[4..]));
    }
    assert_eq!(other, code, "the same seed, the same code: both servers are equal");
    app.anonymous().post(SETUP, form(&code)).await.data(201);
}

#[tokio::test]
async fn a_refused_form_does_not_use_the_code_up() {
    let app = TestApp::new().with_user("ada").await;
    let code = code_of(&app).await.unwrap();
    for (field, value) in [("email", "nonsense"), ("password", "short"), ("name", "x"), ("username", "a b")] {
        let mut form = form(&code);
        form[field] = json!(value);
        let error = app.anonymous().post(SETUP, form).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["details"]["field"], field);
    }
    let mut taken = form(&code);
    taken["email"] = json!("ADA@example.com");
    app.anonymous().post(SETUP, taken).await.refused(409, "ALREADY_EXISTS");
    app.anonymous().post(SETUP, form(&code)).await.data(201);
}

#[tokio::test]
async fn the_code_lives_for_a_day() {
    let app = TestApp::new();
    let code = code_of(&app).await.unwrap();
    app.advance(setup::SETUP_TTL);
    app.anonymous().post(SETUP, form(&code)).await.refused(403, "FORBIDDEN");
    let app = TestApp::new();
    let code = code_of(&app).await.unwrap();
    app.advance(setup::SETUP_TTL.saturating_sub(Duration::from_millis(1)));
    app.anonymous().post(SETUP, form(&code)).await.data(201);
}

#[tokio::test]
async fn a_restart_prints_a_new_code_and_the_old_one_is_dead() {
    let app = TestApp::new();
    let old = code_of(&app).await.unwrap();
    let app = app.restarted();
    let new = code_of(&app).await.unwrap();
    assert_ne!(old, new);
    app.anonymous().post(SETUP, form(&old)).await.refused(403, "FORBIDDEN");
    app.anonymous().post(SETUP, form(&new)).await.data(201);
}

#[tokio::test]
async fn an_administrator_made_by_the_command_line_closes_the_door() {
    let app = TestApp::new();
    let code = code_of(&app).await.unwrap();
    app.add("boss", Role::Admin).await;
    assert!(code_of(&app).await.is_some(), "an admin is not a super administrator");
    let code = code_of(&app).await.unwrap_or(code);
    app.add("root2", Role::SuperAdmin).await;
    app.anonymous().post(SETUP, form(&code)).await.refused(409, "CONFLICT");
}

#[tokio::test]
async fn of_two_who_hold_the_code_one_becomes_administrator() {
    let app = TestApp::new();
    app.add("boss", Role::Admin).await;
    let code = code_of(&app).await.unwrap();
    let mut other = form(&code);
    other["email"] = json!("eve@example.com");
    let (stranger, rival) = (app.anonymous(), app.anonymous());
    let answers = tokio::join!(stranger.post(SETUP, form(&code)), rival.post(SETUP, other));
    let mut statuses = [answers.0.status.as_u16(), answers.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let boss = app.log_in("boss").await;
    let page = boss.get("/api/v1/users").await.data(200);
    let users = page["users"].as_array().unwrap();
    let supers = users.iter().filter(|user| user["roles"] == json!(["super_admin"]));
    assert_eq!(supers.map(|user| text_at(user, "/status")).collect::<Vec<_>>(), ["active"]);
}
