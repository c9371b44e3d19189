//! Accounts that an administrator makes: with a password, or by invitation; SECURITY R52, R55, R56, R61.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::store::check::check;
use serde_json::{Value, json};

use super::page::page;
use crate::harness::{Answer, LoggedIn, PASSWORD, TestApp, shipped_limits, text_at};

pub(super) const USERS: &str = "/api/v1/users";
const PAGE: &str = "/accept-invitation";
const NEW: &str = "seven silent paper lanterns";
const HOUR: Duration = Duration::from_secs(3_600);

/// A server with a super administrator, an administrator and a developer.
pub(super) async fn staffed() -> TestApp {
    let app = TestApp::new();
    staff(&app).await;
    app
}

pub(super) async fn staff(app: &TestApp) {
    for (name, role) in [("root", Role::SuperAdmin), ("boss", Role::Admin), ("ada", Role::Developer)] {
        app.add(name, role).await;
    }
}

/// Makes an account for Zoe with `more` fields.
async fn make(caller: &LoggedIn<'_>, more: Value) -> Answer {
    let mut body = json!({ "email": "zoe@example.com", "name": "Zoe Zander" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    caller.post(USERS, body).await
}

fn form(token: &str, password: &str) -> String {
    let password = password.replace(' ', "+");
    format!("token={token}&password={password}&repeat={password}")
}

/// A server where Zoe was invited, and the token in the mail.
async fn invited() -> (TestApp, String) {
    let app = staffed().await;
    make(&app.log_in("boss").await, json!({})).await.data(201);
    let token = app.invitation_token("zoe@example.com").await;
    (app, token)
}

#[tokio::test]
async fn an_invited_owner_sets_the_password_and_proves_the_address_with_one_link() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let (answer, events) = app.events_of(make(&boss, json!({ "roles": ["manager"] }))).await;
    let zoe = answer.data(201);
    assert_eq!(events, ["user.created success", "user.invited success"]);
    assert_eq!((&zoe["status"], &zoe["email_verified"]), (&json!("pending"), &json!(false)));
    assert_eq!((&zoe["username"], &zoe["roles"]), (&json!("zoe"), &json!(["manager"])));
    let id = |name: &str| Some(*app.account(name).unwrap().id.as_bytes());
    for record in &app.records()[app.records().len() - 2..] {
        assert_eq!((record.actor, record.subject), (id("boss"), id("zoe")));
        assert!(record.session.is_some());
    }
    let (answer, events) = app.events_of(app.anonymous().log_in("zoe", PASSWORD)).await;
    answer.refused(401, "AUTHENTICATION_FAILED");
    assert_eq!(events, ["login.failed denied no_password"]);

    let mails = app.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].to.as_str(), mails[0].subject.as_str()),
        ("zoe@example.com", "Your account at Latchkey")
    );
    assert!(mails[0].text.contains("once and for 3 days") && !mails[0].text.contains("Zander"));
    let token = app.invitation_token("zoe@example.com").await;
    assert!(token.starts_with("lki_") && !app.at_rest(&token));
    let link = format!("{PAGE}?token={token}");
    let (shown, events) = app.events_of(app.anonymous().get(&link)).await;
    assert!(page(&shown, 200).contains(&format!("value=\"{token}\"")));
    assert_eq!(events, [""; 0], "looking changes nothing: mail scanners look");
    let (done, events) = app.events_of(app.anonymous().post_form(PAGE, &form(&token, NEW))).await;
    assert!(page(&done, 200).contains("Your password is set"));
    assert_eq!(events, ["user.invitation_accepted success", "email.verified success invitation"]);
    assert_eq!(app.mails().await.len(), 1, "the first password is no news to its owner");
    let me = LoggedIn::with(&app, &app.anonymous().log_in("zoe", NEW).await.data(200));
    let me = me.get("/api/v1/auth/me").await.data(200);
    assert_eq!((&me["status"], &me["email_verified"]), (&json!("active"), &json!(true)));
    page(&app.anonymous().get(&link).await, 400);
    assert!(check(app.store()).unwrap().is_clean());
}

#[tokio::test]
async fn an_account_with_a_password_is_active_and_proved_only_when_somebody_vouches_for_it() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let (answer, events) = app.events_of(make(&boss, json!({ "password": PASSWORD }))).await;
    let zoe = answer.data(201);
    assert_eq!((&zoe["status"], &zoe["email_verified"]), (&json!("active"), &json!(false)));
    assert_eq!((&zoe["roles"], events), (&json!(["developer"]), vec!["user.created success".to_owned()]));
    assert!(!answer.text.contains(PASSWORD) && !answer.text.contains("argon2"));
    app.anonymous().log_in("zoe", PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
    app.verify(&app.mailed_token("zoe@example.com").await).await.data(200);
    app.anonymous().log_in("zoe", PASSWORD).await.data(200);

    let mails = app.mails().await.len();
    let body = json!({ "email": "yan@example.com", "password": PASSWORD, "email_verified": true });
    let yan = make(&boss, body).await.data(201);
    assert_eq!((&yan["status"], &yan["email_verified"]), (&json!("active"), &json!(true)));
    app.anonymous().log_in("yan", PASSWORD).await.data(200);
    assert_eq!(app.mails().await.len(), mails, "there is nothing to prove");
}

/// R56.
#[tokio::test]
async fn nobody_gives_a_role_above_their_own() {
    let app = staffed().await;
    let (root, boss) = (app.log_in("root").await, app.log_in("boss").await);
    for roles in [json!(["super_admin"]), json!(["viewer", "super_admin"])] {
        let (answer, events) = app.events_of(make(&boss, json!({ "roles": roles }))).await;
        answer.refused(403, "FORBIDDEN");
        assert_eq!(events, ["access.denied denied role_not_held"]);
    }
    assert!(app.account("zoe").is_none() && app.mails().await.is_empty());
    let suspicious = boss.get("/api/v1/audit/suspicious").await.data(200);
    assert_eq!(suspicious["events"][0]["type"], "privilege_escalation");
    make(&boss, json!({ "roles": ["admin", "viewer", "viewer"] })).await.data(201);
    assert_eq!(app.account("zoe").unwrap().roles, [Role::Viewer, Role::Admin]);
    make(&root, json!({ "email": "yan@example.com", "roles": ["super_admin"] })).await.data(201);
    make(&root, json!({ "email": "xia@example.com", "roles": [] })).await.data(201);
    assert!(app.account("xia").unwrap().roles.is_empty());
}

/// R52, R60.
#[tokio::test]
async fn only_a_session_with_the_permission_makes_accounts() {
    let app = staffed().await;
    let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
    let (answer, events) = app.events_of(make(&ada, json!({}))).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["details"]["required_permission"], "users:create");
    assert_eq!(events, ["access.denied denied permission_missing"]);
    let key = boss.make_key(&["users:write"]).await;
    let body = json!({ "email": "zoe@example.com", "name": "Zoe" });
    let error = key.post(USERS, body).await.refused(403, "FORBIDDEN");
    assert_eq!(error["details"]["reason"], "session_required");
    assert!(app.account("zoe").is_none());
}

/// R55.
#[tokio::test]
async fn a_bad_or_taken_field_is_named_and_nothing_is_made() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    for (more, field) in [
        (json!({ "email": "no address" }), "email"),
        (json!({ "name": "x" }), "name"),
        (json!({ "username": "a b" }), "username"),
        (json!({ "password": "short" }), "password"),
        (json!({ "password": "zoe@example.com" }), "password"),
        (json!({ "roles": ["queen"] }), "roles"),
        (json!({ "email_verified": true }), "email_verified"),
        (json!({ "status": "active" }), "status"),
        (json!({ "id": "x" }), "id"),
        (json!({ "mfa_enabled": false }), "mfa_enabled"),
        (json!({ "number": 1 }), "number"),
    ] {
        let (answer, events) = app.events_of(make(&boss, more.clone())).await;
        let error = answer.refused(400, "VALIDATION_ERROR");
        assert_eq!((&error["details"]["field"], events.len()), (&json!(field), 0), "{more}: {error:#}");
    }
    for (more, field) in
        [(json!({ "email": "ADA@example.com" }), "email"), (json!({ "username": "Ada" }), "username")]
    {
        let (answer, events) = app.events_of(make(&boss, more)).await;
        let error = answer.refused(409, "ALREADY_EXISTS");
        assert_eq!((&error["details"]["field"], events.len()), (&json!(field), 0));
    }
    assert!(app.account("zoe").is_none() && app.mails().await.is_empty());
}

#[tokio::test]
async fn an_invitation_ends_in_time_and_another_takes_its_place() {
    let (app, first) = invited().await;
    app.advance(72 * HOUR);
    assert!(
        page(&app.anonymous().get(&format!("{PAGE}?token={first}")).await, 400).contains("no longer valid")
    );
    let (dead, events) = app.events_of(app.anonymous().post_form(PAGE, &form(&first, NEW))).await;
    page(&dead, 400);
    assert_eq!(events, ["user.invitation_accepted denied invalid_token"]);
    let boss = app.log_in("boss").await;
    let place = format!("{USERS}/{}/invite", app.account("zoe").unwrap().id);
    let (answer, events) = app.events_of(boss.post(&place, json!({}))).await;
    assert_eq!(answer.data(200), json!({ "message": "Invitation sent." }));
    assert_eq!(events, ["user.invited success"]);
    let second = app.invitation_token("zoe@example.com").await;
    app.advance(72 * HOUR - Duration::from_millis(1));
    page(&app.anonymous().post_form(PAGE, &form(&second, NEW)).await, 200);
    let boss = app.log_in("boss").await;
    let (answer, events) = app.events_of(boss.post(&place, json!({}))).await;
    answer.refused(409, "CONFLICT");
    assert_eq!(events, [""; 0], "whoever came needs no invitation");
}

/// R26: the token of an invitation opens no other door, and no other token this one.
#[tokio::test]
async fn tokens_of_other_kinds_and_bad_passwords_set_nothing() {
    let (app, token) = invited().await;
    let confirm = json!({ "token": token, "new_password": NEW });
    let answer = app.anonymous().post("/api/v1/auth/password-reset/confirm", confirm).await;
    answer.refused(400, "VALIDATION_ERROR");
    page(&app.anonymous().post_form("/reset-password", &form(&token, NEW)).await, 400);
    app.verify(&token).await.refused(400, "VALIDATION_ERROR");
    let ask = json!({ "email": "zoe@example.com" });
    app.anonymous().post("/api/v1/auth/password-reset/initiate", ask).await.data(200);
    let reset = app.reset_token("zoe@example.com").await;
    for bad in ["", "x", "lki_AAAA", &reset, "%22%3E%3Cscript%3E"] {
        let answer = app.anonymous().post_form(PAGE, &form(bad, NEW)).await;
        assert!(!page(&answer, 400).contains("<script"), "{bad}");
    }
    page(&app.anonymous().get(PAGE).await, 400);
    for (password, says) in [("planted", "at least 8"), ("zoe@example.com", "password")] {
        let (answer, events) = app.events_of(app.anonymous().post_form(PAGE, &form(&token, password))).await;
        let html = page(&answer, 400);
        assert!(html.contains(says) && html.contains(&token) && !html.contains("planted"), "{html}");
        assert_eq!(events, [""; 0]);
    }
    let differ = format!("token={token}&password=one+long+password&repeat=another+password");
    assert!(page(&app.anonymous().post_form(PAGE, &differ).await, 400).contains("not the same"));
    // Whoever resets the password in time needs the invitation no more.
    let confirm = json!({ "token": reset, "new_password": NEW });
    app.anonymous().post("/api/v1/auth/password-reset/confirm", confirm).await.data(200);
    page(&app.anonymous().post_form(PAGE, &form(&token, "another fine password")).await, 400);
    app.anonymous().log_in("zoe", NEW).await.data(200);
}

#[tokio::test]
async fn an_invitation_dies_with_the_account_or_when_it_is_switched_off() {
    for act in ["suspend", "delete"] {
        let (app, token) = invited().await;
        let boss = app.log_in("boss").await;
        let place = format!("{USERS}/{}", app.account("zoe").unwrap().id);
        match act {
            "suspend" => {
                boss.put(&place, json!({ "status": "suspended" })).await.data(200);
                boss.put(&place, json!({ "status": "active" })).await.data(200);
            }
            _ => drop(boss.delete(&place).await.data(200)),
        }
        page(&app.anonymous().post_form(PAGE, &form(&token, NEW)).await, 400);
        assert!(check(app.store()).unwrap().is_clean());
    }
}

#[tokio::test]
async fn of_two_who_use_one_invitation_one_wins() {
    for _ in 0..10 {
        let (app, token) = invited().await;
        let (one, two) = (form(&token, NEW), form(&token, "another fine password"));
        let (first, second) = (app.anonymous(), app.anonymous());
        let both = tokio::join!(first.post_form(PAGE, &one), second.post_form(PAGE, &two));
        let won = [&both.0, &both.1].map(|answer| answer.status == 200);
        assert!(won[0] != won[1], "{both:?}");
        let right = if won[0] { NEW } else { "another fine password" };
        app.anonymous().log_in("zoe", right).await.data(200);
        let accepted = app.events().into_iter().filter(|event| event == "user.invitation_accepted success");
        assert_eq!(accepted.count(), 1);
    }
}

#[tokio::test]
async fn of_two_invitations_at_once_one_link_works() {
    let (app, first) = invited().await;
    let (boss, root) = (app.log_in("boss").await, app.log_in("root").await);
    let place = format!("{USERS}/{}/invite", app.account("zoe").unwrap().id);
    let both = tokio::join!(boss.post(&place, json!({})), root.post(&place, json!({})));
    both.0.data(200);
    both.1.data(200);
    let mails = app.all_mails().await;
    let tokens: Vec<_> = mails
        .iter()
        .filter_map(|mail| mail.text.split_once("/accept-invitation?token="))
        .map(|(_, rest)| rest.split_whitespace().next().unwrap().to_owned())
        .collect();
    assert_eq!(tokens.len(), 3);
    let mut live = Vec::new();
    for token in &tokens {
        if app.anonymous().get(&format!("{PAGE}?token={token}")).await.status == 200 {
            live.push(token);
        }
    }
    assert!(live.len() == 1 && *live[0] != first, "{live:?}");
}

#[tokio::test]
async fn nobody_is_flooded_with_invitations() {
    let app = TestApp::with_policy(|policy| policy.limits = shipped_limits());
    staff(&app).await;
    let boss = app.log_in("boss").await;
    make(&boss, json!({})).await.data(201);
    let place = format!("{USERS}/{}/invite", app.account("zoe").unwrap().id);
    for _ in 0..4 {
        boss.post(&place, json!({})).await.data(200);
    }
    let (answer, events) = app.events_of(boss.post(&place, json!({}))).await;
    answer.refused(429, "RATE_LIMIT_EXCEEDED");
    assert!(answer.header("retry-after").is_some() && events.is_empty());
    assert_eq!(app.all_mails().await.len(), 5);
    assert_eq!(text_at(&boss.get("/api/v1/auth/me").await.data(200), "/username"), "boss");
}
