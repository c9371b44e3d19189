//! Wrong passwords at once: SECURITY R13 and R14.

use std::time::Duration;

use latchkey::services::login::{LoginFault, Typed, log_in};
use latchkey::services::opening::Opening;
use tokio::task::JoinSet;

use super::lockout::{address, context};
use crate::harness::{PASSWORD, TestApp};

/// Eighty guesses at once, one from each address of `from`; answers how many were compared.
async fn storm(app: &TestApp, name: &str, from: impl Fn(usize) -> String) -> u64 {
    let hashes = app.hashes();
    let mut guesses = JoinSet::new();
    for number in 0..80 {
        let (services, ctx, name) = (app.services.clone(), context(app, &from(number)), name.to_owned());
        guesses.spawn(async move {
            let typed = Typed { name: &name, password: "wrong", code: None };
            log_in(&services, &ctx, typed, Opening::Tokens).await.map(drop)
        });
    }
    let faults = guesses.join_all().await;
    let denied = faults.iter().filter(|fault| matches!(fault, Err(LoginFault::Denied))).count();
    let locked = faults.iter().filter(|fault| matches!(fault, Err(LoginFault::Locked { .. }))).count();
    assert_eq!(denied + locked, 80);
    let evaluated = app.hashes() - hashes;
    assert_eq!(evaluated, denied as u64);
    evaluated
}

/// R14.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eighty_guesses_at_once_never_exceed_the_budget_a_hundred_times() {
    let app = TestApp::new().with_user("ada").await;
    for round in 0..50 {
        let evaluated = storm(&app, &format!("nobody{round}"), |_| "203.0.113.1".to_owned()).await;
        assert_eq!(evaluated, 5, "{round}");
        assert_eq!(storm(&app, "ada", |_| "203.0.113.1".to_owned()).await, 5, "{round}");
        app.advance(Duration::from_secs(30 * 60));
        app.anonymous().at("203.0.113.1").log_in("ada", PASSWORD).await.data(200);
    }
}

/// R13, R14: nor the budget of the whole account, from eighty networks at a time. A guess that has just been written
/// counts twice for a moment, so fewer may be heard at once; never more.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_at_once_from_everywhere_never_exceed_the_budget_of_the_account() {
    let app = TestApp::new().with_user("ada").await;
    for round in 0..20 {
        for name in ["ada".to_owned(), format!("nobody{round}")] {
            let mut evaluated = 0;
            for wave in 0..6 {
                evaluated += storm(&app, &name, |number| address(wave * 80 + number)).await;
            }
            assert_eq!(evaluated, 100, "{name}");
        }
        let sets = app.records().iter().filter(|record| record.reason.as_deref() == Some("account")).count();
        assert_eq!(sets, 2 * (round + 1), "told once for each name");
        app.advance(Duration::from_secs(30 * 86_400));
    }
}
