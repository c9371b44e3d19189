//! For each kind of denial the kept judgement names the true cause and what helps, and the client is told no more of it.

use std::time::Duration;

use latchkey::domain::limit::{Budget, Class};
use latchkey::domain::role::Role;
use latchkey::domain::user::Status;
use latchkey::services::Policy;
use serde_json::{Value, json};

use super::lockout::{address, fail};
use crate::harness::{Answer, LoggedIn, PASSWORD, TestApp, decoded, forged, text_at};

const ME: &str = "/api/v1/auth/me";
const HOUR: Duration = Duration::from_secs(3_600);

/// What is done, and the step that decided.
const CASES: &[(&str, &str)] = &[
    ("a wrong password", "wrong_password"),
    ("a name of nobody", "user_unknown"),
    ("a wrong password at a step-up", "wrong_password"),
    ("a locked network", "locked_network"),
    ("a locked name", "locked_account"),
    ("too many logins from an address", "limit_reached"),
    ("too many requests of an account", "limit_reached"),
    ("too many requests of a key", "limit_reached"),
    ("a suspended account", "account_off"),
    ("an unproved address", "email_not_verified"),
    ("no password", "no_password"),
    ("no credential", "credential_missing"),
    ("two credentials", "credential_unclear"),
    ("an expired token", "token_expired"),
    ("a token of tomorrow", "token_early"),
    ("a session that was ended", "session_ended"),
    ("sessions that were all ended", "sessions_ended"),
    ("a token of a suspended account", "account_off"),
    ("a refresh token as access token", "token_other_kind"),
    ("a token of an unknown key", "token_unknown_key"),
    ("a changed token", "token_invalid"),
    ("a reused refresh token", "refresh_reused"),
    ("an expired refresh token", "refresh_expired"),
    ("a key without the scope", "scope_missing"),
    ("a key from a wrong address", "key_address"),
    ("an expired key", "key_expired"),
    ("a revoked key", "key_unknown"),
    ("a replaced key", "key_replaced"),
    ("a canary", "key_canary"),
    ("a key where people belong", "session_required"),
    ("a missing permission", "permission_missing"),
    ("a missing second factor", "second_factor_demanded"),
    ("an old proof", "step_up_needed"),
    ("another site", "forged"),
    ("a cookie of nothing", "cookie_invalid"),
    ("a cookie elsewhere", "cookie_away"),
    ("a wrong code", "wrong_code"),
    ("a code of another time", "wrong_code_skewed"),
    ("a code again", "used_code"),
    ("too many wrong codes", "locked_codes"),
    ("a second step of nothing", "no_pending_login"),
    ("a reset link too late", "link_over"),
    ("a reset link again", "link_gone"),
    ("half a verification link", "link_unreadable"),
    ("a closed registration", "registration_closed"),
    ("a taken address", "name_taken"),
    ("a mail too many", "mails_reached"),
    ("somebody else's session", "hidden"),
    ("the last super administrator", "answer"),
];

fn policy(case: &str) -> impl FnOnce(&mut Policy) + use<> {
    let case = case.to_owned();
    move |policy| {
        let few = Budget::new(3, Duration::from_secs(600)).unwrap();
        match case.as_str() {
            "too many logins from an address" => *policy.limits.budgets.get_mut(Class::Login) = few,
            "too many requests of an account" => *policy.limits.budgets.get_mut(Class::Authenticated) = few,
            "too many requests of a key" => *policy.limits.budgets.get_mut(Class::ApiKey) = few,
            "a mail too many" => *policy.limits.budgets.get_mut(Class::Mail) = few,
            "a closed registration" => policy.registration.is_enabled = false,
            "a missing second factor" => policy.factor.required_for = vec![Role::Admin],
            "a cookie elsewhere" => policy.cookies.bind_network = true,
            _ => {}
        }
    }
}

async fn people(app: &TestApp) {
    for (name, role) in
        [("root", Role::SuperAdmin), ("boss", Role::Admin), ("mia", Role::Manager), ("ada", Role::Developer)]
    {
        app.add(name, role).await;
    }
}

async fn me(app: &TestApp, token: &str) -> Answer {
    app.anonymous().header("authorization", &format!("Bearer {token}")).get(ME).await
}

/// Does what `case` says; answers the denial.
async fn denied(app: &TestApp, case: &str) -> Answer {
    match case {
        "a wrong password" => app.anonymous().log_in("ada", "wrong password").await,
        "a name of nobody" => app.anonymous().log_in("nobody", PASSWORD).await,
        "a locked network" => {
            fail(app, "203.0.113.1", "ada", 5).await;
            app.anonymous().at("203.0.113.1").log_in("ada", PASSWORD).await
        }
        "a locked name" => {
            for number in 0..100 {
                fail(app, &address(number), "ada", 1).await;
            }
            app.anonymous().at("192.0.2.1").log_in("ada", PASSWORD).await
        }
        "too many logins from an address" => {
            for _ in 0..3 {
                app.anonymous().log_in("ada", PASSWORD).await.data(200);
            }
            app.anonymous().log_in("ada", PASSWORD).await
        }
        "a suspended account" => {
            app.set_status("ada", Status::Suspended).await;
            app.anonymous().log_in("ada", PASSWORD).await
        }
        "an unproved address" => {
            app.anonymous().register("zoe@example.com").await.data(201);
            app.anonymous().log_in("zoe@example.com", PASSWORD).await
        }
        "no password" => {
            let boss = app.log_in("boss").await;
            let id = app.account("ada").unwrap().id;
            boss.post(&format!("/api/v1/users/{id}/password-reset"), json!({})).await.data(200);
            app.anonymous().log_in("ada", PASSWORD).await
        }
        "no credential" => app.anonymous().get(ME).await,
        "a second step of nothing" => app.second_step("mfa_nothing", "123456").await,
        "half a verification link" => app.verify("half").await,
        "a closed registration" => app.anonymous().register("zoe@example.com").await,
        "a taken address" => app.anonymous().register("ada@example.com").await,
        "a mail too many" => {
            let path = "/api/v1/auth/password-reset/initiate";
            let (stranger, body) = (app.anonymous(), json!({ "email": "ada@example.com" }));
            for _ in 0..3 {
                stranger.post(path, body.clone()).await.data(200);
            }
            stranger.post(path, body).await
        }
        _ if case.contains("reset link") => late_link(app, case).await,
        _ if case.contains("code") => wrong_code(app, case).await,
        _ if case.contains("cookie") || case == "another site" => browsed(app, case).await,
        _ if case.contains("key") && !case.contains("token") || case == "a canary" => by_key(app, case).await,
        _ => in_session(app, case, &app.log_in("ada").await).await,
    }
}

async fn in_session(app: &TestApp, case: &str, ada: &LoggedIn<'_>) -> Answer {
    let altered = |header: &dyn Fn(&mut Value), payload: &dyn Fn(&mut Value)| {
        let (mut head, mut body) = decoded(&ada.access);
        header(&mut head);
        payload(&mut body);
        forged(&head, &body)
    };
    match case {
        "too many requests of an account" => {
            for _ in 0..3 {
                ada.get(ME).await.data(200);
            }
            ada.get(ME).await
        }
        "two credentials" => {
            let twice = app.anonymous().header("authorization", &format!("Bearer {}", ada.access));
            twice.header("x-api-key", "lk_x").get(ME).await
        }
        "a wrong password at a step-up" => {
            ada.post("/api/v1/auth/step-up", json!({ "password": "wrong password" })).await
        }
        "an expired token" => {
            app.advance(2 * HOUR);
            ada.get(ME).await
        }
        "a token of tomorrow" => {
            let day = |body: &mut Value| {
                body["iat"] = json!(body["iat"].as_i64().unwrap() + 86_400);
                body["exp"] = json!(body["exp"].as_i64().unwrap() + 86_400);
            };
            me(app, &altered(&|_| {}, &day)).await
        }
        "a session that was ended" => {
            ada.post("/api/v1/auth/logout", json!({})).await.data(200);
            ada.get(ME).await
        }
        "sessions that were all ended" => {
            // The rows of the newest sessions go with the epoch; that of an older one stays.
            app.advance(Duration::from_secs(1));
            for _ in 0..20 {
                app.log_in("ada").await;
            }
            app.log_in("ada").await.post("/api/v1/auth/logout-all", json!({})).await.data(200);
            ada.get(ME).await
        }
        "a token of a suspended account" => {
            app.set_status("ada", Status::Suspended).await;
            ada.get(ME).await
        }
        "a refresh token as access token" => me(app, &ada.refresh).await,
        "a token of an unknown key" => {
            me(app, &altered(&|header| header["kid"] = json!("other"), &|_| {})).await
        }
        "a changed token" => me(app, &format!("{}x", &ada.access[..ada.access.len() - 2])).await,
        "a reused refresh token" => {
            let second = app.anonymous().refresh(&ada.refresh).await.data(200);
            app.anonymous().refresh(&text_at(&second, "/refresh_token")).await.data(200);
            app.anonymous().refresh(&ada.refresh).await
        }
        "an expired refresh token" => {
            app.advance(8 * 24 * HOUR);
            app.anonymous().refresh(&ada.refresh).await
        }
        "a missing permission" => ada.get("/api/v1/users").await,
        "a missing second factor" => app.log_in("boss").await.get("/api/v1/outbox").await,
        "an old proof" => {
            app.advance(59 * Duration::from_secs(60));
            let ada = LoggedIn::with(app, &app.anonymous().refresh(&ada.refresh).await.data(200));
            app.advance(Duration::from_secs(120));
            ada.post("/api/v1/auth/email/change", json!({ "new_email": "new@example.com" })).await
        }
        "somebody else's session" => {
            let other = app.log_in("boss").await.session_id();
            ada.delete(&format!("/api/v1/auth/sessions/{other}")).await
        }
        "the last super administrator" => app.log_in("root").await.delete("/api/v1/users/me").await,
        other => panic!("{other}"),
    }
}

async fn by_key(app: &TestApp, case: &str) -> Answer {
    let mia = app.log_in("mia").await;
    let own = |more: Value| mia.make_key_with(&["metrics:write"], more);
    match case {
        "a key without the scope" => own(json!({})).await.get("/api/v1/users").await,
        "a key from a wrong address" => own(json!({ "ip_allowlist": ["10.0.0.0/8"] })).await.get(ME).await,
        "an expired key" => {
            let key = own(json!({ "expires_at": "2027-01-15T09:00:00Z" })).await;
            app.advance(2 * HOUR);
            key.get(ME).await
        }
        "a revoked key" => {
            let key = own(json!({})).await;
            mia.delete(&key.place()).await.data(200);
            key.get(ME).await
        }
        "a replaced key" => {
            let key = own(json!({})).await;
            mia.post(&format!("{}/rotate", key.place()), json!({ "grace_seconds": 60 })).await.data(200);
            app.advance(HOUR);
            key.get(ME).await
        }
        "a canary" => own(json!({ "canary": true })).await.get(ME).await,
        "a key where people belong" => own(json!({})).await.post("/api/v1/auth/logout-all", json!({})).await,
        "too many requests of a key" => {
            let key = own(json!({})).await;
            for _ in 0..3 {
                key.get(ME).await.data(200);
            }
            key.get(ME).await
        }
        other => panic!("{other}"),
    }
}

async fn browsed(app: &TestApp, case: &str) -> Answer {
    let ada = app.browse("ada").await;
    match case {
        "another site" => ada.header("origin", "https://evil.example").act("logout", json!({})).await,
        "a cookie of nothing" => {
            ada.act("logout", json!({})).await.data(200);
            let mut value = ada.cookie.clone();
            value.replace_range(value.len() - 1.., if value.ends_with('A') { "Q" } else { "A" });
            app.anonymous().cookie(&value).get(ME).await
        }
        "a cookie elsewhere" => app.anonymous().at("203.0.113.9").cookie(&ada.cookie).get(ME).await,
        other => panic!("{other}"),
    }
}

async fn wrong_code(app: &TestApp, case: &str) -> Answer {
    let phone = app.enrol(&app.log_in("ada").await).await;
    let handle = app.first_step("ada").await;
    match case {
        "a wrong code" => app.second_step(&handle, &phone.wrong_code(app)).await,
        "a code of another time" => app.second_step(&handle, &phone.code_of(app, -4)).await,
        "a code again" => {
            app.second_step(&handle, &phone.code(app)).await.data(200);
            app.second_step(&app.first_step("ada").await, &phone.code(app)).await
        }
        "too many wrong codes" => {
            for _ in 0..4 {
                let handle = app.first_step("ada").await;
                for _ in 0..5 {
                    app.second_step(&handle, &phone.wrong_code(app)).await;
                }
            }
            app.second_step(&handle, &phone.code(app)).await
        }
        other => panic!("{other}"),
    }
}

async fn late_link(app: &TestApp, case: &str) -> Answer {
    let path = "/api/v1/auth/password-reset/initiate";
    app.anonymous().post(path, json!({ "email": "ada@example.com" })).await.data(200);
    let token = app.reset_token("ada@example.com").await;
    let body = json!({ "token": token, "new_password": "another good password" });
    let (stranger, path) = (app.anonymous(), "/api/v1/auth/password-reset/confirm");
    if case == "a reset link too late" {
        app.advance(2 * HOUR);
    } else {
        stranger.post(path, body.clone()).await.data(200);
    }
    stranger.post(path, body).await
}

/// Each case is run twice, once where nothing is kept: what the client gets is the same to the byte.
#[tokio::test]
async fn every_kind_of_denial_is_explained_with_its_cause_and_its_mend_and_the_client_is_told_no_more() {
    let mut wrong = Vec::new();
    for (case, expected) in CASES {
        let (app, silent) = (TestApp::with_policy(policy(case)), TestApp::without_traces(policy(case)));
        people(&app).await;
        people(&silent).await;
        let (answer, plain) = (denied(&app, case).await, denied(&silent, case).await);
        assert_eq!((answer.status, &answer.text), (plain.status, &plain.text), "{case}");
        assert_eq!(answer.headers, plain.headers, "{case}");
        let root = app.in_session_of("root").await;
        let id = answer.header("x-request-id").unwrap();
        let told = root.get(&format!("/api/v1/explain/{id}")).await;
        if told.status != 200 {
            wrong.push(format!("{case}: {} {}", told.status, told.text));
            continue;
        }
        let request = told.data(200)["requests"][0].clone();
        let steps = request["steps"].as_array().unwrap();
        let decided = steps.iter().rfind(|step| step["verdict"] != "passed").unwrap();
        if decided["name"] != *expected {
            wrong.push(format!("{case}: {request:#}"));
        }
        let (cause, mend) = (text_at(&request, "/cause"), text_at(&request, "/mend"));
        if cause.contains("unknown.") && *expected != "key_unknown" || cause.contains('{') || mend.is_empty()
        {
            wrong.push(format!("{case}: {cause} {mend}"));
        }
        assert_eq!(request["status"], answer.status.as_u16(), "{case}");
        assert_eq!(request["request_id"], id, "{case}");
        if !matches!(*expected, "answer" | "hidden") {
            assert!(!answer.text.contains(&cause), "{case}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
