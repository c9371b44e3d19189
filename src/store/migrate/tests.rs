//! Tests of schema versions, and the stored file of each release.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::domain::api_key::ApiKey;
use crate::domain::cookie::Cookie;
use crate::domain::custom_role::CustomRole;
use crate::domain::factor::Factor;
use crate::domain::id::{ApiKeyId, MailId, RoleId, ServiceId, SessionId, SuspicionId, TokenId, UserId};
use crate::domain::limit::Budget;
use crate::domain::lockout::{LockoutPolicy, Place, Subject};
use crate::domain::order::Order;
use crate::domain::resource::{Grant, Resource};
use crate::domain::role::Role;
use crate::domain::service::Service;
use crate::domain::session::{Family, Kind, Rotation, Session, TokenPolicy};
use crate::domain::time::Timestamp;
use crate::domain::user::{User, ada};
use crate::store::conformance::{KEY, event, in_memory, run};
use crate::store::factor::PendingLogin;
use crate::store::one_time::{self, OneTime, Purpose};
use crate::store::outbox::{self, Queued};
use crate::store::suspicion::{self, SuspicionV1};
use crate::store::tables::SEAL;
use crate::store::webhook::{DeadLetter, Progress};
use crate::store::{
    MemoryEngine, RedbEngine, Scan, Store, api_key, check, expiry, factor, lane, lockout, resource, role,
    service, session, stats, user, webhook,
};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/store-v1.redb");

fn schema(store: &Store) -> u32 {
    store.snapshot().unwrap().get(&META, &()).unwrap().unwrap().schema
}

#[test]
fn a_new_store_has_the_newest_schema_and_opens_again() {
    let engine = MemoryEngine::new();
    let store = Store::open(Arc::new(engine.clone()), KEY).unwrap();
    assert_eq!((schema(&store), known()), (1, 1));
    drop(store);
    assert_eq!(schema(&Store::open(Arc::new(engine), KEY).unwrap()), 1);
}

#[test]
fn a_store_of_a_newer_program_is_refused_with_both_numbers() {
    let engine = MemoryEngine::new();
    let store = Store::open(Arc::new(engine.clone()), KEY).unwrap();
    run(&store, |txn| Ok(txn.put(&META, &(), &MetaV1 { schema: 9 })?)).unwrap();
    drop(store);
    let refused = Store::open(Arc::new(engine), KEY).unwrap_err();
    assert!(matches!(refused, StoreError::NewerSchema { found: 9, known: 1 }));
    assert_eq!(refused.to_string(), "the store has schema version 9, this program knows up to 1");
}

#[test]
fn another_key_does_not_open_the_store() {
    let engine = MemoryEngine::new();
    drop(Store::open(Arc::new(engine.clone()), KEY).unwrap());
    assert!(matches!(Store::open(Arc::new(engine), [8; 32]), Err(StoreError::KeyDoesNotFit)));
}

#[test]
fn a_store_that_lost_its_first_row_is_damaged_and_not_new() {
    let engine = MemoryEngine::new();
    let store = Store::open(Arc::new(engine.clone()), KEY).unwrap();
    run(&store, |txn| Ok(txn.emit(event("e", None))?)).unwrap();
    drop(store);
    engine.tamper(|rows| drop(rows.remove(&META.row_key(&()))));
    assert!(matches!(Store::open(Arc::new(engine), KEY), Err(StoreError::Damaged { table: "meta" })));
}

#[test]
fn only_the_migrations_not_seen_yet_run_and_a_failing_one_leaves_the_old_store() {
    const ADD: Migration = |txn| {
        let at = txn.now().millis();
        let seen = txn.scan(&SEAL, Scan::all(10))?.rows.len() as u64;
        txn.put(&SEAL, &seen, &lane::SealV1 { at, heads: vec![], prev: [0; 32], signature: vec![] })
    };
    const FAIL: Migration = |_| Err(StoreError::Damaged { table: "seal" });
    let up = |store: &Store, migrations: &'static [Migration]| {
        let stamp = crate::store::conformance::stamp(0);
        store.transact_blocking("migrate", stamp, move |txn| bring_up(txn, migrations))
    };
    let seals = |store: &Store| store.snapshot().unwrap().scan(&SEAL, Scan::all(10)).unwrap().rows.len();
    let store = in_memory();
    up(&store, &[ADD]).unwrap();
    assert_eq!((schema(&store), seals(&store)), (2, 1));
    up(&store, &[FAIL, ADD, FAIL]).unwrap_err();
    assert_eq!((schema(&store), seals(&store)), (2, 1));
    up(&store, &[FAIL, ADD, ADD]).unwrap();
    assert_eq!((schema(&store), seals(&store)), (4, 3));
}

/// The store of this release, as it was written then: it opens and reads for ever.
///
/// To write it anew (only before a release, when the tables are complete): delete the file and run
/// `cargo test --lib store::migrate`, which writes it and fails once. R105.
#[test]
fn the_store_of_version_1_opens_and_reads() {
    let fixture = Path::new(FIXTURE);
    assert!(
        fixture.exists() || !write_fixture(fixture),
        "{FIXTURE} was missing and is written now: commit it"
    );
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("db");
    std::fs::copy(fixture, &copy).unwrap();
    let store = Store::open(Arc::new(RedbEngine::open(&copy, 1 << 20).unwrap()), KEY).unwrap();
    let report = check::check(&store).unwrap();
    assert!(report.is_clean() && report.rows > 0, "{report:?}");
    let snapshot = store.snapshot().unwrap();
    let (seq, record) = lane::records(&snapshot, 0, lane::Span::newest(1)).unwrap().rows.remove(0);
    assert_eq!((seq, record.events[0].action.as_str()), (2, "second"));
    assert_eq!(lane::by_subject(&snapshot, [1; 16], 0, lane::Span::oldest(9)).unwrap().rows.len(), 2);
    assert_eq!(expiry::due(&snapshot, Timestamp::from_seconds(10), 9).unwrap().len(), 1);
    assert_eq!(snapshot.get(&SEAL, &1).unwrap().unwrap().heads[0].1, 2);
    let (session, more) = session::of_user(&snapshot, ada().id, (Order::Newest, None), 9).unwrap();
    assert_eq!((session.len(), more), (2, false));
    let Kind::Tokens(family) = session[0].kind else { panic!("the newest has tokens") };
    assert_eq!(family.previous.unwrap().0.id, TokenId::from_bytes([1; 16]));
    assert_eq!(session[1].cookie().unwrap().hash, [6; 32]);
    assert_eq!(session::cookies_of(&snapshot, ada().id, 9).unwrap(), session[1..]);
    assert_eq!(user::by_identifier(&snapshot, "ada").unwrap(), Some(holder()));
    assert_eq!(role::by_slug(&snapshot, "auditors").unwrap(), Some(auditors()));
    assert_eq!(role::members(&snapshot, auditors().id, 9).unwrap(), 1);
    assert_eq!(factor::of_user(&snapshot, ada().id).unwrap().unwrap().last_step, Some(60_000_000));
    let login = factor::pending_login(&snapshot, [12; 16]).unwrap().unwrap();
    assert_eq!((login.user, login.tries_left, login.is_cookie), (ada().id, 5, true));
    assert_eq!(user::phcs(&snapshot, ada().id).unwrap(), [PHCS[1], PHCS[0]]);
    assert_eq!(one_time::of_owner(&snapshot, Purpose::VerifyEmail, ada().id).unwrap().unwrap().hash, [5; 32]);
    assert_eq!(outbox::list(&snapshot, None, 9).unwrap().0[0].last_error.as_deref(), Some("451"));
    let known = key(ada().id, Timestamp::from_seconds(1_800_000_000));
    assert_eq!(api_key::by_hash(&snapshot, &[14; 32]).unwrap(), Some(known));
    assert_eq!(service::by_id(&snapshot, some_service().id).unwrap(), Some(some_service()));
    let told = webhook::progress(&snapshot, "siem").unwrap();
    assert_eq!(told, Some(Progress { dead: 1, ..some_progress() }));
    assert_eq!(webhook::dead_letter(&snapshot, "siem", (1, 0)).unwrap(), Some(some_letter()));
    let (subject, place, then) = (Subject([9; 16]), Place([10; 16]), Timestamp::EPOCH);
    assert_eq!(lockout::streak(&snapshot, subject, then).unwrap().unwrap().failures, 3);
    assert!(lockout::knows_place(&snapshot, subject, place, then).unwrap());
    let suspicions = suspicion::list(&snapshot, Some(ada().id), None, 9).unwrap().rows;
    assert_eq!((suspicions.len(), suspicions[0].1.kind.as_str()), (1, "failed_logins"));
    assert_eq!(stats::load(&snapshot).unwrap().unwrap(), some_counts());
    let owned = resource::of_owner(&snapshot, ada().id, None, 9).unwrap();
    assert_eq!(owned, (vec![shared_policy(ada().id)], false));
    drop(snapshot);
    run(&store, |txn| Ok(txn.emit(event("third", None))?)).unwrap();
    assert!(check::check(&store).unwrap().is_clean());
}

fn some_counts() -> stats::Kept {
    let hours = vec![stats::HourV1 { hour: 500_000, minutes: vec![vec![1, 2]; 60] }];
    stats::Kept { stats: stats::StatsV1 { seq: 2, totals: vec![3, 4] }, hours }
}

/// A former password and the present one.
const PHCS: [&str; 2] =
    ["$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$b2xk", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"];

/// Ada with everything that an account can have.
fn holder() -> User {
    let permissions = vec!["metrics:write".parse().unwrap()];
    User { has_factor: true, custom_roles: vec![auditors().id], permissions, ..ada() }
}

fn auditors() -> CustomRole {
    CustomRole {
        id: RoleId::from_bytes([15; 16]),
        name: "Auditors".to_owned(),
        slug: "auditors".to_owned(),
        description: Some("Watch.".to_owned()),
        permissions: vec!["audit:read".parse().unwrap()],
        parent: Some(Role::Viewer.id()),
        created_at: Timestamp::EPOCH,
    }
}

/// One account with everything that can hang on it.
fn insert_nouns(txn: &mut Txn<'_>) -> Result<(), StoreError> {
    let (ada, now) = (ada(), Timestamp::from_seconds(1_800_000_000));
    user::insert(txn, &holder())?.unwrap();
    role::put(txn, &auditors())?;
    stats::put(txn, &some_counts())?;
    let factor = Factor {
        sealed_secret: vec![12; 49],
        started_at: now,
        confirmed_at: Some(now),
        last_step: Some(60_000_000),
        backup_codes: vec![[13; 32]; 5],
    };
    factor::put(txn, ada.id, &factor)?;
    let login = PendingLogin {
        key: [12; 16],
        user: ada.id,
        epoch: 0,
        is_cookie: true,
        tries_left: 5,
        expires_at: now,
    };
    factor::insert_pending(txn, &login)?;
    for phc in PHCS {
        user::set_phc(txn, ada.id, phc.to_owned(), 5)?;
    }
    user::put_person_key(txn, ada.id, vec![7; 61])?;
    let policy = TokenPolicy {
        access_ttl: Duration::from_secs(60),
        refresh_ttl: Duration::from_secs(600),
        family_ttl: Duration::from_secs(6_000),
        rotation: Rotation::Strict,
        retry_grace: Duration::from_secs(1),
    };
    let mut family = Family::begin(now, TokenId::from_bytes([1; 16]), &policy);
    family.present(family.head.id, now, TokenId::from_bytes([2; 16]), &policy);
    let id = SessionId::from_bytes([3; 16]);
    let (client, user_agent) = (IpAddr::from([198, 51, 100, 7]), Some("curl/8".to_owned()));
    let (created_at, authenticated_at, last_used_at) = (now, now, now);
    let session = Session {
        id,
        user: ada.id,
        epoch: 0,
        created_at,
        authenticated_at,
        last_used_at,
        client,
        user_agent,
        kind: Kind::Tokens(family),
    };
    session::insert(txn, &session)?;
    let cookie = Cookie { hash: [6; 32], idle_ends_at: now, ends_at: now.plus(Duration::from_secs(60)) };
    let browser = Session { id: SessionId::from_bytes([2; 16]), kind: Kind::Cookie(cookie), ..session };
    session::insert(txn, &browser)?;
    let token = OneTime {
        id: TokenId::from_bytes([4; 16]),
        owner: ada.id,
        hash: [5; 32],
        issued_at: now,
        expires_at: now,
        address: None,
    };
    one_time::replace(txn, Purpose::VerifyEmail, &token)?;
    let mail = Queued {
        id: MailId::from_bytes([6; 16]),
        to: ada.email,
        kind: "verify_email".to_owned(),
        sealed: vec![8; 99],
        created_at: now,
        useless_at: now,
        attempts: 1,
        due_at: Some(now),
        is_claimed: false,
        last_error: Some("451".to_owned()),
    };
    outbox::insert(txn, &mail)?;
    api_key::insert(txn, &key(ada.id, now))?;
    let shared = shared_policy(ada.id);
    let mut bare = Resource { grants: Vec::new(), ..shared.clone() };
    resource::insert(txn, &bare)?;
    shared.grants.iter().try_for_each(|grant| resource::add_grant(txn, &mut bare, *grant))?;
    service::put(txn, &some_service())?;
    let mut told = some_progress();
    webhook::bury(txn, "siem", &mut told, &some_letter())?;
    webhook::put(txn, "siem", &told)?;
    insert_guesses(txn)
}

fn shared_policy(owner: UserId) -> Resource {
    let now = Timestamp::from_seconds(1_800_000_000);
    let grant = |scope: &str, expires_at| Grant { user: owner, scope: scope.parse().unwrap(), expires_at };
    Resource {
        name: "policies/42".parse().unwrap(),
        owner,
        created_at: now,
        grants: vec![grant("policies:read", None), grant("policies:write", Some(now))],
    }
}

fn some_service() -> Service {
    let at = Timestamp::from_seconds(1_800_000_000);
    Service {
        id: ServiceId::from_bytes([15; 16]),
        name: "Billing".to_owned(),
        description: Some("In the cellar".to_owned()),
        created_at: at,
        rotated_at: at,
        hash: [16; 32],
        former: Some(([17; 32], at)),
    }
}

fn some_progress() -> Progress {
    let at = Some(Timestamp::from_seconds(1_800_000_000));
    Progress {
        next: (2, 1),
        attempts: 1,
        failures: 4,
        due_at: at,
        gone_at: None,
        delivered_at: at,
        delivered: 7,
        dead: 0,
        last_error: Some("the receiver answered 503".to_owned()),
    }
}

fn some_letter() -> DeadLetter {
    let at = Timestamp::from_seconds(1_800_000_000);
    DeadLetter {
        place: (1, 0),
        action: "login.failed".to_owned(),
        at,
        until: at,
        attempts: 3,
        last_error: "the receiver answered 400".to_owned(),
    }
}

fn key(owner: UserId, now: Timestamp) -> ApiKey {
    ApiKey {
        id: ApiKeyId::from_bytes([13; 16]),
        owner,
        epoch: 0,
        name: "Sensor".to_owned(),
        description: Some("On the roof".to_owned()),
        scopes: vec!["metrics:write".parse().unwrap()],
        created_at: now,
        rotated_at: now,
        expires_at: Some(now),
        last_used_at: Some(now),
        networks: vec!["10.0.0.0/8".parse().unwrap()],
        rate: Some(Budget::new(7, Duration::from_secs(60)).unwrap()),
        is_canary: true,
        hint: "lk_abcde".to_owned(),
        hash: [14; 32],
        former: None,
        is_reminded: true,
        look_at: now,
    }
}

fn insert_guesses(txn: &mut Txn<'_>) -> Result<(), StoreError> {
    let policy = LockoutPolicy::default();
    for _ in 0..3 {
        lockout::add_failure(txn, Subject([9; 16]), &policy)?;
    }
    lockout::note_place(txn, Subject([9; 16]), Place([10; 16]), &policy)?;
    let event = event("lockout.set", Some(*ada().id.as_bytes()));
    let record = SuspicionV1 { kind: "failed_logins".to_owned(), event, acknowledged: None };
    suspicion::insert(
        txn,
        SuspicionId::from_bytes([11; 16]),
        &record,
        txn.now().plus(Duration::from_secs(60)),
    )
}

/// At least one row in every table.
fn write_fixture(path: &Path) -> bool {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let engine = RedbEngine::create(path, 1 << 20).unwrap();
    let store = Store::open(Arc::new(engine), KEY).unwrap();
    for action in ["first", "second"] {
        run(&store, move |txn| Ok(txn.emit(event(action, Some([1; 16])))?)).unwrap();
    }
    let head = lane::head(&store.snapshot().unwrap(), 0).unwrap();
    run(&store, move |txn| {
        let heads = vec![(head.lane, head.seq, head.hash)];
        let seal = lane::SealV1 { at: 3, heads, prev: [0; 32], signature: vec![1; 64] };
        txn.put(&SEAL, &1, &seal)?;
        insert_nouns(txn)?;
        Ok(expiry::schedule(txn, Timestamp::from_seconds(9), &SEAL, &1)?)
    })
    .unwrap();
    true
}
