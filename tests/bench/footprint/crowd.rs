//! Many accounts at once, put into the store of a stopped server. Knows no HTTP.

use std::path::Path;
use std::thread;
use std::time::Duration;

use latchkey::ambient::{Clock, OsEntropy, SystemClock, entropy};
use latchkey::crypto::seal::SealKey;
use latchkey::domain::email::EmailAddress;
use latchkey::domain::id::{SessionId, TokenId, UserId};
use latchkey::domain::order::Order;
use latchkey::domain::role::Role;
use latchkey::domain::session::{Family, Kind, Rotation, Session, TokenPolicy};
use latchkey::domain::time::Timestamp;
use latchkey::domain::user::{DisplayName, Status, User, Username};
use latchkey::runtime::build;
use latchkey::runtime::data_dir::DataDir;
use latchkey::services::Keys;
use latchkey::services::audit::Personal;
use latchkey::store::lane::{EventV1, OutcomeV1};
use latchkey::store::{self, Abort, Stamp, Store, StoreError};

/// Accounts in one transaction: each writes ten rows, and a transaction at most a hundred.
const TOGETHER: u32 = 9;
/// Records in one transaction.
const EVENTS: usize = 50;
/// Callers at once, so that transactions share commits.
const CALLERS: u32 = 64;

const TOKENS: TokenPolicy = TokenPolicy {
    access_ttl: Duration::from_secs(3_600),
    refresh_ttl: Duration::from_secs(7 * 86_400),
    family_ttl: Duration::from_secs(30 * 86_400),
    rotation: Rotation::Strict,
    retry_grace: Duration::from_secs(10),
};

/// Adds `count` active accounts, each with the verifier of the first, a personal key and one session, and `events` records
/// about each to the audit log.
pub fn fill(data: &Path, count: u32, events: u32) {
    let (dir, texts) = DataDir::open(data).expect("a data folder");
    let master = build::master_key(&texts).expect("a key");
    let store = build::open_store(&dir, &master, 256).expect("a store");
    let keys = Keys::derive(&master);
    let phc = store.read(|read| {
        let (users, _) = store::user::list(read, (Order::Newest, None), 1)?;
        let first = users.first().map(|user| store::user::phc(read, user.id)).transpose()?;
        Ok::<_, Abort<StoreError>>(first.flatten())
    });
    let phc = phc.expect("a readable store").expect("an account with a password");
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (store, keys, phc) = (&store, &keys, &phc);
            scope.spawn(move || {
                let mut number = caller * TOGETHER;
                while number < count {
                    let end = (number + TOGETHER).min(count);
                    let accounts: Vec<_> = (number..end).map(|number| Account::new(keys, number)).collect();
                    let told: Vec<_> = accounts.iter().flat_map(|account| account.told(events)).collect();
                    add(accounts, store, phc);
                    for some in told.chunks(EVENTS) {
                        tell(some.to_vec(), store);
                    }
                    number += CALLERS * TOGETHER;
                }
            });
        }
    });
}

fn add(accounts: Vec<Account>, store: &Store, phc: &str) {
    let (stamp, phc) = (Stamp { now: SystemClock.now(), nonce: random() }, phc.to_owned());
    let added = store.transact_blocking("crowd", stamp, move |txn| {
        for account in &accounts {
            store::user::insert(txn, &account.user)?.expect("free names");
            store::user::set_phc(txn, account.user.id, phc.clone(), 0)?;
            store::user::put_person_key(txn, account.user.id, account.person_key.clone())?;
            store::session::insert(txn, &account.session)?;
        }
        Ok::<_, Abort<StoreError>>(())
    });
    added.expect("a commit");
}

/// Adds records to the audit log.
fn tell(events: Vec<EventV1>, store: &Store) {
    let stamp = Stamp { now: SystemClock.now(), nonce: random() };
    let added = store.transact_blocking("crowd", stamp, move |txn| {
        for event in &events {
            txn.emit(event.clone())?;
        }
        Ok::<_, Abort<StoreError>>(())
    });
    added.expect("a commit");
}

struct Account {
    user: User,
    person: SealKey,
    person_key: Vec<u8>,
    session: Session,
}

impl Account {
    fn new(keys: &Keys, number: u32) -> Self {
        let now = SystemClock.now();
        let id = UserId::new(now, &random());
        let email = EmailAddress::parse(&format!("person.{number}@example.com")).expect("an address");
        let user = User {
            id,
            number: number + 1_000_000,
            username: Username::parse(&format!("person{number}")).expect("a username"),
            email,
            name: DisplayName::parse(&format!("Person {number}")).expect("a name"),
            status: Status::Active,
            email_verified_at: Some(now),
            roles: vec![Role::Developer],
            custom_roles: Vec::new(),
            permissions: Vec::new(),
            session_epoch: 0,
            key_epoch: 0,
            has_factor: false,
            created_at: now,
        };
        let key = random::<32>();
        let person_key = keys.people.seal(id.as_bytes(), &key, random());
        Self { session: session_of(id, now), user, person: SealKey::new(&key), person_key }
    }

    /// That somebody tried its password, so many times.
    fn told(&self, count: u32) -> Vec<EventV1> {
        let id = *self.user.id.as_bytes();
        let request_id = format!("crowd-{}", self.user.number);
        let personal =
            Personal { client: self.session.client, user_agent: self.session.user_agent.clone(), note: None };
        let place = [b"latchkey audit".as_slice(), &id, request_id.as_bytes()].concat();
        let personal = postcard::to_stdvec(&personal).expect("a record");
        let event = EventV1 {
            at: self.user.created_at.millis(),
            action: "login.failed".to_owned(),
            outcome: OutcomeV1::Failure,
            actor: None,
            subject: Some(id),
            session: None,
            request_id,
            reason: Some("wrong_password".to_owned()),
            detail: Vec::new(),
            personal: self.person.seal(&place, &personal, random()),
        };
        vec![event; usize::try_from(count).expect("a number")]
    }
}

fn session_of(user: UserId, now: Timestamp) -> Session {
    Session {
        id: SessionId::new(now, &random()),
        user,
        epoch: 0,
        created_at: now,
        authenticated_at: now,
        last_used_at: now,
        client: [203, 0, 113, 7].into(),
        user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned()),
        kind: Kind::Tokens(Family::begin(now, TokenId::new(now, &random()), &TOKENS)),
    }
}

fn random<const N: usize>() -> [u8; N] {
    entropy::bytes(&OsEntropy)
}
