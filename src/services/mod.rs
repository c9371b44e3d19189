//! Use cases: one function for each thing a caller can ask for. A use case owns its transaction and
//! its audit event. Knows nothing of HTTP, of the console or of where its policies were configured.

pub mod api_key;
pub mod asker;
pub mod audit;
pub mod audit_filter;
pub mod audit_log;
pub mod authz;
pub mod caller;
pub mod code_guard;
pub mod cookie;
pub mod custom_role;
pub mod diagnosis;
pub mod email_change;
pub mod enrolment;
pub mod events;
pub mod explain;
pub mod factor;
pub mod federation;
pub mod forward_auth;
pub mod grant;
pub mod identity;
pub mod identity_provider;
pub mod import;
pub mod introspection;
mod keys;
pub mod limits;
pub mod lockout;
pub mod login;
pub mod mail;
pub mod mail_transport;
mod mailed_link;
pub mod new_password;
mod one_time;
pub mod opening;
pub mod oversight;
pub mod password;
pub mod password_change;
pub mod password_proof;
pub mod password_reset;
pub mod pending_login;
pub mod personal_data;
pub mod profile;
pub mod registration;
pub mod resource;
mod retention;
pub mod revocation;
mod right_password;
pub mod role;
pub mod role_act;
pub mod role_grant;
pub mod scrub;
pub mod service;
pub mod session;
pub mod setup;
pub mod signing_key;
pub mod sms_factor;
pub mod sms_sender;
pub mod stats;
pub mod step_up;
pub mod streams;
pub mod suspicion;
pub mod sweep;
pub mod token;
pub mod user;
pub mod user_deletion;
pub mod user_rights;
pub mod verification;
pub mod webhook;
pub mod webhook_sink;

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::ambient::{Clock, Entropy, entropy};
use crate::crypto::{HashPool, KeyPrefix, TokenKeys};
use crate::domain::api_key::KeyPolicy;
use crate::domain::cookie::CookiePolicy;
use crate::domain::factor::FactorPolicy;
use crate::domain::feed::StreamPolicy;
use crate::domain::forward_auth::ForwardAuthPolicy;
use crate::domain::identity::FederationPolicy;
use crate::domain::limit::LimitPolicy;
use crate::domain::link::PublicUrl;
use crate::domain::lockout::LockoutPolicy;
use crate::domain::login::LoginPolicy;
use crate::domain::mail::Letters;
use crate::domain::password_policy::PasswordPolicy;
use crate::domain::profile::ClaimsShape;
use crate::domain::retention::Retention;
use crate::domain::role::Role;
use crate::domain::session::TokenPolicy;
use crate::domain::signing_key::Algorithm;
use crate::domain::time::Timestamp;
use explain::trail::Trail;

use crate::store::{Abort, Snapshot, Stamp, Store, Txn};

pub use crate::store::StoreError;
pub use crate::store::user::Taken;
pub use keys::Keys;

/// Everything a use case works with: parts that all doors share, and the rules of one door.
///
/// ## Decision: a profile is the same use cases under other rules
/// A profile of the API answers in its own lifetimes, password rules and token claims over the same accounts. A policy
/// handed through every use case would be one more parameter of each; so the policy stands beside the parts it rules,
/// and a second door is a second value over the same [`Shared`].
pub struct Services {
    parts: Arc<Shared>,
    /// The rules an operator may change, as this door has them.
    pub policy: Policy,
}

impl Deref for Services {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.parts
    }
}

/// What all doors share. One value for each server.
pub struct Shared {
    /// The store.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids and secrets.
    pub entropy: Arc<dyn Entropy>,
    /// Where passwords are hashed.
    pub hashing: HashPool,
    /// What signs and checks tokens.
    pub tokens: TokenKeys,
    /// Keys that seal what is at rest.
    pub keys: Keys,
    /// The letters this server writes.
    pub letters: Letters,
    /// Rung when something was put into the outbox.
    pub mail_queued: Arc<mail::Bell>,
    /// Text messages of late.
    pub sms_sends: sms_factor::SmsSends,
    /// What sends text messages; without it there are none.
    pub sms: Option<Arc<dyn sms_sender::SmsSender>>,
    /// Where people may log in with accounts of theirs elsewhere.
    pub providers: Vec<Arc<dyn identity_provider::IdentityProvider>>,
    /// Where audit events are sent.
    pub hooks: Vec<webhook::Hook>,
    /// How mails fared since the start.
    pub mail_counts: mail::MailCounts,
    /// The budgets of requests.
    pub limits: Arc<limits::Limits>,
    /// Wrong passwords of late.
    pub lockouts: Arc<lockout::Lockouts>,
    /// Who follows the feed.
    pub streams: Arc<streams::Streams>,
    /// How denied requests were judged, as far as that is not written yet.
    pub traces: Arc<explain::Traces>,
    /// What happened how often.
    pub stats: stats::Stats,
    /// What is known of damage to the store.
    pub scrubs: scrub::Scrubs,
    /// When API keys were used, as far as that is not written yet.
    pub key_uses: api_key::usage::KeyUses,
    /// What the process around told of itself.
    pub around: oversight::server::Around,
    /// Wrong second-factor codes of late.
    pub wrong_codes: Arc<code_guard::WrongCodes>,
    /// What became of requests to applications behind proxies.
    pub fates: forward_auth::Fates,
    /// What applications were told of late.
    pub identities: forward_auth::Identities,
}

/// The rules an operator may change.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Lifetimes of tokens.
    pub tokens: TokenPolicy,
    /// What tokens are signed with; nothing where a configured secret is the one key.
    pub signing: Option<Algorithm>,
    /// Sessions that live by a cookie.
    pub cookies: CookiePolicy,
    /// Which claims access tokens carry.
    pub claims: ClaimsShape,
    /// Who may log in.
    pub login: LoginPolicy,
    /// How much anybody may ask for.
    pub limits: LimitPolicy,
    /// How many wrong passwords are too many.
    pub lockout: LockoutPolicy,
    /// Who may register, and how.
    pub registration: RegistrationPolicy,
    /// Who may log in with an account elsewhere, and where that ends.
    pub federation: FederationPolicy,
    /// Which requests to applications behind a proxy are let through; nothing where this server is asked by none.
    pub forward_auth: Option<ForwardAuthPolicy>,
    /// How long a link that sets a new password lives.
    pub reset_ttl: Duration,
    /// How long an invitation lives: the link that sets an account's first password.
    pub invitation_ttl: Duration,
    /// How long a login or a step-up is fresh enough for a sensitive act; zero asks for none.
    pub step_up_ttl: Duration,
    /// Which passwords may be chosen.
    pub password: PasswordPolicy,
    /// How API keys live.
    pub api_keys: KeyPolicy,
    /// What every new API key begins with.
    pub api_key_prefix: KeyPrefix,
    /// Second factors.
    pub factor: FactorPolicy,
    /// Where this server is reached: the start of every link in a mail. Never taken from a request (R62).
    pub public_url: PublicUrl,
    /// How often a mail is tried before it becomes a dead letter.
    pub mail_attempts_max: u32,
    /// How many may follow the feed, and how.
    pub streams: StreamPolicy,
    /// How often a text message is tried before it is given up.
    pub sms_attempts_max: u32,
    /// How long is kept what nobody uses any more.
    pub retention: Retention,
    /// Whether people may delete their own accounts.
    pub self_deletion: bool,
}

/// Who may register, and how.
#[derive(Debug, Clone, Copy)]
pub struct RegistrationPolicy {
    /// Whether strangers may register at all.
    pub is_enabled: bool,
    /// Whether a taken address answers like a free one, and its owner gets a mail instead.
    pub hides_existing: bool,
    /// How long a verification link lives.
    pub verify_ttl: Duration,
    /// The role of a new account.
    pub default_role: Role,
}

/// Who asks, from where, and when: made once for each request.
#[derive(Debug, Clone)]
pub struct Context {
    /// Names the request in answers, logs and audit records.
    pub request_id: String,
    /// The client's address.
    pub client: IpAddr,
    /// What the client calls itself, cut to 256 bytes.
    pub user_agent: Option<String>,
    /// Why it is done, in the caller's own words; at most 200 characters.
    pub note: Option<String>,
    /// The time of the request.
    pub now: Timestamp,
    /// What is noted of how it is judged.
    pub trail: Trail,
}

impl Services {
    /// The use cases over `parts`, under `policy`.
    pub fn new(parts: Shared, policy: Policy) -> Self {
        Self { parts: Arc::new(parts), policy }
    }

    /// The same use cases over the same parts, under another policy.
    #[must_use]
    pub fn under(&self, policy: Policy) -> Self {
        Self { parts: self.parts.clone(), policy }
    }

    /// `N` random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        entropy::bytes(self.entropy.as_ref())
    }

    /// The time and the nonce of a transaction.
    pub fn stamp(&self, ctx: &Context) -> Stamp {
        Stamp { now: ctx.now, nonce: self.random() }
    }

    /// Reads one snapshot.
    pub fn read<T>(&self, f: impl FnOnce(&Snapshot<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        view(&self.store, f)
    }

    /// Runs one transaction in which no rule says no. The closure may run again.
    pub async fn write<T: Send + 'static>(
        &self,
        name: &'static str,
        ctx: &Context,
        mut f: impl FnMut(&mut Txn<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let run = move |txn: &mut Txn<'_>| f(txn).map_err(Abort::<StoreError>::Store);
        self.store.transact(name, self.stamp(ctx), run).await.map_err(flatten)
    }

    /// The context of what the server does by itself.
    pub fn own_context(&self, what: &str) -> Context {
        Context {
            request_id: what.to_owned(),
            client: IpAddr::from([0, 0, 0, 0]),
            user_agent: None,
            note: None,
            now: self.clock.now(),
            trail: Trail::default(),
        }
    }
}

/// Reads one snapshot of a store, in which no rule says no.
fn view<T>(store: &Store, f: impl FnOnce(&Snapshot<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
    store.read(|read| f(read).map_err(Abort::<StoreError>::Store)).map_err(flatten)
}

/// The rule that said no, or the engine's failure, as one error.
fn flatten<E: From<StoreError>>(abort: Abort<E>) -> E {
    match abort {
        Abort::Rule(rule) => rule,
        Abort::Store(error) => error.into(),
    }
}
