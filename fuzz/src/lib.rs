//! What several targets work with: the use cases over a store, as shipped, with a clock that stands still and randomness
//! of a seed.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use latchkey::ambient::{ManualClock, SeededEntropy};
use latchkey::config::Config;
use latchkey::crypto::{HashParams, HashPool, KeyPrefix, MasterKey, PoolConfig, TokenKeys, TokenRules};
use latchkey::domain::api_key::KeyPolicy;
use latchkey::domain::factor::FactorPolicy;
use latchkey::domain::identity::FederationPolicy;
use latchkey::domain::link::PublicUrl;
use latchkey::domain::lockout::LockoutPolicy;
use latchkey::domain::login::LoginPolicy;
use latchkey::domain::mail::Letters;
use latchkey::domain::password_policy::PasswordPolicy;
use latchkey::domain::profile::ClaimsShape;
use latchkey::domain::role::Role;
use latchkey::domain::session::{Rotation, TokenPolicy};
use latchkey::domain::time::Timestamp;
use latchkey::services::limits::Limits;
use latchkey::services::lockout::Lockouts;
use latchkey::services::sms_factor::SmsSends;
use latchkey::services::streams::Streams;
use latchkey::services::{Keys, Policy, RegistrationPolicy, Services, Shared};
use latchkey::store::Store;

/// An hour.
pub const HOUR: Duration = Duration::from_secs(3_600);

/// The use cases over `store`.
pub fn services(store: Store, now: Timestamp, seed: u64) -> (Services, ManualClock) {
    let policy = POLICY.clone();
    let clock = ManualClock::at(now);
    let rules = TokenRules {
        issuer: "https://auth.example.com".to_owned(),
        audience: "latchkey".to_owned(),
        access_ttl: policy.tokens.access_ttl,
        refresh_ttl: policy.tokens.refresh_ttl,
    };
    let pool = PoolConfig { params: HashParams::insecure_for_tests(), ..PoolConfig::default() };
    let shared = Shared {
        store,
        clock: Arc::new(clock.clone()),
        entropy: Arc::new(SeededEntropy::new(seed)),
        hashing: HashPool::start(pool).expect("threads"),
        tokens: TokenKeys::new(&[9; 32], rules).expect("a long secret"),
        keys: Keys::derive(&MasterKey::from_bytes([5; 32])),
        letters: Letters::load("Latchkey").expect("our own templates"),
        limits: Arc::new(Limits::new(&policy.limits)),
        key_uses: Default::default(),
        streams: Arc::new(Streams::new(policy.streams)),
        mail_queued: Default::default(),
        providers: Vec::new(),
        hooks: Vec::new(),
        traces: Arc::new(latchkey::services::explain::Traces::new(SHIPPED.explain)),
        scrubs: Default::default(),
        sms: None,
        sms_sends: SmsSends::new(100),
        mail_counts: Default::default(),
        stats: Default::default(),
        lockouts: Arc::new(Lockouts::new(100)),
        around: Default::default(),
        wrong_codes: Arc::new(latchkey::services::code_guard::WrongCodes::new(100)),
        fates: latchkey::services::forward_auth::Fates::default(),
        identities: latchkey::services::forward_auth::Identities::default(),
    };
    (Services::new(shared, policy), clock)
}

static SHIPPED: LazyLock<Config> =
    LazyLock::new(|| Config::from_toml_str("").expect("nothing is a configuration"));

/// The shipped rules, or such as no run comes near.
static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let shipped = SHIPPED.clone();
    Policy {
        tokens: TokenPolicy {
            access_ttl: HOUR,
            refresh_ttl: HOUR * 168,
            family_ttl: HOUR * 720,
            rotation: Rotation::Strict,
            retry_grace: Duration::from_secs(10),
        },
        cookies: shipped.sessions,
        signing: None,
        claims: ClaimsShape::Canonical,
        login: LoginPolicy { require_verified_email: true },
        limits: shipped.limits.clone(),
        api_keys: KeyPolicy {
            max_per_user: 50,
            rotate_after: HOUR,
            rotation_grace: HOUR,
            made_with: None,
            names_owner: false,
        },
        api_key_prefix: KeyPrefix::parse("lk_").expect("a prefix"),
        lockout: LockoutPolicy::default(),
        registration: RegistrationPolicy {
            is_enabled: true,
            hides_existing: false,
            verify_ttl: HOUR,
            default_role: Role::Developer,
        },
        reset_ttl: HOUR,
        invitation_ttl: HOUR,
        step_up_ttl: HOUR,
        password: PasswordPolicy::default(),
        federation: FederationPolicy { may_register: true, may_link_by_email: true, redirect_url: None },
        forward_auth: None,
        factor: FactorPolicy::default(),
        public_url: PublicUrl::parse("https://auth.example.com").expect("an address"),
        mail_attempts_max: 3,
        sms_attempts_max: 3,
        streams: shipped.events,
        retention: shipped.retention,
        self_deletion: true,
    }
});
