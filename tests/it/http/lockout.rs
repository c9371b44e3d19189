//! Too many wrong passwords: SECURITY R8, R11 to R13, R15, R16, R19; X37 and T56 of the contract.

use std::net::IpAddr;
use std::time::Duration;

use latchkey::domain::user::Status;
use latchkey::services::Context;
use latchkey::services::audit::{Witness, person_key};
use latchkey::services::lockout::Clearing;
use poem::http::HeaderMap;
use serde_json::{Value, json};

use crate::harness::{Answer, LOCKOUT_ENTRIES, PASSWORD, TestApp, is_waiting};

const MINUTE: Duration = Duration::from_secs(60);
pub(super) const WRONG: &str = "login.failed denied wrong_password";
pub(super) const LOCKED: &str = "login.failed denied locked";
pub(super) const SET: &str = "lockout.set success network";

/// An address of its own network for each number.
pub(super) fn address(number: usize) -> String {
    format!("203.{}.{}.9", number / 250, number % 250)
}

pub(super) async fn guess_at(app: &TestApp, from: &str, name: &str, password: &str) -> (Answer, Vec<String>) {
    let client = app.anonymous().at(from).header("x-request-id", "same");
    app.events_of(client.log_in(name, password)).await
}

pub(super) async fn fail(app: &TestApp, from: &str, name: &str, times: usize) {
    for _ in 0..times {
        guess_at(app, from, name, "wrong").await.0.refused(401, "AUTHENTICATION_FAILED");
    }
}

/// Holds that a guess is refused unheard; answers the seconds to wait.
pub(super) async fn refused(app: &TestApp, from: &str, name: &str) -> u64 {
    let hashes = app.hashes();
    let (answer, events) = guess_at(app, from, name, PASSWORD).await;
    let error = answer.refused(423, "ACCOUNT_LOCKED");
    assert_eq!(error["message"], "Too many failed attempts. Try again later.");
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert_eq!(error["details"], json!({ "retry_after": seconds }));
    assert_eq!((events, app.hashes() - hashes), (vec![LOCKED.to_owned()], 0), "no hash is run");
    seconds
}

/// T56. R11.
#[tokio::test]
async fn five_wrong_passwords_lock_an_account_where_they_came_from_and_the_lock_ends_by_itself() {
    let app = TestApp::new().with_user("ada").await;
    for minute in 0..5 {
        let (answer, events) = guess_at(&app, "203.0.113.1", "ada", "wrong").await;
        answer.refused(401, "AUTHENTICATION_FAILED");
        let expected: &[&str] = if minute == 4 { &[WRONG, SET] } else { &[WRONG] };
        assert_eq!(events, expected);
        app.advance(MINUTE);
    }
    assert_eq!(refused(&app, "203.0.113.1", "ada").await, 29 * 60);
    assert_eq!(refused(&app, "203.0.113.200", "ADA").await, 29 * 60, "one network, one name");
    guess_at(&app, "203.0.114.1", "ada", PASSWORD).await.0.data(200);
    app.advance(29 * MINUTE - Duration::from_millis(1));
    assert_eq!(refused(&app, "203.0.113.1", "ada").await, 1);
    app.advance(Duration::from_millis(1));
    let (answer, events) = guess_at(&app, "203.0.113.1", "ada", PASSWORD).await;
    answer.data(200);
    assert_eq!(events, ["login.succeeded success"]);
    assert_eq!((app.services.lockouts.set(), app.services.lockouts.refused()), (1, 3));
}

#[tokio::test]
async fn the_records_say_which_rule_and_whose_account_and_nothing_personal() {
    let app = TestApp::new().with_user("ada").await;
    fail(&app, "203.0.113.1", "ada", 5).await;
    fail(&app, "203.0.113.1", "Planted-Name", 5).await;
    refused(&app, "203.0.113.1", "ada").await;
    let records = app.records();
    let sets: Vec<_> = records.iter().filter(|record| record.action == "lockout.set").collect();
    let ada = *app.account("ada").unwrap().id.as_bytes();
    assert_eq!((sets[0].actor, sets[0].subject, sets[0].detail.len()), (None, Some(ada), 0));
    let hash = app.services.keys.name_hash("planted-name");
    assert_eq!((sets[1].subject, &sets[1].detail), (None, &vec![("name_hash".to_owned(), hash)]));
    let last = records.last().unwrap();
    assert_eq!((last.subject, &last.detail[0].1), (Some(ada), &"network".to_owned()));
    let logged = format!("{records:?}").to_lowercase();
    assert!(!logged.contains("planted") && !logged.contains("203.0.113"), "{logged}");
}

#[tokio::test]
async fn a_login_clears_what_was_counted() {
    let app = TestApp::new().with_user("ada").await;
    for _ in 0..4 {
        fail(&app, "203.0.113.1", "ada", 4).await;
        guess_at(&app, "203.0.113.1", "ada", PASSWORD).await.0.data(200);
    }
    for _ in 0..3 {
        fail(&app, "203.0.113.1", "ada", 4).await;
        app.advance(15 * MINUTE);
    }
}

/// What a stranger sees: status, body, headers, and the names of those that say how many requests are left.
pub(super) fn seen(answer: &Answer) -> (u16, String, HeaderMap, Vec<String>) {
    let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
    names.sort();
    (answer.status.as_u16(), answer.text.clone(), answer.headers_but_limits(), names)
}

/// R8, R13, R19: through a hundred failures from many networks, and a restart among them, names of nobody answer
/// like names of somebody, whatever the state of the account.
#[tokio::test]
async fn unknown_and_known_names_walk_through_the_same_answers_restart_included() {
    let mut app = TestApp::new().with_user("ada").await.with_user("off").await;
    app.anonymous().register("pending@example.com").await.data(201);
    app.set_status("off", Status::Suspended).await;
    // The owner has been here.
    guess_at(&app, "198.51.100.77", "ada", PASSWORD).await.0.data(200);
    let attempts = [
        ("ada", "wrong"),
        ("nobody", "wrong"),
        ("nobody@example.com", PASSWORD),
        ("pending", PASSWORD),
        ("off", PASSWORD),
        ("off@example.com", "wrong"),
    ];
    let mut statuses = Vec::new();
    for number in 0..140 {
        if number == 67 {
            app = app.restarted();
        }
        let from = address(number / 6);
        let hashes = app.hashes();
        let first = seen(&guess_at(&app, &from, "ada", "wrong").await.0);
        let cost = app.hashes() - hashes;
        for (name, password) in &attempts[1..5] {
            let hashes = app.hashes();
            let (answer, _) = guess_at(&app, &from, name, password).await;
            assert_eq!(seen(&answer), first, "{name} {number}");
            assert_eq!(app.hashes() - hashes, cost, "{name} {number}");
        }
        statuses.push(first.0);
        app.advance(Duration::from_secs(20));
    }
    let evaluated = statuses.iter().filter(|status| **status == 401).count();
    assert_eq!(evaluated, 100, "{statuses:?}");
    assert_eq!(statuses[5], 423, "the sixth from one network");
    assert!(statuses[125..].iter().all(|status| *status == 423));
    let forgotten = refused(&app, "192.0.2.200", "ada").await;
    assert_eq!(forgotten, refused(&app, "192.0.2.200", "nobody").await);
    assert!(forgotten > 29 * 86_400, "{forgotten}");
    // R12: the owner's own place is open, and its login opens the others.
    let (answer, events) = guess_at(&app, "198.51.100.7", "ada", PASSWORD).await;
    answer.data(200);
    assert_eq!(events, ["login.succeeded success", "lockout.cleared success login"]);
    guess_at(&app, "192.0.2.200", "ada", PASSWORD).await.0.data(200);
    refused(&app, "192.0.2.200", "nobody").await;
    let sets = app.events().into_iter().filter(|event| event.starts_with("lockout.set success account"));
    assert_eq!(sets.count(), 5, "once for each name");
}

/// A hundred failures in a row, from twenty networks.
async fn besieged() -> TestApp {
    let app = TestApp::new().with_user("ada").await;
    guess_at(&app, "198.51.100.77", "ada", PASSWORD).await.0.data(200);
    for number in 0..20 {
        fail(&app, &address(number), "ada", 5).await;
    }
    assert!(app.events().ends_with(&[WRONG.to_owned(), "lockout.set success account".to_owned()]));
    app
}

/// R12.
#[tokio::test]
async fn an_account_under_attack_is_open_to_known_places_alone_and_live_sessions_go_on() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    for number in 0..20 {
        fail(&app, &address(number), "ada", 5).await;
    }
    assert!(ada.is_in().await);
    let tokens = app.anonymous().refresh(&ada.refresh).await.data(200);
    assert!(tokens["access_token"].is_string());
    refused(&app, &address(99), "ada").await;
    // The known place has its own five, and no more.
    fail(&app, "198.51.100.99", "ada", 5).await;
    assert_eq!(refused(&app, "198.51.100.7", "ada").await, 30 * 60);
    app.advance(30 * MINUTE);
    app.anonymous().log_in("ada", PASSWORD).await.data(200);
}

#[tokio::test]
async fn wrong_passwords_in_a_row_are_forgotten_after_thirty_days_swept_or_not() {
    let app = besieged().await;
    app.advance(Duration::from_secs(30 * 86_400) - Duration::from_millis(1));
    assert_eq!(refused(&app, &address(99), "ada").await, 1);
    app.advance(Duration::from_millis(1));
    guess_at(&app, &address(99), "ada", PASSWORD).await.0.data(200);
}

#[tokio::test]
async fn a_place_is_known_for_half_a_year_after_its_last_login_and_twenty_of_them_at_most() {
    let app = besieged().await;
    app.advance(Duration::from_secs(20 * 86_400));
    guess_at(&app, "198.51.100.1", "ada", PASSWORD).await.0.data(200);
    for number in 200..219 {
        app.advance(MINUTE);
        guess_at(&app, &address(number), "ada", PASSWORD).await.0.data(200);
    }
    let places = |app: &TestApp| app.row_counts()[&0x41];
    assert_eq!(places(&app), 20);
    guess_at(&app, &address(219), "ada", PASSWORD).await.0.data(200);
    assert_eq!(places(&app), 20, "the one used longest ago went");
    for number in 0..20 {
        fail(&app, &address(number), "ada", 5).await;
    }
    refused(&app, "198.51.100.1", "ada").await;
    guess_at(&app, &address(219), "ada", PASSWORD).await.0.data(200);
    app.advance(Duration::from_secs(180 * 86_400));
    for number in 20..40 {
        fail(&app, &address(number), "ada", 5).await;
    }
    refused(&app, &address(219), "ada").await;
}

#[tokio::test]
async fn a_clock_set_back_two_hours_neither_frees_nor_locks_for_longer() {
    let app = TestApp::new().with_user("ada").await;
    fail(&app, "203.0.113.1", "ada", 5).await;
    app.clock.set(app.clock_now().minus(120 * MINUTE));
    assert_eq!(refused(&app, "203.0.113.1", "ada").await, 30 * 60);
    app.advance(30 * MINUTE);
    guess_at(&app, "203.0.113.1", "ada", PASSWORD).await.0.data(200);
}

#[tokio::test]
async fn nothing_is_counted_of_exempt_clients_and_of_nobody_where_limits_are_off() {
    let exempt =
        TestApp::with_policy(|policy| policy.limits.exempt = vec!["203.0.113.0/24".parse().unwrap()]);
    for app in [TestApp::unlimited(), exempt] {
        let app = app.with_user("ada").await;
        fail(&app, "203.0.113.1", "ada", 110).await;
        guess_at(&app, "203.0.113.1", "ada", PASSWORD).await.0.data(200);
        let counts = app.row_counts();
        assert_eq!((counts.get(&0x40), counts.get(&0x41), app.services.lockouts.entries()), (None, None, 0));
    }
}

/// R19.
#[tokio::test]
async fn what_is_remembered_of_networks_has_a_cap() {
    let app = TestApp::new().with_user("ada").await;
    for number in 0..3 * LOCKOUT_ENTRIES {
        fail(&app, &address(number), &format!("nobody{number}"), 1).await;
        assert!(app.services.lockouts.entries() <= LOCKOUT_ENTRIES);
    }
    assert!(app.services.lockouts.entries() >= LOCKOUT_ENTRIES / 2);
}

/// R100: who could not be served has not guessed.
#[tokio::test]
async fn a_busy_pool_gives_the_place_back() {
    let app = TestApp::new().with_user("ada").await;
    let busy = app.fill_hash_pool().await;
    for name in ["ada", "nobody"].repeat(8) {
        guess_at(&app, "203.0.113.1", name, PASSWORD).await.0.refused(503, "SERVICE_BUSY");
    }
    drop(busy);
    guess_at(&app, "203.0.113.1", "ada", PASSWORD).await.0.data(200);
}

/// Hanging up before the answer buys nothing; and the lock that nobody was told of is told by the next refusal.
#[tokio::test]
async fn a_guess_whose_caller_went_away_counts() {
    let app = TestApp::new().with_user("ada").await;
    let busy = app.fill_hash_pool().await;
    drop(busy);
    let () = async {
        for _ in 0..5 {
            let client = app.anonymous();
            let mut login = Box::pin(client.log_in("ada", "wrong"));
            assert!(is_waiting(login.as_mut()).await);
        }
    }
    .await;
    for expected in [&[LOCKED, SET][..], &[LOCKED]] {
        let (answer, events) = app.events_of(app.anonymous().log_in("ada", PASSWORD)).await;
        answer.refused(423, "ACCOUNT_LOCKED");
        assert_eq!(events, expected);
    }
}

pub(super) fn context(app: &TestApp, from: &str) -> Context {
    Context { client: from.parse::<IpAddr>().unwrap(), ..app.services.own_context("test") }
}

/// What a password reset does: the account is open again, everywhere and for the network of the reset.
#[tokio::test]
async fn a_reset_ends_the_locks_of_the_account_and_of_the_network_it_came_from() {
    let app = besieged().await;
    fail(&app, "198.51.100.77", "ada", 5).await;
    let ada = app.account("ada").unwrap();
    let clear = async || {
        let ctx = context(&app, "198.51.100.8");
        let names = app.services.keys.names_of(&ada);
        let clearing = Clearing::new(&app.services, &ctx, app.services.keys.account(ada.id), names);
        let person = app.services.read(|read| person_key(&app.services, read, ada.id)).unwrap();
        let witness = Witness::of_self(&app.services, &ctx, ada.id, &person);
        let run = move |txn: &mut latchkey::store::Txn<'_>| clearing.write(txn, &witness, "password_reset");
        app.services.write("test", &ctx, run).await.unwrap();
    };
    let ((), events) = app.events_of(clear()).await;
    assert_eq!(events, ["lockout.cleared success password_reset"]);
    guess_at(&app, "198.51.100.77", "ada", PASSWORD).await.0.data(200);
    guess_at(&app, &address(99), "ada", PASSWORD).await.0.data(200);
    assert_eq!(refused(&app, &address(0), "ada").await, 30 * 60, "the strangers stay where they were");
    let ((), events) = app.events_of(clear()).await;
    assert_eq!(events, Vec::<String>::new());
}

/// R16: a stranger cannot name another network to get another budget.
#[tokio::test]
async fn a_forged_forwarding_header_buys_no_guesses() {
    let app = TestApp::new().with_user("ada").await;
    for number in 0..5 {
        let client = app.anonymous().header("x-forwarded-for", &address(number));
        client.log_in("ada", "wrong").await.refused(401, "AUTHENTICATION_FAILED");
    }
    let client = app.anonymous().header("x-forwarded-for", &address(9));
    client.log_in("ada", PASSWORD).await.refused(423, "ACCOUNT_LOCKED");
}

/// An IPv6 subscriber holds a /64.
#[tokio::test]
async fn a_network_of_ipv6_is_a_64() {
    let app = TestApp::new().with_user("ada").await;
    for number in 0..5 {
        fail(&app, &format!("2001:db8::{number}:1"), "ada", 1).await;
    }
    refused(&app, "2001:db8::ffff", "ada").await;
    guess_at(&app, "2001:db8:0:1::1", "ada", PASSWORD).await.0.data(200);
}

#[tokio::test]
async fn the_description_names_the_answer() {
    let spec: Value = serde_json::from_str(latchkey::http::OPENAPI).unwrap();
    let locked = &spec["paths"]["/api/v1/auth/login"]["post"]["responses"]["423"];
    assert!(
        locked["headers"]["RETRY-AFTER"].is_object() || locked["headers"]["Retry-After"].is_object(),
        "{locked}"
    );
}
