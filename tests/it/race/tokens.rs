//! Races for tokens that are good once: those of refreshes, of mails and of the first start.

use latchkey::crypto::OneTimeKind;
use latchkey::services::password_reset::{Opened, reset};
use latchkey::services::registration::{Registration, register};
use latchkey::services::token::refresh;
use latchkey::services::verification::verify_email;
use latchkey::services::{self, enrolment};
use serde_json::json;

use super::{Race, context, events, ready};
use crate::harness::{PASSWORD, TestApp};

const NEW: &str = "seven silent paper lanterns";

/// R40, R42: all get the same successor, whoever comes first; there is one live lineage.
#[test]
fn a_refresh_token_has_one_successor() {
    let race = ready(async {
        let app = TestApp::new().with_user("ada").await;
        let token = app.log_in("ada").await.refresh;
        Race::new(&app, move |services, ctx, _| {
            let token = token.clone();
            async move { Some(refresh(&services, &ctx, &token).await.ok()?.refresh_token) }
        })
    });
    let race = race.judged(|services, prizes| async move {
        let successor = prizes[0].clone().unwrap();
        assert!(prizes.iter().all(|prize| prize.as_ref() == Some(&successor)), "{prizes:?}");
        assert_eq!(events(&services, "refresh.rotated", None), 1);
        assert_eq!(events(&services, "refresh.rotated", Some("repeated")), prizes.len() - 1);
        assert!(refresh(&services, &context(&services), &successor).await.is_ok());
    });
    race.run();
}

/// R61.
#[test]
fn a_verification_token_proves_an_address_once() {
    let race = ready(async {
        let app = TestApp::new();
        app.anonymous().register("ada@example.com").await.data(201);
        let token = app.mailed_token("ada@example.com").await;
        Race::new(&app, move |services, ctx, _| {
            let token = token.clone();
            async move { Some(verify_email(&services, &ctx, &token).await.ok()?.email.to_string()) }
        })
    });
    race.run();
}

/// R61: the same for the address that an account is to have.
#[test]
fn a_token_of_a_new_address_moves_the_account_once() {
    let race = ready(async {
        let app = TestApp::new().with_user("ada").await;
        let ada = app.log_in("ada").await;
        let body = json!({ "new_email": "countess@example.com" });
        ada.post("/api/v1/auth/email/change", body).await.data(200);
        let token = app.mailed_token("countess@example.com").await;
        Race::new(&app, move |services, ctx, _| {
            let token = token.clone();
            async move { Some(verify_email(&services, &ctx, &token).await.ok()?.email.to_string()) }
        })
    });
    race.run();
}

/// R61: the password that is set is that of the one who won.
#[test]
fn a_reset_token_sets_one_password() {
    let race = ready(async {
        let app = TestApp::new().with_user("ada").await;
        let body = json!({ "email": "ada@example.com" });
        app.anonymous().post("/api/v1/auth/password-reset/initiate", body).await.data(200);
        let token = app.reset_token("ada@example.com").await;
        Race::new(&app, move |services, ctx, number| {
            let (token, new) = (token.clone(), format!("{NEW} {number}"));
            async move {
                reset(&services, &ctx, Opened::Reset, (&token, &new)).await.ok()?;
                Some(new)
            }
        })
    });
    let race = race.judged(|services, prizes| async move {
        let won: Vec<_> = prizes.iter().flatten().collect();
        assert_eq!(won.len(), 1, "{prizes:?}");
        assert_eq!(events(&services, "password.reset", None), 1);
        assert_eq!(events(&services, "password.reset", Some("invalid_token")), prizes.len() - 1);
    });
    race.run();
}

/// R58, R61: the code of the first start makes one super administrator.
#[test]
fn a_setup_code_makes_one_administrator() {
    let race = ready(async {
        let app = TestApp::new();
        let ctx = app.services.own_context("start");
        let code = services::setup::issue_code(&app.services, &ctx).await.unwrap().unwrap();
        let code = code.reveal().to_string();
        Race::new(&app, move |services, ctx, number| {
            let (code, email) = (code.clone(), format!("root{number}@example.com"));
            async move {
                let form =
                    Registration { email: &email, password: PASSWORD, name: Some("Root"), username: None };
                let made = services::setup::set_up(&services, &ctx, &code, &form).await;
                Some(made.ok()?.email.to_string())
            }
        })
    });
    race.run();
}

/// R26: the token of a registration switches its factor on once.
#[test]
fn a_token_of_an_enrolment_switches_it_on_once() {
    let race = ready(async {
        let app = TestApp::new();
        let form = Registration {
            email: "ada@example.com",
            password: PASSWORD,
            name: Some("Ada"),
            username: Some("ada"),
        };
        let ctx = app.services.own_context("harness");
        let first = enrolment::first::register(&app.services, &ctx, &form).await.unwrap();
        let (token, code) = (first.token.to_string(), first_code(&app, &first.enrolment.secret));
        assert!(token.starts_with(OneTimeKind::EnrolFactor.prefix()));
        Race::new(&app, move |services, ctx, _| {
            let (token, code) = (token.clone(), code.clone());
            async move {
                enrolment::enable_first(&services, &ctx, &token, &code).await.ok()?;
                Some(token)
            }
        })
    });
    race.run();
}

fn first_code(app: &TestApp, secret: &str) -> String {
    crate::harness::Authenticator::of(&json!({ "secret": secret, "backup_codes": [] })).code(app)
}

/// R55: one address, one account.
#[test]
fn an_address_registers_once() {
    let race = ready(async {
        let app = TestApp::new();
        Race::new(&app, move |services, ctx, _| async move {
            let form = Registration {
                email: "ada@example.com",
                password: PASSWORD,
                name: Some("Ada"),
                username: None,
            };
            Some(register(&services, &ctx, &form).await.ok()?.id.to_string())
        })
    });
    race.run();
}
