//! What the server under test is made of.

use std::sync::Arc;
use std::time::Duration;

use latchkey::ambient::{ManualClock, SeededEntropy};
use latchkey::config::Config;
use latchkey::crypto::{HashParams, HashPool, KeyPrefix, MasterKey, PoolConfig, TokenKeys, TokenRules};
use latchkey::domain::api_key::KeyPolicy;
use latchkey::domain::factor::FactorPolicy;
use latchkey::domain::identity::FederationPolicy;
use latchkey::domain::limit::{Budget, LimitPolicy, PerClass};
use latchkey::domain::link::PublicUrl;
use latchkey::domain::lockout::LockoutPolicy;
use latchkey::domain::login::LoginPolicy;
use latchkey::domain::mail::Letters;
use latchkey::domain::password_policy::PasswordPolicy;
use latchkey::domain::profile::ClaimsShape;
use latchkey::domain::role::Role;
use latchkey::domain::session::{Rotation, TokenPolicy};
use latchkey::services::api_key::usage::KeyUses;
use latchkey::services::code_guard::WrongCodes;
use latchkey::services::explain::Traces;
use latchkey::services::forward_auth::{Fates, Identities};
use latchkey::services::limits::Limits;
use latchkey::services::lockout::Lockouts;
use latchkey::services::mail::MailCounts;
use latchkey::services::oversight::server::Around;
use latchkey::services::scrub::Scrubs;
use latchkey::services::sms_factor::SmsSends;
use latchkey::services::stats::Stats;
use latchkey::services::streams::Streams;
use latchkey::services::{Keys, Policy, RegistrationPolicy, Shared};
use latchkey::store::{MemoryEngine, Store};

/// Pairs of account and network that the lockouts of the server under test remember.
pub const LOCKOUT_ENTRIES: usize = 200;

const SEED: u64 = 0x1a7c_4e57;

/// The limits as shipped.
pub fn shipped_limits() -> LimitPolicy {
    Config::from_toml_str("").unwrap().limits
}

/// Limits that no test meets by accident.
fn generous_limits() -> LimitPolicy {
    let budgets = PerClass::of(|_| Budget::new(1_000_000, Duration::from_secs(60)).unwrap());
    LimitPolicy { budgets, ..shipped_limits() }
}

/// The policies as shipped, but for limits that no test meets by accident.
pub fn shipped_policy() -> Policy {
    Policy {
        tokens: TokenPolicy {
            access_ttl: Duration::from_secs(3_600),
            refresh_ttl: Duration::from_secs(7 * 86_400),
            family_ttl: Duration::from_secs(30 * 86_400),
            rotation: Rotation::Strict,
            retry_grace: Duration::from_secs(10),
        },
        cookies: Config::from_toml_str("").unwrap().sessions,
        signing: None,
        claims: ClaimsShape::Canonical,
        login: LoginPolicy { require_verified_email: true },
        limits: generous_limits(),
        api_keys: KeyPolicy {
            max_per_user: 50,
            rotate_after: Duration::from_secs(90 * 86_400),
            rotation_grace: Duration::from_secs(86_400),
            made_with: None,
            names_owner: false,
        },
        api_key_prefix: KeyPrefix::parse("lk_").unwrap(),
        lockout: LockoutPolicy::default(),
        registration: RegistrationPolicy {
            is_enabled: true,
            hides_existing: false,
            verify_ttl: Duration::from_secs(86_400),
            default_role: Role::Developer,
        },
        federation: FederationPolicy { may_register: true, may_link_by_email: true, redirect_url: None },
        forward_auth: None,
        reset_ttl: Duration::from_secs(3_600),
        invitation_ttl: Duration::from_secs(72 * 3_600),
        step_up_ttl: Duration::from_secs(3_600),
        password: PasswordPolicy::default(),
        factor: FactorPolicy::default(),
        public_url: PublicUrl::parse("https://auth.example.com").unwrap(),
        mail_attempts_max: 3,
        sms_attempts_max: 3,
        retention: Config::from_toml_str("").unwrap().retention,
        self_deletion: true,
        streams: Config::from_toml_str("").unwrap().events,
    }
}

/// What keys the checksums of the store of the server under test.
pub const STORE_KEY: [u8; 32] = [7; 32];

pub(super) fn shared(policy: &Policy, clock: &ManualClock, engine: Arc<MemoryEngine>) -> Shared {
    let store = Store::open(engine, STORE_KEY).unwrap();
    shared_over(policy, clock, store, HashPool::start(hash_pool()).unwrap())
}

/// Cheap hashes. However busy the machine is, no test waits for one to be given up that does not say so.
pub fn hash_pool() -> PoolConfig {
    let max_wait = Duration::from_secs(600);
    PoolConfig { params: HashParams::insecure_for_tests(), max_wait, ..PoolConfig::default() }
}

/// Everything but the doors, over a store that is open.
pub fn shared_over(policy: &Policy, clock: &ManualClock, store: Store, hashing: HashPool) -> Shared {
    let rules = TokenRules {
        issuer: "https://auth.example.com".to_owned(),
        audience: "latchkey".to_owned(),
        access_ttl: policy.tokens.access_ttl,
        refresh_ttl: policy.tokens.refresh_ttl,
    };
    Shared {
        store,
        clock: Arc::new(clock.clone()),
        entropy: Arc::new(SeededEntropy::new(SEED)),
        hashing,
        tokens: TokenKeys::new(&[9; 32], rules).unwrap(),
        keys: Keys::derive(&MasterKey::from_bytes([5; 32])),
        letters: Letters::load("Latchkey").unwrap(),
        limits: Arc::new(Limits::new(&policy.limits)),
        key_uses: KeyUses::default(),
        streams: Arc::new(Streams::new(policy.streams)),
        mail_queued: Arc::default(),
        sms: None,
        providers: Vec::new(),
        hooks: Vec::new(),
        sms_sends: SmsSends::new(LOCKOUT_ENTRIES),
        mail_counts: MailCounts::default(),
        stats: Stats::default(),
        traces: Arc::new(Traces::new(Config::from_toml_str("").unwrap().explain)),
        scrubs: Scrubs::default(),
        lockouts: Arc::new(Lockouts::new(LOCKOUT_ENTRIES)),
        around: Around::default(),
        wrong_codes: Arc::new(WrongCodes::new(LOCKOUT_ENTRIES)),
        fates: Fates::default(),
        identities: Identities::default(),
    }
}
