//! A wall clock that jumps: nothing panics, nothing that was used or ended comes back, and the server goes on.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::domain::time::Timestamp;
use latchkey::services::sweep::sweep_all;
use latchkey::store::check::check;
use serde_json::json;

use crate::harness::{PASSWORD, START, TestApp, text_at};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Where a clock may find itself, by turns: forward, back, a month on, beyond 2038, and ten years ago.
fn jumps() -> [Timestamp; 8] {
    let at = |seconds: i64| Timestamp::from_seconds(START.seconds() + seconds);
    [
        at(2 * HOUR),
        at(0),
        at(-2 * HOUR),
        at(30 * DAY),
        Timestamp::from_seconds(2_147_483_647),
        Timestamp::from_seconds(2_147_483_648 + DAY),
        at(-3_653 * DAY),
        at(0),
    ]
}

/// R98.
#[tokio::test]
async fn what_was_used_or_ended_stays_so_wherever_the_clock_jumps() {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    app.anonymous().register("new@example.com").await.data(201);
    let mail = app.mails().await.remove(0);
    let (_, token) = mail.text.split_once("verify-email?token=").unwrap();
    let link = format!("/api/v1/auth/verify-email/{}", token.split_whitespace().next().unwrap());
    app.anonymous().get(&link).await.data(200);

    let (ended, rotated) = (app.log_in("ada").await, app.log_in("ada").await);
    ended.post("/api/v1/auth/logout", json!({})).await.data(200);
    let second = app.anonymous().refresh(&rotated.refresh).await.data(200);
    let third = app.anonymous().refresh(&text_at(&second, "/refresh_token")).await.data(200);
    let key = app.log_in("boss").await;
    let key = key.make_key(&["metrics:write"]).await;
    let (secret, place) = (key.key.clone(), key.place());
    app.log_in("boss").await.delete(&place).await.data(200);
    let phone = app.enrol(&app.log_in("ada").await).await;
    let code = phone.code(&app);
    let handle = app.first_step("ada").await;
    app.second_step(&handle, &code).await.data(200);
    app.second_step(&app.first_step("ada").await, &phone.backup_codes[0]).await.data(200);
    drop(third);

    for (jump, now) in jumps().into_iter().enumerate() {
        app.clock.set(now);
        app.anonymous().get(&link).await.refused(400, "VALIDATION_ERROR");
        // Ended or expired: the clock decides which of the two is said.
        for answer in [
            ended.get("/api/v1/auth/me").await,
            app.anonymous().refresh(&ended.refresh).await,
            app.anonymous().refresh(&rotated.refresh).await,
        ] {
            assert_eq!(answer.status, 401, "something that ended is back at {now}: {}", answer.text);
        }
        let with_key = app.anonymous().header("x-api-key", &secret).get("/api/v1/auth/me").await;
        assert_eq!(with_key.status, 401, "a revoked key is back at {now}");
        let handle = app.first_step("ada").await;
        for used in [&code, &phone.backup_codes[0]] {
            app.second_step(&handle, used).await.refused(401, "MFA_INVALID");
        }
        // The server goes on, whatever the time is.
        app.anonymous().register(&format!("jump{jump}@example.com")).await.data(201);
        assert!(app.log_in("boss").await.is_in().await, "{now}");
        sweep_all(&app.services).await.unwrap();
        assert!(check(app.store()).unwrap().is_clean(), "{now}");
    }
}

/// R98: limits and locks end by themselves, and a clock that was set back makes none of them longer.
#[tokio::test]
async fn a_lock_and_a_limit_set_in_the_future_end_in_their_time() {
    for years in [0, 1, 12] {
        let app = TestApp::new().with_user("ada").await;
        app.clock.set(Timestamp::from_seconds(START.seconds() + years * 365 * DAY));
        for _ in 0..5 {
            let guess = app.anonymous().log_in("ada", "not the password").await;
            guess.refused(401, "AUTHENTICATION_FAILED");
        }
        app.clock.set(START);
        app.anonymous().log_in("ada", PASSWORD).await.refused(423, "ACCOUNT_LOCKED");
        app.advance(Duration::from_secs(31 * 60));
        app.anonymous().log_in("ada", PASSWORD).await.data(200);
    }
}

/// R98: a proof that expired in the future is worth no more than one that expires now.
#[tokio::test]
async fn what_expires_is_swept_and_does_not_come_back_with_the_clock() {
    let app = TestApp::new().with_user("ada").await;
    app.anonymous().post("/api/v1/auth/password-reset/initiate", json!({ "email": "ada@example.com" })).await;
    let mail = app.mails().await.remove(0);
    let (_, token) = mail.text.split_once("reset-password?token=").unwrap();
    let token = token.split_whitespace().next().unwrap().to_owned();
    let form = json!({ "token": token, "new_password": "seven silent paper lanterns" });
    app.advance(Duration::from_secs(7_200));
    sweep_all(&app.services).await.unwrap();
    app.clock.set(START);
    app.anonymous().post("/api/v1/auth/password-reset/confirm", form).await.refused(400, "VALIDATION_ERROR");
    app.log_in("ada").await;
}
