//! Accounts of another system: rule X7; SECURITY R6, R8.

use latchkey::domain::role::Role;
use latchkey::services::import::{Admitted, Newcomer, import};
use latchkey::services::password::Owner;
use latchkey::store;

use crate::harness::{PASSWORD, TestApp};

/// [`PASSWORD`] and 72 times an `x`, by the Python package bcrypt 5.
const BCRYPT: &str = "$2b$04$......................yqKybrYN1gfi6yNZruor7MV8yF80Yo.";
const BCRYPT_X72: &str = "$2b$04$......................SZFhVdUK5wGKY4lx/QrgUMHG0XsWjbi";

/// Imports accounts of these usernames, or of an address alone.
async fn bring(app: &TestApp, newcomers: &[(&str, Option<&str>, &str)]) {
    let mut admitted = Admitted::default();
    for (email, username, hash) in newcomers {
        let owner = Owner { email, username: *username, name: None };
        let newcomer = Newcomer { owner, role: Role::Developer, is_proved: true, hash };
        admitted.admit(&app.services, &newcomer).unwrap();
    }
    assert_eq!((admitted.len(), admitted.is_empty()), (newcomers.len(), newcomers.is_empty()));
    let made = import(&app.services, &app.services.own_context("import"), admitted).await.unwrap();
    assert_eq!(made, newcomers.len());
}

fn verifiers(app: &TestApp, name: &str) -> Vec<String> {
    let id = app.account(name).unwrap().id;
    app.services.read(|read| store::user::phcs(read, id)).unwrap()
}

#[tokio::test]
async fn an_import_is_recorded_for_each_account() {
    let app = TestApp::new();
    let names: Vec<_> = (0..25).map(|number| format!("user{number}@example.com")).collect();
    let newcomers: Vec<_> = names.iter().map(|email| (email.as_str(), None, BCRYPT)).collect();
    bring(&app, &newcomers).await;
    assert_eq!(app.events(), vec!["user.registered success"; 25]);
    let detail = [("role".to_owned(), "developer".to_owned()), ("by".to_owned(), "import".to_owned())];
    for record in app.records() {
        assert_eq!((record.actor, record.detail.as_slice()), (None, &detail[..]));
    }
}

/// S35, X7: the login that sees the password replaces the hash, and the history does not grow.
#[tokio::test]
async fn a_bcrypt_hash_becomes_argon2id_at_the_next_login() {
    let app = TestApp::new();
    bring(&app, &[("ada@example.com", Some("ada"), BCRYPT)]).await;
    let client = app.anonymous();
    let hashes = app.hashes();
    let (answer, events) = app.events_of(client.log_in("ada", "wrong password")).await;
    answer.refused(401, "AUTHENTICATION_FAILED");
    assert_eq!((app.hashes() - hashes, events), (1, vec!["login.failed denied wrong_password".to_owned()]));
    assert_eq!(verifiers(&app, "ada"), [BCRYPT]);
    let (answer, events) = app.events_of(client.log_in("ada", PASSWORD)).await;
    answer.data(200);
    assert_eq!((app.hashes() - hashes, events), (3, vec!["login.succeeded success".to_owned()]));
    let renewed = verifiers(&app, "ada");
    assert!(renewed.len() == 1 && renewed[0].starts_with("$argon2id$"), "{renewed:?}");
    client.log_in("ada", PASSWORD).await.data(200);
    assert_eq!((app.hashes() - hashes, verifiers(&app, "ada")), (4, renewed));
}

/// bcrypt reads 72 bytes, and a longer password would match by its beginning.
#[tokio::test]
async fn a_longer_password_than_bcrypt_reads_does_not_open_an_account() {
    let app = TestApp::new();
    bring(&app, &[("ada@example.com", Some("ada"), BCRYPT_X72)]).await;
    let x72 = "x".repeat(72);
    for longer in [format!("{x72}x"), format!("{x72}\0"), format!("{x72}{x72}")] {
        let hashes = app.hashes();
        let (answer, events) = app.events_of(app.anonymous().log_in("ada", &longer)).await;
        answer.refused(401, "AUTHENTICATION_FAILED");
        assert_eq!(events, ["login.failed denied wrong_password"]);
        assert_eq!(app.hashes() - hashes, 1);
    }
    app.anonymous().log_in("ada", &x72).await.data(200);
}

/// A name somebody chose beats one that would be made, wherever they stand.
#[tokio::test]
async fn a_chosen_username_goes_before_a_derived_one() {
    let app = TestApp::new();
    bring(&app, &[("ada@example.com", None, BCRYPT), ("lovelace@example.com", Some("Ada"), BCRYPT)]).await;
    assert_eq!(app.account("ada").unwrap().email.as_str(), "lovelace@example.com");
    let other = app.account("ada@example.com").unwrap();
    assert_eq!(other.username.as_str(), format!("ada-{}", other.number));
}
