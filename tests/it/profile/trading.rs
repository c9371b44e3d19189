//! The trading profile, rule by rule: accounts, tokens and passwords.

use std::collections::BTreeSet;
use std::time::Duration;

use latchkey::domain::role::Role;
use serde_json::{Value, json};

use super::trading_actor::{GOOD, at, bearer, is, says, token, with_everybody, with_token};
use crate::harness::{Answer, PASSWORD, TestApp, decoded, shipped_limits, text_at};

async fn post(app: &TestApp, path: &str, body: Value) -> Answer {
    app.anonymous().post(&at(path), body).await
}

fn form() -> Value {
    json!({ "username": "ada", "email": "ada@example.com", "password": GOOD, "full_name": "Ada Lovelace" })
}

/// X3, X8, X21, X33.
#[tokio::test]
async fn registration_answers_the_account_and_its_owner_may_log_in_at_once() {
    let app = TestApp::new();
    let answer = post(&app, "/register", form()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let mut user = answer.json();
    let mut take = |name: &str| user.as_object_mut().unwrap().remove(name).unwrap();
    assert!(take("id").is_u64() && take("created_at").is_string() && take("user_id").is_string());
    let expected = json!({
        "username": "ada", "email": "ada@example.com", "full_name": "Ada Lovelace", "role": "user",
        "is_active": true, "subscription_active": true,
    });
    assert_eq!(user, expected);
    assert_eq!(token(&app, "ada", GOOD).await.status, 200);
    says(&post(&app, "/register", form()).await, 400, "Email already registered");
    let mut other = form();
    other["email"] = "other@example.com".into();
    says(&post(&app, "/register", other.clone()).await, 400, "Username already registered");
    other["username"] = "ab".into();
    assert_eq!(post(&app, "/register", other).await.json()["detail"][0]["loc"], json!(["body", "username"]));
}

/// T1, with the address in place of the name too, and JSON in place of the form.
#[tokio::test]
async fn a_login_by_form_answers_tokens_for_half_an_hour() {
    let app = TestApp::new().with_user("ada").await;
    for name in ["ada", "ada@example.com"] {
        let (answer, events) = app.events_of(token(&app, name, PASSWORD)).await;
        assert_eq!((answer.status.as_u16(), events), (200, vec!["login.succeeded success".to_owned()]));
        let tokens = answer.json();
        let names: Vec<_> = tokens.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["access_token", "expires_in", "refresh_token", "token_type"]);
        assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("bearer"), &json!(1800)));
    }
    let body = json!({ "username": "ada", "password": PASSWORD });
    assert_eq!(post(&app, "/token", body).await.status, 200);
}

/// T2: a wrong password and a name of nobody look alike.
#[tokio::test]
async fn wrong_credentials_answer_401() {
    let app = TestApp::new().with_user("ada").await;
    for name in ["ada", "nobody"] {
        let (answer, events) = app.events_of(token(&app, name, "wrong")).await;
        says(&answer, 401, "Invalid credentials");
        assert_eq!(events.len(), 1, "{events:?}");
    }
    let unread = app.anonymous().post_form(&at("/token"), "username=ada").await;
    assert_eq!(unread.status, 422, "{}", unread.text);
}

/// T3, T4, X11: the claims, of a user and of an administrator.
#[tokio::test]
async fn tokens_carry_the_claims_of_the_guide() {
    let app = with_everybody().await;
    for (name, role, some) in [("ada", "user", "create:signals"), ("boss", "admin", "execute:trades")] {
        let tokens = token(&app, name, PASSWORD).await.json();
        let (header, claims) = decoded(tokens["access_token"].as_str().unwrap());
        assert_eq!((&header["alg"], &header["typ"]), (&json!("HS256"), &json!("JWT")));
        let id = app.account(name).unwrap().id.to_string();
        assert_eq!((&claims["sub"], &claims["user_id"]), (&json!(name), &json!(id)));
        assert_eq!(claims["email"], format!("{name}@example.com"));
        assert_eq!(claims["roles"], json!([role]));
        assert!(claims["permissions"].as_array().unwrap().contains(&json!(some)), "{claims:#}");
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 1800);
        let (_, refresh) = decoded(tokens["refresh_token"].as_str().unwrap());
        assert_eq!((&refresh["sub"], &refresh["user_id"]), (&json!(name), &json!(id)));
        assert_eq!(refresh["type"], "refresh");
        assert_eq!(refresh["exp"].as_i64().unwrap() - refresh["iat"].as_i64().unwrap(), 7 * 86_400);
    }
    let (_, claims) = decoded(token(&app, "ada", PASSWORD).await.json()["access_token"].as_str().unwrap());
    assert_eq!(claims["permissions"], json!(["read:signals", "create:signals", "read:users"]));
}

/// T5.
#[tokio::test]
async fn every_token_has_a_name_of_its_own() {
    let app = TestApp::new().with_user("ada").await;
    let mut seen = BTreeSet::new();
    for _ in 0..2 {
        let tokens = token(&app, "ada", PASSWORD).await.json();
        for kind in ["access_token", "refresh_token"] {
            let (_, claims) = decoded(tokens[kind].as_str().unwrap());
            assert!(seen.insert(text_at(&claims, "/jti")));
        }
        let again = post(&app, "/token/refresh", json!({ "refresh_token": tokens["refresh_token"] })).await;
        let (_, claims) = decoded(again.json()["access_token"].as_str().unwrap());
        assert!(seen.insert(text_at(&claims, "/jti")));
    }
}

/// T6, X18.
#[tokio::test]
async fn a_refresh_answers_an_access_token_and_the_refresh_token_stays_good() {
    let app = TestApp::new().with_user("ada").await;
    let refresh = text_at(&token(&app, "ada", PASSWORD).await.json(), "/refresh_token");
    for _ in 0..4 {
        app.advance(Duration::from_secs(86_400));
        let answer = post(&app, "/token/refresh", json!({ "refresh_token": refresh })).await;
        let mut body = answer.json();
        let access = body.as_object_mut().unwrap().remove("access_token").unwrap();
        assert_eq!(body, json!({ "token_type": "bearer", "expires_in": 1800 }));
        assert_eq!(bearer(&app, access.as_str().unwrap()).get(&at("/users/me")).await.status, 200);
    }
    let form = format!("refresh_token={refresh}");
    assert_eq!(app.anonymous().post_form(&at("/token/refresh"), &form).await.status, 200);
    app.advance(Duration::from_secs(3 * 86_400));
    let late = post(&app, "/token/refresh", json!({ "refresh_token": refresh })).await;
    says(&late, 401, "Token refresh failed: Token has expired");
}

/// T7.
#[tokio::test]
async fn neither_kind_of_token_is_good_as_the_other() {
    let app = TestApp::new().with_user("ada").await;
    let tokens = token(&app, "ada", PASSWORD).await.json();
    for other in [text_at(&tokens, "/access_token"), "nonsense".to_owned()] {
        let answer = post(&app, "/token/refresh", json!({ "refresh_token": other })).await;
        says(&answer, 401, "Token refresh failed: Invalid refresh token");
    }
    let answer = bearer(&app, &text_at(&tokens, "/refresh_token")).get(&at("/users/me")).await;
    says(&answer, 401, "Invalid token: Invalid token");
}

/// T8, T9.
#[tokio::test]
async fn a_bad_an_expired_and_no_token_are_told_apart() {
    let app = TestApp::new().with_user("ada").await;
    let access = text_at(&token(&app, "ada", PASSWORD).await.json(), "/access_token");
    let me = |token: String| {
        let app = &app;
        async move { bearer(app, &token).get(&at("/users/me")).await }
    };
    says(&app.anonymous().get(&at("/users/me")).await, 401, "Authentication required");
    for bad in ["nonsense".to_owned(), format!("{access}x")] {
        says(&me(bad).await, 401, "Invalid token: Invalid token");
    }
    assert_eq!(me(access.clone()).await.status, 200);
    app.advance(Duration::from_secs(1801));
    says(&me(access).await, 401, "Invalid token: Token has expired");
}

/// T43, T40: who one is, and who others are.
#[tokio::test]
async fn a_user_reads_its_own_account_and_an_administrator_everybodys() {
    let app = with_everybody().await;
    let bob = app.account("bob").unwrap();
    let (ada, boss) = (with_token(&app, "ada").await, with_token(&app, "boss").await);
    let own = app.account("ada").unwrap();
    for path in ["/users/me".to_owned(), format!("/users/{}", own.id), format!("/users/{}", own.number)] {
        let me = ada.get(&at(&path)).await.json();
        assert_eq!((&me["id"], &me["role"]), (&json!(own.number), &json!("user")));
    }
    for other in [bob.id.to_string(), bob.number.to_string(), "77".to_owned(), "nonsense".to_owned()] {
        let (answer, events) = app.events_of(ada.get(&at(&format!("/users/{other}")))).await;
        says(&answer, 403, "Permission 'read:users' required");
        assert_eq!(events, ["access.denied denied permission_missing"]);
    }
    for found in [bob.id.to_string(), bob.number.to_string()] {
        assert_eq!(boss.get(&at(&format!("/users/{found}"))).await.json()["username"], "bob");
    }
    for nobody in ["77", "nonsense"] {
        assert_eq!(boss.get(&at(&format!("/users/{nobody}"))).await.status, 404);
    }
    app.set_roles("bob", &[Role::Manager]).await;
    let manager = with_token(&app, "bob").await;
    assert_eq!(manager.get(&at(&format!("/users/{}", own.number))).await.status, 403, "X13");
}

/// X36.
#[tokio::test]
async fn a_logout_ends_both_tokens() {
    let app = TestApp::new().with_user("ada").await;
    let tokens = token(&app, "ada", PASSWORD).await.json();
    let ada = bearer(&app, &text_at(&tokens, "/access_token"));
    let (answer, events) = app.events_of(ada.post_form(&at("/logout"), "")).await;
    is(&answer, 200, json!({ "message": "Successfully logged out" }));
    assert_eq!(events, ["session.ended success logout"]);
    says(&ada.get(&at("/users/me")).await, 401, "Invalid token: Invalid token");
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    assert_eq!(post(&app, "/token/refresh", refresh).await.status, 401);
}

/// T47, T48: each of the seven checks fails for a password of its own.
#[tokio::test]
async fn a_password_is_judged_by_seven_named_checks() {
    let app = TestApp::unlimited();
    let checks = |password: &'static str| {
        let app = &app;
        async move { post(app, "/password/validate", json!({ "password": password })).await.json() }
    };
    let all = [
        "length",
        "uppercase",
        "lowercase",
        "digit",
        "special",
        "no_common_patterns",
        "not_in_breached_list",
    ];
    let expected: Value = all.iter().map(|name| ((*name).to_owned(), json!(true))).collect();
    assert_eq!(checks(GOOD).await, expected);
    for (password, fails) in [
        ("Ab1!xyz", "length"),
        ("lower-case-7", "uppercase"),
        ("UPPER-CASE-7", "lowercase"),
        ("No-Digits-Here", "digit"),
        ("NoSpecial777", "special"),
        ("My-LetMeIn-777", "no_common_patterns"),
    ] {
        let said = checks(password).await;
        let failed: Vec<_> = all.iter().filter(|name| said[**name] == false).collect();
        assert_eq!(failed, [&fails], "{password}");
    }
    for pattern in ["123456", "password", "qwerty", "abc123", "letmein", "admin", "welcome", "monkey"] {
        let password = json!({ "password": format!("Xy-{}!7", pattern.to_uppercase()) });
        assert_eq!(post(&app, "/password/validate", password).await.json()["no_common_patterns"], false);
    }
    for breached in ["123456", "password", "123456789", "qwerty", "abc123"] {
        let password = json!({ "password": breached });
        assert_eq!(post(&app, "/password/validate", password).await.json()["not_in_breached_list"], false);
    }
}

/// T49, X6: where a password is set, the checks count.
#[tokio::test]
async fn registration_change_and_reset_refuse_a_weak_password() {
    let app = TestApp::unlimited().with_user("ada").await;
    for weak in ["Short1!", "nouppercase-7", "My-Password-777"] {
        let mut bad = form();
        (bad["username"], bad["email"], bad["password"]) =
            ("new".into(), "new@example.com".into(), weak.into());
        let answer = post(&app, "/register", bad).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["detail"][0]["loc"][1]),
            (422, &json!("password"))
        );
        let ada = with_token(&app, "ada").await;
        let change = json!({ "current_password": PASSWORD, "new_password": weak });
        assert_eq!(ada.post(&at("/change-password"), change).await.status, 422);
    }
}

/// T50; and G56 to G58 here.
#[tokio::test]
async fn a_changed_password_is_none_of_the_last_five() {
    let app = TestApp::unlimited().with_user("ada").await;
    let ada = with_token(&app, "ada").await;
    let change = |old: String, new: String| {
        let ada = &ada;
        async move {
            let form =
                serde_urlencoded::to_string([("current_password", old), ("new_password", new)]).unwrap();
            ada.post_form(&at("/change-password"), &form).await
        }
    };
    says(&change("wrong".to_owned(), GOOD.to_owned()).await, 401, "The current password is wrong.");
    let mut last = PASSWORD.to_owned();
    for number in 0..5 {
        let new = format!("{GOOD}{number}");
        is(&change(last, new.clone()).await, 200, json!({ "message": "Password changed successfully" }));
        last = new;
    }
    for number in 0..5 {
        let answer = change(last.clone(), format!("{GOOD}{number}")).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["detail"][0]["type"]), (422, &json!("reused")));
    }
    assert_eq!(token(&app, "ada", PASSWORD).await.status, 401);
    assert_eq!(token(&app, "ada", &last).await.status, 200);
}

/// T51, X19, X20.
#[tokio::test]
async fn a_mailed_token_sets_a_password_once_within_a_day() {
    let app = TestApp::unlimited().with_user("ada").await;
    let ask = |email: &'static str| {
        let app = &app;
        async move { app.anonymous().post_form(&at("/forgot-password"), &format!("email={email}")).await }
    };
    let (known, unknown) = (ask("ada@example.com").await, ask("eve@example.com").await);
    assert_eq!((known.status.as_u16(), &known.text), (200, &unknown.text));
    let mail = app.mails().await.remove(0);
    let token_text = mail.text.split_once("token=").unwrap().1.split_whitespace().next().unwrap().to_owned();
    assert!(token_text.len() >= 43, "{token_text}");
    assert!(token_text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_')));
    app.advance(Duration::from_secs(86_399));
    let reset = |new: &'static str| {
        let (app, token_text) = (&app, &token_text);
        async move {
            let form =
                serde_urlencoded::to_string([("token", token_text.as_str()), ("new_password", new)]).unwrap();
            app.anonymous().post_form(&at("/reset-password"), &form).await
        }
    };
    assert_eq!(reset("weak").await.status, 422);
    is(&reset(GOOD).await, 200, json!({ "message": "Password has been reset successfully" }));
    says(&reset("An0ther-One!").await, 400, "Invalid or expired reset token");
    assert_eq!(token(&app, "ada", GOOD).await.status, 200);

    assert_eq!(ask("ada@example.com").await.status, 200);
    let mail = app.mails().await.remove(0);
    app.advance(Duration::from_secs(86_400));
    let late = mail.text.split_once("token=").unwrap().1.split_whitespace().next().unwrap().to_owned();
    let body = json!({ "token": late, "new_password": "An0ther-One!" });
    says(&post(&app, "/reset-password", body).await, 400, "Invalid or expired reset token");
}

/// T56, X37: five wrong passwords lock the name for half an hour, whether it is somebody's or not.
#[tokio::test]
async fn a_lockout_ends_by_itself_and_names_of_nobody_lock_alike() {
    let app = TestApp::new().with_user("ada").await;
    for name in ["ada", "nobody"] {
        for _ in 0..5 {
            says(&token(&app, name, "wrong").await, 401, "Invalid credentials");
        }
        let locked = token(&app, name, PASSWORD).await;
        says(&locked, 423, "Too many failed attempts. Try again later.");
        assert!(locked.header("retry-after").is_some());
    }
    app.advance(Duration::from_secs(1_801));
    assert_eq!(token(&app, "ada", PASSWORD).await.status, 200);
}

/// T57, X31.
#[tokio::test]
async fn logins_are_limited_and_every_answer_says_what_is_left() {
    let app = TestApp::with_policy(|policy| policy.limits = shipped_limits()).with_user("ada").await;
    let first = token(&app, "ada", PASSWORD).await;
    assert_eq!(
        (first.header("x-ratelimit-limit"), first.header("x-ratelimit-remaining")),
        (Some("5"), Some("4"))
    );
    assert!(first.header("x-ratelimit-reset").is_some());
    for _ in 0..4 {
        assert_eq!(token(&app, "ada", PASSWORD).await.status, 200);
    }
    let refused = token(&app, "ada", PASSWORD).await;
    says(&refused, 429, "Too many requests");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(
        post(&app, "/authenticate", json!({ "username": "ada", "password": PASSWORD })).await.status,
        429
    );
}
