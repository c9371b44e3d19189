//! What is kept no longer than is configured, and a person who is forgotten: in the file, too.

use std::sync::Arc;
use std::time::Duration;

use latchkey::ambient::ManualClock;
use latchkey::crypto::HashPool;
use latchkey::domain::email::EmailAddress;
use latchkey::domain::operator::Operator;
use latchkey::domain::role::Role;
use latchkey::services::audit_log::{Verified, seal, verify};
use latchkey::services::caller::{Caller, Person};
use latchkey::services::registration::{Registration, create};
use latchkey::services::sweep::sweep;
use latchkey::services::{Services, user_deletion};
use latchkey::store::check::check;
use latchkey::store::lane::{self, LANE_0};
use latchkey::store::{RedbEngine, Store, tables, user};

use crate::harness::{PASSWORD, START, STORE_KEY, TestApp, hash_pool, shared_over, shipped_policy};

const DAY: Duration = Duration::from_secs(86_400);

fn keeping(days: u32) -> TestApp {
    TestApp::with_policy(|policy| policy.retention.audit = Some(days * DAY))
}

async fn guess(app: &TestApp, times: usize) {
    for at in 0..times {
        let caller = app.anonymous().at(&format!("203.0.{at}.9"));
        caller.log_in("ada", "a wrong password").await.refused(401, "AUTHENTICATION_FAILED");
    }
}

fn found(app: &TestApp) -> Verified {
    verify(app.store(), &app.services.keys.seals.public_key()).unwrap()
}

fn oldest(app: &TestApp) -> Option<u64> {
    app.services.read(|read| lane::oldest(read, LANE_0)).unwrap()
}

async fn sweep_all(app: &TestApp) {
    while sweep(&app.services).await.unwrap() {}
}

/// Old records that are sealed, newer ones, and a sweep after the old ones' time: the old are gone.
async fn shortened() -> TestApp {
    let app = keeping(30).with_user("ada").await;
    guess(&app, 60).await;
    seal(&app.services).await.unwrap();
    app.advance(20 * DAY);
    guess(&app, 5).await;
    seal(&app.services).await.unwrap();
    app.advance(11 * DAY);
    sweep_all(&app).await;
    app
}

/// R89.
#[tokio::test]
async fn a_log_that_was_shortened_by_the_rules_says_so_and_verifies() {
    let app = keeping(30).with_user("ada").await;
    guess(&app, 60).await;
    seal(&app.services).await.unwrap();
    let sealed = found(&app).head.seq;
    app.advance(20 * DAY);
    guess(&app, 5).await;
    seal(&app.services).await.unwrap();
    sweep_all(&app).await;
    assert_eq!(oldest(&app), Some(1), "nothing before its time");
    app.advance(11 * DAY);
    sweep_all(&app).await;
    assert_eq!(oldest(&app), Some(sealed + 1));
    assert_eq!(app.events().pop().unwrap(), "audit.shortened success");
    assert_eq!(app.records().pop().unwrap().detail, [("through".to_owned(), sealed.to_string())]);
    let whole = found(&app);
    assert_eq!((whole.fault, whole.seals), (None, 2));
    assert!(check(app.store()).unwrap().is_clean());
    let ada = app.account("ada").unwrap().id;
    let span = lane::Span::oldest(1_000);
    let of_ada = app.services.read(|read| lane::by_subject(read, *ada.as_bytes(), LANE_0, span)).unwrap();
    assert_eq!(of_ada.rows.len(), 5, "what happened to her twenty days later is there");
    let before = app.events().len();
    sweep_all(&app).await;
    assert_eq!(app.events().len(), before, "nothing more is to be dropped");
    let app = app.restarted();
    guess(&app, 1).await;
    assert_eq!(found(&app).fault, None);
}

/// R88, R89: more is missing than the log records.
#[tokio::test]
async fn a_front_that_nobody_dropped_by_the_rules_is_missed() {
    let app = shortened().await;
    let first = oldest(&app).unwrap();
    app.engine.tamper(|rows| drop(rows.remove(&tables::LANE.row_key(&(LANE_0, first)))));
    assert_eq!(found(&app).fault, Some(format!("record {first}: it is missing")));
    let never = TestApp::new().with_user("ada").await;
    guess(&never, 3).await;
    seal(&never.services).await.unwrap();
    never.engine.tamper(|rows| drop(rows.remove(&tables::LANE.row_key(&(LANE_0, 1)))));
    assert_eq!(found(&never).fault.as_deref(), Some("record 1: it is missing"));
}

/// A crash leaves some of what was to go.
#[tokio::test]
async fn a_log_that_is_shortened_half_way_verifies_and_is_shortened_on() {
    let app = keeping(30).with_user("ada").await;
    guess(&app, 99).await;
    seal(&app.services).await.unwrap();
    app.advance(31 * DAY);
    let ctx = app.services.own_context("test");
    let witness = latchkey::services::audit::Witness::of_nobody(&app.services, &ctx);
    let success = latchkey::domain::audit::Outcome::Success;
    let event = witness.event(latchkey::domain::audit::Action::AuditShortened, success);
    let event = event.detail("through", "100").done();
    let half = app.services.write("test", &ctx, move |txn| {
        txn.emit(event.clone())?;
        lane::forget(txn, LANE_0, 100)
    });
    assert!(half.await.unwrap(), "more than one transaction takes");
    assert!((2..90).contains(&oldest(&app).unwrap()));
    assert_eq!(found(&app).fault, None);
    sweep_all(&app).await;
    assert_eq!((oldest(&app), found(&app).fault), (Some(101), None));
    assert!(check(app.store()).unwrap().is_clean());
}

#[tokio::test]
async fn what_no_seal_vouches_for_is_not_dropped_and_without_a_time_nothing_is() {
    for app in [keeping(30), TestApp::new()] {
        let app = app.with_user("ada").await;
        guess(&app, 3).await;
        if app.services.policy.retention.audit.is_none() {
            seal(&app.services).await.unwrap();
        }
        app.advance(4_000 * DAY);
        sweep_all(&app).await;
        assert_eq!(oldest(&app), Some(1));
    }
}

#[tokio::test]
async fn suspicious_events_are_kept_as_long_as_is_configured() {
    let app = TestApp::with_policy(|policy| policy.retention.suspicious_events = 2 * DAY);
    app.add("boss", Role::Admin).await;
    let app = app.with_user("ada").await;
    for _ in 0..5 {
        app.anonymous().log_in("ada", "a wrong password").await.refused(401, "AUTHENTICATION_FAILED");
    }
    for (days, left) in [(1, 1), (1, 0)] {
        app.advance(days * DAY);
        let boss = app.log_in("boss").await;
        let page = boss.get("/api/v1/audit/suspicious").await.data(200);
        assert_eq!(page["events"].as_array().unwrap().len(), left);
    }
    sweep_all(&app).await;
    assert_eq!(app.row_counts().get(&tables::SUSPICIONS.id()), None);
}

/// R33. In the rows nothing is left of the person; in the file nothing either, once it is written anew.
#[tokio::test]
async fn a_deleted_person_is_in_no_byte_of_the_compacted_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let (policy, clock) = (shipped_policy(), ManualClock::at(START));
    let store = Store::open(Arc::new(RedbEngine::create(&path, 4 << 20).unwrap()), STORE_KEY).unwrap();
    let app =
        Services::new(shared_over(&policy, &clock, store, HashPool::start(hash_pool()).unwrap()), policy);
    let ctx = app.own_context("test");
    let form = |name: &'static str, email: &'static str| Registration {
        email,
        password: PASSWORD,
        name: Some(name),
        username: Some(name),
    };
    create(&app, &ctx, &form("zuleika", "zuleika@example.com"), Role::Developer).await.unwrap();
    create(&app, &ctx, &form("ada", "ada@example.com"), Role::Developer).await.unwrap();
    let id = app.read(|read| user::by_identifier(read, "zuleika")).unwrap().unwrap().id;
    let root = Operator { uid: 0, role: Role::SuperAdmin, name: None };
    let root = Person::of_operator(Caller::from(&root));
    user_deletion::delete_other(&app, &ctx, &root, id).await.unwrap();
    let silent = latchkey::outbound::mail::Captured::new(
        &latchkey::outbound::mail::Sender::new("x", EmailAddress::parse("x@example.com").unwrap()).unwrap(),
        app.clock.clone(),
        None,
    );
    latchkey::services::mail::deliver_due(&app, &silent).await.unwrap();
    seal(&app).await.unwrap();
    assert_eq!(verify(&app.store, &app.keys.seals.public_key()).unwrap().fault, None);
    drop(app);
    let mut database = redb::Database::open(&path).unwrap();
    while database.compact().unwrap() {}
    drop(database);
    let bytes = std::fs::read(&path).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text.as_bytes()));
    assert!(holds("ada@example.com"), "who is there is found");
    assert!(!holds("zuleika"));
}
