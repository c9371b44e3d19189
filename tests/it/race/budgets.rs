//! Races for what there is a number of: requests, mails, guesses of passwords and of codes.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use latchkey::domain::factor::{PENDING_LOGIN_TRIES, WRONG_CODES_MAX};
use latchkey::domain::limit::Budget;
use latchkey::services::factor::{FactorFault, check};
use latchkey::services::limits::{Class, Key};
use latchkey::services::login::{LoginFault, Typed, log_in};
use latchkey::services::opening::Opening;
use latchkey::services::password_reset;
use latchkey::services::pending_login::{Browser, verify};
use latchkey::services::{Context, Services};
use latchkey::store::outbox;

use super::{Race, events, ready};
use crate::harness::TestApp;

/// The sum of what the racers counted.
fn sum(prizes: &[Option<String>]) -> usize {
    prizes.iter().flatten().map(|count| count.parse::<usize>().unwrap()).sum()
}

/// Requests of a class in a minute, and mails.
const THERE_ARE: usize = 4;

async fn with_budgets() -> TestApp {
    let budget = Budget::new(u32::try_from(THERE_ARE).unwrap(), Duration::from_secs(60)).unwrap();
    let app = TestApp::with_policy(|policy| {
        for class in [Class::Introspection, Class::Mail] {
            *policy.limits.budgets.get_mut(class) = budget;
        }
    });
    app.with_user("ada").await
}

/// R14, R18: no more requests than there are.
#[test]
fn a_budget_of_requests_is_never_overdrawn() {
    let race = ready(async {
        Race::new(&with_budgets().await, |services, ctx, _| async move {
            let mut taken = 0;
            for _ in 0..2 {
                // Here others may come in between.
                services.random::<1>();
                let one = services.limits.take(Class::Introspection, Key::client(ctx.client), ctx.now);
                taken += usize::from(one.is_ok());
            }
            Some(taken.to_string())
        })
    });
    let race = race.judged(|_, prizes| async move { assert_eq!(sum(&prizes), THERE_ARE, "{prizes:?}") });
    race.run();
}

/// R18: no more mails than an address is owed, however many ask at once.
#[test]
fn an_address_gets_no_more_mails_than_its_budget() {
    let race = ready(async {
        Race::new(&with_budgets().await, |services, ctx, _| async move {
            password_reset::request(&services, &ctx, "ada@example.com").await.ok()?;
            Some("1".to_owned())
        })
    });
    let race = race.of_few(THERE_ARE + 1).judged(|services, prizes| async move {
        assert_eq!(sum(&prizes), prizes.len());
        let asked = events(&services, "password.reset_requested", None);
        let (queued, _) = services.read(|read| outbox::list(read, None, 100)).unwrap();
        assert_eq!((asked, queued.len()), (THERE_ARE, THERE_ARE));
    });
    race.run();
}

/// R11, R14: a network's guesses at one account.
#[test]
fn guesses_from_one_network_are_never_more_than_its_budget() {
    let race = ready(async {
        let app = TestApp::with_policy(|policy| policy.lockout.failures = 2).with_user("ada").await;
        Race::new(&app, |services, ctx, _| guess(services, ctx))
    });
    let race = race.judged(|services, prizes| async move {
        assert_eq!(sum(&prizes), 2, "{prizes:?}");
        assert_eq!(events(&services, "login.failed", Some("wrong_password")), 2);
        assert_eq!(events(&services, "lockout.set", Some("network")), 1);
    });
    race.run();
}

/// R13, R14: everybody's guesses at one account, each from a network of their own. A guess that has just been written
/// counts twice for a moment, for the typed name and for the account each. So fewer may be heard at once, and one that
/// is answered like a wrong one may not have been compared; never more of either.
#[test]
fn guesses_from_everywhere_are_never_more_than_the_budget_of_the_account() {
    let race = ready(async {
        let app = TestApp::with_policy(|policy| policy.lockout.account_failures = 2).with_user("ada").await;
        Race::new(&app, |services, ctx, number| {
            let client = IpAddr::from([203, 0, 113, u8::try_from(number).unwrap()]);
            guess(services, Context { client, ..ctx })
        })
    });
    let race = race.judged(|services, prizes| async move {
        let [compared, refused] =
            ["wrong_password", "locked"].map(|why| events(&services, "login.failed", Some(why)));
        assert!((1..=sum(&prizes)).contains(&compared) && sum(&prizes) <= 2, "{compared} of {prizes:?}");
        assert_eq!(compared + refused, prizes.len());
    });
    race.run();
}

/// Guesses Ada's password; `1` when it was answered like any wrong one.
async fn guess(services: Arc<Services>, ctx: Context) -> Option<String> {
    let typed = Typed { name: "ada", password: "wrong", code: None };
    match log_in(&services, &ctx, typed, Opening::Tokens).await {
        Err(LoginFault::Denied) => Some("1".to_owned()),
        Err(LoginFault::Locked { .. }) => None,
        _ => panic!("a wrong password was right"),
    }
}

/// R38, R47: the tries of one waiting login.
#[test]
fn wrong_codes_for_a_waiting_login_are_never_more_than_its_tries() {
    let race = ready(async {
        let app = TestApp::new().with_user("ada").await;
        let phone = app.enrol(&app.log_in("ada").await).await;
        let (handle, wrong) = (app.first_step("ada").await, phone.wrong_code(&app));
        Race::new(&app, move |services, ctx, _| {
            let (handle, wrong) = (handle.clone(), wrong.clone());
            async move {
                match verify(&services, &ctx, &handle, &wrong, Browser::NONE).await {
                    Err(LoginFault::WrongCode) => Some("1".to_owned()),
                    Err(LoginFault::NoPendingLogin | LoginFault::Locked { .. }) => None,
                    _ => panic!("a wrong code was right"),
                }
            }
        })
    });
    let tries = usize::from(PENDING_LOGIN_TRIES);
    let race = race.of_few(tries + 1).judged(move |services, prizes| async move {
        assert_eq!(sum(&prizes), tries, "{prizes:?}");
        assert_eq!(events(&services, "login.failed", Some("wrong_code")), tries);
    });
    race.run();
}

/// R14, R47: the wrong codes of an account and hour.
#[test]
fn wrong_codes_of_an_account_are_never_more_than_its_budget() {
    let race = ready(async {
        let app = TestApp::new().with_user("ada").await;
        let phone = app.enrol(&app.log_in("ada").await).await;
        let (ada, wrong) = (Arc::new(app.account("ada").unwrap()), phone.wrong_code(&app));
        Race::new(&app, move |services, ctx, _| {
            let (ada, wrong) = (ada.clone(), wrong.clone());
            async move {
                let mut heard = 0;
                for _ in 0..=WRONG_CODES_MAX / 3 {
                    match check(&services, &ctx, &ada, &wrong).await {
                        Err(FactorFault::Wrong) => heard += 1,
                        Err(FactorFault::Locked { .. }) => {}
                        _ => panic!("a wrong code was right"),
                    }
                }
                Some(heard.to_string())
            }
        })
    });
    let race = race.judged(|services, prizes| async move {
        assert_eq!(sum(&prizes), WRONG_CODES_MAX, "{prizes:?}");
        assert_eq!(events(&services, "lockout.set", Some("factor")), 1);
    });
    race.run();
}
