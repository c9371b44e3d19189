//! A disk that takes no writes: reads go on, nothing is acknowledged, and what has to be counted is refused.

use std::io;
use std::sync::Arc;

use latchkey::domain::role::Role;
use latchkey::store::StoreError;
use serde_json::{Value, json};

use super::access::{FOR_SERVICES, GUARDED, OPEN, call, operations};
use crate::harness::{Answer, LoggedIn, PASSWORD, TestApp};

/// What an engine says of a full disk, of one that fails, and of one that is gone.
fn ailments() -> [StoreError; 3] {
    let cause = |kind| Arc::new(io::Error::from(kind));
    [
        StoreError::NoSpace(cause(io::ErrorKind::StorageFull)),
        StoreError::Io(cause(io::ErrorKind::ReadOnlyFilesystem)),
        StoreError::Closed,
    ]
}

#[track_caller]
fn not_now(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 503, "{what}: {}", answer.text);
    answer.refused(503, "SERVICE_UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), Some("5"), "{what}");
}

/// What `asked` comes to while the disk takes no writes, and then on a sound disk: the first must be a refusal where the
/// second wrote anything, and is the same where it did not.
async fn hold<F: Future<Output = Answer>>(app: &TestApp, what: &str, asked: impl Fn() -> F) {
    let [full, ..] = ailments();
    let rows = app.row_counts();
    app.engine.refuse_commits(Some(full));
    let refused = asked().await;
    app.engine.refuse_commits(None);
    assert_eq!(app.row_counts(), rows, "{what}");
    let before = app.services.store.counters().transactions;
    let sound = asked().await;
    if app.services.store.counters().transactions > before {
        not_now(&refused, what);
        assert_ne!(sound.status, 503, "{what}: {}", sound.text);
    } else {
        assert_eq!(refused.status, sound.status, "{what}: {}", refused.text);
    }
}

/// R94.
#[tokio::test]
async fn every_operation_that_writes_is_refused_and_every_other_goes_on() {
    let app = TestApp::new();
    let custom = app.make_role("Reader", &["costs:read"], None).await;
    let mut writing = 0;
    for (method, path, id) in operations() {
        if OPEN.contains(&id.as_str()) || FOR_SERVICES.contains(&id.as_str()) {
            continue;
        }
        let Some((_, body, _)) = GUARDED.iter().find(|row| row.0 == id) else { panic!("{id} has no row") };
        let path = path.replace("/roles/{id}", &format!("/roles/{custom}")).replace("{role_id}", &custom);
        let path = path.replace("/factors/{kind}", "/factors/totp").replace("{kind}", "policies");
        let path = path.replace("{user_id}/{permission}", "{id}/policies:update");
        let path = path.replace("{permission}", "audit:delete");
        for (name, role) in [("boss", Role::Admin), ("target", Role::Viewer)] {
            if app.account(name).is_none() {
                app.add(name, role).await;
            }
        }
        let target = app.account("target").unwrap().id.to_string();
        app.put_resource(&format!("policies/{target}"), "target", "policies:update").await;
        let (path, body) = (path.replace("{id}", &target), body.replace("{id}", &target));
        let boss = app.log_in("boss").await;
        let before = app.services.store.counters().transactions;
        hold(&app, &id, || call(&boss, &method, &path, &body)).await;
        writing += usize::from(app.services.store.counters().transactions > before);
    }
    assert!(writing > 20, "only {writing} operations wrote anything");
}

/// R94.
#[tokio::test]
async fn strangers_are_refused_too_where_something_would_be_written() {
    let app = TestApp::new().with_user("ada").await;
    app.anonymous().register("new@example.com").await.data(201);
    let ada = app.log_in("ada").await;
    let (anyone, link) = (app.anonymous(), json!({ "email": "ada@example.com" }));
    hold(&app, "register", || anyone.register("eve@example.com")).await;
    hold(&app, "resend", || {
        anyone.post("/api/v1/auth/resend-verification", json!({ "email": "new@example.com" }))
    })
    .await;
    hold(&app, "login", || anyone.log_in("ada", PASSWORD)).await;
    hold(&app, "wrong login", || anyone.log_in("ada", "not the password")).await;
    hold(&app, "login of nobody", || anyone.log_in("nobody", PASSWORD)).await;
    hold(&app, "refresh", || anyone.refresh(&ada.refresh)).await;
    hold(&app, "reset", || anyone.post("/api/v1/auth/password-reset/initiate", link.clone())).await;
    hold(&app, "cookie login", || anyone.log_in_for_cookie("ada", PASSWORD)).await;
    hold(&app, "setup", || {
        let form = json!({ "code": "lks_x", "email": "x@example.com", "password": PASSWORD, "name": "X" });
        anyone.post("/api/v1/setup", form)
    })
    .await;
}

/// R94: budgets fail closed.
#[tokio::test]
async fn a_guess_that_cannot_be_counted_is_no_guess_and_the_disk_gives_none_away() {
    for ailment in ailments() {
        let app = TestApp::new().with_user("ada").await;
        let ada = app.log_in("ada").await;
        app.engine.refuse_commits(Some(ailment));
        let mut open = 0;
        for _ in 0..8 {
            // Right or wrong: nobody learns which.
            let wrong = app.anonymous().at("203.0.113.1").log_in("ada", "not the password").await;
            let right = app.anonymous().at("203.0.113.1").log_in("ada", PASSWORD).await;
            for answer in [&wrong, &right] {
                assert!([423, 429, 503].contains(&answer.status.as_u16()), "{}", answer.text);
            }
            assert_eq!(wrong.status, right.status);
            open += usize::from(right.status == 503);
        }
        assert!(open > 0);
        assert!(ada.is_in().await, "reads go on");
        app.engine.refuse_commits(None);
        app.anonymous().at("192.0.2.1").log_in("ada", PASSWORD).await.data(200);
        assert_eq!(app.anonymous().refresh(&ada.refresh).await.status, 200, "nothing was used up");
        assert!(latchkey::store::check::check(app.store()).unwrap().is_clean());
    }
}

/// R94: a one-time proof whose use could not be written is not used up.
#[tokio::test]
async fn a_link_or_code_whose_use_could_not_be_written_works_later_once() {
    let app = TestApp::new();
    app.anonymous().register("new@example.com").await.data(201);
    let mail = app.mails().await.remove(0);
    let (_, token) = mail.text.split_once("verify-email?token=").unwrap();
    let path = format!("/api/v1/auth/verify-email/{}", token.split_whitespace().next().unwrap());
    let [.., closed] = ailments();
    app.engine.refuse_commits(Some(closed));
    not_now(&app.anonymous().get(&path).await, "verify");
    app.engine.refuse_commits(None);
    app.anonymous().get(&path).await.data(200);
    app.anonymous().get(&path).await.refused(400, "VALIDATION_ERROR");

    app.add("ada", Role::Developer).await;
    let ada = app.log_in("ada").await;
    let phone = app.enrol(&ada).await;
    let handle = app.first_step("ada").await;
    let [full, ..] = ailments();
    app.engine.refuse_commits(Some(full));
    not_now(&app.second_step(&handle, &phone.backup_codes[0]).await, "backup code");
    app.engine.refuse_commits(None);
    let tokens: Value = app.second_step(&handle, &phone.backup_codes[0]).await.data(200);
    assert!(LoggedIn::with(&app, &tokens).is_in().await);
}
