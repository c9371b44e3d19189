//! Puts the parts together: a configuration and the keys on disk become the services.

use std::path::Path;
use std::sync::Arc;

use super::data_dir::{DataDir, MasterText};
use super::failure::Failure;
use super::transport;
use crate::ambient::{Clock, Entropy, entropy};
use crate::config::{self, Config, NewAccounts};
use crate::crypto::{HashParams, HashPool, KeyPrefix, MasterKey, PoolConfig, Purpose, TokenKeys, TokenRules};
use crate::domain::api_key::KeyPolicy;
use crate::domain::factor::FactorPolicy;
use crate::domain::identity::FederationPolicy;
use crate::domain::link::PublicUrl;
use crate::domain::login::LoginPolicy;
use crate::domain::mail::Letters;
use crate::domain::password_policy::PasswordPolicy;
use crate::domain::profile::ClaimsShape;
use crate::domain::session::{Rotation, TokenPolicy};
use crate::services::api_key::usage::KeyUses;
use crate::services::code_guard::WrongCodes;
use crate::services::explain::Traces;
use crate::services::forward_auth::{Fates, Identities};
use crate::services::limits::Limits;
use crate::services::lockout::Lockouts;
use crate::services::mail::MailCounts;
use crate::services::oversight::server::Around;
use crate::services::scrub::Scrubs;
use crate::services::signing_key;
use crate::services::sms_factor::SmsSends;
use crate::services::sms_sender::SmsSender;
use crate::services::stats::Stats;
use crate::services::streams::Streams;
use crate::services::{Keys, Policy, RegistrationPolicy, Services, Shared};
use crate::store::{RedbEngine, Store, StoreError, trace};

/// The text of a new master key.
pub fn new_key(source: &dyn Entropy) -> MasterText {
    MasterKey::from_bytes(entropy::bytes(source)).reveal()
}

/// Reads the master key's text.
pub fn master_key(text: &MasterText) -> Result<MasterKey, Failure> {
    MasterKey::parse(text).map_err(|fault| {
        Failure::new(format!("keys/master.key: {fault}")).help("restore keys/master.key from a backup")
    })
}

/// Opens the store in a data folder with its key, or makes it. The folder has refused keys without a store
/// already, so a missing file is a first start.
pub fn open_store(dir: &DataDir, master: &MasterKey, cache_mib: u32) -> Result<Store, Failure> {
    let file = dir.store_file();
    let cache = cache_bytes(cache_mib);
    let engine =
        if file.exists() { RedbEngine::open(&file, cache) } else { RedbEngine::create(&file, cache) };
    over(&file, engine, master)
}

/// Reads all pages of the store in a data folder, where that is asked for and the file is no larger than asked for.
pub fn verify_store(dir: &DataDir, settings: &config::Store) -> Result<(), Failure> {
    let file = dir.store_file();
    let most = u64::from(settings.verify_at_start_mib) << 20;
    if std::fs::metadata(&file).is_ok_and(|found| found.len() <= most) {
        RedbEngine::verify(&file, cache_bytes(settings.cache_mib)).map_err(|error| failure(&file, &error))?;
    }
    Ok(())
}

/// Opens a store file anywhere with its key. A missing one is an error.
pub fn open_copy(file: &Path, master: &MasterKey, cache_mib: u32) -> Result<Store, Failure> {
    over(file, RedbEngine::open(file, cache_bytes(cache_mib)), master)
}

fn cache_bytes(cache_mib: u32) -> usize {
    usize::try_from(cache_mib).unwrap_or(usize::MAX).saturating_mul(1 << 20)
}

fn over(file: &Path, engine: Result<RedbEngine, StoreError>, master: &MasterKey) -> Result<Store, Failure> {
    let key = *master.derive(Purpose::StoreChecksum).expose();
    engine.and_then(|engine| Store::open(Arc::new(engine), key)).map_err(|error| failure(file, &error))
}

fn failure(file: &Path, error: &StoreError) -> Failure {
    let failure = Failure::new(format!("{}: {}", file.display(), Failure::from_error(error)));
    match error {
        StoreError::NewerSchema { .. } => {
            failure.help("run the version of latchkey that wrote it, or a newer one")
        }
        StoreError::BadFile(_) => failure.help("restore the newest backup"),
        StoreError::KeyDoesNotFit => failure.help("use the keys folder that belongs to this store"),
        _ => failure,
    }
}

/// Everything the use cases work with.
pub fn services(
    config: &Config,
    key: &MasterText,
    store: Store,
    clock: Arc<dyn Clock>,
    source: Arc<dyn Entropy>,
    sms: Option<Arc<dyn SmsSender>>,
) -> Result<Services, Failure> {
    let fail = |error: &dyn std::error::Error| Failure::from_error(error);
    let policy = policy(config)?;
    // A damaged trace keeps nobody from starting: the scrub and `check --store` tell of it.
    let newest = store.snapshot().and_then(|read| trace::newest(&read)).unwrap_or_default();
    let shared = Shared {
        store,
        hashing: HashPool::start(pool_config(&config.password_hash)?).map_err(|error| fail(&error))?,
        tokens: token_keys(config, &*source)?,
        hooks: transport::webhooks(&config.webhooks, config.retention.dead_events, &clock)?,
        providers: transport::identity_providers(&config.federation, &clock)?,
        clock,
        entropy: source,
        keys: Keys::derive(&master_key(key)?),
        letters: Letters::load(&config.mail.from_name).map_err(|error| fail(&error))?,
        streams: Arc::new(Streams::new(policy.streams)),
        mail_queued: Arc::default(),
        sms,
        sms_sends: SmsSends::new(config.lockout.max_entries),
        mail_counts: MailCounts::default(),
        stats: Stats::default(),
        traces: Arc::new(Traces::new(config.explain).after(newest)),
        scrubs: Scrubs::default(),
        limits: Arc::new(Limits::new(&config.limits)),
        key_uses: KeyUses::default(),
        lockouts: Arc::new(Lockouts::new(config.lockout.max_entries)),
        around: Around::default(),
        wrong_codes: Arc::new(WrongCodes::new(config.lockout.max_entries)),
        fates: Fates::default(),
        identities: Identities::default(),
    };
    Ok(Services::new(shared, policy))
}

fn token_keys(config: &Config, source: &dyn Entropy) -> Result<TokenKeys, Failure> {
    let of_profiles = config.profiles.iter().map(|enabled| enabled.rules.access_ttl);
    let rules = TokenRules {
        issuer: config.tokens.issuer.clone(),
        audience: config.tokens.audience.clone(),
        access_ttl: of_profiles.chain([config.tokens.access_ttl]).max().unwrap_or_default(),
        refresh_ttl: config.tokens.refresh_ttl,
    };
    match &config.tokens.jwt_secret {
        Some(secret) => {
            TokenKeys::new(secret.expose().as_bytes(), rules).map_err(|error| Failure::from_error(&error))
        }
        None => Ok(TokenKeys::with_ring(signing_key::unloaded(source), rules)),
    }
}

fn pool_config(hash: &config::PasswordHash) -> Result<PoolConfig, Failure> {
    let params =
        HashParams::new(hash.memory_kib, hash.iterations).map_err(|error| Failure::from_error(&error))?;
    Ok(PoolConfig {
        params,
        budget_bytes: u64::from(hash.memory_budget_mib) << 20,
        max_waiting: usize::try_from(hash.queue).unwrap_or(usize::MAX),
        max_wait: hash.max_wait,
        idle_after: hash.idle_free,
    })
}

fn policy(config: &Config) -> Result<Policy, Failure> {
    let tokens = &config.tokens;
    let registration = &config.registration;
    let default_role = registration.default_role.parse();
    Ok(Policy {
        tokens: TokenPolicy {
            access_ttl: tokens.access_ttl,
            refresh_ttl: tokens.refresh_ttl,
            family_ttl: tokens.family_ttl,
            rotation: match tokens.rotation {
                config::Rotation::Strict => Rotation::Strict,
                config::Rotation::Lazy => Rotation::Lazy,
            },
            retry_grace: tokens.retry_grace,
        },
        signing: tokens.jwt_secret.is_none().then_some(tokens.algorithm),
        cookies: config.sessions,
        claims: ClaimsShape::Canonical,
        login: LoginPolicy { require_verified_email: registration.require_verified_email },
        limits: config.limits.clone(),
        api_keys: KeyPolicy {
            max_per_user: config.api_keys.max_per_user,
            rotate_after: config.api_keys.rotate_after,
            rotation_grace: config.api_keys.rotation_grace,
            made_with: None,
            names_owner: false,
        },
        api_key_prefix: KeyPrefix::parse(&config.api_keys.prefix)
            .map_err(|error| Failure::new(format!("api_keys.prefix: {error}")))?,
        lockout: config.lockout,
        registration: RegistrationPolicy {
            is_enabled: registration.enabled,
            hides_existing: registration.hide_existing,
            verify_ttl: registration.verify_ttl,
            default_role: default_role
                .map_err(|_| Failure::new("registration.default_role is not a role"))?,
        },
        federation: FederationPolicy {
            may_register: match config.federation.new_accounts {
                NewAccounts::AsRegistration => registration.enabled,
                NewAccounts::Always => true,
                NewAccounts::Never => false,
            },
            may_link_by_email: config.federation.link_by_email,
            redirect_url: config.federation.redirect_url.clone(),
        },
        forward_auth: config.forward_auth.clone(),
        reset_ttl: config.password_reset.ttl,
        invitation_ttl: config.invitation.ttl,
        step_up_ttl: config.step_up.ttl,
        password: PasswordPolicy {
            kind: config.password.policy,
            block_common: config.password.block_common,
            history: usize::from(config.password.history),
        },
        factor: FactorPolicy {
            // The label of an otpauth URI parts issuer and account by a colon.
            issuer: config.mfa.issuer.clone().unwrap_or_else(|| config.mail.from_name.replace(':', " ")),
            required_for: config.mfa.required_for.clone(),
            debug_codes: config.mfa.debug_codes,
            ..FactorPolicy::default()
        },
        public_url: PublicUrl::parse(config.public_url.as_str())
            .map_err(|error| Failure::new(format!("public_url: {error}")))?,
        mail_attempts_max: config.mail.retry_max.saturating_add(1),
        streams: config.events,
        sms_attempts_max: config.sms.retry_max.saturating_add(1),
        retention: config.retention,
        self_deletion: config.personal_data.self_deletion,
    })
}
