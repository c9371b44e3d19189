//! What an administrator does for somebody's account: passwords, sessions, locks, factors, its end; SECURITY R33, R36.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::store::check::check;
use serde_json::{Value, json};

use super::lockout::{address, fail, refused};
use super::sms_factor::with_phone;
use super::user_creation::{USERS, staff, staffed};
use crate::harness::{Answer, LoggedIn, PASSWORD, TestApp};

const NEW: &str = "seven silent paper lanterns";
const ADA: &str = "ada@example.com";

pub(super) fn place(app: &TestApp, name: &str, act: &str) -> String {
    format!("{USERS}/{}{act}", app.account(name).unwrap().id)
}

async fn act_on(caller: &LoggedIn<'_>, name: &str, act: &str) -> Answer {
    caller.post(&place(caller.app(), name, act), json!({})).await
}

/// Holds that the newest record is of boss's act on ada.
fn is_by_boss(app: &TestApp) {
    let id = |name: &str| Some(*app.account(name).unwrap().id.as_bytes());
    let record = app.records().pop().unwrap();
    assert_eq!((record.actor, record.subject), (id("boss"), id("ada")), "{record:?}");
    assert!(record.session.is_some());
}

fn detail(app: &TestApp) -> Vec<(String, String)> {
    app.records().pop().unwrap().detail
}

fn pairs(facts: &[(&str, &str)]) -> Vec<(String, String)> {
    facts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn a_password_that_was_taken_away_is_wrong_at_once_and_does_not_come_back() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let sessions = [app.log_in("ada").await, app.log_in("ada").await];
    let key = sessions[0].make_key(&["metrics:write"]).await.key;
    let before = app.mails().await.len();
    let (answer, events) = app.events_of(act_on(&boss, "ada", "/password-reset")).await;
    let message = json!({ "message": "The password works no more.", "sessions_ended": 2 });
    assert_eq!((answer.data(200), events), (message, vec!["password.reset_forced success".to_owned()]));
    is_by_boss(&app);
    assert_eq!(detail(&app), pairs(&[("sessions_ended", "2")]));
    for session in &sessions {
        assert!(!session.is_in().await);
        app.anonymous().refresh(&session.refresh).await.refused(401, "TOKEN_INVALID");
    }
    app.anonymous().header("x-api-key", &key).get("/api/v1/auth/me").await.data(200);
    let (denied, events) = app.events_of(app.anonymous().log_in("ada", PASSWORD)).await;
    assert_eq!(denied.refused(401, "AUTHENTICATION_FAILED")["message"], "Invalid credentials");
    assert_eq!(events, ["login.failed denied no_password"]);

    let mails = app.mails().await;
    assert_eq!(
        (mails.len() - before, mails[0].to.as_str()),
        (1, ADA),
        "one letter tells it and carries the link"
    );
    assert_eq!(mails[0].subject, "Set a new password - Latchkey");
    assert!(mails[0].text.contains("An administrator") && !mails[0].text.contains("198.51.100.7"));
    let token = app.reset_token(ADA).await;
    let confirm = |new: &str| json!({ "token": token, "new_password": new });
    let again = app.anonymous().post("/api/v1/auth/password-reset/confirm", confirm(PASSWORD)).await;
    assert_eq!(again.refused(400, "VALIDATION_ERROR")["details"]["reason"], "reused");
    app.anonymous().post("/api/v1/auth/password-reset/confirm", confirm(NEW)).await.data(200);
    app.anonymous().log_in("ada", NEW).await.data(200);
    assert!(check(app.store()).unwrap().is_clean());
}

/// R33: a link would not switch the account on.
#[tokio::test]
async fn whoever_is_switched_off_loses_the_password_and_gets_no_link() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    boss.put(&place(&app, "ada", ""), json!({ "status": "suspended" })).await.data(200);
    act_on(&boss, "ada", "/password-reset").await.data(200);
    assert!(app.mails().await.is_empty());
    boss.put(&place(&app, "ada", ""), json!({ "status": "active" })).await.data(200);
    app.anonymous().log_in("ada", PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
}

#[tokio::test]
async fn every_session_of_somebody_ends_at_once_and_the_password_stays() {
    let app = staffed().await;
    let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
    let second = app.log_in("ada").await;
    let (answer, events) = app.events_of(act_on(&boss, "ada", "/logout-all")).await;
    assert_eq!(answer.data(200), json!({ "message": "All sessions ended.", "sessions_ended": 2 }));
    assert_eq!(events, ["session.all_ended success administrator"]);
    is_by_boss(&app);
    assert!(!ada.is_in().await && !second.is_in().await && boss.is_in().await);
    app.log_in("ada").await;
}

#[tokio::test]
async fn an_unlock_lifts_the_locks_of_every_network_and_name() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    fail(&app, "203.0.113.1", "ada", 5).await;
    fail(&app, "203.0.114.1", ADA, 5).await;
    refused(&app, "203.0.113.1", "ada").await;
    refused(&app, "203.0.114.1", ADA).await;
    let (answer, events) = app.events_of(act_on(&boss, "ada", "/unlock")).await;
    assert_eq!(answer.data(200), json!({ "message": "Account unlocked.", "networks": 2, "failures": 10 }));
    assert_eq!(events, ["lockout.cleared success administrator"]);
    is_by_boss(&app);
    assert_eq!(detail(&app), pairs(&[("networks", "2"), ("failures", "10")]));
    for (from, name) in [("203.0.113.1", "ada"), ("203.0.114.1", ADA)] {
        app.anonymous().at(from).log_in(name, PASSWORD).await.data(200);
    }
    // All five guesses are there again.
    fail(&app, "203.0.113.1", "ada", 5).await;
    refused(&app, "203.0.113.1", "ada").await;
}

#[tokio::test]
async fn an_unlock_ends_the_count_from_everywhere_and_that_of_codes() {
    let app = staffed().await;
    for number in 0..25 {
        fail(&app, &address(number), "ada", 4).await;
    }
    refused(&app, "192.0.2.1", "ada").await;
    let boss = app.log_in("boss").await;
    let lifted = act_on(&boss, "ada", "/unlock").await.data(200);
    assert_eq!((&lifted["networks"], &lifted["failures"]), (&json!(0), &json!(100)));
    let ada = app.log_in("ada").await;

    let phone = app.enrol(&ada).await;
    for _ in 0..4 {
        let handle = app.first_step("ada").await;
        for _ in 0..5 {
            app.second_step(&handle, &phone.wrong_code(&app)).await.refused(401, "MFA_INVALID");
        }
    }
    let handle = app.first_step("ada").await;
    app.second_step(&handle, &phone.code(&app)).await.refused(423, "ACCOUNT_LOCKED");
    act_on(&boss, "ada", "/unlock").await.data(200);
    app.second_step(&handle, &phone.code(&app)).await.data(200);
}

#[tokio::test]
async fn a_lost_phone_is_taken_away_and_its_sessions_with_it() {
    let app = staffed().await;
    let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
    let none = json!({ "factors": [], "backup_codes_left": 0 });
    assert_eq!(boss.get(&place(&app, "ada", "/factors")).await.data(200), none);
    let phone = app.enrol(&ada).await;
    let (answer, events) = app.events_of(boss.get(&place(&app, "ada", "/factors"))).await;
    let factors = answer.data(200);
    assert_eq!((&factors["factors"][0]["type"], &factors["backup_codes_left"]), (&json!("totp"), &json!(5)));
    assert!(factors["factors"][0]["enrolled_at"].is_string() && events.is_empty());
    for secret in phone.backup_codes.iter().map(String::as_str).chain(["secret"]) {
        assert!(!answer.text.contains(secret));
    }
    let waiting = app.first_step("ada").await;
    boss.delete(&place(&app, "ada", "/factors/sms")).await.refused(404, "NOT_FOUND");
    app.mails().await;
    let (answer, events) = app.events_of(boss.delete(&place(&app, "ada", "/factors/totp"))).await;
    assert_eq!(answer.data(200), json!({ "message": "Second factor removed.", "sessions_ended": 1 }));
    assert_eq!(events, ["mfa.disabled success administrator"]);
    is_by_boss(&app);
    assert_eq!(detail(&app), pairs(&[("method", "totp"), ("sessions_ended", "1")]));
    assert!(!ada.is_in().await);
    app.second_step(&waiting, &phone.code(&app)).await.refused(401, "AUTHENTICATION_FAILED");
    let mails = app.mails().await;
    assert_eq!(
        (mails[0].to.as_str(), mails[0].subject.as_str()),
        (ADA, "Two-step login was reset - Latchkey")
    );
    assert_eq!(boss.get(&place(&app, "ada", "/factors")).await.data(200), none);
    let ada = app.log_in("ada").await;
    app.enrol(&ada).await;
    for kind in ["", "email", "TOTP", "totp%00", "all2"] {
        boss.delete(&place(&app, "ada", &format!("/factors/{kind}"))).await.refused(404, "NOT_FOUND");
    }
    assert!(app.account("ada").unwrap().has_factor && check(app.store()).unwrap().is_clean());
}

#[tokio::test]
async fn one_factor_of_two_or_both_are_taken_away() {
    for (kind, left) in [("sms", true), ("totp", true), ("all", false)] {
        let app = TestApp::with_sms();
        staff(&app).await;
        let ada = with_phone(&app).await;
        app.enrol(&ada).await;
        let boss = app.log_in("boss").await;
        let factors = boss.get(&place(&app, "ada", "/factors")).await.data(200);
        let kinds: Vec<_> =
            factors["factors"].as_array().unwrap().iter().map(|one| one["type"].clone()).collect();
        assert_eq!(kinds, ["totp", "sms"]);
        assert!(!factors.to_string().contains("49151"));
        let (answer, events) =
            app.events_of(boss.delete(&place(&app, "ada", &format!("/factors/{kind}")))).await;
        answer.data(200);
        assert_eq!(events, vec!["mfa.disabled success administrator"; if left { 1 } else { 2 }]);
        assert_eq!(app.account("ada").unwrap().has_factor, left, "{kind}");
        let factors = boss.get(&place(&app, "ada", "/factors")).await.data(200);
        assert_eq!(factors["factors"].as_array().unwrap().len(), usize::from(left));
        assert_eq!(factors["backup_codes_left"], if kind == "sms" { 5 } else { 0 });
        assert!(check(app.store()).unwrap().is_clean());
    }
}

/// G41: whoever loses the factor that the role must have sets one up before anything else.
#[tokio::test]
async fn an_administrator_whose_factor_was_taken_away_enrols_again_before_administering() {
    let app = TestApp::with_policy(|policy| policy.factor.required_for = vec![Role::Admin]);
    staff(&app).await;
    let (root, boss) = (app.log_in("root").await, app.log_in("boss").await);
    app.enrol(&boss).await;
    root.delete(&place(&app, "boss", "/factors/all")).await.data(200);
    let boss = app.log_in("boss").await;
    assert_eq!(boss.get(USERS).await.refused(403, "FORBIDDEN")["details"], json!({ "mfa_required": true }));
    app.enrol(&boss).await;
    boss.get(USERS).await.data(200);
}

#[tokio::test]
async fn sessions_and_keys_of_somebody_look_as_they_do_to_their_owner() {
    let app = staffed().await;
    let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
    for _ in 0..3 {
        app.advance(Duration::from_secs(1));
        app.log_in("ada").await;
        ada.make_key(&["metrics:write"]).await;
    }
    for (act, own, list) in [
        ("/sessions", "/api/v1/auth/sessions", "sessions"),
        ("/api-keys", "/api/v1/users/me/api-keys", "api_keys"),
    ] {
        let (answer, events) = app.events_of(boss.get(&place(&app, "ada", act))).await;
        let seen = answer.data(200);
        let mut own = ada.get(own).await.data(200);
        for one in own[list].as_array_mut().unwrap() {
            if one.get("current").is_some() {
                one["current"] = json!(false);
            }
        }
        assert_eq!((&seen[list], &seen["as_of"], events.len()), (&own[list], &own["as_of"], 0));
        let count = seen[list].as_array().unwrap().len();
        let (mut walked, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = boss.get(&format!("{}?limit=2{cursor}", place(&app, "ada", act))).await.data(200);
            walked.extend(page[list].as_array().unwrap().clone());
            let Some(next) = page.get("next_cursor") else { break };
            cursor = format!("&cursor={}", next.as_str().unwrap());
        }
        assert_eq!((walked.len(), Value::from(walked)), (count, seen[list].clone()), "{act}");
        for bad in ["limit=0", "limit=101", "cursor=x"] {
            let answer = boss.get(&format!("{}?{bad}", place(&app, "ada", act))).await;
            answer.refused(400, "VALIDATION_ERROR");
        }
    }
    let own = boss.get(&place(&app, "boss", "/sessions")).await.data(200);
    assert_eq!(own["sessions"][0]["current"], true);
}

#[tokio::test]
async fn an_account_that_an_administrator_deletes_is_gone_like_one_that_its_owner_deletes() {
    let app = staffed().await;
    let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
    let key = ada.make_key(&["metrics:write"]).await.key;
    app.enrol(&ada).await;
    let (gone, place) = (app.account("ada").unwrap().id, place(&app, "ada", ""));
    app.mails().await;
    let (answer, events) = app.events_of(boss.delete(&place)).await;
    assert_eq!(answer.data(200), json!({ "message": "Account deleted." }));
    assert_eq!(events, ["user.deleted success"]);
    let record = app.records().pop().unwrap();
    let boss_id = *app.account("boss").unwrap().id.as_bytes();
    assert_eq!((record.actor, record.subject), (Some(boss_id), Some(*gone.as_bytes())));
    assert!(!ada.is_in().await);
    app.anonymous().header("x-api-key", &key).get("/api/v1/auth/me").await.refused(401, "TOKEN_INVALID");
    app.anonymous().log_in("ada", PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
    let mails = app.mails().await;
    assert!(mails[0].to == ADA && mails[0].text.contains("by an administrator"));
    boss.delete(&place).await.refused(404, "NOT_FOUND");
    app.anonymous().register(ADA).await.data(201);
    assert!(check(app.store()).unwrap().is_clean());
}

#[tokio::test]
async fn a_new_username_is_the_one_to_log_in_with() {
    let app = staffed().await;
    let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
    let place = place(&app, "ada", "");
    let (answer, events) = app.events_of(boss.put(&place, json!({ "username": "Countess" }))).await;
    assert_eq!(
        (answer.data(200)["username"].clone(), events),
        (json!("Countess"), vec!["user.updated success".into()])
    );
    assert_eq!(detail(&app), pairs(&[("field", "username")]));
    assert!(ada.is_in().await);
    app.anonymous().log_in("countess", PASSWORD).await.data(200);
    app.anonymous().log_in("ada", PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
    boss.put(&place, json!({ "username": "countess" })).await.data(200);
    for (name, status, code) in [("BOSS", 409, "ALREADY_EXISTS"), ("a b", 400, "VALIDATION_ERROR")] {
        let (answer, events) =
            app.events_of(boss.put(&place, json!({ "name": "New", "username": name }))).await;
        assert_eq!(answer.refused(status, code)["details"]["field"], "username");
        assert_eq!(events, [""; 0], "all or nothing");
    }
    assert_eq!(app.account("countess").unwrap().name.as_str(), "ada");
    boss.put(&place, json!({ "username": "ada" })).await.data(200);
    assert!(check(app.store()).unwrap().is_clean());
}
