//! More of the server under test: restarts, the tools of `--dev`, raw requests and raw rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use latchkey::ambient::{ManualClock, MovableClock, SeededEntropy};
use latchkey::crypto::MasterKey;
use latchkey::domain::time::Timestamp;
use latchkey::http::dev::{Captured, DevTools};
use latchkey::http::pages::render::Pages;
use latchkey::outbound::mail::CapturedMail;
use latchkey::services::{Keys, Services, Shared};
use latchkey::store::{MemoryEngine, Store};
use poem::Body;
use poem::http::Method;
use serde_json::Value;

use super::parts::{shared, shipped_policy};
use super::{Anonymous, Answer, START, TestApp};

impl TestApp {
    /// The same store and time in a new process.
    pub fn restarted(self) -> Self {
        self.again(|_| {})
    }

    /// The same store with another master key: what was sealed cannot be opened.
    pub fn with_other_keys(self) -> Self {
        self.again(|services| services.keys = Keys::derive(&MasterKey::from_bytes([6; 32])))
    }

    pub(super) fn again(self, change: impl FnOnce(&mut Shared)) -> Self {
        let Self { services: old, clock, engine, .. } = self;
        let policy = old.policy.clone();
        let seed = old.random::<8>();
        drop(old);
        let mut new = shared(&policy, &clock, engine.clone());
        new.entropy = Arc::new(SeededEntropy::new(u64::from_be_bytes(seed)));
        change(&mut new);
        Self::assembled(Arc::new(Services::new(new, policy)), clock, engine, None)
    }

    /// A server with the tools of `--dev`: its time is the machine's, and movable.
    pub fn in_dev(mails: impl Fn() -> Vec<Captured> + Send + Sync + 'static) -> Self {
        let (movable, clock) = (MovableClock::default(), ManualClock::at(START));
        let engine = Arc::new(MemoryEngine::new());
        let policy = shipped_policy();
        let mut shared = shared(&policy, &clock, engine.clone());
        shared.clock = Arc::new(movable.clone());
        let pages = Pages::load("Latchkey").unwrap();
        let services = Arc::new(Services::new(shared, policy));
        let tools = DevTools { app: services.clone(), mails: Box::new(mails), clock: movable, pages };
        Self::assembled(services, clock, engine, Some(tools))
    }

    /// The store again, for a look or a change past the services.
    pub fn store(&self) -> &Store {
        &self.services.store
    }

    /// Sends everything that waits in the outbox, however many rounds that takes; every mail, newest first.
    pub async fn all_mails(&self) -> Vec<CapturedMail> {
        loop {
            let before = self.services.mail_counts.sent() + self.services.mail_counts.dead();
            let mails = self.mails().await;
            if self.services.mail_counts.sent() + self.services.mail_counts.dead() == before {
                return mails;
            }
        }
    }

    /// The time now.
    pub fn clock_now(&self) -> Timestamp {
        self.services.clock.now()
    }

    /// How many rows each table has, by its byte; the audit log and its index are left out.
    pub fn row_counts(&self) -> BTreeMap<u8, usize> {
        let mut counts = BTreeMap::new();
        self.engine.tamper(|rows| {
            for table in rows.keys().filter_map(|key| key.first()).filter(|table| ![2, 3, 5].contains(*table))
            {
                *counts.entry(*table).or_default() += 1;
            }
        });
        counts
    }

    /// Whether any stored key or value holds `needle`.
    pub fn at_rest(&self, needle: &str) -> bool {
        let needle = needle.as_bytes();
        let holds = |bytes: &Vec<u8>| bytes.windows(needle.len()).any(|part| part == needle);
        let mut found = false;
        self.engine.tamper(|rows| found = rows.iter().any(|(key, value)| holds(key) || holds(value)));
        found
    }
}

impl Anonymous<'_> {
    /// Sends any method with any body.
    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        kind: Option<&str>,
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let mut headers = self.headers.clone();
        headers.extend(kind.map(|kind| ("content-type".to_owned(), kind.to_owned())));
        self.app.send(method, path, &headers, Body::from(body.into())).await
    }
}

/// A path of the description with something in the place of each parameter: ids lead to nobody.
pub fn filled(path: &str) -> String {
    let fill = |segment: &str| match segment {
        "{id}" => "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11".to_owned(),
        _ if segment.starts_with('{') => "users:read".to_owned(),
        _ => segment.to_owned(),
    };
    path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

/// The text at a JSON pointer.
#[track_caller]
pub fn text_at(value: &Value, pointer: &str) -> String {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("no text at {pointer}: {value:#}")).to_owned()
}
