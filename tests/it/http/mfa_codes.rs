//! Codes and how often they work: rules G27, G36, G37, T55; SECURITY R45 to R48.

use std::sync::Arc;
use std::time::Duration;

use latchkey::domain::factor::WRONG_CODES_MAX;
use latchkey::services::factor::{FactorFault, FactorUsed, check};
use serde_json::json;

use crate::harness::{Authenticator, LoggedIn, PASSWORD, STEP, TestApp};

const HOUR: Duration = Duration::from_secs(3_600);

pub(super) async fn with_ada() -> (TestApp, Authenticator) {
    let app = TestApp::new().with_user("ada").await;
    let phone = app.enrol(&app.log_in("ada").await).await;
    (app, phone)
}

/// Shows a code at a new login; answers the status.
async fn show(app: &TestApp, code: &str) -> u16 {
    let handle = app.first_step("ada").await;
    app.second_step(&handle, code).await.status.as_u16()
}

/// Proves the factor past any door.
async fn prove(app: &TestApp, code: &str) -> Result<FactorUsed, FactorFault> {
    let user = app.account("ada").unwrap();
    check(&app.services, &app.services.own_context("test"), &user, code).await
}

/// G27: a clock may be one step off, and no more.
#[tokio::test]
async fn codes_of_one_step_before_and_after_are_taken_and_of_two_are_not() {
    for (steps, status) in [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)] {
        let (app, phone) = with_ada().await;
        app.advance(4 * STEP);
        assert_eq!(show(&app, &phone.code_of(&app, steps)).await, status, "{steps}");
    }
}

/// G36, R45: across logins, over a restart, and in order.
#[tokio::test]
async fn a_step_is_accepted_once_and_none_before_it() {
    let (app, phone) = with_ada().await;
    app.advance(4 * STEP);
    let (before, now, next) = (phone.code_of(&app, -1), phone.code(&app), phone.code_of(&app, 1));
    assert_eq!(show(&app, &now).await, 200);
    assert_eq!(show(&app, &now).await, 401);
    assert_eq!(show(&app, &before).await, 401);
    let app = app.restarted();
    assert_eq!(show(&app, &now).await, 401);
    assert_eq!(show(&app, &next).await, 200);
    assert_eq!(show(&app, &next).await, 401);
    app.advance(STEP);
    assert_eq!(show(&app, &next).await, 401, "the step of now was used when it was the next");
    app.advance(STEP);
    assert_eq!(show(&app, &phone.code(&app)).await, 200);
    // R98: a clock that was set back revives nothing.
    app.clock.set(app.clock_now().minus(2 * HOUR));
    assert_eq!(show(&app, &phone.code(&app)).await, 401);
    assert_eq!(show(&app, &phone.backup_codes[0]).await, 200);
}

/// R45, X26: the first code is used up by switching the factor on, but where the policy says otherwise (C8).
#[tokio::test]
async fn the_code_of_the_enrolment_counts_as_used() {
    for burns in [true, false] {
        let app = TestApp::with_policy(|policy| policy.factor.enrolment_burns_step = burns);
        let app = app.with_user("ada").await;
        let ada = app.log_in("ada").await;
        let phone = Authenticator::of(&ada.post("/api/v1/auth/mfa/setup", json!({})).await.data(200));
        let code = phone.code(&app);
        ada.post("/api/v1/auth/mfa/enable", json!({ "code": code })).await.data(200);
        assert_eq!(show(&app, &code).await, if burns { 401 } else { 200 });
        assert_eq!(show(&app, &code).await, 401);
    }
}

/// G37, R48.
#[tokio::test]
async fn a_backup_code_logs_in_once_and_its_use_is_recorded_and_mailed() {
    let (app, phone) = with_ada().await;
    app.all_mails().await;
    for (number, code) in phone.backup_codes.iter().enumerate() {
        let typed = match number % 3 {
            0 => code.clone(),
            1 => code.to_lowercase().replace('-', ""),
            _ => format!(" {} ", code.replace('-', " ")),
        };
        let handle = app.first_step("ada").await;
        let (answer, events) = app.events_of(app.second_step(&handle, &typed)).await;
        answer.data(200);
        assert_eq!(events, ["mfa.backup_code_used success", "login.succeeded success"]);
        let records = app.records();
        let [.., used, login] = &records[..] else { panic!() };
        assert_eq!(used.detail, [("codes_left".to_owned(), (4 - number).to_string())]);
        assert_eq!(login.detail, [("factor".to_owned(), "backup_code".to_owned())]);
        assert_eq!(show(&app, code).await, 401, "{code}");
    }
    let mails = app.all_mails().await;
    let told = mails.iter().filter(|mail| mail.subject == "A backup code was used - Latchkey");
    assert_eq!(told.count(), 5);
    assert!(mails.iter().all(|mail| phone.backup_codes.iter().all(|code| !mail.text.contains(code))));
    assert_eq!(show(&app, &phone.code(&app)).await, 200);
}

/// R47: five for each login, and over all logins and sessions of the account twenty in an hour; the right password
/// and the right code refill nothing.
#[tokio::test]
async fn wrong_codes_of_an_account_are_counted_over_all_its_logins() {
    let (app, phone) = with_ada().await;
    let app = app.with_user("eve").await;
    let mut evaluated = 0;
    for login in 0..4 {
        let handle = app.first_step("ada").await;
        for _ in 0..if login == 0 { 4 } else { 5 } {
            app.second_step(&handle, &phone.wrong_code(&app)).await.refused(401, "MFA_INVALID");
            evaluated += 1;
        }
        if login == 0 {
            app.second_step(&handle, &phone.code(&app)).await.data(200);
            app.advance(STEP);
        }
    }
    // The last place is the one that locks.
    let handle = app.first_step("ada").await;
    let (answer, events) = app.events_of(app.second_step(&handle, &phone.wrong_code(&app))).await;
    answer.refused(401, "MFA_INVALID");
    assert_eq!(events, ["lockout.set success factor", "login.failed denied wrong_code"]);
    assert_eq!(evaluated + 1, WRONG_CODES_MAX);
    for code in [phone.code(&app), phone.wrong_code(&app), phone.backup_codes[0].clone()] {
        let (answer, events) = app.events_of(app.second_step(&handle, &code)).await;
        let error = answer.refused(423, "ACCOUNT_LOCKED");
        assert_eq!(
            (answer.header("retry-after"), &error["details"]),
            (Some("3600"), &json!({"retry_after": 3600}))
        );
        assert_eq!(events, ["login.failed denied locked"]);
    }
    // Every door that takes a code, and no door that takes a password.
    let body = json!({ "email": "ada", "password": PASSWORD, "mfa_code": phone.code(&app) });
    let (answer, events) = app.events_of(app.anonymous().post("/api/v1/auth/login", body)).await;
    answer.refused(423, "ACCOUNT_LOCKED");
    assert_eq!(events, ["login.failed denied locked"]);
    assert!(matches!(prove(&app, &phone.code(&app)).await, Err(FactorFault::Locked { .. })));
    let handle = app.first_step("ada").await;
    app.anonymous().log_in("eve", PASSWORD).await.data(200);
    app.advance(HOUR - Duration::from_millis(1));
    assert!(matches!(prove(&app, &phone.code(&app)).await, Err(FactorFault::Locked { .. })));
    app.advance(Duration::from_millis(1));
    app.second_step(&handle, &phone.code(&app)).await.refused(401, "AUTHENTICATION_FAILED");
    assert_eq!(show(&app, &phone.code(&app)).await, 200);
}

/// The lock is a suspicious act, for whoever watches.
#[tokio::test]
async fn a_lock_for_wrong_codes_is_a_suspicious_act() {
    let (app, phone) = with_ada().await;
    for _ in 0..WRONG_CODES_MAX {
        assert!(matches!(prove(&app, &phone.wrong_code(&app)).await, Err(FactorFault::Wrong)));
    }
    let listed = app.services.read(|read| latchkey::store::suspicion::list(read, None, None, 9)).unwrap();
    assert_eq!(listed.rows.len(), 1);
    assert_eq!(listed.rows[0].1.kind, "failed_logins");
    assert_eq!(listed.rows[0].1.event.reason.as_deref(), Some("factor"));
}

#[tokio::test]
async fn nothing_is_counted_where_limits_are_off_but_the_tries_of_a_login() {
    let app = TestApp::unlimited().with_user("ada").await;
    let phone = app.enrol(&app.log_in("ada").await).await;
    for _ in 0..6 {
        let handle = app.first_step("ada").await;
        for _ in 0..5 {
            app.second_step(&handle, &phone.wrong_code(&app)).await.refused(401, "MFA_INVALID");
        }
        app.second_step(&handle, &phone.code(&app)).await.refused(401, "AUTHENTICATION_FAILED");
    }
    assert_eq!(show(&app, &phone.code(&app)).await, 200);
}

/// R14 for codes: eighty at once are no more than there are tries.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wrong_codes_at_once_are_never_more_than_the_tries() {
    let (app, phone) = with_ada().await;
    let handle = app.first_step("ada").await;
    let wrong = phone.wrong_code(&app);
    let app = Arc::new(app);
    let guess = |_| {
        let (app, handle, wrong) = (app.clone(), handle.clone(), wrong.clone());
        tokio::spawn(async move { app.second_step(&handle, &wrong).await.text.contains("MFA_INVALID") })
    };
    let mut heard = 0;
    for task in (0..80).map(guess).collect::<Vec<_>>() {
        heard += usize::from(task.await.unwrap());
    }
    assert_eq!(heard, 5);
}

/// R45, R48: of 24 callers with one code, one spends it; a thousand rounds for a step, and as many for a backup code.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_24_callers_with_one_code_one_spends_it() {
    let app = TestApp::unlimited().with_user("ada").await;
    let mut phone = app.enrol(&app.log_in("ada").await).await;
    let app = Arc::new(app);
    for round in 0..1_000 {
        if phone.backup_codes.is_empty() {
            phone.backup_codes = new_backup_codes(&app, &phone).await;
        }
        for code in [phone.code(&app), phone.backup_codes.pop().unwrap()] {
            let race: Vec<_> = (0..24)
                .map(|_| {
                    let (app, code) = (app.clone(), code.clone());
                    tokio::spawn(async move { prove(&app, &code).await.is_ok() })
                })
                .collect();
            let mut won = 0;
            for racer in race {
                won += usize::from(racer.await.unwrap());
            }
            assert_eq!(won, 1, "round {round}, {code}");
        }
        app.advance(STEP);
    }
}

async fn new_backup_codes(app: &TestApp, phone: &Authenticator) -> Vec<String> {
    let body = json!({ "email": "ada", "password": PASSWORD, "mfa_code": phone.code(app) });
    let tokens = app.anonymous().post("/api/v1/auth/login", body).await.data(200);
    app.advance(STEP);
    let ada = LoggedIn::with(app, &tokens);
    let renewed = ada.post("/api/v1/auth/mfa/backup-codes", json!({ "password": PASSWORD })).await;
    serde_json::from_value(renewed.data(200)["backup_codes"].clone()).unwrap()
}
