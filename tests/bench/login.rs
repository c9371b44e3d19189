//! What a login, a refresh and the check of a bearer token cost as use cases: without HTTP, on the memory engine, with
//! the real costs of a hash. Beside them one hash of the `argon2` crate with fresh memory.

#![expect(clippy::expect_used, reason = "a benchmark stops at what it cannot measure")]

use std::sync::Arc;
use std::time::Duration;

use argon2::Argon2;
use criterion::{Criterion, criterion_group, criterion_main};
use latchkey::ambient::{OsEntropy, SystemClock};
use latchkey::config::Config;
use latchkey::crypto::{HashPool, KeyPrefix, MasterKey, PoolConfig, TokenKeys, TokenRules};
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
use latchkey::services::api_key::usage::KeyUses;
use latchkey::services::code_guard::WrongCodes;
use latchkey::services::forward_auth::{Fates, Identities};
use latchkey::services::limits::Limits;
use latchkey::services::lockout::Lockouts;
use latchkey::services::login::{LoggedIn, Typed, log_in};
use latchkey::services::mail::MailCounts;
use latchkey::services::opening::{Opened, Opening};
use latchkey::services::registration::{Registration, create};
use latchkey::services::scrub::Scrubs;
use latchkey::services::session::authenticate;
use latchkey::services::stats::Stats;
use latchkey::services::streams::Streams;
use latchkey::services::token::refresh;
use latchkey::services::{Keys, Policy, RegistrationPolicy, Services, Shared};
use latchkey::store::{MemoryEngine, Store};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
const TYPED: Typed<'static> = Typed { name: EMAIL, password: PASSWORD, code: None };
const URL: &str = "https://auth.example.com";

fn login(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let app = services();
    let ctx = app.own_context("bench");
    let form = Registration { email: EMAIL, password: PASSWORD, name: Some("Ada"), username: None };
    runtime.block_on(create(&app, &ctx, &form, Role::Developer)).expect("an account");

    let mut group = criterion.benchmark_group("login");
    group.sample_size(20);
    group.bench_function("argon2 hash, fresh memory", |bench| {
        bench.iter(|| {
            let mut hash = [0; 32];
            Argon2::default().hash_password_into(PASSWORD.as_bytes(), &[7; 16], &mut hash).expect("a hash");
            hash
        });
    });
    group.bench_function("log_in", |bench| {
        bench.iter(|| runtime.block_on(log_in(&app, &ctx, TYPED, Opening::Tokens)).expect("tokens"));
    });
    group.finish();

    let mut group = criterion.benchmark_group("session");
    let logged_in = runtime.block_on(log_in(&app, &ctx, TYPED, Opening::Tokens)).expect("tokens");
    let LoggedIn::Done(Opened::Tokens(granted)) = logged_in else { return };
    group.bench_function("authenticate", |bench| {
        bench.iter(|| authenticate(&app, &granted.access_token, app.clock.now()).expect("a caller"));
    });
    let mut token = granted.refresh_token;
    group.bench_function("refresh", |bench| {
        bench.iter(|| {
            let ctx = app.own_context("bench");
            token = runtime.block_on(refresh(&app, &ctx, &token)).expect("tokens").refresh_token;
        });
    });
    group.finish();
}

fn services() -> Services {
    let tokens = TokenPolicy {
        access_ttl: Duration::from_secs(3_600),
        refresh_ttl: Duration::from_secs(7 * 86_400),
        family_ttl: Duration::from_secs(30 * 86_400),
        rotation: Rotation::Strict,
        retry_grace: Duration::from_secs(10),
    };
    let rules = TokenRules {
        issuer: URL.to_owned(),
        audience: "latchkey".to_owned(),
        access_ttl: tokens.access_ttl,
        refresh_ttl: tokens.refresh_ttl,
    };
    let registration = RegistrationPolicy {
        is_enabled: true,
        hides_existing: false,
        verify_ttl: Duration::from_secs(86_400),
        default_role: Role::Developer,
    };
    let Config { limits, events, sessions, retention, .. } = Config::from_toml_str("").expect("the defaults");
    let limiter = Arc::new(Limits::new(&limits));
    let policy = Policy {
        tokens,
        claims: ClaimsShape::Canonical,
        signing: None,
        cookies: sessions,
        login: LoginPolicy { require_verified_email: true },
        limits,
        lockout: LockoutPolicy::default(),
        registration,
        api_keys: KeyPolicy {
            max_per_user: 50,
            rotate_after: Duration::from_secs(90 * 86_400),
            rotation_grace: Duration::from_secs(86_400),
            made_with: None,
            names_owner: false,
        },
        api_key_prefix: KeyPrefix::parse("lk_").expect("a prefix"),
        invitation_ttl: Duration::from_secs(259_200),
        federation: FederationPolicy { may_register: false, may_link_by_email: false, redirect_url: None },
        forward_auth: None,
        reset_ttl: Duration::from_secs(3_600),
        step_up_ttl: Duration::from_secs(3_600),
        password: PasswordPolicy::default(),
        factor: FactorPolicy::default(),
        public_url: PublicUrl::parse(URL).expect("a URL"),
        mail_attempts_max: 3,
        streams: events,
        sms_attempts_max: 3,
        retention,
        self_deletion: true,
    };
    let shared = Shared {
        limits: limiter,
        key_uses: KeyUses::default(),
        store: Store::open(Arc::new(MemoryEngine::single_run()), [7; 32]).expect("a store"),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        hashing: HashPool::start(PoolConfig::default()).expect("a pool"),
        tokens: TokenKeys::new(&[9; 32], rules).expect("a key"),
        keys: Keys::derive(&MasterKey::from_bytes([5; 32])),
        letters: Letters::load("Latchkey").expect("the letters"),
        mail_queued: Arc::default(),
        sms: None,
        providers: Vec::new(),
        hooks: Vec::new(),
        sms_sends: latchkey::services::sms_factor::SmsSends::new(1_000),
        mail_counts: MailCounts::default(),
        stats: Stats::default(),
        traces: Arc::new(latchkey::services::explain::Traces::new(latchkey::domain::trace::TracePolicy {
            keep_for: Duration::from_secs(86_400),
            max_entries: 20_000,
        })),
        scrubs: Scrubs::default(),
        lockouts: Arc::new(Lockouts::new(1_000)),
        streams: Arc::new(Streams::new(events)),
        around: latchkey::services::oversight::server::Around::default(),
        wrong_codes: Arc::new(WrongCodes::new(1_000)),
        fates: Fates::default(),
        identities: Identities::default(),
    };
    Services::new(shared, policy)
}

criterion_group!(benches, login);
criterion_main!(benches);
