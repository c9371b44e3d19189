//! Which passwords may be chosen: rules G55, C30, T47 to T50, S23 and X6; SECURITY R1 to R3.

use latchkey::crypto::Password;
use latchkey::domain::credential::PasswordFault;
use latchkey::domain::password_policy::PolicyKind;
use latchkey::services::password::{Unfit, check_new, is_reused};
use latchkey::services::registration::{RegisterFault, Registration, create};
use latchkey::store::{self, Abort, Txn};
use serde_json::{Value, json};

use crate::harness::{PASSWORD, TestApp};

const REGISTER: &str = "/api/v1/auth/register";

fn with_kind(kind: PolicyKind) -> TestApp {
    TestApp::with_policy(|policy| policy.password.kind = kind)
}

/// The rules that a registration of Ada Lovelace with this password is told to break.
async fn broken(app: &TestApp, password: &str) -> Vec<String> {
    let body = json!({ "email": "ada.l@example.com", "password": password, "name": "Ada Lovelace" });
    let hashes = app.hashes();
    let (answer, events) = app.events_of(app.anonymous().post(REGISTER, body)).await;
    let error = answer.refused(400, "VALIDATION_ERROR");
    assert_eq!((events, app.hashes() - hashes), (Vec::<String>::new(), 0), "{password}");
    let details = &error["details"];
    let fields = details["fields"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    assert_eq!((&details["field"], &details["reason"]), (&json!("password"), &fields[0]["reason"]));
    assert!(fields.iter().all(|fault| fault["field"] == "password" && text(&fault["message"]).len() > 10));
    assert!(password.is_empty() || !error.to_string().contains(password), "{error:#}");
    fields.iter().map(|fault| text(&fault["reason"])).collect()
}

/// C30, R3.
#[tokio::test]
async fn registration_refuses_common_and_personal_passwords_and_nothing_else_of_eight_characters() {
    let app = TestApp::new();
    for common in ["password1", "PASSWORD1", "12345678", "qwertyuiop"] {
        assert_eq!(broken(&app, common).await, ["not_in_breached_list"], "{common}");
    }
    for personal in ["ada.l@example.com", "lovelace12", "Ada Lovelace", "latchkey!", "auth.example.com"] {
        assert_eq!(broken(&app, personal).await, ["not_context"], "{personal}");
    }
    assert_eq!(broken(&app, "Latch").await, ["length"]);
    for (number, fine) in
        ["secure_password", "aaaaaaa9b", PASSWORD, "latchkey-dev-password"].iter().enumerate()
    {
        let email = format!("user{number}@example.net");
        let body = json!({ "email": email, "password": fine, "name": "Grace Hopper" });
        app.anonymous().post(REGISTER, body).await.data(201);
    }
}

/// G55 as the guide has it: 8 to 128 characters and nothing else.
#[tokio::test]
async fn without_the_list_a_common_password_may_be_chosen() {
    let app = TestApp::with_policy(|policy| policy.password.block_common = false);
    let body = json!({ "email": "ada@example.com", "password": "password1", "name": "Ada" });
    app.anonymous().post(REGISTER, body).await.data(201);
}

/// S23.
#[tokio::test]
async fn the_classes_policy_names_every_class_that_is_missing() {
    let app = with_kind(PolicyKind::Classes);
    assert_eq!(broken(&app, "correct horse battery").await, ["uppercase", "digit"]);
    assert_eq!(broken(&app, "abc").await, ["length", "uppercase", "digit", "special"]);
    let body = json!({ "email": "ada@example.com", "password": "Correct horse 9", "name": "Ada" });
    app.anonymous().post(REGISTER, body).await.data(201);
}

/// T47, T48, T49.
#[tokio::test]
async fn the_strict_policy_refuses_patterns_and_breached_passwords_too() {
    let app = TestApp::with_policy(|policy| {
        policy.password.kind = PolicyKind::Strict;
        policy.password.block_common = false;
    });
    assert_eq!(broken(&app, "My-Monkey-77").await, ["no_common_patterns"]);
    assert_eq!(broken(&app, "P@ssw0rd").await, ["not_in_breached_list"]);
    let all = ["uppercase", "special", "no_common_patterns", "not_in_breached_list"];
    assert_eq!(broken(&app, "password1").await, all);
    let body = json!({ "email": "ada@example.com", "password": "Tr0ub4dor&3x", "name": "Ada" });
    app.anonymous().post(REGISTER, body).await.data(201);
}

/// R3: every door to a new account, the operator's too.
#[tokio::test]
async fn the_operator_is_held_to_the_policy_as_well() {
    let app = TestApp::new();
    let form =
        Registration { email: "ada@example.com", password: "password1", name: None, username: Some("ada") };
    let context = app.services.own_context("cli");
    let role = app.services.policy.registration.default_role;
    let made = create(&app.services, &context, &form, role).await;
    let Err(RegisterFault::Fields(faults)) = made else { panic!("{made:?}") };
    assert_eq!(faults.iter().map(|fault| fault.reason()).collect::<Vec<_>>(), ["not_in_breached_list"]);
    assert!(app.account("ada").is_none());
}

#[tokio::test]
async fn a_stored_account_lends_its_names_to_the_check() {
    let app = TestApp::new().with_user("augusta").await;
    let user = app.account("augusta").unwrap();
    let check = |password: &str| check_new(&app.services, &Password::new(password), (&user).into());
    assert_eq!(check("Augusta-1!"), Err(Unfit(vec![PasswordFault::Context])));
    assert_eq!(check("augusta at home"), Ok(()));
}

/// Sets the password of Ada as a change or a reset does.
async fn set(app: &TestApp, password: &str) {
    let phc = app.services.hashing.hash(Password::new(password), app.services.random()).await.unwrap();
    let (id, remembered) = (app.account("ada").unwrap().id, app.services.policy.password.history);
    let put = move |txn: &mut Txn<'_>| {
        Ok::<_, Abort<()>>(store::user::set_phc(txn, id, phc.as_str().to_owned(), remembered)?)
    };
    let stamp = app.services.stamp(&app.services.own_context("test"));
    app.store().transact("set", stamp, put).await.unwrap();
}

/// Which of Ada's passwords, the first and then `pass word 1` to `pass word 7`, cannot be chosen again.
async fn reused(app: &TestApp) -> Vec<usize> {
    let id = app.account("ada").unwrap().id;
    let mut reused = Vec::new();
    for number in 0..=7 {
        let password = if number == 0 { PASSWORD.to_owned() } else { format!("pass word {number}") };
        if is_reused(&app.services, &Password::new(&password), id).await.unwrap() {
            reused.push(number);
        }
    }
    reused
}

/// T50.
#[tokio::test]
async fn the_last_five_passwords_cannot_be_chosen_again() {
    let app = TestApp::new().with_user("ada").await;
    assert_eq!(reused(&app).await, [0]);
    for (number, expected) in [
        (1, &[0, 1][..]),
        (2, &[0, 1, 2]),
        (3, &[0, 1, 2, 3]),
        (4, &[0, 1, 2, 3, 4]),
        (5, &[1, 2, 3, 4, 5]),
        (6, &[2, 3, 4, 5, 6]),
    ] {
        set(&app, &format!("pass word {number}")).await;
        assert_eq!(reused(&app).await, expected);
    }
    let hashes = app.hashes();
    let id = app.account("ada").unwrap().id;
    assert!(!is_reused(&app.services, &Password::new("never used"), id).await.unwrap());
    assert_eq!(app.hashes() - hashes, 5);
    // Former passwords open nothing.
    app.anonymous().log_in("ada", "pass word 5").await.refused(401, "AUTHENTICATION_FAILED");
    app.anonymous().log_in("ada", "pass word 6").await.data(200);
}

#[tokio::test]
async fn a_shorter_history_forgets_at_once_and_none_forbids_nothing() {
    for (history, expected) in [(0, &[][..]), (1, &[3]), (2, &[2, 3]), (24, &[0, 1, 2, 3])] {
        let app = TestApp::with_policy(|policy| policy.password.history = history).with_user("ada").await;
        for number in 1..=3 {
            set(&app, &format!("pass word {number}")).await;
        }
        assert_eq!(reused(&app).await, expected, "{history}");
    }
}

/// A hash made anew for the same password is not another password.
#[tokio::test]
async fn a_renewed_hash_leaves_the_history_as_it_was() {
    let app = TestApp::new().with_user("ada").await;
    set(&app, "pass word 1").await;
    let id = app.account("ada").unwrap().id;
    let phc = app.services.hashing.hash(Password::new("pass word 1"), [9; 16]).await.unwrap();
    let renewed = phc.as_str().to_owned();
    let put = move |txn: &mut Txn<'_>| Ok::<_, Abort<()>>(store::user::renew_phc(txn, id, renewed.clone())?);
    let stamp = app.services.stamp(&app.services.own_context("test"));
    let before = app.services.read(|read| store::user::phcs(read, id)).unwrap();
    app.store().transact("renew", stamp, put).await.unwrap();
    let after = app.services.read(|read| store::user::phcs(read, id)).unwrap();
    assert_eq!(after, [phc.as_str().to_owned(), before[1].clone()]);
}
