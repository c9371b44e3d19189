//! Races for codes and for the logins that wait for them.

use std::sync::Arc;

use latchkey::services::enrolment::enable;
use latchkey::services::factor::check;
use latchkey::services::pending_login::{Browser, verify};
use latchkey::services::session::{Principal, authenticate};
use latchkey::services::{Context, Services, sms_factor};
use latchkey::store;
use serde_json::json;

use super::{Race, events, ready};
use crate::harness::{Authenticator, TestApp};
use crate::http::sms_factor::{NUMBER, first_step, send, set_up, texted, with_phone};

/// Handles for every racer.
async fn handles(app: &TestApp) -> Vec<String> {
    let mut handles = Vec::new();
    for _ in 0..super::CROWD {
        handles.push(first_step(app).await);
    }
    handles
}

/// Finishes a waiting login.
async fn finish(services: &Services, ctx: &Context, handle: &str, code: String) -> Option<String> {
    verify(services, ctx, handle, &code, Browser::NONE).await.ok()?;
    Some(code)
}

/// A caller in a session of `access`.
fn caller(services: &Services, access: &str) -> Principal {
    authenticate(services, access, services.clock.now()).unwrap()
}

/// R38, R48: whoever comes first with whichever right code; the codes of the others stay good.
#[test]
fn a_waiting_login_ends_once_whatever_right_codes_it_is_shown() {
    let race = ready(async {
        let app = TestApp::new().with_user("ada").await;
        let phone = app.enrol(&app.log_in("ada").await).await;
        let handle = first_step(&app).await;
        let mut codes = phone.backup_codes.clone();
        codes.push(phone.code(&app));
        Race::new(&app, move |services, ctx, number| {
            let (handle, code) = (handle.clone(), codes[number % codes.len()].clone());
            async move { finish(&services, &ctx, &handle, code).await }
        })
    });
    let race = race.judged(|services, prizes| async move {
        assert_eq!(prizes.iter().flatten().count(), 1, "{prizes:?}");
        assert_eq!(events(&services, "login.succeeded", None), 2, "one before the race");
        assert!(events(&services, "mfa.backup_code_used", None) <= 1);
    });
    race.run();
}

/// R45: of one step, at two doors, each caller with a login of their own.
#[test]
fn a_step_is_spent_once_at_all_doors_together() {
    let race = ready(async {
        let app = TestApp::new().with_user("ada").await;
        let phone = app.enrol(&app.log_in("ada").await).await;
        let code = phone.code(&app);
        with_one_code(&app, code).await
    });
    race.run();
}

/// R48: the same of a backup code.
#[test]
fn a_backup_code_is_spent_once_at_all_doors_together() {
    let race = ready(async {
        let app = TestApp::new().with_user("ada").await;
        let mut phone = app.enrol(&app.log_in("ada").await).await;
        let code = phone.backup_codes.remove(0);
        with_one_code(&app, code).await
    });
    race.run();
}

/// P26, R48: the same of a code that was sent to a phone.
#[test]
fn a_code_of_a_text_message_is_spent_once_at_all_doors_together() {
    let race = ready(async {
        let app = TestApp::with_sms().with_user("ada").await;
        with_phone(&app).await;
        let handle = first_step(&app).await;
        send(&app, &handle).await.data(200);
        let code = texted(&app).await;
        with_one_code(&app, code).await
    });
    race.run();
}

async fn with_one_code(app: &TestApp, code: String) -> Race {
    let (handles, ada) = (handles(app).await, Arc::new(app.account("ada").unwrap()));
    Race::new(app, move |services, ctx, number| {
        let (handle, ada, code) = (handles[number].clone(), ada.clone(), code.clone());
        async move {
            if number % 2 == 0 {
                finish(&services, &ctx, &handle, code).await
            } else {
                check(&services, &ctx, &ada, &code).await.ok().map(|used| used.name().to_owned())
            }
        }
    })
}

/// R45: the first code switches the factor on once, and is spent by that.
#[test]
fn a_first_code_switches_a_factor_on_once() {
    let race = ready(async {
        let app = TestApp::new().with_user("ada").await;
        let ada = app.log_in("ada").await;
        let setup = ada.post("/api/v1/auth/mfa/setup", json!({})).await.data(200);
        let (access, code) = (ada.access.clone(), Authenticator::of(&setup).code(&app));
        Race::new(&app, move |services, ctx, _| {
            let (access, code) = (access.clone(), code.clone());
            async move {
                let ada = authenticate(&services, &access, ctx.now).ok()?;
                enable(&services, &ctx, &ada, &code).await.ok()?;
                Some(code)
            }
        })
    });
    race.run();
}

/// P24: the code of a set-up switches a phone on once.
#[test]
fn a_sent_code_switches_a_phone_on_once() {
    let race = ready(async {
        let app = TestApp::with_sms().with_user("ada").await;
        let ada = app.log_in("ada").await;
        set_up(&ada, NUMBER).await.data(200);
        let (access, code) = (ada.access.clone(), texted(&app).await);
        Race::new(&app, move |services, ctx, _| {
            let (access, code) = (access.clone(), code.clone());
            async move {
                let ada = caller(&services, &access);
                sms_factor::enable(&services, &ctx, &ada, &code).await.ok()?;
                Some(code)
            }
        })
    });
    let race = race.judged(|services, prizes| async move {
        assert_eq!(prizes.iter().flatten().count(), 1, "{prizes:?}");
        let all = services.read(|read| store::user::by_identifier(read, "ada")).unwrap().unwrap();
        assert!(all.has_factor);
    });
    race.run();
}
