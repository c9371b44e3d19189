//! Refresh: rules G22 to G25, X18; SECURITY R35, R40 to R44.

use std::sync::Arc;
use std::time::Duration;

use latchkey::domain::session::Rotation;
use latchkey::domain::user::Status;
use serde_json::{Value, json};

use crate::harness::{LoggedIn, TestApp, decoded, forged};

const DAY: Duration = Duration::from_secs(86_400);
const GRACE: Duration = Duration::from_secs(10);
const NONE: [&str; 0] = [];

/// Exchanges a token that is good, and holds which events that gives.
async fn exchange<'a>(app: &'a TestApp, token: &str, event: &str) -> LoggedIn<'a> {
    let (answer, events) = app.events_of(app.anonymous().refresh(token)).await;
    let pair = answer.data(200);
    assert_eq!(events, [event]);
    assert_eq!((&pair["token_type"], &pair["expires_in"]), (&json!("Bearer"), &json!(3_600)));
    assert_eq!(pair.as_object().unwrap().len(), 4, "{pair:#}");
    LoggedIn::with(app, &pair)
}

async fn rotate<'a>(app: &'a TestApp, token: &str) -> LoggedIn<'a> {
    exchange(app, token, "refresh.rotated success").await
}

async fn repeat<'a>(app: &'a TestApp, token: &str) -> LoggedIn<'a> {
    exchange(app, token, "refresh.rotated success repeated").await
}

async fn refused(app: &TestApp, token: &str, code: &str) -> Vec<String> {
    let (answer, events) = app.events_of(app.anonymous().refresh(token)).await;
    answer.refused(401, code);
    events
}

async fn reused(app: &TestApp, token: &str) {
    assert_eq!(refused(app, token, "TOKEN_INVALID").await, ["refresh.reused denied"]);
    let record = app.records().pop().unwrap();
    assert_eq!(record.detail, [("suspicious".to_owned(), "token_reuse".to_owned())]);
    assert!(record.session.is_some() && record.subject.is_some());
}

/// G22, G25, R40.
#[tokio::test]
async fn a_refresh_gives_a_new_pair() {
    let app = TestApp::new().with_user("ada").await;
    let first = app.log_in("ada").await;
    app.advance(DAY);
    first.get("/api/v1/auth/me").await.refused(401, "TOKEN_EXPIRED");
    let second = rotate(&app, &first.refresh).await;
    assert!(second.is_in().await);
    let (before, after) = (decoded(&first.refresh).1, decoded(&second.refresh).1);
    assert_eq!(before["sid"], after["sid"]);
    assert_ne!(before["jti"], after["jti"]);
    assert_eq!(after["iat"].as_i64().unwrap() - before["iat"].as_i64().unwrap(), 86_400);
    assert_eq!(after["exp"].as_i64().unwrap() - before["exp"].as_i64().unwrap(), 86_400);
    let access = decoded(&second.access).1;
    assert_eq!(access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap(), 3_600);
    assert_ne!(access["jti"], decoded(&first.access).1["jti"]);
}

/// X18: an answer that was lost can be asked for again.
#[tokio::test]
async fn a_retry_within_the_grace_answers_the_same_successor() {
    let app = TestApp::new().with_user("ada").await;
    let first = app.log_in("ada").await;
    let second = rotate(&app, &first.refresh).await;
    app.advance(GRACE);
    let again = repeat(&app, &first.refresh).await;
    assert_eq!(again.refresh, second.refresh);
    assert_ne!(again.access, second.access);
    assert_eq!([first.is_in().await, second.is_in().await, again.is_in().await], [true; 3]);
    rotate(&app, &second.refresh).await;
}

/// G23, R41: after the grace it is theft. Every token of the session dies, and nobody else's.
#[tokio::test]
async fn reuse_after_the_grace_ends_the_family_and_no_other() {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    let (first, desk, eve) = (app.log_in("ada").await, app.log_in("ada").await, app.log_in("eve").await);
    let second = rotate(&app, &first.refresh).await;
    app.advance(GRACE + Duration::from_millis(1));
    reused(&app, &first.refresh).await;
    assert_eq!([first.is_in().await, second.is_in().await], [false, false]);
    for dead in [&first.refresh, &second.refresh] {
        assert_eq!(refused(&app, dead, "TOKEN_INVALID").await, NONE);
    }
    assert_eq!([desk.is_in().await, eve.is_in().await], [true, true]);
    rotate(&app, &desk.refresh).await;
    rotate(&app, &eve.refresh).await;
}

/// G23: once the successor was used there is no grace, in either mode.
#[tokio::test]
async fn a_predecessor_after_its_successor_is_reuse_at_once() {
    for mode in [Rotation::Strict, Rotation::Lazy] {
        let app = TestApp::with_policy(|policy| policy.tokens.rotation = mode).with_user("ada").await;
        let first = app.log_in("ada").await;
        let second = rotate(&app, &first.refresh).await;
        let third = rotate(&app, &second.refresh).await;
        reused(&app, &first.refresh).await;
        assert_eq!([second.is_in().await, third.is_in().await], [false, false], "{mode:?}");
        assert_eq!(refused(&app, &third.refresh, "TOKEN_INVALID").await, NONE);
    }
}

/// X18, lazy: a client that never stores the new token works until its token expires; one that does moves on.
#[tokio::test]
async fn a_lazy_family_serves_a_client_that_keeps_its_first_token() {
    let app = TestApp::with_policy(|policy| policy.tokens.rotation = Rotation::Lazy).with_user("ada").await;
    let first = app.log_in("ada").await;
    let second = rotate(&app, &first.refresh).await;
    for _ in 0..6 {
        app.advance(DAY);
        let again = repeat(&app, &first.refresh).await;
        assert_eq!(again.refresh, second.refresh);
        assert!(again.is_in().await);
    }
    app.advance(Duration::from_millis(86_399_999));
    repeat(&app, &first.refresh).await;
    app.advance(Duration::from_millis(1));
    assert_eq!(refused(&app, &first.refresh, "TOKEN_EXPIRED").await, NONE);
}

/// R43: a token lives 7 days, and no family longer than 30.
#[tokio::test]
async fn a_family_ends_after_thirty_days_however_often_it_is_refreshed() {
    let app = TestApp::new().with_user("ada").await;
    let idle = app.log_in("ada").await;
    let mut newest = app.log_in("ada").await;
    for _ in 0..4 {
        app.advance(Duration::from_secs(7 * 86_400 - 1));
        newest = rotate(&app, &newest.refresh).await;
    }
    assert_eq!(refused(&app, &idle.refresh, "TOKEN_EXPIRED").await, NONE);
    // Four seconds less than 28 days have gone.
    app.advance(Duration::from_secs(2 * 86_400 + 4 - 60));
    let (answer, _) = app.events_of(app.anonymous().refresh(&newest.refresh)).await;
    let pair = answer.data(200);
    assert_eq!(pair["expires_in"], 60, "no token outlives its family");
    let last = LoggedIn::with(&app, &pair);
    let exp = |token: &str| decoded(token).1["exp"].as_i64().unwrap();
    assert_eq!(exp(&last.refresh), exp(&last.access));
    app.advance(Duration::from_secs(60));
    last.get("/api/v1/auth/me").await.refused(401, "TOKEN_EXPIRED");
    assert_eq!(refused(&app, &last.refresh, "TOKEN_EXPIRED").await, NONE);
}

#[tokio::test]
async fn a_refresh_token_lives_seven_days() {
    for (waits, works) in [(Duration::from_millis(7 * 86_400_000 - 1), true), (DAY * 7, false)] {
        let app = TestApp::new().with_user("ada").await;
        let ada = app.log_in("ada").await;
        app.advance(waits);
        if works {
            rotate(&app, &ada.refresh).await;
        } else {
            assert_eq!(refused(&app, &ada.refresh, "TOKEN_EXPIRED").await, NONE);
        }
    }
}

/// G21, G24, R26, R43: nothing but a refresh token of ours, and nothing comes of trying.
#[tokio::test]
async fn nothing_but_a_refresh_token_refreshes() {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    let (ada, eve) = (app.log_in("ada").await, app.log_in("eve").await);
    let (header, payload) = decoded(&ada.refresh);
    let with = |claim: &str, value: Value| {
        let mut payload = payload.clone();
        payload[claim] = value;
        forged(&header, &payload)
    };
    let of_eve = decoded(&eve.refresh).1;
    let (signed, _) = ada.refresh.rsplit_once('.').unwrap();
    let bad = [
        String::new(),
        "x".to_owned(),
        ada.access.clone(),
        format!("{signed}."),
        format!("{} ", ada.refresh),
        "A".repeat(60_000),
        with("user_id", of_eve["user_id"].clone()),
        with("sid", of_eve["sid"].clone()),
        with("type", json!("access")),
        with("exp", json!(payload["exp"].as_i64().unwrap() + 1)),
        with("roles", json!(["super_admin"])),
        with("iss", json!("https://evil.example")),
        forged(&json!({ "alg": "none", "typ": "JWT" }), &payload),
    ];
    for token in &bad {
        assert_eq!(refused(&app, token, "TOKEN_INVALID").await, NONE, "{token:.40}");
    }
    for body in [
        "",
        "{}",
        r#"{"refresh_token":null}"#,
        r#"{"refresh_token":1}"#,
        r#"{"refresh_token":["x"]}"#,
        r#"{"refresh_token":"x","scope":"admin"}"#,
    ] {
        app.anonymous().post_raw("/api/v1/auth/refresh", body).await.refused(400, "VALIDATION_ERROR");
    }
    let bare = json!({});
    let in_header = app.anonymous().header("authorization", &format!("Bearer {}", ada.refresh));
    in_header
        .post(&format!("/api/v1/auth/refresh?refresh_token={}", ada.refresh), bare)
        .await
        .refused(400, "VALIDATION_ERROR");
    rotate(&app, &ada.refresh).await;
    rotate(&app, &eve.refresh).await;
}

/// G16, R33, R35: a refresh asks the store again who the account is.
#[tokio::test]
async fn a_refresh_sees_the_account_as_it_is() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    app.set_status("ada", Status::Suspended).await;
    assert_eq!(refused(&app, &ada.refresh, "TOKEN_INVALID").await, NONE);
    app.set_status("ada", Status::Active).await;
    assert_eq!(refused(&app, &ada.refresh, "TOKEN_INVALID").await, NONE);
}

/// R42: of many who present one token at once, all get the same successor.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_token_has_one_successor_however_many_ask_at_once() {
    let app = Arc::new(TestApp::new().with_user("ada").await);
    let first = app.log_in("ada").await.refresh;
    let ask = |token: String| {
        let app = app.clone();
        tokio::spawn(async move { app.anonymous().refresh(&token).await })
    };
    let mut token = first;
    for _ in 0..3 {
        let mut successors = Vec::new();
        for task in (0..24).map(|_| ask(token.clone())).collect::<Vec<_>>() {
            let pair = task.await.unwrap().data(200);
            successors.push(pair["refresh_token"].as_str().unwrap().to_owned());
        }
        successors.sort_unstable();
        successors.dedup();
        assert_eq!(successors.len(), 1);
        token = successors.remove(0);
    }
    let rotated = app.events().iter().filter(|event| *event == "refresh.rotated success").count();
    assert_eq!(rotated, 3);
}

/// R44: a logout that races refreshes leaves no survivor.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_logout_among_refreshes_leaves_no_survivor() {
    let app = Arc::new(TestApp::new().with_user("ada").await);
    for _ in 0..6 {
        let ada = app.log_in("ada").await;
        let (access, refresh) = (ada.access.clone(), ada.refresh.clone());
        let refreshes = (0..8).map(|_| {
            let (app, token) = (app.clone(), refresh.clone());
            tokio::spawn(async move { app.anonymous().refresh(&token).await })
        });
        let refreshes: Vec<_> = refreshes.collect();
        let logout = {
            let app = app.clone();
            tokio::spawn(async move {
                let client = app.anonymous().header("authorization", &format!("Bearer {access}"));
                client.post("/api/v1/auth/logout", json!({})).await
            })
        };
        logout.await.unwrap().data(200);
        for task in refreshes {
            let answer = task.await.unwrap();
            if answer.status == 200 {
                let survivor = LoggedIn::with(&app, &answer.data(200));
                assert!(!survivor.is_in().await);
                refused(&app, &survivor.refresh, "TOKEN_INVALID").await;
            }
        }
    }
}
