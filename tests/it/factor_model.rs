//! Random lives of one second factor against a model that knows steps and sets, and no rows, seals or hashes.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::harness::{Answer, Authenticator, PASSWORD, STEP, TestApp};

#[derive(Debug, Clone)]
enum Act {
    SetUp,
    /// With the code of so many steps from now.
    Enable(i64),
    Disable(bool),
    LogIn {
        steps: i64,
        inline: bool,
    },
    /// With the backup code at this place of the newest set, or of the one before.
    Backup {
        at: usize,
        is_old: bool,
    },
    Renew,
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let steps = || prop_oneof![6 => -1..=1_i64, 1 => Just(-2), 1 => Just(2)];
    prop_oneof![
        2 => Just(Act::SetUp),
        4 => steps().prop_map(Act::Enable),
        1 => any::<bool>().prop_map(Act::Disable),
        8 => (steps(), any::<bool>()).prop_map(|(steps, inline)| Act::LogIn { steps, inline }),
        3 => (0..5_usize, any::<bool>()).prop_map(|(at, is_old)| Act::Backup { at, is_old }),
        1 => Just(Act::Renew),
        4 => prop_oneof![Just(1), Just(29), Just(30), Just(60), Just(3_600)].prop_map(Act::Wait),
    ]
}

/// What is true of Ada's second factor, in the simplest words.
#[derive(Default)]
struct Model {
    pending: Option<(Authenticator, u64)>,
    on: Option<Authenticator>,
    /// Steps that were accepted.
    used: BTreeSet<i64>,
    /// Backup codes of the newest set, and of the one before, that may still be typed.
    codes: Vec<String>,
    old: Vec<String>,
    spent: BTreeSet<String>,
    seconds: u64,
}

impl Model {
    fn step(&self, steps: i64) -> i64 {
        i64::try_from((crate::harness::START.seconds().unsigned_abs() + self.seconds) / STEP.as_secs())
            .unwrap()
            + steps
    }

    /// Whether the code of a step is right now; then it is used.
    fn takes(&mut self, steps: i64) -> bool {
        let step = self.step(steps);
        let is_right = steps.abs() <= 1 && self.used.iter().all(|used| step > *used);
        if is_right {
            self.used.insert(step);
        }
        is_right
    }
}

async fn log_in(app: &TestApp, code: &str, inline: bool) -> Answer {
    if inline {
        let body = json!({ "email": "ada", "password": PASSWORD, "mfa_code": code });
        return app.anonymous().post("/api/v1/auth/login", body).await;
    }
    let handle = app.first_step("ada").await;
    app.second_step(&handle, code).await
}

/// Takes one act in both worlds.
async fn live(app: &TestApp, model: &mut Model, act: &Act) {
    // A session of the harness's own: it is no part of the life.
    let access = app.session_of("ada").await;
    let ada = app.anonymous().header("authorization", &format!("Bearer {access}"));
    let post = async |path: &str, body| ada.post(&format!("/api/v1/auth/mfa/{path}"), body).await;
    match act {
        Act::Wait(seconds) => {
            app.advance(Duration::from_secs(*seconds));
            model.seconds += seconds;
        }
        Act::SetUp => {
            let answer = post("setup", json!({})).await;
            assert_eq!(answer.status == 409, model.on.is_some());
            if model.on.is_none() {
                model.pending = Some((Authenticator::of(&answer.data(200)), model.seconds));
            }
        }
        Act::Enable(steps) => {
            let now = model.seconds;
            model.pending.take_if(|(_, since)| now - *since >= 3_600);
            let phone = model.pending.as_ref().map(|(phone, _)| phone);
            if phone.is_some_and(|phone| !phone.is_unlike(app, *steps)) {
                return;
            }
            let code = phone.map_or("123456".to_owned(), |phone| phone.code_of(app, *steps));
            let status = post("enable", json!({ "code": code })).await.status.as_u16();
            match (model.pending.is_some(), steps.abs() <= 1) {
                (false, _) => assert_eq!(status, 400),
                (true, false) => assert_eq!(status, 401),
                (true, true) => {
                    assert_eq!(status, 200);
                    model.used = BTreeSet::from([model.step(*steps)]);
                    let (phone, _) = model.pending.take().unwrap();
                    (model.old, model.codes) = (Vec::new(), phone.backup_codes.clone());
                    model.on = Some(phone);
                }
            }
        }
        Act::Disable(is_right) => {
            let password = if *is_right { PASSWORD } else { "wrong" };
            let status = post("disable", json!({ "password": password })).await.status.as_u16();
            match (model.on.is_some(), is_right) {
                (false, _) => assert_eq!(status, 400),
                (true, false) => assert_eq!(status, 401),
                (true, true) => {
                    assert_eq!(status, 200);
                    model.on = None;
                }
            }
        }
        Act::LogIn { steps, inline } => {
            let Some(code) = model.on.as_ref().map(|phone| phone.code_of(app, *steps)) else {
                let login = app.anonymous().log_in("ada", PASSWORD).await.data(200);
                assert_eq!(login["requires_mfa"], false);
                return;
            };
            if !model.on.as_ref().unwrap().is_unlike(app, *steps) {
                return;
            }
            let expected = if model.takes(*steps) { 200 } else { 401 };
            assert_eq!(log_in(app, &code, *inline).await.status, expected);
        }
        Act::Backup { at, is_old } => {
            let set = if *is_old { &model.old } else { &model.codes };
            let Some(code) = set.get(*at).cloned().filter(|_| model.on.is_some()) else { return };
            let expected = if !is_old && model.spent.insert(code.clone()) { 200 } else { 401 };
            assert_eq!(log_in(app, &code, false).await.status, expected);
        }
        Act::Renew => {
            let answer = post("backup-codes", json!({ "password": PASSWORD })).await;
            assert_eq!(answer.status == 200, model.on.is_some());
            if model.on.is_some() {
                let codes = serde_json::from_value(answer.data(200)["backup_codes"].clone()).unwrap();
                model.old = std::mem::replace(&mut model.codes, codes);
            }
        }
    }
    let status = app.anonymous().header("authorization", &format!("Bearer {}", app.session_of("ada").await));
    let status = status.get("/api/v1/auth/mfa").await.data(200);
    let left = model.codes.iter().filter(|code| !model.spent.contains(*code)).count();
    assert_eq!(status["enabled"], model.on.is_some());
    assert_eq!(status["backup_codes_left"], if model.on.is_some() { left } else { 0 });
}

#[test]
fn any_life_of_a_second_factor_is_the_one_the_model_foretells() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    runner
        .run(&proptest::collection::vec(act(), 1..40), |acts| {
            runtime.block_on(async {
                let app = TestApp::unlimited().with_user("ada").await;
                let mut model = Model::default();
                for act in &acts {
                    live(&app, &mut model, act).await;
                }
            });
            Ok(())
        })
        .unwrap();
}
