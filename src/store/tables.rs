//! Every table of the store, once: its byte, its name, its key and its record. A byte is never used again.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use super::api_key::ApiKeyV1;
use super::codec::{Codec, Value};
use super::error::StoreError;
use super::factor::{FactorV1, PendingLoginV1};
use super::identity::IdentityV1;
use super::keys::{self, Bytes, Key};
use super::lane::{LaneRecordV1, SealV1};
use super::lockout::{PlaceV1, StreakV1};
use super::one_time::OneTimeV1;
use super::outbox::MailV1;
use super::resource::{GrantKey, ResourceKey, ResourceV1};
use super::role::RoleV1;
use super::service::ServiceV1;
use super::session::SessionV1;
use super::signing_key::SigningKeyV1;
use super::sms_factor::SmsFactorV1;
use super::stats::{HourV1, StatsV1};
use super::suspicion::SuspicionV1;
use super::trace::{BlockV1, TraceCountV1};
use super::user::{CredentialV1, PersonKeyV1, UserV1};
use super::webhook::{DeadLetterV1, WebhookV1};
use crate::domain::id::{
    ApiKeyId, IdentityId, MailId, RoleId, ServiceId, SessionId, SuspicionId, TokenId, TraceId, UserId,
};
use crate::domain::time::Timestamp;

/// The schema version of the store: one row, and the first.
pub const META: Table<(), MetaV1> = Table::new(0x01, "meta");
/// The commit records of each writer lane, chained by hash: (lane, sequence).
pub const LANE: Table<(u16, u64), LaneRecordV1> = Table::new(0x02, "lane");
/// Which commit records concern a subject: (subject, lane, sequence).
pub const AUDIT_BY_SUBJECT: Table<([u8; 16], u16, u64), ()> = Table::new(0x03, "audit_by_subject");
/// What is to be removed when: (time, table byte of the row, its key).
pub const EXPIRY: Table<(Timestamp, u8, Bytes), ()> = Table::new(0x04, "expiry");
/// Signed heads of all lanes: number of the seal.
pub const SEAL: Table<u64, SealV1> = Table::new(0x05, "seal");
/// The last row: with the first, it guards the ends of the store (see `verified`).
pub const END: Table<(), ()> = Table::new(0xfe, "end");

/// Accounts.
pub const USERS: Table<UserId, UserV1> = Table::new(0x10, "users");
/// The account of a folded email address or username.
pub const IDENTIFIERS: Table<String, [u8; 16]> = Table::new(0x11, "identifiers");
/// The account of a number.
pub const USER_NUMBERS: Table<u32, [u8; 16]> = Table::new(0x12, "user_numbers");
/// Password verifiers of accounts.
pub const CREDENTIALS: Table<UserId, CredentialV1> = Table::new(0x13, "credentials");
/// Personal keys of accounts.
pub const PERSON_KEYS: Table<UserId, PersonKeyV1> = Table::new(0x14, "person_keys");
/// Which accounts hold a role: (role code, account).
pub const ROLE_MEMBERS: Table<(u8, UserId), ()> = Table::new(0x15, "role_members");
/// Custom roles.
pub const ROLES: Table<RoleId, RoleV1> = Table::new(0x16, "roles");
/// The custom role with a slug.
pub const ROLE_SLUGS: Table<String, [u8; 16]> = Table::new(0x17, "role_slugs");
/// Which accounts hold a custom role: (role, account).
pub const CUSTOM_MEMBERS: Table<(RoleId, UserId), ()> = Table::new(0x1a, "custom_role_members");
/// Phones of accounts.
pub const SMS_FACTORS: Table<UserId, SmsFactorV1> = Table::new(0x19, "sms_factors");
/// Time-based second factors of accounts.
pub const FACTORS: Table<UserId, FactorV1> = Table::new(0x18, "factors");
/// Sessions.
pub const SESSIONS: Table<SessionId, SessionV1> = Table::new(0x20, "sessions");
/// The sessions of an account: (account, session).
pub const USER_SESSIONS: Table<(UserId, SessionId), ()> = Table::new(0x21, "user_sessions");
/// One-time tokens: (purpose code, token).
pub const ONE_TIME: Table<(u8, TokenId), OneTimeV1> = Table::new(0x22, "one_time");
/// The one-time token of a person: (account, purpose code).
pub const ONE_TIME_OF: Table<(UserId, u8), [u8; 16]> = Table::new(0x23, "one_time_of");
/// Logins that wait for their second step: keyed hash of the handle.
pub const PENDING_LOGINS: Table<[u8; 16], PendingLoginV1> = Table::new(0x24, "pending_logins");
/// The sessions of an account that live by a cookie: (account, session).
pub const USER_COOKIES: Table<(UserId, SessionId), ()> = Table::new(0x25, "user_cookies");
/// Mails to send, and dead letters.
pub const OUTBOX: Table<MailId, MailV1> = Table::new(0x30, "outbox");
/// When mails are due: (time, mail).
pub const OUTBOX_DUE: Table<(Timestamp, MailId), ()> = Table::new(0x31, "outbox_due");
/// Wrong passwords in a row: keyed hash of whom they were for.
pub const STREAKS: Table<[u8; 16], StreakV1> = Table::new(0x40, "streaks");
/// Known places: (keyed hash of the account, network).
pub const PLACES: Table<([u8; 16], [u8; 16]), PlaceV1> = Table::new(0x41, "places");
/// Suspicious acts.
pub const SUSPICIONS: Table<SuspicionId, SuspicionV1> = Table::new(0x42, "suspicions");
/// The suspicious acts about an account: (account, act).
pub const SUSPICIONS_OF: Table<(UserId, SuspicionId), ()> = Table::new(0x43, "suspicions_of");
/// How denied requests were judged, many in a row.
pub const TRACES: Table<TraceId, BlockV1> = Table::new(0x48, "traces");
/// How many of them there are: one row.
pub const TRACE_COUNT: Table<(), TraceCountV1> = Table::new(0x49, "trace_count");
/// API keys.
pub const API_KEYS: Table<ApiKeyId, ApiKeyV1> = Table::new(0x50, "api_keys");
/// The API key with a hash.
pub const API_KEY_HASHES: Table<[u8; 32], [u8; 16]> = Table::new(0x51, "api_key_hashes");
/// The API keys of an account: (account, key).
pub const USER_API_KEYS: Table<(UserId, ApiKeyId), ()> = Table::new(0x52, "user_api_keys");
/// Registered services.
pub const SERVICES: Table<ServiceId, ServiceV1> = Table::new(0x58, "services");

/// Accounts elsewhere that open one here: hash of issuer and subject.
pub const IDENTITIES: Table<[u8; 32], IdentityV1> = Table::new(0x5a, "identities");
/// The identities of an account: (account, identity).
pub const USER_IDENTITIES: Table<(UserId, IdentityId), [u8; 32]> = Table::new(0x5b, "user_identities");
/// Logins with accounts elsewhere that came back: hash of their state.
pub const SPENT_STATES: Table<[u8; 16], ()> = Table::new(0x5c, "spent_states");

/// The keys that sign tokens, by name.
pub const SIGNING_KEYS: Table<String, SigningKeyV1> = Table::new(0x59, "signing_keys");

/// What happened how often since the store was made: one row.
pub const STATS: Table<(), StatsV1> = Table::new(0x60, "stats");
/// The same by minute, for a day: the place of the hour in a ring.
pub const STATS_HOURS: Table<u8, HourV1> = Table::new(0x61, "stats_hours");

/// Things of applications that somebody owns, with their grants: (kind code, id).
pub const RESOURCES: Table<ResourceKey, ResourceV1> = Table::new(0x70, "resources");
/// The resources of an owner: (account, kind code, id).
pub const OWNED_RESOURCES: Table<(UserId, u8, String), ()> = Table::new(0x71, "owned_resources");
/// What was granted to an account: (account, kind code, id, scope code).
pub const GRANTS_TO: Table<GrantKey, ()> = Table::new(0x72, "grants_to");

/// How far each webhook has come: its name.
pub const WEBHOOKS: Table<String, WebhookV1> = Table::new(0x80, "webhooks");
/// What webhooks gave up: (webhook, sequence of the commit record, place within).
pub const DEAD_LETTERS: Table<(String, u64, u16), DeadLetterV1> = Table::new(0x81, "dead_letters");

/// All tables.
pub const ALL: &[&dyn AnyTable] = &[
    &META,
    &LANE,
    &AUDIT_BY_SUBJECT,
    &EXPIRY,
    &SEAL,
    &USERS,
    &IDENTIFIERS,
    &USER_NUMBERS,
    &CREDENTIALS,
    &PERSON_KEYS,
    &ROLE_MEMBERS,
    &ROLES,
    &ROLE_SLUGS,
    &CUSTOM_MEMBERS,
    &FACTORS,
    &SMS_FACTORS,
    &SESSIONS,
    &USER_SESSIONS,
    &ONE_TIME,
    &ONE_TIME_OF,
    &PENDING_LOGINS,
    &USER_COOKIES,
    &OUTBOX,
    &OUTBOX_DUE,
    &STREAKS,
    &PLACES,
    &SUSPICIONS,
    &SUSPICIONS_OF,
    &TRACES,
    &TRACE_COUNT,
    &STATS,
    &STATS_HOURS,
    &API_KEYS,
    &API_KEY_HASHES,
    &USER_API_KEYS,
    &RESOURCES,
    &OWNED_RESOURCES,
    &GRANTS_TO,
    &SERVICES,
    &IDENTITIES,
    &USER_IDENTITIES,
    &SPENT_STATES,
    &SIGNING_KEYS,
    &WEBHOOKS,
    &DEAD_LETTERS,
    &END,
];

/// Consistency of indexes: each entry says which rows an index table has to match.
pub const INDEXES: &[super::check::IndexCheck] = &[
    super::check::AUDIT_INDEX,
    super::check::AUDIT_SUBJECTS,
    super::user::IDENTIFIER_INDEX,
    super::user::NUMBER_INDEX,
    super::user::ROLE_INDEX,
    super::user::NAMES_OF_USER,
    super::role::SLUG_INDEX,
    super::role::SLUG_OF_ROLE,
    super::role::MEMBER_INDEX,
    super::factor::ASKED_FOR,
    super::sms_factor::ASKED_FOR,
    super::session::USER_INDEX,
    super::session::COOKIE_INDEX,
    super::one_time::OWNER_INDEX,
    super::outbox::DUE_INDEX,
    super::suspicion::USER_INDEX,
    super::api_key::HASH_INDEX,
    super::api_key::USER_INDEX,
    super::api_key::PLACES_OF_KEY,
    super::resource::OWNER_INDEX,
    super::resource::GRANTEE_INDEX,
    super::resource::PLACES_OF_RESOURCE,
    super::identity::USER_INDEX,
    super::identity::PLACE_OF_IDENTITY,
];

/// The table with this byte.
pub fn by_id(id: u8) -> Option<&'static dyn AnyTable> {
    ALL.iter().copied().find(|table| table.id() == id)
}

/// The name of the table that a row key belongs to, for errors.
pub(crate) fn name_of(row_key: &[u8]) -> &'static str {
    row_key.first().and_then(|id| by_id(*id)).map_or("unknown", AnyTable::name)
}

/// A table: rows of `V` under keys of `K`.
pub struct Table<K, V> {
    id: u8,
    name: &'static str,
    row: PhantomData<fn(K) -> V>,
}

impl<K: Key, V: Value> Table<K, V> {
    /// A table with its byte (1 to 254, never changed) and its name for errors.
    ///
    /// # Panics
    /// When the byte is 0 or 255; in a `const`, that is while compiling.
    pub const fn new(id: u8, name: &'static str) -> Self {
        assert!(id != 0 && id != 0xff, "0 and 255 mark the ends");
        Self { id, name, row: PhantomData }
    }

    /// The name for errors and listings.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The byte in front of every key.
    pub const fn id(&self) -> u8 {
        self.id
    }

    /// The key bytes of a row: table byte and tuple.
    pub fn row_key(&self, key: &K) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(48);
        bytes.push(self.id);
        key.encode(&mut bytes);
        bytes
    }

    /// The key of a row, from its key bytes.
    pub fn key_of(&self, row_key: &[u8]) -> Result<K, StoreError> {
        match row_key.split_first() {
            Some((id, tuple)) if *id == self.id => keys::decode_all(tuple),
            _ => None,
        }
        .ok_or(StoreError::Damaged { table: self.name })
    }
}

/// A table without its types, for whoever walks all of them.
pub trait AnyTable: Sync {
    /// The byte in front of every key.
    fn id(&self) -> u8;

    /// The name for errors and listings.
    fn name(&self) -> &'static str;

    /// Verifies and decodes one stored row.
    fn check_row(&self, codec: &Codec, row_key: &[u8], value: &[u8]) -> Result<(), StoreError>;
}

impl<K: Key, V: Value> AnyTable for Table<K, V> {
    fn id(&self) -> u8 {
        self.id
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn check_row(&self, codec: &Codec, row_key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.key_of(row_key)?;
        codec.decode::<V>(self.name, row_key, value).map(drop)
    }
}

/// The schema version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetaV1 {
    /// How many migrations the store has seen, from 1.
    pub schema: u32,
}

impl Value for MetaV1 {
    const VERSION: u8 = 1;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_table_has_its_own_byte_and_name() {
        let ids: BTreeSet<u8> = ALL.iter().map(|table| table.id()).collect();
        let names: BTreeSet<&str> = ALL.iter().map(|table| table.name()).collect();
        assert_eq!((ids.len(), names.len()), (ALL.len(), ALL.len()));
    }
}
